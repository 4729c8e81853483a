"""One person's requests leave places for everybody else's; nobody's requests have no share."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bloomsms.budget import Budget, Lane
from bloomsms.errors import RateLimited
from tests.bloomsms.kept_log import KeptLog
from tests.jumping_loop import jump_through
from tests.moved_clock import START

ANN, BOB = 2001, 2002
HELD_S = 60.25
asking: ContextVar[int | None] = ContextVar("asking", default=None)


def now_s() -> float:
    return asyncio.get_running_loop().time()


def now() -> datetime:
    return START + timedelta(seconds=now_s())


@dataclass
class Town:
    """A budget, the people who ask through it, and when each request went."""

    limit: int = 60
    log: KeptLog = field(default_factory=KeptLog)
    went: list[tuple[float, int | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.budget = Budget(self.limit, self.log, now_s, whose=asking.get)

    async def ask(
        self, person: int | None, wait_limit_s: float = 0.0, answer_s: float = 0.0,
        lane: Lane = Lane.PEOPLE,
    ) -> None:  # fmt: skip
        asking.set(person)
        async with self.budget.slot(lane, wait_limit_s):
            self.went.append((now_s(), person))
            await asyncio.sleep(answer_s)

    async def ask_often(self, person: int | None, count: int, lane: Lane = Lane.PEOPLE) -> None:
        for _ in range(count):
            await self.ask(person, lane=lane)

    def busiest_minute(self) -> int:
        times = [at_s for at_s, _ in self.went]
        return max((sum(a <= t < a + 60 for t in times) for a in times), default=0)


def test_one_person_may_use_half_of_the_window() -> None:
    """The rest is told to come back when its share frees, at once and without a request."""

    async def story() -> tuple[Town, float]:
        town = Town(20)
        await town.ask_often(ANN, 10)
        with pytest.raises(RateLimited) as refused:
            await town.ask(ANN, wait_limit_s=8.0)
        assert now_s() == 0.0
        await town.ask_often(BOB, 6)
        await town.ask_often(None, 4)
        return town, refused.value.wait_s

    town, wait_s = jump_through(story)

    assert 20 == len(town.went)
    assert HELD_S == wait_s


def test_a_share_comes_back_with_the_window() -> None:
    """A request counts until a minute after its answer, and not longer."""

    async def story() -> list[tuple[float, int | None]]:
        town = Town(10)
        await asyncio.gather(*(town.ask(ANN, answer_s=5.0) for _ in range(5)))
        await asyncio.sleep(HELD_S - 1)
        with pytest.raises(RateLimited):
            await town.ask(ANN)
        await asyncio.sleep(1.1)
        await town.ask_often(ANN, 5)
        return town.went

    assert 10 == len(jump_through(story))


def test_nobody_has_no_share() -> None:
    """Hints and looks on nobody's wish may use the whole window."""

    async def story() -> int:
        town = Town(20)
        await town.ask_often(None, 20)
        return len(town.went)

    assert 20 == jump_through(story)


def test_polls_of_a_person_do_not_count() -> None:
    """Only the people's lane is shared out."""

    async def story() -> int:
        town = Town(20)
        await town.ask_often(ANN, 17, Lane.POLLS)
        await town.ask(ANN)
        return len(town.went)

    assert 18 == jump_through(story)


def test_who_has_had_less_goes_first() -> None:
    """Of those who wait, one with few requests is not kept behind one with many."""

    async def story() -> list[int | None]:
        town = Town(20)
        await town.ask_often(None, 16)
        await town.ask_often(ANN, 4)
        waiting = [asyncio.create_task(town.ask(ANN, 100.0)) for _ in range(3)]
        await asyncio.sleep(1.0)
        waiting.append(asyncio.create_task(town.ask(BOB, 100.0)))
        await asyncio.gather(*waiting)
        return [person for _, person in town.went[20:]]

    assert [BOB, ANN, ANN, ANN] == jump_through(story)


