"""Updates as rows: kept before Telegram may forget them, handled once, parked when hopeless."""

from datetime import timedelta
from pathlib import Path

import pytest

from storage.database import Database
from storage.updates import UpdateRows
from tests.moved_clock import MovedClock

BOT = 1234567


@pytest.fixture
def updates(database: Database) -> UpdateRows:
    return UpdateRows(database)


async def test_kept_until_handled(updates: UpdateRows, clock: MovedClock) -> None:
    """Updates are due oldest first until they are done."""
    await updates.keep(BOT, [(8, "eight"), (7, "seven")], clock.now())
    before = await updates.due_ids(clock.now())
    await updates.done(7)

    assert ([7, 8], [8]) == (before, await updates.due_ids(clock.now()))
    assert [7] == await updates.handled_ids(10)


async def test_bodies(updates: UpdateRows, clock: MovedClock) -> None:
    """An update that waits has its body; one that is done, or nobody's, has none."""
    await updates.keep(BOT, [(7, "seven"), (8, "eight")], clock.now())
    await updates.done(7)

    assert [None, "eight", None] == [await updates.body(number) for number in (7, 8, 9)]


async def test_kept_twice(updates: UpdateRows, clock: MovedClock) -> None:
    """An update that Telegram hands over again stays as it is, done or not."""
    await updates.keep(BOT, [(7, "seven"), (8, "eight")], clock.now())
    await updates.done(7)

    await updates.keep(BOT, [(7, "other"), (8, "other")], clock.move(1))

    assert [8] == await updates.due_ids(clock.now())
    assert "eight" == await updates.body(8)


async def test_nothing_to_keep(updates: UpdateRows, clock: MovedClock) -> None:
    """An empty answer of Telegram's changes nothing."""
    await updates.keep(BOT, [], clock.now())

    assert [] == await updates.due_ids(clock.now())


async def test_what_is_done_holds_no_text(
    updates: UpdateRows, database: Database, clock: MovedClock
) -> None:
    """What a person wrote is not kept longer than it takes to answer."""
    await updates.keep(BOT, [(7, "a secret")], clock.now())
    await updates.done(7)

    assert [("",)] == [tuple(row) for row in await database.rows("select body from updates")]


async def test_a_failure_is_tried_again_later(updates: UpdateRows, clock: MovedClock) -> None:
    """A failed update is due again at its time, not before."""
    await updates.keep(BOT, [(7, "seven")], clock.now())
    attempts = await updates.failed(7, clock.now(), timedelta(seconds=5), 3)

    before = await updates.due_ids(clock.move(4.9))

    assert (1, [], [7]) == (attempts, before, await updates.due_ids(clock.move(0.1)))


async def test_the_last_failure_parks(updates: UpdateRows, clock: MovedClock) -> None:
    """After the last attempt an update is left alone and counts as handled."""
    await updates.keep(BOT, [(7, "seven")], clock.now())

    attempts = [await updates.failed(7, clock.now(), timedelta(), 2) for _ in range(2)]

    assert [1, 2] == attempts
    assert [] == await updates.due_ids(clock.move(days=1))
    assert [7] == await updates.handled_ids(10)


async def test_a_failure_of_nothing(updates: UpdateRows, clock: MovedClock) -> None:
    """An update that was never kept has no attempts."""
    assert 0 == await updates.failed(99, clock.now(), timedelta(), 2)


async def test_handled_updates_are_forgotten(updates: UpdateRows, clock: MovedClock) -> None:
    """Two days later a handled update is gone; one that waits stays."""
    await updates.keep(BOT, [(7, "seven"), (8, "eight")], clock.now())
    await updates.done(7)

    await updates.keep(BOT, [(1007, "new")], clock.move(days=2.01))
    await updates.forget_old(clock.now())

    assert [] == await updates.handled_ids(10)
    assert [8, 1007] == await updates.due_ids(clock.now())


async def test_a_clock_ahead_forgets_nothing_that_may_come_again(
    updates: UpdateRows, clock: MovedClock
) -> None:
    """The newest handled updates are remembered whatever the clock says."""
    await updates.keep(BOT, [(7, "seven"), (8, "eight"), (1007, "new")], clock.now())
    await updates.done(7)
    await updates.done(8)

    await updates.forget_old(clock.step(days=60))

    assert [8] == await updates.handled_ids(10)


async def test_the_newest_handled_updates(updates: UpdateRows, clock: MovedClock) -> None:
    """Of many handled updates the newest are told, in their order."""
    await updates.keep(BOT, [(n, "one") for n in range(1, 6)], clock.now())
    for update_id in (5, 1, 2, 4):
        await updates.done(update_id)

    assert [2, 4, 5] == await updates.handled_ids(3)


async def test_another_bots_updates(updates: UpdateRows, clock: MovedClock) -> None:
    """A database that served another bot before forgets what that one had handled."""
    await updates.keep(BOT, [(7, "seven"), (8, "eight")], clock.now())
    await updates.done(7)

    await updates.belong_to(BOT)
    mine = await updates.due_ids(clock.now())
    await updates.belong_to(BOT + 1)

    assert [8] == mine
    assert [] == await updates.due_ids(clock.now())
    assert [] == await updates.handled_ids(10)


async def test_a_restart_remembers_updates(path: Path, clock: MovedClock) -> None:
    """What was fetched and not handled is found by the next process."""
    async with Database.opened(path) as database:
        await UpdateRows(database).keep(BOT, [(7, "seven")], clock.now())

    async with Database.opened(path) as database:
        assert [7] == await UpdateRows(database).due_ids(clock.now())


async def test_put_back(updates: UpdateRows, clock: MovedClock) -> None:
    """What is put back is due later and has not failed."""
    await updates.keep(BOT, [(7, "seven")], clock.now())
    before = await updates.due_ids(clock.now())
    await updates.put_back(7, clock.now(), timedelta(seconds=6))

    assert ([7], []) == (before, await updates.due_ids(clock.now()))
    assert [7] == await updates.due_ids(clock.move(6))
    assert 1 == await updates.failed(7, clock.now(), timedelta(), most_attempts=3)


@pytest.mark.parametrize("delay_s", [0, 6, 900])
async def test_a_clock_that_was_set_back(
    updates: UpdateRows, clock: MovedClock, delay_s: int
) -> None:
    """What was kept or put back while the clock was hours ahead is due when it is right again."""
    clock.step(hours=2)
    await updates.keep(BOT, [(7, "seven")], clock.now())
    await updates.put_back(7, clock.now(), timedelta(seconds=delay_s))
    clock.step(hours=-2)

    assert [7] == await updates.due_ids(clock.now())
