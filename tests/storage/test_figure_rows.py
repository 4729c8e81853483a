"""How many rows of each kind there are, and whether one can be written."""

import sqlite3
from datetime import timedelta

import pytest

from activations.model import State
from activations.notes import Delivery, Draft, NoteKind, Outcome
from storage.activations import ActivationRows
from storage.database import Database
from storage.figures import FigureRows
from storage.notes import NoteRows
from storage.updates import UpdateRows
from tests.made_up import ANN
from tests.moved_clock import START, MovedClock
from tests.storage import rows
from tests.storage.test_note_rows import claimed

BOT = 1234567


@pytest.fixture
def figures(database: Database) -> FigureRows:
    return FigureRows(database)


async def test_nothing_there(figures: FigureRows) -> None:
    """Of nothing there are none."""
    assert ({}, {}, {}, None) == (
        await figures.activations(),
        await figures.notes(),
        await figures.updates(),
        await figures.waiting_since(),
    )


async def test_activations(figures: FigureRows, store: ActivationRows, clock: MovedClock) -> None:
    """They are counted by state, and the longest wait is known."""
    await rows.in_state(store, clock, State.COMPLETED)
    await rows.waiting(store, clock)
    clock.move(60)
    await rows.waiting(store, clock)

    assert {"waiting": 2, "completed": 1} == await figures.activations()
    assert START == await figures.waiting_since()


async def test_notes(figures: FigureRows, notes: NoteRows, clock: MovedClock) -> None:
    """Only those that are not settled count, by status and rank."""
    for kind in (NoteKind.LET_IN, NoteKind.OWNER_FUNDS, NoteKind.CARD, NoteKind.CARD):
        await notes.add([Draft(kind, ANN)], clock.now())
    for outcome in (Outcome.SENT, Outcome.PARKED):
        await notes.settle(await claimed(notes, clock), Delivery(outcome), clock.now(), timedelta())
    await claimed(notes, clock)

    assert {("parked", 1): 1, ("claimed", 2): 1, ("pending", 2): 1} == await figures.notes()


async def test_updates(figures: FigureRows, database: Database, clock: MovedClock) -> None:
    """Only those that are not handled count."""
    updates = UpdateRows(database)
    await updates.keep(BOT, [(number, "x") for number in (1, 2, 3, 4)], clock.now())
    await updates.done(1)
    await updates.failed(2, clock.now(), timedelta(), 1)

    assert {"pending": 2, "parked": 1} == await figures.updates()


async def test_writing(figures: FigureRows, database: Database, clock: MovedClock) -> None:
    """A write is committed, one row however often; where none is possible it raises."""
    await figures.write(clock.now())
    await figures.write(clock.move(1))
    (row,) = await database.rows("select at_ms from write_checks")
    assert (START.timestamp() + 1) * 1000 == row["at_ms"]
    await database._writer.execute("pragma query_only = on")

    with pytest.raises(sqlite3.OperationalError):
        await figures.write(clock.now())
