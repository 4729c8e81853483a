"""The request budget: a true sliding window, people first, pauses kept, restarts remembered."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from bloomsms.budget import Budget, Lane
from bloomsms.errors import RateLimited
from tests.bloomsms.kept_log import KeptLog
from tests.jumping_loop import jump_through
from tests.moved_clock import START

MINUTE_S = 60.0
HELD_S = 60.25


def now_s() -> float:
    return asyncio.get_running_loop().time()


def now() -> datetime:
    return START + timedelta(seconds=now_s())


class Traffic:
    """A budget, and who went through it when."""

    def __init__(self, limit: int, log: KeptLog | None = None) -> None:
        self.log = log or KeptLog()
        self.budget = Budget(limit, self.log, now_s)
        self.went: list[tuple[float, Lane]] = []

    async def ask(
        self, lane: Lane = Lane.PEOPLE, wait_limit_s: float = 1000.0, answer_s: float = 0.0
    ) -> None:
        """Make a request that is answered after `answer_s`."""
        async with self.budget.slot(lane, wait_limit_s):
            self.went.append((now_s(), lane))
            await asyncio.sleep(answer_s)

    async def fill(self, count: int, lane: Lane = Lane.PEOPLE) -> None:
        for _ in range(count):
            await self.ask(lane, 0.0)

    @property
    def times_s(self) -> list[float]:
        return [at_s for at_s, _ in self.went]


def test_as_many_as_allowed_go_at_once() -> None:
    """A fresh window takes the whole limit without a wait, and not one more."""

    async def story() -> tuple[Traffic, float]:
        traffic = Traffic(10)
        await traffic.fill(10)
        with pytest.raises(RateLimited) as caught:
            await traffic.ask(Lane.PEOPLE, 0.0)
        return traffic, caught.value.wait_s

    traffic, wait_s = jump_through(story)

    assert [0.0] * 10 == traffic.times_s
    assert HELD_S == wait_s


def test_a_slot_is_free_again_a_minute_after_its_answer() -> None:
    """Neither sooner, counted from sending, nor later."""

    async def story() -> list[float]:
        traffic = Traffic(1)
        await traffic.ask(answer_s=7.0)
        await traffic.ask()
        return traffic.times_s

    assert [0.0, pytest.approx(7.0 + HELD_S, abs=0.02)] == jump_through(story)


def test_the_window_slides() -> None:
    """Each slot comes back by itself, not all at the turn of a minute."""

    async def story() -> list[float]:
        traffic = Traffic(3)
        for _ in range(3):
            await traffic.ask()
            await asyncio.sleep(20.0)
        for _ in range(3):
            await traffic.ask()
        return traffic.times_s

    went = jump_through(story)

    assert [0.0, 20.0, 40.0] == went[:3]
    assert [pytest.approx(at + HELD_S, abs=0.02) for at in (0.0, 20.0, 40.0)] == went[3:]


def test_people_go_before_polls_and_polls_before_upkeep() -> None:
    """When a slot comes free it goes to the first lane, in each lane to who came first."""

    async def story() -> list[str]:
        traffic = Traffic(4)
        order: list[str] = []

        async def ask(name: str, lane: Lane) -> None:
            await traffic.ask(lane)
            order.append(name)

        await traffic.fill(4)
        async with asyncio.TaskGroup() as group:
            for name, lane in (
                ("upkeep", Lane.UPKEEP),
                ("poll 1", Lane.POLLS),
                ("poll 2", Lane.POLLS),
                ("person 1", Lane.PEOPLE),
                ("person 2", Lane.PEOPLE),
            ):
                group.create_task(ask(name, lane))
                await asyncio.sleep(0)
        return order

    assert ["person 1", "person 2", "poll 1", "poll 2", "upkeep"] == jump_through(story)


def test_nobody_overtakes_in_their_own_lane() -> None:
    """A slot that has just come free is for who waits for it, not for who happens to come by."""

    async def story() -> list[str]:
        traffic = Traffic(1)
        order: list[str] = []

        async def ask(name: str) -> None:
            await traffic.ask()
            order.append(name)

        await traffic.ask()
        await asyncio.sleep(HELD_S - 0.0001)
        async with asyncio.TaskGroup() as group:
            group.create_task(ask("first"))
            await asyncio.sleep(0.005)
            group.create_task(ask("second"))
        return order

    assert ["first", "second"] == jump_through(story)


def test_a_person_overtakes_a_waiting_poll() -> None:
    """A poll that waits for what is kept free does not hold up a person for whom it is kept."""

    async def story() -> list[tuple[float, Lane]]:
        traffic = Traffic(10)
        await traffic.fill(7, Lane.POLLS)
        async with asyncio.TaskGroup() as group:
            group.create_task(traffic.ask(Lane.POLLS))
            await asyncio.sleep(1.0)
            await traffic.ask(Lane.PEOPLE)
        return traffic.went[7:]

    first, second = jump_through(story)

    assert (1.0, Lane.PEOPLE) == first
    assert Lane.POLLS is second[1]


@pytest.mark.parametrize("lane", [Lane.POLLS, Lane.UPKEEP])
@pytest.mark.parametrize("limit", [4, 10, 60])
def test_three_of_every_window_are_kept_for_people(lane: Lane, limit: int) -> None:
    """Polls and upkeep leave three requests of the window free; people take them at once."""

    async def story() -> int:
        traffic = Traffic(limit)
        await traffic.fill(limit - 3, lane)
        with pytest.raises(RateLimited):
            await traffic.ask(lane, 0.0)
        await traffic.fill(3, Lane.PEOPLE)
        with pytest.raises(RateLimited):
            await traffic.ask(Lane.PEOPLE, 0.0)
        return traffic.budget.used

    assert limit == jump_through(story)


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_a_tiny_limit_lets_polls_through(limit: int) -> None:
    """Where three cannot be kept free, one poll goes all the same."""

    async def story() -> list[float]:
        traffic = Traffic(limit)
        await traffic.ask(Lane.POLLS, 0.0)
        return traffic.times_s

    assert [0.0] == jump_through(story)


def test_a_turn_that_does_not_come_in_time() -> None:
    """Who waits too long is told how long it will take."""

    async def story() -> tuple[float, float]:
        traffic = Traffic(1)
        await traffic.ask()
        with pytest.raises(RateLimited) as caught:
            await traffic.ask(wait_limit_s=8.0)
        return now_s(), caught.value.wait_s

    assert pytest.approx((8.0, HELD_S - 8.0)) == jump_through(story)


def test_a_short_pause_is_waited_out() -> None:
    """Nothing goes during a pause; one of two seconds is only a wait."""

    async def story() -> list[float]:
        traffic = Traffic(60)
        traffic.budget.pause(2.0)
        await traffic.ask(wait_limit_s=8.0)
        return traffic.times_s

    assert [pytest.approx(2.0, abs=0.02)] == jump_through(story)


def test_pauses_are_counted() -> None:
    """Each time the server says that it was too much counts, within a pause as well."""

    async def story() -> int:
        budget = Traffic(60).budget
        budget.pause(2.0)
        budget.pause(1.0)
        return budget.pauses

    assert 2 == jump_through(story)


@pytest.mark.parametrize("lane", Lane)
def test_a_long_pause_is_told_at_once(lane: Lane) -> None:
    """Nobody waits for the end of a long pause: they learn at once how long it lasts."""

    async def story() -> tuple[float, float, float]:
        traffic = Traffic(60)
        traffic.budget.pause(30.0)
        await asyncio.sleep(10.0)
        with pytest.raises(RateLimited) as caught:
            await traffic.ask(lane, 8.0)
        return now_s(), caught.value.wait_s, traffic.budget.pause_left_s

    assert (10.0, 20.0, 20.0) == jump_through(story)


def test_somebody_else_uses_the_key() -> None:
    """A 429 although we were well below the limit leaves half of the window to them."""

    async def story() -> list[float]:
        traffic = Traffic(60)
        traffic.budget.pause(1.0)
        await asyncio.sleep(1.0)
        await traffic.fill(30)
        with pytest.raises(RateLimited):
            await traffic.ask(wait_limit_s=0.0)
        return traffic.times_s

    assert [1.0] * 30 == jump_through(story)


@pytest.mark.parametrize("used", [57, 60])
def test_a_429_near_the_limit_is_our_own(used: int) -> None:
    """A 429 with the window nearly full says nothing about others."""

    async def story() -> float:
        traffic = Traffic(60)
        await traffic.fill(used)
        traffic.budget.pause(1.0)
        await asyncio.sleep(HELD_S)
        await traffic.fill(60)
        return now_s()

    assert HELD_S == jump_through(story)


def test_several_429_of_one_pause_count_once() -> None:
    """Requests that were on their way together meet the same refusal."""

    async def story() -> int:
        traffic = Traffic(60)
        for _ in range(5):
            traffic.budget.pause(1.0)
        await asyncio.sleep(1.0)
        await traffic.fill(30)
        return len(traffic.went)

    assert 30 == jump_through(story)


def test_a_429_again_and_again_leaves_one_request() -> None:
    """However often others are in the way, one request in each window is tried."""

    async def story() -> float:
        traffic = Traffic(60)
        for _ in range(10):
            traffic.budget.pause(0.1)
            await asyncio.sleep(0.2)
        await traffic.ask(wait_limit_s=0.0)
        return traffic.budget.poll_interval_s

    assert pytest.approx(HELD_S) == jump_through(story)


@pytest.mark.parametrize(("minutes", "room"), [(0, 30), (1, 31), (10, 40), (30, 60), (999, 60)])
def test_what_was_given_up_comes_back(minutes: int, room: int) -> None:
    """One request more every minute, until the limit is whole again."""

    async def story() -> int:
        traffic = Traffic(60)
        traffic.budget.pause(0.0)
        await asyncio.sleep(minutes * MINUTE_S)
        await traffic.fill(room)
        with pytest.raises(RateLimited):
            await traffic.ask(wait_limit_s=0.0)
        return traffic.budget.used

    assert room == jump_through(story)


def test_a_pause_holds_those_who_wait_already() -> None:
    """A slot that comes free during a pause is given out after it."""

    async def story() -> list[float]:
        traffic = Traffic(1)
        await traffic.ask()
        async with asyncio.TaskGroup() as group:
            group.create_task(traffic.ask())
            await asyncio.sleep(1.0)
            traffic.budget.pause(100.0)
        return traffic.times_s

    assert [0.0, pytest.approx(101.0, abs=0.1)] == jump_through(story)


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    """Of two pauses the later end counts."""

    async def story() -> float:
        budget = Traffic(1).budget
        budget.pause(30.0)
        budget.pause(5.0)
        return budget.pause_left_s

    assert 30.0 == jump_through(story)


def test_who_gives_up_leaves_nothing_behind() -> None:
    """A cancelled wait takes no slot and does not stop those behind it."""

    async def story() -> tuple[list[float], int]:
        traffic = Traffic(1)
        await traffic.ask()
        first = asyncio.create_task(traffic.ask())
        second = asyncio.create_task(traffic.ask())
        await asyncio.sleep(5.0)
        first.cancel()
        await asyncio.wait([first, second])
        await asyncio.sleep(2 * MINUTE_S)
        return traffic.times_s, traffic.budget.used

    assert ([0.0, pytest.approx(HELD_S, abs=0.02)], 0) == jump_through(story)


def test_who_gives_up_in_the_moment_of_their_turn() -> None:
    """A slot that was just given to somebody who leaves goes to the next."""

    async def story() -> tuple[list[float], int]:
        traffic = Traffic(1)
        holding = asyncio.Event()

        async def hold() -> None:
            async with traffic.budget.slot(Lane.PEOPLE, 0.0):
                await holding.wait()
                raise InterruptedError

        held = asyncio.create_task(hold())
        await asyncio.sleep(0)
        first = asyncio.create_task(traffic.ask())
        second = asyncio.create_task(traffic.ask())
        await asyncio.sleep(1.0)
        holding.set()
        await asyncio.wait([held])
        # The slot of `held` frees at this moment, and `first` leaves in the same turn of the loop.
        asyncio.get_running_loop().call_at(now_s() + HELD_S, first.cancel)
        await asyncio.wait([first, second])
        await asyncio.sleep(2 * MINUTE_S)
        return traffic.times_s, traffic.budget.used

    times_s, used = jump_through(story)

    assert [pytest.approx(1.0 + HELD_S, abs=0.1)] == times_s
    assert 0 == used


def test_a_request_that_breaks_off_counts() -> None:
    """It may have reached the server: its slot is held like any other's."""

    async def story() -> int:
        traffic = Traffic(5)
        task = asyncio.create_task(traffic.ask(answer_s=10.0))
        await asyncio.sleep(1.0)
        task.cancel()
        await asyncio.wait([task])
        return traffic.budget.used

    assert 1 == jump_through(story)


