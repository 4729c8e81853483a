"""Whatever comes when, no minute sees more requests than the limit, and no slot is lost."""

import asyncio
import copy
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bloomsms.budget import Budget, Lane
from bloomsms.errors import RateLimited
from tests.bloomsms.kept_log import KeptLog
from tests.jumping_loop import jump_through
from tests.moved_clock import START

MINUTE_S = 60.0
LONGEST_STORY_S = 4000.0


@dataclass(frozen=True)
class Wish:
    """One request. Units: seconds; `after_s` from the wish before it."""

    after_s: float
    lane: Lane
    wait_limit_s: float
    on_its_way_s: float
    answer_s: float
    gives_up_after_s: float | None


WISHES = st.builds(
    Wish,
    after_s=st.sampled_from([0.0, 0.0, 0.1, 1.0, 7.0, 59.9, 60.0, 60.3]) | st.floats(0, 30),
    lane=st.sampled_from(Lane),
    wait_limit_s=st.sampled_from([0.0, 5.0, 8.0, 100.0]),
    on_its_way_s=st.sampled_from([0.0, 0.05, 2.0]),
    answer_s=st.sampled_from([0.0, 0.3, 12.0, 70.0]),
    gives_up_after_s=st.none() | st.floats(0, 70),
)
PAUSES = st.lists(st.tuples(st.floats(0, 300), st.floats(0, 70)), max_size=2)


def now_s() -> float:
    return asyncio.get_running_loop().time()


def now() -> datetime:
    return START + timedelta(seconds=now_s())


@dataclass
class Server:
    """Sees when requests arrive."""

    arrivals_s: list[float] = field(default_factory=list)

    def busiest_minute(self) -> int:
        times = sorted(self.arrivals_s)
        return max((sum(a <= t < a + MINUTE_S for t in times) for a in times), default=0)


async def make(wish: Wish, budget: Budget, server: Server) -> None:
    with suppress(RateLimited):
        async with budget.slot(wish.lane, wish.wait_limit_s):
            await asyncio.sleep(wish.on_its_way_s)
            server.arrivals_s.append(now_s())
            await asyncio.sleep(wish.answer_s)


async def live(wishes: Sequence[Wish], budget: Budget, server: Server) -> list[asyncio.Task[None]]:
    """Let the wishes come, each at its time; returns them under way."""
    tasks = []
    for wish in wishes:
        await asyncio.sleep(wish.after_s)
        task = asyncio.create_task(make(wish, budget, server))
        tasks.append(task)
        if wish.gives_up_after_s is not None:
            asyncio.get_running_loop().call_later(wish.gives_up_after_s, task.cancel)
    return tasks


@settings(max_examples=150, deadline=None)
@given(limit=st.integers(1, 7), wishes=st.lists(WISHES, max_size=30), pauses=PAUSES)
def test_no_minute_sees_more_than_the_limit(
    limit: int, wishes: list[Wish], pauses: list[tuple[float, float]]
) -> None:
    """Any pattern of arrivals, delays, pauses and cancellations keeps to the limit.

    When all are done, the whole window is free again: nobody took a slot away with them.
    """

    async def story() -> tuple[Server, int, float]:
        server, budget = Server(), Budget(limit, KeptLog(), now_s)
        for at_s, seconds in pauses:
            asyncio.get_running_loop().call_at(at_s, budget.pause, seconds)
        await asyncio.gather(*await live(wishes, budget, server), return_exceptions=True)
        await asyncio.sleep(LONGEST_STORY_S)
        left, began_s = budget.used, now_s()
        for _ in range(limit):
            async with budget.slot(Lane.PEOPLE, 0.0):
                server.arrivals_s.append(now_s())
        return server, left, now_s() - began_s

    server, left, refill_s = jump_through(story)

    assert server.busiest_minute() <= limit
    assert (0, 0.0) == (left, refill_s)


@settings(max_examples=100, deadline=None)
@given(
    limit=st.integers(1, 6),
    before=st.lists(WISHES, max_size=15),
    down_s=st.sampled_from([0.0, 0.5, 30.0, 61.0]),
    after=st.lists(WISHES, max_size=15),
)
def test_a_crash_changes_nothing(
    limit: int, before: list[Wish], down_s: float, after: list[Wish]
) -> None:
    """Also across a kill and a restart no minute sees more than the limit."""

    async def story() -> Server:
        server, log = Server(), KeptLog()
        dying = await live(before, Budget(limit, log, now_s), server)
        on_disk = copy.deepcopy(log)
        for task in dying:
            task.cancel()
        await asyncio.gather(*dying, return_exceptions=True)
        await asyncio.sleep(down_s)
        budget = Budget(limit, on_disk, now_s)
        await budget.restore()
        await asyncio.gather(*await live(after, budget, server), return_exceptions=True)
        return server

    assert jump_through(story).busiest_minute() <= limit


@settings(max_examples=50, deadline=None)
@given(polls=st.integers(0, 80), people=st.integers(1, 3))
def test_people_never_wait_for_polls(polls: int, people: int) -> None:
    """However many polls come, the next three people go at once."""

    async def story() -> float:
        budget = Budget(60, KeptLog(), now_s)
        wish = Wish(0.0, Lane.POLLS, 100.0, 0.0, 0.3, None)
        waiting = await live([wish] * polls, budget, Server())
        await asyncio.sleep(5.0)
        began_s = now_s()
        for _ in range(people):
            async with budget.slot(Lane.PEOPLE, 0.0):
                pass
        took_s = now_s() - began_s
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        return took_s

    assert 0.0 == jump_through(story)
