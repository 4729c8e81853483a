"""The database holds each provider id once, and an old one that held it twice is put right."""

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from activations.model import Activation, IdHeldError, Kind, Offer, State
from activations.notes import Draft, Note, NoteKind
from storage.activations import ActivationRows
from storage.database import Database
from storage.ledger import LedgerRows
from storage.migrations import MIGRATIONS
from storage.notes import NoteRows
from tests.made_up import BOB, NUMBER, OFFER, OLGA, PRICE
from tests.moved_clock import MovedClock
from tests.storage import rows

BEFORE = 7  # steps of the version that let two rows hold an id
BOBS = replace(OFFER, user_id=BOB)


async def answered(
    store: ActivationRows, clock: MovedClock, offer: Offer, provider_id: str
) -> Activation:
    """An order whose answer names that id."""
    before = await rows.begun(store, clock, offer)
    number = replace(NUMBER, provider_id=provider_id)
    after = replace(before, state=State.WAITING, number=number, waiting_since=clock.now())
    return await rows.moved(store, clock, before, after)


def again(source: Activation) -> Offer:
    return replace(source.offer, kind=Kind.AGAIN, source_id=source.id)


@pytest.mark.parametrize("state", [State.WAITING, State.CODE_RECEIVED, State.COMPLETED])
async def test_an_id_that_another_row_holds(
    store: ActivationRows, clock: MovedClock, state: State
) -> None:
    """It stays where it is, also once its number has ended; nothing is written."""
    anns = await answered(store, clock, OFFER, "1")
    for step in rows.PATHS[state][2:]:
        anns = await rows.moved(store, clock, anns, replace(anns, state=step))
    bobs = await rows.begun(store, clock, BOBS)
    number = replace(NUMBER, provider_id="1")

    with pytest.raises(IdHeldError):
        await store.record(
            bobs, replace(bobs, state=State.WAITING, number=number), [Draft(NoteKind.CARD, BOB)],
            clock.now(),
        )  # fmt: skip

    left = await rows.again(store, bobs)
    assert (State.RENTING, None) == (left.state, left.number)
    assert state is (await rows.again(store, anns)).state
    assert [anns.id] == [row.id for row in await store.by_provider_ids(["1"])]


async def test_the_same_id_for_the_same_number(
    store: ActivationRows, database: Database, clock: MovedClock
) -> None:
    """An ended number that is rented again under its id passes it on, as often as that happens."""
    first = await answered(store, clock, OFFER, "1")
    first = await rows.moved(store, clock, first, replace(first, state=State.EXPIRED))
    second = await answered(store, clock, again(first), "1")
    second = await rows.moved(store, clock, second, replace(second, state=State.EXPIRED))
    third = await answered(store, clock, again(first), "1")
    first, second = await rows.again(store, first), await rows.again(store, second)

    assert [third.id] == [row.id for row in await store.by_provider_ids(["1"])]
    for ended in (first, second):
        assert ended.number
        assert ("1", NUMBER.phone_number) == (
            ended.number.provider_id, ended.number.phone_number,
        )  # fmt: skip
        assert ended.number.is_id_passed_on
    assert third.number
    assert not third.number.is_id_passed_on
    assert 3 == (await LedgerRows(database).tally()).rented.count


async def test_an_ended_row_moves_without_its_id(store: ActivationRows, clock: MovedClock) -> None:
    """What becomes known of an ended number later leaves the id where it was passed on to."""
    first = await answered(store, clock, OFFER, "1")
    ended = await rows.moved(store, clock, first, replace(first, state=State.EXPIRED))
    second = await answered(store, clock, again(ended), "1")

    await rows.moved(store, clock, ended, replace(ended, is_refund_confirmed=True))

    assert [second.id] == [row.id for row in await store.by_provider_ids(["1"])]


@pytest.mark.parametrize("state", [State.WAITING, State.CODE_RECEIVED])
async def test_the_same_id_while_the_number_is_open(
    store: ActivationRows, clock: MovedClock, state: State
) -> None:
    """An open number keeps its id, also where it was to be rented again."""
    first = await answered(store, clock, OFFER, "1")
    if state is State.CODE_RECEIVED:
        first = await rows.moved(store, clock, first, replace(first, state=state))

    with pytest.raises(IdHeldError):
        await answered(store, clock, again(first), "1")


