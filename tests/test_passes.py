"""Scheduled passes keep their own time, whatever the wall clock says."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from telegram.ext import Application, ApplicationBuilder

from passes import Pass, Passes
from tests.moved_clock import MovedClock

AnyApplication = Application[Any, Any, Any, Any, Any, Any]


@pytest.fixture
async def application() -> AsyncIterator[AnyApplication]:
    """One whose job queue runs; it talks to no server."""
    application = ApplicationBuilder().token("1:x").build()
    assert application.job_queue
    await application.job_queue.start()
    yield application
    await application.job_queue.stop()


class Rounds:
    """Counts the rounds of a pass, which end when they may."""

    def __init__(self) -> None:
        self.begun = 0
        self.may_end = asyncio.Event()
        self.may_end.set()
        self.problem: Exception | None = None

    async def run(self) -> None:
        self.begun += 1
        await self.may_end.wait()
        if self.problem:
            raise self.problem

    async def reach(self, count: int) -> None:
        async with asyncio.timeout(10):
            while self.begun < count:
                await asyncio.sleep(0.001)


Start = Callable[[Pass], Awaitable[Passes]]


@pytest.fixture
async def start(application: AnyApplication, clock: MovedClock) -> AsyncIterator[Start]:
    passes = Passes(lambda: clock.monotonic().total_seconds())

    async def start(one: Pass) -> Passes:
        assert application.job_queue
        passes.start(application.job_queue, [one])
        return passes

    yield start
    passes.stop()


async def test_rounds_follow_each_other(start: Start) -> None:
    """A pass begins at once and again after its interval."""
    rounds = Rounds()
    await start(Pass("one", rounds.run, every_s=0.001))
    await rounds.reach(3)


async def test_a_start_that_was_held_up(start: Start) -> None:
    """A machine that was busy for seconds just at the start leaves no pass out."""
    rounds = Rounds()
    await start(Pass("one", rounds.run, every_s=0.001))
    time.sleep(1.2)  # noqa: ASYNC251 - nothing else may run meanwhile
    await rounds.reach(1)


async def test_a_clock_that_is_set_just_at_the_start(
    start: Start, application: AnyApplication
) -> None:
    """A pass is due by any clock, so that one set back in that moment does not hold it up."""
    rounds = Rounds()
    await start(Pass("one", rounds.run, every_s=0.001))
    assert application.job_queue
    (job,) = application.job_queue.jobs()

    assert job.next_t
    assert 1970 == job.next_t.year


async def test_only_so_many_at_once(start: Start) -> None:
    """Slow rounds do not hold up the next ones, up to the number that is allowed."""
    rounds = Rounds()
    rounds.may_end.clear()
    await start(Pass("one", rounds.run, every_s=0.001, at_most=3))
    await rounds.reach(3)
    await asyncio.sleep(0.02)
    begun = rounds.begun
    rounds.may_end.set()
    await rounds.reach(4)

    assert 3 == begun


async def test_a_pass_that_stands_still(start: Start, clock: MovedClock) -> None:
    """A pass is late when it has neither begun nor ended a round for ten of its intervals."""
    rounds = Rounds()
    rounds.may_end.clear()
    passes = await start(Pass("slow one", rounds.run, every_s=2.0))
    await rounds.reach(1)
    clock.move(20)
    before = passes.late
    clock.move(1)
    late = passes.late
    rounds.may_end.set()
    async with asyncio.timeout(10):
        while passes.late:
            await asyncio.sleep(0.001)

    assert ([], ["slow one"]) == (before, late)


async def test_the_wall_clock_makes_no_pass_late(start: Start, clock: MovedClock) -> None:
    """A step of the wall clock is none of the monotonic one."""
    rounds = Rounds()
    rounds.may_end.clear()
    passes = await start(Pass("one", rounds.run, every_s=2.0))
    await rounds.reach(1)
    clock.step(days=60)
    forward = passes.late
    clock.step(days=-120)
    backward = passes.late
    rounds.may_end.set()

    assert ([], []) == (forward, backward)


async def test_a_failure_is_told_once_by_name(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    """A failing pass goes on, and its first failure in a row is logged with its name."""
    rounds = Rounds()
    rounds.problem = OSError("disk full")
    with caplog.at_level(logging.ERROR, "passes"):
        await start(Pass("cards", rounds.run, every_s=0.001))
        await rounds.reach(5)
        rounds.problem = None
        await rounds.reach(8)
        rounds.problem = OSError("disk full")
        await rounds.reach(12)

    assert ["the pass cards failed"] * 2 == caplog.messages


async def test_stopping(start: Start, application: AnyApplication) -> None:
    """After the stop no round begins, and the job queue has nothing left to wait for."""
    rounds = Rounds()
    passes = await start(Pass("one", rounds.run, every_s=3600.0))
    await rounds.reach(1)
    passes.stop()
    assert application.job_queue
    async with asyncio.timeout(5):
        await application.job_queue.stop()

    assert 1 == rounds.begun
