"""Many people who tap at an even pace, and how soon each tap is answered."""

import asyncio
import itertools
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.person import Person
from sandbox.telegram_server import TelegramServer
from tests.benches.stand import Stand

FIRST_ID = 10_000
WAIT_LIMIT_S = 60.0
LOOK_EVERY_S = 0.02
ANSWERS = frozenset({"sendMessage", "editMessageText"})


@dataclass(frozen=True)
class Pace:
    """How a crowd was served.

    Units: milliseconds; `cpu_ms` is the bot's processor time an update.
    """

    p50_ms: float
    p99_ms: float
    cpu_ms: float
    per_s: float


class Crowd:
    """Each person has one message of the bot, and taps on it or writes below it."""

    def __init__(self, stand: Stand, people: int, taps: Sequence[str]) -> None:
        self._stand = stand
        self._taps = taps
        self._turns = itertools.count()
        telegram = stand.telegram
        self.people = [telegram.person(FIRST_ID + n, f"Person {n}") for n in range(people)]

    async def gather(self) -> None:
        """Everybody says hello, so that everybody has a message to tap on."""
        for person in self.people:
            await person.says("/start")
        await self._stand.telegram.waits_until(
            lambda _: all(map(_is_greeted, self.people)), WAIT_LIMIT_S
        )

    async def asks(self, data: str) -> None:
        """Somebody who does not belong to the crowd taps once."""
        outsider = self._stand.telegram.person(FIRST_ID - 1, "An outsider")
        await outsider.says("/start")
        await self._stand.telegram.waits_until(lambda _: _is_greeted(outsider), WAIT_LIMIT_S)
        await outsider.presses(data)

    async def act(self, times: int, per_s: float | None = None) -> Pace:
        """Tap or write so often, evenly, or all at once without a pace."""
        telegram, first_call = self._stand.telegram, len(self._stand.telegram.calls)
        cpu_s, start_s = self._stand.cpu_s, time.monotonic()
        acted_at_s: dict[int, list[float]] = defaultdict(list)
        for number in range(times):
            if per_s:
                await asyncio.sleep(max(0.0, start_s + number / per_s - time.monotonic()))
            person = await self._one_acts()
            acted_at_s[person.id].append(time.monotonic())
        async with asyncio.timeout(WAIT_LIMIT_S):
            while len(_answers(telegram, first_call)) < times:
                await asyncio.sleep(LOOK_EVERY_S)
        answers = _answers(telegram, first_call)
        waits = sorted(_waits_ms(acted_at_s, answers))
        return Pace(
            p50_ms=waits[len(waits) // 2],
            p99_ms=waits[len(waits) * 99 // 100],
            cpu_ms=(self._stand.cpu_s - cpu_s) / times * 1000,
            per_s=times / (answers[-1][1] - start_s),
        )

    async def _one_acts(self) -> Person:
        """Everybody in turn; each goes through the taps in their order."""
        turn = next(self._turns)
        person = self.people[turn % len(self.people)]
        if self._taps:
            data = self._taps[turn // len(self.people) % len(self._taps)]
            await person.presses(data, wait_answer=False)
        else:
            await person.says("hello")
        return person


def _is_greeted(person: Person) -> bool:
    return any(message.from_bot for message in person.messages)


def _answers(telegram: TelegramServer, first_call: int) -> list[tuple[int, float]]:
    """Who was shown something and when, from that call on."""
    return [
        (call.chat_id or 0, call.at_s)
        for call in itertools.islice(telegram.calls, first_call, None)
        if call.method in ANSWERS and call.chat_id in range(FIRST_ID, 2 * FIRST_ID)
    ]


def _waits_ms(acted_at_s: dict[int, list[float]], answers: list[tuple[int, float]]) -> list[float]:
    """One person's taps are answered in their order."""
    shown_at_s: dict[int, list[float]] = defaultdict(list)
    for person_id, at_s in answers:
        shown_at_s[person_id].append(at_s)
    return [
        (shown - acted) * 1000
        for person_id, acts in acted_at_s.items()
        for acted, shown in zip(acts, shown_at_s[person_id], strict=False)
    ]
