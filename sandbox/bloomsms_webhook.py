"""The provider's webhook: it tells one address of each SMS, as well or as badly as scenarios say.

What an address answers is noted and changes nothing: nobody documented a second try.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Final
from urllib.parse import urlsplit

import aiohttp

from sandbox.bloomsms_books import Activation, Books, Sms
from sandbox.bloomsms_faults import HINT_OPERATION, Faults
from sandbox.telegram_webhook import is_loopback

_ANSWER_LIMIT_S: Final = 5.0
_TICK_S: Final = 0.02

_Body = dict[str, object]


@dataclass(slots=True)
class Hint:
    """One that was sent. `status` is None when nobody answered; `at` in seconds since the epoch."""

    activation_id: str
    at: float
    status: int | None = None


class Webhook:
    """Posts to `url` while it is not empty."""

    def __init__(
        self, books: Books, faults: Faults, *, random: Random, clock: Callable[[], float]
    ) -> None:
        self.hints: list[Hint] = []
        self._url = ""
        self._books = books
        self._faults = faults
        self._random = random
        self._clock = clock
        self._held: list[tuple[str, _Body]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        books.on_sms = self._tell

    @property
    def url(self) -> str:
        return self._url

    @url.setter
    def url(self, url: str) -> None:
        """Errors: ValueError for an address that is not on this machine."""
        if url and not is_loopback(urlsplit(url).hostname or ""):
            raise ValueError(f"only this machine is called, not {url}")
        self._url = url

    def start(self) -> None:
        """From now on each SMS comes when its time has come, so that it is told of then."""
        self._tasks.add(asyncio.create_task(self._run()))

    async def stop(self) -> None:
        """Drop what is on its way; harmless when already stopped."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def _run(self) -> None:
        while True:
            if self._url:
                self._books.settle()
            await asyncio.sleep(_TICK_S)

    def _tell(self, activation: Activation, sms: Sms) -> None:
        if not self._url:
            return
        lost = self._faults.take_named("hint_lost", HINT_OPERATION)
        if lost and self._random.random() < lost.number("share"):
            return
        hint = activation.activation_id, self._body(activation, sms)
        if self._faults.take_named("hint_held", HINT_OPERATION):
            self._held.append(hint)
            return
        late = self._faults.take_named("hint_late", HINT_OPERATION)
        delay_s = late.number("delay_s") if late else 0.0
        times = 2 if self._faults.take_named("hint_doubled", HINT_OPERATION) else 1
        held, self._held = self._held, []
        self._begin([hint] * times + held, delay_s)

    def _begin(self, hints: list[tuple[str, _Body]], delay_s: float) -> None:
        post = asyncio.create_task(self._post(self._url, hints, delay_s))
        self._tasks.add(post)
        post.add_done_callback(self._tasks.discard)

    async def _post(self, url: str, hints: list[tuple[str, _Body]], delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        limit = aiohttp.ClientTimeout(total=_ANSWER_LIMIT_S)
        async with aiohttp.ClientSession(timeout=limit) as http:
            for activation_id, body in hints:
                hint = Hint(activation_id, self._clock())
                self.hints.append(hint)
                try:
                    async with http.post(url, json=body, allow_redirects=False) as response:
                        hint.status = response.status
                except (aiohttp.ClientError, TimeoutError):
                    continue

    def _body(self, activation: Activation, sms: Sms) -> _Body:
        """As the API text shows it: the number without its plus, ids as strings."""
        now = datetime.fromtimestamp(self._clock(), UTC)
        return {
            "event": "sms.received",
            "timestamp": now.isoformat(timespec="seconds"),
            "data": {
                "activation_id": activation.activation_id,
                "phone_number": activation.phone_number.removeprefix("+"),
                "service": activation.service,
                "sms": {"code": sms.code, "full_text": sms.full_text},
                "status": activation.status,
            },
        }
