"""What the poller is told of the rows."""

from dataclasses import replace
from datetime import timedelta

from activations.model import State, Wait, Watched
from bloomsms.models import Sms, StatusChange
from storage.activations import ActivationRows
from storage.database import Database
from storage.watch import WatchRows
from tests.made_up import ANOTHER_SMS, NUMBER, OFFER, SMS
from tests.moved_clock import START, MovedClock
from tests.storage import rows


async def test_only_waiting_numbers_are_watched(
    database: Database, store: ActivationRows, clock: MovedClock
) -> None:
    """With since when they wait and when they were asked about, oldest first."""
    first = await rows.waiting(store, clock)
    await rows.ended(store, clock, State.EXPIRED)
    clock.move(5)
    second = await rows.waiting(store, clock, replace(OFFER, service_code="tg"))
    await store.mark_asked(first.id, clock.now())

    watched = await WatchRows(database).watched()

    later = START + timedelta(seconds=5)
    assert [
        Watched(first.id, "wa", START, later),
        Watched(second.id, "tg", later, None),
    ] == watched


async def test_a_row_that_does_not_say_since_when(
    database: Database, store: ActivationRows, clock: MovedClock
) -> None:
    """It counts as waiting since it was offered."""
    before = await rows.begun(store, clock)
    await rows.moved(store, clock, before, replace(before, state=State.WAITING))

    assert [Watched(before.id, "wa", START, None)] == await WatchRows(database).watched()


async def test_waits_in_their_order(
    database: Database, store: ActivationRows, clock: MovedClock
) -> None:
    """Those after a given one; an SMS that nobody waited for is left out."""
    watch = WatchRows(database)
    for sms, waited_s in ((SMS, 12.3456), (ANOTHER_SMS, None), (Sms("1", "1"), 70.0)):
        before = await rows.waiting(store, clock)
        after = replace(before, state=State.CODE_RECEIVED)
        assert await store.record(before, after, (), clock.now(), sms, waited_s)

    waits = await watch.waits_after(0)

    assert [Wait(1, "wa", 12.346), Wait(3, "wa", 70.0)] == waits
    assert waits[1:] == await watch.waits_after(1)
    assert [] == await watch.waits_after(3)


async def test_unclosed(store: ActivationRows, clock: MovedClock) -> None:
    """Of those with a code: whose time is over, and for whom something was wished."""
    over, young, wished = [
        await rows.waiting(
            store, clock, number=replace(NUMBER, expires_at=START + timedelta(minutes=minutes))
        )
        for minutes in (10, 30, 30)
    ]
    await rows.waiting(
        store, clock, number=replace(NUMBER, expires_at=START + timedelta(minutes=10))
    )
    for before in (over, young, wished):
        await rows.moved(store, clock, before, replace(before, state=State.CODE_RECEIVED))
    await store.mark_wish(wished.id, StatusChange.COMPLETE)

    unclosed = await store.unclosed(START + timedelta(minutes=20))

    assert [over.id, wished.id] == [activation.id for activation in unclosed]