def test_a_request_that_cannot_be_noted_does_not_go() -> None:
    """Without a note in the log nothing leaves, and its slot is free at once."""

    async def story() -> tuple[list[float], int]:
        traffic = Traffic(1, KeptLog(problem=OSError("disk full")))
        with pytest.raises(OSError, match="disk full"):
            await traffic.ask()
        return traffic.times_s, traffic.budget.used

    assert ([], 0) == jump_through(story)


def test_a_slot_that_cannot_be_noted_goes_to_the_next() -> None:
    """Who waits gets the place of a request that was given up before it left."""

    async def story() -> list[float]:
        traffic = Traffic(1, KeptLog(problem=OSError("disk full"), noting_s=1.0))
        first = asyncio.create_task(traffic.ask())
        second = asyncio.create_task(traffic.ask())
        await asyncio.wait([first])
        traffic.log.problem = None
        await asyncio.gather(first, second, return_exceptions=True)
        return traffic.times_s

    assert [2.0] == jump_through(story)


def test_the_log_knows_begin_and_end() -> None:
    """Each request is noted before it leaves and closed with its answer."""

    async def story() -> list[tuple[float, float | None, bool]]:
        traffic = Traffic(5)
        task = asyncio.create_task(traffic.ask(Lane.POLLS, answer_s=3.0))
        await asyncio.sleep(1.0)
        before = list(traffic.log.entries)
        await task
        return before + traffic.log.entries

    assert [(0.0, None, True), (0.0, 3.0, True)] == jump_through(story)


