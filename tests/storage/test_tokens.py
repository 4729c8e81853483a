"""A database of version 7, whose rows had no tokens, and what its buttons may still do."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from activations.model import State
from storage.activations import ActivationRows
from storage.database import Database
from storage.migrations import MIGRATIONS

BEFORE_TOKENS = 7
INSERT = """
insert into activations (user_id, service_code, service_name, country_id, country_name,
    offered_micros, kind, state, created_at_ms, changed_at_ms)
values (2001, 'wa', 'WhatsApp', '187', 'United States', 550000, 'fresh', ?, 0, 0)
"""
STATES = tuple(State)


@pytest.fixture
def old_path(path: Path) -> Path:
    """A row of each state, its id one more than the state's place."""
    with closing(sqlite3.connect(path)) as db:
        for step in MIGRATIONS[:BEFORE_TOKENS]:
            for statement in step:
                db.execute(statement)
        db.execute(f"pragma user_version = {BEFORE_TOKENS}")
        db.executemany(INSERT, [(state.value,) for state in STATES])
        db.commit()
    return path


async def test_rows_from_before(old_path: Path) -> None:
    """Each old row gets a token; an id still stands for a row that was open, and for no other."""
    async with Database.opened(old_path) as database:
        store = ActivationRows(database)
        rows = [await store.get(id_) for id_ in range(1, len(STATES) + 1)]
        found = {row.state for row in rows if row and await store.from_before(row.id)}
        tokens = {row.token for row in rows if row}

    assert {State.WAITING, State.CODE_RECEIVED, State.RENTING, State.UNCERTAIN} == found
    assert len(STATES) == len(tokens)
    assert {24} == {len(token) for token in tokens}
