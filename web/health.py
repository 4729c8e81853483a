"""Whether the bot is alive and ready, for machines that ask again and again."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import web

from activations.health import Condition, ProviderHealth
from activations.ports import Clock
from activations.pulse import Pulse

WRITE_LIMIT_S = 2.0
# Whoever asks within this gets the answer of the one before.
STAYS_FRESH_S = 1.0
# While numbers wait, a longer silence between looks that succeed is a fault.
LONGEST_BETWEEN_LOOKS = timedelta(minutes=3)

Words = dict[str, object]


@dataclass(frozen=True)
class Vitals:
    """What is looked at.

    Shape: `write` raises when nothing can be written; `waiting_since` tells since when the number
    that waits the longest does so, `looked_at` when the last poll succeeded; None for neither.
    `late_passes` names the passes that stand still.
    Units: `looked_at` by the monotonic clock.
    """

    telegram: Pulse
    provider: ProviderHealth
    looked_at: Callable[[], timedelta | None]
    waiting_since: Callable[[], Awaitable[datetime | None]]
    write: Callable[[datetime], Awaitable[None]]
    late_passes: Callable[[], list[str]]


class HealthRoom:
    """200 when everything is well, else 503; the body says what is not. No secret, no person."""

    def __init__(self, vitals: Vitals, clock: Clock) -> None:
        self._vitals = vitals
        self._clock = clock
        self._began_at = clock.monotonic()
        self._waiting: tuple[datetime, timedelta] | None = None  # as stored, and when by our clock
        self._turn = asyncio.Lock()
        self._report: Words = {}
        self._reported_at_s = -STAYS_FRESH_S

    def is_at(self, method: str, path: str) -> bool:
        return path == "/healthz" and method in ("GET", "HEAD")

    async def answer(self, _request: web.BaseRequest) -> web.Response:
        async with self._turn:
            if time.monotonic() - self._reported_at_s >= STAYS_FRESH_S:
                self._report = await self._look()
                self._reported_at_s = time.monotonic()
        status = 200 if self._report["ready"] else 503
        text = json.dumps(self._report) + "\n"
        headers = {"Cache-Control": "no-store"}
        return web.Response(
            status=status, text=text, content_type="application/json", headers=headers
        )

    async def _look(self) -> Words:
        parts = {
            "database": await self._database(),
            "telegram": self._telegram(),
            "provider": self._provider(),
            "poll": await self._poll(),
            "passes": self._passes(),
        }
        return {"live": True, "ready": all(part["ok"] for part in parts.values()), **parts}

    async def _database(self) -> Words:
        try:
            async with asyncio.timeout(WRITE_LIMIT_S):
                # A write that waits for the disk cannot be taken back, only be waited for no more.
                await asyncio.shield(self._vitals.write(self._clock.now()))
        except Exception:  # noqa: BLE001 - whatever it is, nothing can be written
            return {"ok": False}
        return {"ok": True}

    def _telegram(self) -> Words:
        pulse = self._vitals.telegram
        return {"ok": pulse.is_well, "age_s": self._age_s(pulse.last_at)}

    def _provider(self) -> Words:
        provider = self._vitals.provider
        provider.ask_after()
        is_well = provider.condition is Condition.WELL and provider.answered_at is not None
        return {
            "ok": is_well,
            "condition": provider.condition.value,
            "age_s": self._age_s(provider.answered_at),
        }

    async def _poll(self) -> Words:
        looked_at = self._vitals.looked_at()
        try:
            waiting_since = await self._vitals.waiting_since()
        except Exception:  # noqa: BLE001 - whatever it is, nothing can be read
            return {"ok": False, "age_s": self._age_s(looked_at)}
        is_well = True
        if waiting_since is not None:
            since = max(self._waiting_by_our_clock(waiting_since), looked_at or self._began_at)
            is_well = self._clock.monotonic() - since < LONGEST_BETWEEN_LOOKS
        return {"ok": is_well, "age_s": self._age_s(looked_at)}

    def _waiting_by_our_clock(self, waiting_since: datetime) -> timedelta:
        """The stored time is looked at once: the clock may be set while the number waits."""
        if self._waiting is None or self._waiting[0] != waiting_since:
            now = self._clock.monotonic()
            age = min(max(self._clock.now() - waiting_since, timedelta()), now - self._began_at)
            self._waiting = (waiting_since, now - age)
        return self._waiting[1]

    def _passes(self) -> Words:
        late = self._vitals.late_passes()
        return {"ok": not late, "late": late}

    def _age_s(self, at: timedelta | None) -> float | None:
        """Seconds since then; None when it never was."""
        return None if at is None else round((self._clock.monotonic() - at).total_seconds(), 3)
