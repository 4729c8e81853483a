"""Ordinary ways to ask, facing the same server, people and numbers as ours."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.benches.arrivals import LIFETIME_S, Arrivals, Fate
from tests.benches.virtual_house import BURST, BURSTS_EACH_S, PASS_S
from tests.benches.virtual_server import Held, Server

TIMER_S = 5.0
BACKOFF = ((60.0, 2.0), (180.0, 5.0), (LIFETIME_S * 10, 15.0))  # up to that age, so often


@dataclass
class Asked:
    """A number as such a program sees it."""

    held: Held
    asked_s: float

    def gap_s(self, now_s: float) -> float:
        return now_s - self.asked_s


Policy = Callable[[Sequence[Asked], float], Sequence[Asked]]


def timers(numbers: Sequence[Asked], now_s: float) -> Sequence[Asked]:
    """Each number every five seconds."""
    return [number for number in numbers if number.gap_s(now_s) >= TIMER_S]


def round_robin(numbers: Sequence[Asked], now_s: float) -> Sequence[Asked]:
    """One a second, whoever was asked about longest ago."""
    if now_s % 1.0 or not numbers:
        return []
    return [min(numbers, key=lambda number: number.asked_s)]


def backoff(numbers: Sequence[Asked], now_s: float) -> Sequence[Asked]:
    """One a second: each number more rarely the older it is, stretched when there are too many."""
    if now_s % 1.0 or not numbers:
        return []

    def overdue(number: Asked) -> float:
        age_s = now_s - number.held.born_s
        return number.gap_s(now_s) / next(every for limit, every in BACKOFF if age_s < limit)

    best = max(numbers, key=overdue)
    return [best] if overdue(best) >= 1 else []


@dataclass
class RivalTown:
    """The same town as ours, in plain steps: nothing here takes time."""

    arrivals: Arrivals
    rng: random.Random
    policy: Policy
    server: Server = field(default_factory=Server)
    numbers: list[Asked] = field(default_factory=list)
    latencies_s: list[float] = field(default_factory=list)
    now_s: float = 0.0

    def __post_init__(self) -> None:
        self._people_s = self.rng.expovariate(BURSTS_EACH_S)

    def rent(self, fate: Fate, age_s: float = 0.0) -> None:
        asked_s = self.now_s - min(age_s, self.rng.random() * TIMER_S)
        self.numbers.append(Asked(Held(self.now_s - age_s, fate), asked_s))

    def settle(self, count: int) -> None:
        for _ in range(count):
            self.rent(*self.arrivals.draw_old(self.rng))

    def live(self, seconds: float, count: int = 0) -> None:
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            self._step(count)
            self.now_s += PASS_S

    def _step(self, count: int) -> None:
        self.numbers = [each for each in self.numbers if not self._is_cancelled(each)]
        for _ in range(count - len(self.numbers)):
            self.rent(self.arrivals.draw(self.rng))
        while self._people_s <= self.now_s:
            self._people_s += self.rng.expovariate(BURSTS_EACH_S)
            for _ in range(BURST):
                self.server.arrives(self.now_s)
        for number in self.policy(self.numbers, self.now_s):
            number.asked_s = self.now_s
            if self.server.arrives(self.now_s):
                self._see(number)

    def _is_cancelled(self, number: Asked) -> bool:
        return number.held.fate.ends_s < LIFETIME_S and number.held.ends_s <= self.now_s

    def _see(self, number: Asked) -> None:
        came_s = number.held.sms_s
        if came_s is not None and came_s <= self.now_s:
            self.latencies_s.append(self.now_s - came_s)
            self.numbers.remove(number)
        elif number.held.ends_s <= self.now_s:
            self.numbers.remove(number)