def test_who_has_had_much_leaves_the_last_places() -> None:
    """A person beyond half of their share does not take the places kept for others."""

    async def story() -> list[int | None]:
        town = Town(20)
        await town.ask_often(None, 11)
        await town.ask_often(ANN, 6)
        with pytest.raises(RateLimited):
            await town.ask(ANN)
        waits = asyncio.create_task(town.ask(ANN, 100.0))
        await asyncio.sleep(0)
        await town.ask_often(BOB, 3)
        waits.cancel()
        return [person for _, person in town.went[17:]]

    assert [BOB, BOB, BOB] == jump_through(story)


def test_what_was_not_made_does_not_count() -> None:
    """A request whose turn did not come, or that could not be noted, uses up no share."""

    async def story() -> int:
        log = KeptLog()
        town = Town(10, log)
        await town.ask_often(None, 10)
        for _ in range(9):
            with pytest.raises(RateLimited):
                await town.ask(ANN, 1.0)
        await asyncio.sleep(HELD_S)
        log.problem = OSError("full")
        for _ in range(9):
            with pytest.raises(OSError, match="full"):
                await town.ask(ANN)
        log.problem = None
        await town.ask_often(ANN, 5)
        return len(town.went)

    assert 15 == jump_through(story)


@dataclass(frozen=True)
class Burst:
    """Units: seconds; `after_s` from the burst before it."""

    after_s: float
    count: int
    wait_limit_s: float
    answer_s: float


BURSTS = st.builds(
    Burst,
    after_s=st.sampled_from([0.0, 1.0, 30.0, 60.3]) | st.floats(0, 60),
    count=st.integers(1, 40),
    wait_limit_s=st.sampled_from([0.0, 8.0]),
    answer_s=st.sampled_from([0.0, 0.3, 12.0, 70.0]),
)


async def poll(town: Town) -> None:
    """Ask at the pace of the poller."""
    while True:
        await asyncio.sleep(town.budget.poll_interval_s)
        with suppress(RateLimited):
            await town.ask(None, lane=Lane.POLLS)


async def tries(town: Town, person: int, burst: Burst) -> None:
    with suppress(RateLimited):
        await town.ask(person, burst.wait_limit_s, burst.answer_s)


@settings(max_examples=60, deadline=None)
@given(bursts=st.lists(BURSTS, max_size=8), bobs_s=st.lists(st.floats(0, 200), max_size=3))
def test_anothers_request_goes_within_four_seconds(
    bursts: Sequence[Burst], bobs_s: list[float]
) -> None:
    """Whatever one person asks for, beside polls at their pace, another's request goes soon."""

    async def story() -> tuple[Town, list[float]]:
        town, tasks = Town(), []
        polls = asyncio.create_task(poll(town))

        async def bob(at_s: float) -> float:
            await asyncio.sleep(at_s)
            began_s = now_s()
            await town.ask(BOB, 4.0)
            return now_s() - began_s

        waits = [asyncio.create_task(bob(at_s)) for at_s in bobs_s]
        for burst in bursts:
            await asyncio.sleep(burst.after_s)
            tasks += [asyncio.create_task(tries(town, ANN, burst)) for _ in range(burst.count)]
        waited = [await wait for wait in waits]
        await asyncio.gather(*tasks)
        polls.cancel()
        return town, waited

    town, waited = jump_through(story)

    assert all(wait_s <= 4.0 for wait_s in waited)
    assert town.busiest_minute() <= 60


def test_a_silence_outlives_the_process() -> None:
    """A process that is started within a silence asks nothing before its end."""

    async def story() -> tuple[float, float]:
        town = Town()
        await town.budget.obey(30.0)
        await asyncio.sleep(10.0)
        after = Town(log=town.log)
        await after.budget.restore()
        with pytest.raises(RateLimited) as refused:
            await after.ask(ANN, 8.0)
        await asyncio.sleep(refused.value.wait_s)
        await after.ask(ANN)
        return refused.value.wait_s, after.went[0][0]

    assert (20.0, 30.0) == jump_through(story)


def test_a_silence_is_not_believed_for_a_day() -> None:
    """Whatever was noted keeps nobody silent for more than an hour."""

    async def story() -> float:
        log = KeptLog(silent_until_s=now_s() + 24 * 3600)
        town = Town(log=log)
        await town.budget.restore()
        return town.budget.pause_left_s

    assert 3600.0 == jump_through(story)
