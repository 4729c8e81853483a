"""The books in figures: rented, come back, unknown, and what became of every SMS."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from activations.model import CHARGED, State
from activations.notes import Delivery, Outcome, code_and_card
from activations.tally import Sum, Tally
from bloomsms.models import Sms
from storage.activations import ActivationRows
from storage.database import Database
from storage.ledger import LedgerRows
from storage.notes import NoteRows
from storage.updates import UpdateRows
from tests.made_up import NUMBER
from tests.moved_clock import MovedClock
from tests.storage import rows

NOTHING = Sum(0, Decimal("0.00"))
LEASE = timedelta(minutes=1)


async def test_an_empty_ledger(database: Database) -> None:
    """Before anything happened every figure is zero."""
    expected = Tally(NOTHING, NOTHING, NOTHING, NOTHING, 0, 0, 0, 0, 0, 0)

    assert expected == await LedgerRows(database).tally()


async def test_money(store: ActivationRows, database: Database, clock: MovedClock) -> None:
    """Rented numbers count with what was charged, unknown orders with what was offered."""
    await rows.offered(store, clock)
    await rows.in_state(store, clock, State.REFUSED)
    await rows.in_state(store, clock, State.UNCERTAIN)
    await rows.begun(store, clock)
    dear = replace(NUMBER, provider_id="dear", price=Decimal("1.10"))
    await rows.waiting(store, clock, number=dear)
    cheap = await rows.waiting(store, clock)
    back = replace(cheap, state=State.CANCELLED, is_refund_confirmed=True)
    await rows.moved(store, clock, cheap, back)

    tally = await LedgerRows(database).tally()
    assert Sum(2, Decimal("1.65")) == tally.rented
    assert Sum(1, Decimal("0.55")) == tally.returned
    assert Sum(2, Decimal("1.10")) == tally.unknown


async def test_charged_without_a_number(
    store: ActivationRows, database: Database, clock: MovedClock
) -> None:
    """An order that is known to be charged is not counted among those that are not."""
    lost = await rows.in_state(store, clock, State.UNCERTAIN)
    await rows.moved(store, clock, lost, replace(lost, reason=CHARGED))

    tally = await LedgerRows(database).tally()
    assert (Sum(1, Decimal("0.55")), NOTHING) == (tally.nameless, tally.unknown)


async def test_sms(store: ActivationRows, database: Database, clock: MovedClock) -> None:
    """Each SMS is delivered, on its way, waiting for its person, or given up."""
    notes = NoteRows(database)
    before = await rows.waiting(store, clock)
    for place in range(5):
        after = replace(before, state=State.CODE_RECEIVED)
        drafts = code_and_card(before.user_id, before.id)
        await store.record(before, after, drafts, clock.now(), Sms(str(place), ""))
        before = await rows.again(store, before)
    for outcome in (Outcome.SENT, Outcome.SENT, Outcome.PARKED, Outcome.DEAD):
        note = await notes.claim_due(clock.now())
        assert note
        await notes.settle(note, Delivery(outcome), clock.now(), timedelta())

    tally = await LedgerRows(database).tally()
    assert (5, 2, 1, 1, 1) == (
        tally.sms,
        tally.sms_sent,
        tally.sms_pending,
        tally.sms_parked,
        tally.sms_dead,
    )


async def test_parked_updates(database: Database, clock: MovedClock) -> None:
    """What failed three times is counted, what is to be tried again is not."""
    updates = UpdateRows(database)
    await updates.keep(1, [(7, "seven"), (8, "eight")], clock.now())
    await updates.failed(7, clock.now(), timedelta(), most_attempts=1)
    await updates.failed(8, clock.now(), timedelta(), most_attempts=3)

    assert 1 == (await LedgerRows(database).tally()).parked_updates
