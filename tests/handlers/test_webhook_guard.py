"""A webhook that another program changes: put back three times, told once, then given way."""

import asyncio

import pytest
from telegram.error import Conflict

from handlers.webhook_guard import WebhookGuard, is_of_webhook
from storage.database import Database
from tests.moved_clock import MovedClock


async def told(database: Database) -> int:
    return len(await database.rows("select id from notes where kind = 'owner_webhook'"))


async def changed(guard: WebhookGuard) -> bool:
    goes_on = guard.met()
    await guard.put_back()
    return goes_on


async def test_the_fourth_in_ten_minutes(
    guard: WebhookGuard, clock: MovedClock, gives_way: asyncio.Event, database: Database
) -> None:
    """Three changes in ten minutes are put back, at the fourth this bot gives way."""
    went_on = []
    for _ in range(4):
        went_on.append(await changed(guard))
        clock.move(minutes=3)
        clock.step(days=-30)

    assert [True, True, True, False] == went_on
    assert gives_way.is_set()
    assert 1 == await told(database)


async def test_now_and_then(
    guard: WebhookGuard, clock: MovedClock, gives_way: asyncio.Event
) -> None:
    """Changes with more time between them are put back for ever, by a clock that never steps."""
    for _ in range(30):
        assert await changed(guard)
        clock.move(seconds=200.1)
        clock.step(days=-1)

    assert not gives_way.is_set()


async def test_not_put_back_yet(guard: WebhookGuard, gives_way: asyncio.Event) -> None:
    """One change counts once, however often it takes to put it back."""
    for _ in range(30):
        assert guard.met()

    assert not gives_way.is_set()


async def test_told_again_after_a_day(
    guard: WebhookGuard, clock: MovedClock, database: Database
) -> None:
    """Owners hear once a day of it."""
    for _ in range(3):
        await changed(guard)
        clock.move(hours=13)

    assert 2 == await told(database)


async def test_told_when_it_can_be_kept(guard: WebhookGuard, database: Database) -> None:
    """What cannot be told at once is told later, and keeps no update from being fetched."""
    await database._writer.execute("pragma query_only = on")
    await changed(guard)
    await database._writer.execute("pragma query_only = off")
    assert 0 == await told(database)
    await guard.put_back()
    await guard.put_back()

    assert 1 == await told(database)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Conflict: can't use getUpdates method while webhook is active", True),
        ("Conflict: terminated by setWebhook request", True),
        ("Conflict: terminated by other getUpdates request", False),
    ],
)
def test_whose_conflict(words: str, expected: bool) -> None:
    """A fetch refused for a webhook is told from one that another fetch ended."""
    assert expected == is_of_webhook(Conflict(words))
