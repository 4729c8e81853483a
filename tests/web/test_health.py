"""Whether the bot is alive and ready, for machines that ask again and again."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from activations.health import ProviderHealth
from activations.pulse import Pulse
from bloomsms.errors import ErrorCode, Refused
from storage.notes import NoteRows
from tests.moved_clock import MovedClock
from tests.web.visitor import Visitor, at_door
from web import health as health_module
from web.health import HealthRoom, Vitals


class Body:
    """What is looked at, all of it well at first."""

    def __init__(self, clock: MovedClock, notes: NoteRows) -> None:
        self.clock = clock
        self.telegram = Pulse(clock)
        self.telegram.beat()
        self.provider = ProviderHealth(notes, clock, frozenset())
        self.provider.observe(None)
        self.looked_at: timedelta | None = None
        self.late: list[str] = []
        self.waiting_since: datetime | None = None
        self.can_write = True
        self.writes = 0
        self.breath = asyncio.Event()
        self.breath.set()

    async def write(self, _now: datetime) -> None:
        self.writes += 1
        await self.breath.wait()
        if not self.can_write:
            raise OSError("disk full")

    async def since(self) -> datetime | None:
        if not self.can_write:
            raise OSError("disk full")
        return self.waiting_since

    def vitals(self) -> Vitals:
        return Vitals(
            self.telegram,
            self.provider,
            lambda: self.looked_at,
            self.since,
            self.write,
            lambda: self.late,
        )


@pytest.fixture
def body(clock: MovedClock, notes: NoteRows) -> Body:
    return Body(clock, notes)


@pytest.fixture
async def visitor(body: Body, clock: MovedClock) -> AsyncIterator[Visitor]:
    async with at_door([HealthRoom(body.vitals(), clock)]) as visitor:
        yield visitor


async def seen(visitor: Visitor) -> tuple[int, dict[str, Any]]:
    answer = await visitor.sends("GET", "/healthz")
    assert "no-store" == answer.headers["Cache-Control"]
    return answer.status, json.loads(answer.text)


async def test_all_is_well(visitor: Visitor, body: Body, clock: MovedClock) -> None:
    """It is ready, and each part says since when it is known."""
    body.looked_at = clock.monotonic()
    clock.move(4)

    assert (
        200,
        {
            "live": True,
            "ready": True,
            "database": {"ok": True},
            "telegram": {"ok": True, "age_s": 4},
            "provider": {"ok": True, "condition": "well", "age_s": 4},
            "poll": {"ok": True, "age_s": 4},
            "passes": {"ok": True, "late": []},
        },
    ) == await seen(visitor)


async def test_head_has_no_body(visitor: Visitor) -> None:
    """Who only wants the status gets it alone."""
    answer = await visitor.sends("HEAD", "/healthz")

    assert (200, "") == (answer.status, answer.text)


async def test_nothing_can_be_written(visitor: Visitor, body: Body) -> None:
    """A full disk is told, and it is alive all the same."""
    body.can_write = False
    status, told = await seen(visitor)

    assert (503, True, False) == (status, told["live"], told["ready"])
    assert ({"ok": False}, False) == (told["database"], told["poll"]["ok"])


async def test_writing_hangs(visitor: Visitor, body: Body, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that takes too long counts as one that fails; nobody waits for it."""
    monkeypatch.setattr(health_module, "WRITE_LIMIT_S", 0.05)
    body.breath.clear()
    status, told = await seen(visitor)
    body.breath.set()

    assert (503, {"ok": False}) == (status, told["database"])


async def test_telegram_is_away(visitor: Visitor, body: Body, clock: MovedClock) -> None:
    """When Telegram has failed for a while, that is told."""
    body.telegram.miss()
    clock.move(20)
    status, told = await seen(visitor)

    assert (503, {"ok": False, "age_s": 20}) == (status, told["telegram"])


async def test_provider_refuses(visitor: Visitor, body: Body) -> None:
    """The provider's condition is told by its word."""
    body.provider.observe(Refused(ErrorCode.MAINTENANCE, "MAINTENANCE", "", 503))
    status, told = await seen(visitor)

    assert 503 == status
    assert {"ok": False, "condition": "maintenance", "age_s": 0} == told["provider"]


async def test_provider_has_not_answered_yet(
    body: Body, clock: MovedClock, notes: NoteRows
) -> None:
    """Before its first answer nobody knows whether it would."""
    body.provider = ProviderHealth(notes, clock, frozenset())
    async with at_door([HealthRoom(body.vitals(), clock)]) as visitor:
        status, told = await seen(visitor)

    assert (503, None) == (status, told["provider"]["age_s"])


@pytest.mark.parametrize(
    ("waits_s", "looked_s_ago", "is_well"),
    [
        (None, None, True),
        (None, 9999, True),
        (10, None, True),
        (10, 9999, True),
        (9999, 10, True),
        (9999, 9999, False),
        (9999, None, False),
    ],
)
async def test_polls(
    visitor: Visitor,
    body: Body,
    clock: MovedClock,
    waits_s: int | None,
    looked_s_ago: int | None,
    is_well: bool,
) -> None:
    """A long silence between looks is a fault while a number has waited all that time."""
    now = clock.move(10_000)
    body.telegram.beat()
    if waits_s is not None:
        body.waiting_since = now - timedelta(seconds=waits_s)
    if looked_s_ago is not None:
        body.looked_at = clock.monotonic() - timedelta(seconds=looked_s_ago)
    _, told = await seen(visitor)

    assert {"ok": is_well, "age_s": looked_s_ago} == told["poll"]


async def test_a_flood_is_one_look(
    visitor: Visitor, body: Body, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many ask at once, they share one look."""
    monkeypatch.setattr(health_module, "STAYS_FRESH_S", 60.0)  # a busy machine takes its time
    body.breath.clear()
    asking = [asyncio.create_task(seen(visitor)) for _ in range(60)]
    await asyncio.sleep(0.05)
    body.breath.set()
    answers = await asyncio.gather(*asking)

    assert [200] * 60 == [status for status, _ in answers]
    assert 1 == body.writes


async def test_a_pass_stands_still(visitor: Visitor, body: Body) -> None:
    """A pass that stands still is named, and the bot is not ready."""
    body.late = ["poll"]
    status, told = await seen(visitor)

    assert (503, {"ok": False, "late": ["poll"]}) == (status, told["passes"])


@pytest.mark.parametrize("hours", [-720, -1, 1, 720])
async def test_a_clock_that_is_set(
    visitor: Visitor, body: Body, clock: MovedClock, hours: int
) -> None:
    """A step of the clock makes nothing old, and nothing young."""
    clock.move(10_000)
    body.telegram.beat()
    body.provider.observe(None)
    body.looked_at = clock.monotonic()
    body.waiting_since = clock.now()
    clock.step(hours=hours)
    clock.move(10)
    status, told = await seen(visitor)

    assert (200, 10, 10) == (status, told["poll"]["age_s"], told["telegram"]["age_s"])
