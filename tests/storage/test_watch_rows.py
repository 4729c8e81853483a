"""What the poller is told of the rows."""

from dataclasses import replace
from datetime import timedelta

from activations.model import Activation, Coded, Kind, Number, Offer, State, Wait, Watched
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
        Watched(first.id, "wa", START, later, NUMBER.expires_at),
        Watched(second.id, "tg", later, None, NUMBER.expires_at),
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


async def test_coded(database: Database, store: ActivationRows, clock: MovedClock) -> None:
    """Open numbers with a code, with their end and whether something is wished for them."""
    await rows.waiting(store, clock)
    without_number = await rows.in_state(store, clock, State.CODE_RECEIVED)
    plain, wished = [await rows.waiting(store, clock) for _ in range(2)]
    for before in (plain, wished):
        await rows.moved(store, clock, before, replace(before, state=State.CODE_RECEIVED))
    await store.mark_wish(wished.id, StatusChange.COMPLETE)
    await store.mark_asked(plain.id, START)

    coded = await WatchRows(database).coded()

    assert without_number.id not in [one.id for one in coded]
    assert [
        Coded(plain.id, START, START, NUMBER.expires_at, has_wish=False),
        Coded(wished.id, START, None, NUMBER.expires_at, has_wish=True),
    ] == coded


async def test_late_looks(database: Database, store: ActivationRows, clock: MovedClock) -> None:
    """A number that ended is looked at three times more; one without a number, or done, is not."""
    watch = WatchRows(database)
    ended = await rows.ended(store, clock, State.EXPIRED)
    cancelled = await rows.ended(store, clock, State.CANCELLED)
    await rows.ended(store, clock, State.COMPLETED)
    await rows.in_state(store, clock, State.EXPIRED)
    for _ in range(5):
        await watch.looked_late(cancelled.id)
    await watch.looked_late(ended.id)

    assert {ended.id: 2} == await watch.late_looks()


async def test_told_elsewhere(database: Database, store: ActivationRows, clock: MovedClock) -> None:
    """The SMS of earlier orders on the same phone number, or of those that were re-rented."""
    masked = replace(NUMBER, phone_number="+1")
    first = await _coded(store, clock, masked, SMS)
    again = replace(OFFER, kind=Kind.AGAIN, source_id=first.id)
    second = await _coded(store, clock, NUMBER, ANOTHER_SMS, again)
    third_offer = replace(again, source_id=second.id)
    third = await rows.waiting(store, clock, third_offer, number=replace(NUMBER, phone_number="+1"))
    fresh = await rows.waiting(store, clock)
    later = await _coded(store, clock, NUMBER, Sms("9", "9"))

    told = [await store.told_elsewhere(one.id) for one in (first, second, third, fresh, later)]

    assert [set(), {SMS}, {SMS, ANOTHER_SMS}, {ANOTHER_SMS}, {ANOTHER_SMS}] == told


async def _coded(
    store: ActivationRows, clock: MovedClock, number: Number, sms: Sms, offer: Offer = OFFER
) -> Activation:
    before = await rows.waiting(store, clock, offer, number=number)
    after = replace(before, state=State.CODE_RECEIVED)
    assert await store.record(before, after, (), clock.now(), sms)
    return await rows.again(store, before)