def test_a_restart_remembers_the_last_minute() -> None:
    """A process that starts anew goes on counting where the one before it ended."""

    async def story() -> tuple[int, list[float]]:
        log = KeptLog()
        first = Traffic(3, log)
        await first.fill(2)
        await asyncio.sleep(30.0)
        second = Traffic(3, log)
        await second.budget.restore()
        used = second.budget.used
        await second.ask()
        await second.ask()
        return used, second.times_s

    used, times_s = jump_through(story)

    assert 2 == used
    assert [30.0, pytest.approx(HELD_S, abs=0.02)] == times_s


def test_a_request_cut_off_by_a_crash_counts_as_new() -> None:
    """Nobody knows when it ended; so it ended just now."""

    async def story() -> list[float]:
        log = KeptLog([(0.0, None, False)])
        await asyncio.sleep(50.0)
        traffic = Traffic(1, log)
        await traffic.budget.restore()
        await traffic.ask()
        return traffic.times_s

    assert [pytest.approx(50.0 + HELD_S, abs=0.02)] == jump_through(story)


def test_old_requests_are_forgotten() -> None:
    """What ended more than a window ago does not count any more."""

    async def story() -> int:
        log = KeptLog([(0.0, 0.0, False), (0.0, None, True)])
        await asyncio.sleep(3 * MINUTE_S)
        traffic = Traffic(1, log)
        await traffic.budget.restore()
        return traffic.budget.used

    assert 0 == jump_through(story)