async def test_another_numbers_id_for_the_same_number(
    store: ActivationRows, clock: MovedClock
) -> None:
    """Only the id that was rented again is passed on, not any ended number's."""
    first, other = (
        await answered(store, clock, OFFER, "1"),
        await answered(store, clock, OFFER, "2"),
    )
    await rows.moved(store, clock, other, replace(other, state=State.EXPIRED))

    with pytest.raises(IdHeldError):
        await answered(store, clock, again(first), "2")


async def test_owners_hear_of_a_mismatch_once(
    store: ActivationRows, notes: NoteRows, clock: MovedClock
) -> None:
    """However often an answer is about another number, also over restarts."""
    number = await answered(store, clock, OFFER, "1")
    for _ in range(3):
        drafts = [Draft(NoteKind.OWNER_MISMATCH, OLGA, number.id)]
        await store.tell_mismatch(number.id, drafts, clock.now())

    assert [NoteKind.OWNER_MISMATCH] == [note.kind for note in await _due(notes, clock)]


async def _due(notes: NoteRows, clock: MovedClock) -> list[Note]:
    taken = []
    while note := await notes.claim_due(clock.now()):
        taken.append(note)
    return taken


def old_database(path: Path, held: Sequence[tuple[str, str | None, int, int | None]]) -> None:
    """A file of the earlier version: state, provider id, and millionths offered and taken."""
    with sqlite3.connect(path) as db:
        for statements in MIGRATIONS[:BEFORE]:
            for statement in statements:
                db.execute(statement)
        db.execute(f"pragma user_version = {BEFORE}")
        db.executemany(
            "insert into activations (user_id, service_code, service_name, country_id,"
            " country_name, offered_micros, kind, state, created_at_ms, changed_at_ms,"
            " provider_id, phone_number, price_micros, expires_at_ms) values (2001, 'wa',"
            " 'WhatsApp', '187', 'United States', ?, 'fresh', ?, 1, 1, ?, '+19001234567', ?, 2)",
            [(offered, state, provider_id, price) for state, provider_id, offered, price in held],
        )
    db.close()


async def test_an_old_database_that_holds_an_id_twice(path: Path) -> None:
    """The oldest row keeps it; of the others the open ones become charged orders without number."""
    old_database(
        path,
        [
            ("waiting", "1", 550_000, 550_000),
            ("waiting", "1", 550_000, 550_000),
            ("code_received", "1", 550_000, 550_000),
            ("completed", "1", 550_000, 550_000),
            ("waiting", "2", 550_000, 550_000),
            ("uncertain", None, 550_000, None),
            ("renting", None, 550_000, None),
        ],
    )
    async with Database.opened(path) as database:
        store = ActivationRows(database)
        found = [await store.get(n) for n in range(1, 8)]
        told = [row.id for row in await store.duplicates()]
        kept = await database.rows("select former_provider_id from activations order by id")

    assert [
        (State.WAITING, "1", ""),
        (State.UNCERTAIN, None, "charged"),
        (State.UNCERTAIN, None, "charged"),
        (State.COMPLETED, "1", ""),
        (State.WAITING, "2", ""),
        (State.UNCERTAIN, None, ""),
        (State.RENTING, None, ""),
    ] == [
        (one.state, one.number.provider_id if one.number else None, one.reason)
        for one in found
        if one
    ]
    assert [None, "1", "1", "1", None, None, None] == [row[0] for row in kept]
    assert [2, 3, 4] == told


async def test_what_an_old_database_knows_of_charges(path: Path) -> None:
    """A person pays at most what was shown to them; what was taken is kept beside it."""
    old_database(
        path,
        [
            ("waiting", "1", 550_000, 550_000),
            ("waiting", "2", 550_000, 5_550_000),
            ("waiting", "3", 550_000, 400_000),
        ],
    )
    async with Database.opened(path) as database:
        store = ActivationRows(database)
        found = [one for n in (1, 2, 3) if (one := await store.get(n))]

    assert ["0.55", "0.55", "0.40"] == [str(one.price) for one in found]
    assert ["0.55", "5.55", "0.40"] == [str(one.taken) for one in found]
    assert [PRICE, PRICE, PRICE] == [one.offer.price for one in found]


async def test_a_long_history_migrates_fast(path: Path) -> None:
    """200,000 rows, a thousand ids of them twice, take seconds."""
    held = [("completed", str(n % 199_000), 550_000, 550_000) for n in range(200_000)]
    old_database(path, held)
    began = time.monotonic()
    async with Database.opened(path) as database:
        twice = await ActivationRows(database).duplicates()
    took_s = time.monotonic() - began

    assert 1000 == len(twice)
    assert took_s < 20  # about two on a machine of its own
