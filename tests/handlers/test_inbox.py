"""What is kept until it is handled: put back while Telegram takes no answer, within bounds."""

import sqlite3
from datetime import timedelta

import pytest
from telegram import Update

from handlers.inbox import ANSWERED_WITHIN, MOST_ATTEMPTS, MOST_PUT_BACK, RETRY_AFTER, Inbox
from sandbox.person import Person
from storage.database import Database
from tests.handlers.post import Post
from tests.moved_clock import MovedClock

BOT_ID = 1234567


async def ids_due(inbox: Inbox, post: Post) -> list[int]:
    return [update.update_id for update in await inbox.unhandled(post.bot)]


async def kept(inbox: Inbox, post: Post, person: Person) -> Update:
    update = await post.said(person)
    await inbox.keep(BOT_ID, [update])
    assert inbox.take(update)
    return update


async def test_put_back(post: Post, inbox: Inbox, ann: Person, clock: MovedClock) -> None:
    """An update that is put back starts again after the wait, and is done when it is through."""
    update = await kept(inbox, post, ann)
    assert inbox.put_back(update, 6.0)
    await inbox.settle(update)
    during = await ids_due(inbox, post)
    clock.move(6)
    after = await ids_due(inbox, post)
    assert inbox.take(update)
    await inbox.settle(update)

    assert ([], [update.update_id]) == (during, after)
    assert [] == await ids_due(inbox, post)


async def test_put_back_is_no_failure(
    post: Post, inbox: Inbox, ann: Person, clock: MovedClock
) -> None:
    """However often Telegram takes nothing within the time, the update is not parked."""
    update = await kept(inbox, post, ann)
    for _ in range(9):
        assert inbox.put_back(update, 60.0)
        await inbox.settle(update)
        clock.move(60)
        assert [update.update_id] == await ids_due(inbox, post)
        assert inbox.take(update)


async def test_too_old_to_be_put_back(
    post: Post, inbox: Inbox, ann: Person, clock: MovedClock, caplog: pytest.LogCaptureFixture
) -> None:
    """What would be answered too late to make sense is not answered."""
    update = await kept(inbox, post, ann)
    clock.move(60)
    assert inbox.put_back(update, ANSWERED_WITHIN.total_seconds())
    await inbox.settle(update)
    clock.move(timedelta(hours=1).total_seconds())

    assert [] == await ids_due(inbox, post)
    assert "is not answered" in caplog.text


async def test_who_presses_on_piles_up_nothing(
    post: Post, inbox: Inbox, ann: Person, bob: Person, clock: MovedClock
) -> None:
    """A bounded number of one person's updates waits; others' are not counted with them."""
    updates = [await kept(inbox, post, ann) for _ in range(MOST_PUT_BACK + 1)]
    taken = [inbox.put_back(update, 6.0) for update in updates]
    others = inbox.put_back(await kept(inbox, post, bob), 6.0)
    for update in updates:
        await inbox.settle(update)
    clock.move(6)

    assert [*[True] * MOST_PUT_BACK, False] == taken
    assert others
    assert updates[-1].update_id not in await ids_due(inbox, post)


async def test_room_again(post: Post, inbox: Inbox, ann: Person, clock: MovedClock) -> None:
    """What was answered after its wait makes room for others."""
    for _ in range(MOST_PUT_BACK + 1):
        update = await kept(inbox, post, ann)
        assert inbox.put_back(update, 1.0)
        await inbox.settle(update)
        clock.move(1)
        assert inbox.take(update)
        await inbox.settle(update)


async def test_work_beside_the_lane_is_not_put_back(post: Post, inbox: Inbox, ann: Person) -> None:
    """What goes on beside the lane, or is through, does not start again."""
    update = await kept(inbox, post, ann)
    inbox.hold(update)
    during = inbox.put_back(update, 6.0)
    await inbox.settle(update)
    await inbox.release(update)

    assert (False, False) == (during, inbox.put_back(update, 6.0))
    assert [] == await ids_due(inbox, post)


async def failed_beside(inbox: Inbox, update: Update, *, put_back_s: float = 0.0) -> None:
    """Its work beside the lane fails, after the lane is through."""
    inbox.hold(update)
    await inbox.settle(update)
    inbox.end(update)
    if put_back_s:
        assert inbox.put_back(update, put_back_s)
    else:
        inbox.fail(update)
    await inbox.release(update)


async def test_failed_work_beside_the_lane(
    post: Post, inbox: Inbox, ann: Person, clock: MovedClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Work that meets a surprise beside the lane is tried three times in all, then parked."""
    update = await kept(inbox, post, ann)
    for _ in range(MOST_ATTEMPTS - 1):
        await failed_beside(inbox, update)
        clock.move(RETRY_AFTER.total_seconds())
        assert [update.update_id] == await ids_due(inbox, post)
        assert inbox.take(update)
    await failed_beside(inbox, update)
    clock.move(60)

    assert [] == await ids_due(inbox, post)
    assert f"update {update.update_id} failed 3 times and is parked" in caplog.text


async def test_work_beside_the_lane_that_is_put_back(
    post: Post, inbox: Inbox, ann: Person, clock: MovedClock
) -> None:
    """What Telegram took no answer to beside the lane starts again after the wait."""
    update = await kept(inbox, post, ann)
    await failed_beside(inbox, update, put_back_s=6.0)
    during = await ids_due(inbox, post)
    clock.move(6)

    assert ([], [update.update_id]) == (during, await ids_due(inbox, post))


async def test_work_that_fails_before_its_lane_is_through(
    post: Post, inbox: Inbox, ann: Person, clock: MovedClock
) -> None:
    """It is concluded once, when both are through."""
    update = await kept(inbox, post, ann)
    inbox.hold(update)
    inbox.end(update)
    await inbox.settle(update)
    inbox.fail(update)
    await inbox.release(update)
    clock.move(RETRY_AFTER.total_seconds())

    assert [update.update_id] == await ids_due(inbox, post)


async def test_a_failure_that_cannot_be_counted(
    post: Post, inbox: Inbox, ann: Person, database: Database, clock: MovedClock
) -> None:
    """An update that failed while nothing can be written is tried again all the same."""
    update = await kept(inbox, post, ann)
    assert inbox.fail(update)
    await database.write(
        "create trigger breaks before update on updates begin select raise(abort, 'no'); end"
    )
    with pytest.raises(sqlite3.Error):
        await inbox.settle(update)
    await database.write("drop trigger breaks")
    clock.move(1)

    assert [update.update_id] == await ids_due(inbox, post)
    assert inbox.take(update)
