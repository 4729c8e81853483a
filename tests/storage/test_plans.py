"""What is asked again and again finds its rows by an index, however long the history is."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from activations.model import EVER_RENTED_STATES, HISTORY_STATES, IN_HAND_STATES, State
from activations.notes import Delivery, Outcome
from people.model import Standing
from storage.activations import ActivationRows
from storage.database import Database
from storage.notes import NoteRows
from storage.requests import RequestRows
from storage.updates import UpdateRows
from storage.users import UserRows
from tests.made_up import ANN, CARD
from tests.moved_clock import START, MovedClock
from tests.storage.rows import anything_goes, begun, offered, waiting

BOT = 1234567
MINUTE = timedelta(minutes=1)
# The one row of what the account should hold; an index of those refunds alone that are awaited.
SHORT = (" account", "USING INDEX activations_by_refund")


async def pages(database: Database, _clock: MovedClock) -> None:
    store = ActivationRows(database)
    for states in (HISTORY_STATES, IN_HAND_STATES, EVER_RENTED_STATES):
        await store.page_of(ANN, states, 0, 5)
        await store.count_of(ANN, states)
    await store.usage(ANN)


async def passes(database: Database, clock: MovedClock) -> None:
    store, notes = ActivationRows(database), NoteRows(database)
    await waiting(store, clock)
    for state in (State.WAITING, State.CODE_RECEIVED, State.UNCERTAIN, State.RENTING):
        await store.in_states(frozenset({state}))
    await store.ended_since(START)
    await store.awaiting_return()
    await store.by_provider_ids(["1"])
    await notes.claim_due(START)
    await notes.claim_due(START, ANN)
    await notes.release_claims(START)
    await notes.release_claims(START, 1)
    await notes.claimed_ids()
    await UpdateRows(database).due_ids(START)
    await UpdateRows(database).put_back(1, START, MINUTE)
    await UpdateRows(database).forget_old(START)


async def taps(database: Database, _clock: MovedClock) -> None:
    updates, notes = UpdateRows(database), NoteRows(database)
    await updates.keep(BOT, [(1, "{}"), (2, "{}")], START)
    await updates.body(1)
    await updates.done(1)
    await updates.failed(2, START, timedelta(), 3)
    users = UserRows(database, MovedClock())
    await users.meet(ANN, "Ann")
    await users.holds_numbers(ANN)
    await users.decide(ANN, Standing.TURNED_AWAY)
    await notes.unpark(ANN, START)


async def rentals(database: Database, clock: MovedClock) -> None:
    store, notes, requests = ActivationRows(database), NoteRows(database), RequestRows(database)
    offer = await offered(store, clock)
    await store.begin(offer, anything_goes, CARD, START)
    await store.place_card(offer.id, CARD)
    await store.by_token(offer.token)
    await store.from_before(offer.id)
    await store.shown_at(CARD)
    await store.drop_card(CARD)
    await store.mark_shown(offer.id, "x")
    await requests.closed(await requests.opened(is_poll=False))
    if note := await notes.claim_due(START):
        await notes.settle(note, Delivery(Outcome.PARKED), START, timedelta())
    await begun(store, clock)


@pytest.mark.parametrize("work", [pages, passes, taps, rentals], ids=lambda work: work.__name__)
async def test_no_table_is_read_from_end_to_end(
    database: Database, clock: MovedClock, work: Callable[[Database, MovedClock], Awaitable[None]]
) -> None:
    """None of these statements scans a table that grows with the history."""
    said: set[str] = set()
    # Only the connections themselves tell what was asked of them.
    for connection in (database._reader, database._writer):
        await connection.set_trace_callback(said.add)
    await work(database, clock)
    for connection in (database._reader, database._writer):
        await connection.set_trace_callback(None)  # type: ignore[arg-type]  # sqlite3's own "none"

    scans = [
        (sql, step["detail"])
        for sql in sorted(said)
        if sql.split()[0] in ("select", "update", "delete")
        for step in await database.rows(f"explain query plan {sql}")
        if step["detail"].startswith("SCAN") and not step["detail"].endswith(SHORT)
    ]

    assert said
    assert [] == scans