def test_a_restart_remembers_whose_requests_they_were() -> None:
    """What people took of their reserve just now is known: polls go on as they would have."""

    async def story() -> tuple[float, float, int]:
        log = KeptLog()
        first = Traffic(60, log)
        await first.fill(55, Lane.POLLS)
        await first.fill(3)
        second = Traffic(60, log)
        await second.budget.restore()
        await second.fill(1, Lane.POLLS)
        return first.budget.poll_interval_s, second.budget.poll_interval_s, second.budget.used

    before, after, used = jump_through(story)

    assert pytest.approx(HELD_S) == before == after
    assert 59 == used


@pytest.mark.parametrize(
    ("limit", "people", "polls", "expected_s"),
    [
        (60, 0, 0, HELD_S / 57),
        (60, 20, 0, HELD_S / 36),
        (60, 20, 30, HELD_S / 6),
        (60, 57, 0, HELD_S),
        (60, 60, 0, HELD_S),
        (1, 0, 0, HELD_S),
    ],
)
def test_the_pace_of_polls(limit: int, people: int, polls: int, expected_s: float) -> None:
    """Polls spread evenly over what is free of the window, less the reserve and one more."""

    async def story() -> float:
        traffic = Traffic(limit)
        await traffic.fill(people)
        await traffic.fill(polls, Lane.POLLS)
        return traffic.budget.poll_interval_s

    assert pytest.approx(expected_s) == jump_through(story)


def test_a_few_requests_of_people_make_no_hole() -> None:
    """After three of people's in the full window polls go on, more slowly, until it is refilled."""

    async def story() -> tuple[list[float], int]:
        traffic = Traffic(60)
        left: list[float] = []
        while now_s() < 300.0:
            if pytest.approx(200.0, abs=0.5) == now_s():
                await traffic.fill(3)
            await traffic.ask(Lane.POLLS, 0.0)
            left.append(now_s())
            await asyncio.sleep(traffic.budget.poll_interval_s)
        return left, traffic.budget.limit - traffic.budget.used

    left, free = jump_through(story)

    assert 3.0 >= max(after - before for before, after in pairwise(left))
    assert 3 <= free


@pytest.mark.parametrize(("after_s", "goes"), [(0.0, True), (4.9, True), (5.1, False)])
def test_what_people_just_took_is_refilled_slowly(after_s: float, *, goes: bool) -> None:
    """Right after people used their reserve polls need not stop for it; seconds later they must."""

    async def story() -> int:
        traffic = Traffic(60)
        await traffic.fill(55, Lane.POLLS)
        await traffic.fill(3)
        await asyncio.sleep(after_s)
        with suppress(RateLimited):
            await traffic.ask(Lane.POLLS, 0.0)
        return traffic.budget.used

    assert (59 if goes else 58) == jump_through(story)


def test_the_pace_recovers() -> None:
    """When people have gone quiet, polls take back what they used."""

    async def story() -> float:
        traffic = Traffic(60)
        await traffic.fill(40)
        await traffic.fill(5, Lane.POLLS)
        await asyncio.sleep(HELD_S)
        return traffic.budget.poll_interval_s

    assert pytest.approx(HELD_S / 57) == jump_through(story)


@pytest.mark.parametrize("answer_s", [0.0, 0.3, 2.0, 10.0])
def test_polls_at_their_pace_go(answer_s: float) -> None:
    """Whoever keeps to the pace is never refused twice in a row, also with slow answers."""

    async def story() -> str:
        traffic = Traffic(60)
        came_of_it = ""

        async def poll() -> None:
            nonlocal came_of_it
            try:
                await traffic.ask(Lane.POLLS, 0.0, answer_s=answer_s)
            except RateLimited:
                came_of_it += "-"
            else:
                came_of_it += "+"

        async with asyncio.TaskGroup() as group:
            for _ in range(600):
                group.create_task(poll())
                await asyncio.sleep(traffic.budget.poll_interval_s)
        return came_of_it

    assert "--" not in jump_through(story)


def test_the_window_may_have_another_length() -> None:
    """A budget of another window holds each slot for that long."""

    async def story() -> float:
        budget = Budget(1, KeptLog(), now_s, window_s=6.0)
        async with budget.slot(Lane.PEOPLE, 0.0):
            pass
        async with budget.slot(Lane.PEOPLE, 60.0):
            return now_s()

    assert pytest.approx(6.025, abs=0.02) == jump_through(story)
