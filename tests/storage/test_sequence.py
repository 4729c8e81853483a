"""The order of states and readings, and how a database of an earlier version gets it."""

import sqlite3
from pathlib import Path

import pytest

from activations.model import State
from bloomsms.models import Sms
from storage.account import AccountRows
from storage.activations import ActivationRows
from storage.database import Database
from storage.migrations import MIGRATIONS
from storage.watch import WatchRows
from tests.moved_clock import MovedClock
from tests.storage import rows

OLD = MIGRATIONS[:7]
INSERT = (
    "insert into activations (user_id, service_code, service_name, country_id, country_name,"
    " offered_micros, kind, state, created_at_ms, changed_at_ms, provider_id, phone_number,"
    " price_micros, expires_at_ms) values (1, 'wa', 'WhatsApp', '1', 'US', 550000, 'fresh', ?,"
    " {at}, {at}, ?, '+19001234567', 550000, 2000000000000)"
)
JUST_NOW = "strftime('%s', 'now') * 1000 - 60000"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A database of seven steps: read at 5000, orders lost before and after, numbers open."""
    path = tmp_path / "bot.db"
    with sqlite3.connect(path) as db:
        for statements in OLD:
            for statement in statements:
                db.execute(statement)
        db.execute(f"pragma user_version = {len(OLD)}")
        db.execute("insert into account (expected_micros, read_at_ms) values (99000000, 5000)")
        for state, at, provider_id in (
            ("uncertain", "4000", None),
            ("uncertain", "5000", None),
            ("renting", "6000", None),
            ("waiting", "4000", "a"),
            ("code_received", "4000", "b"),
            ("expired", "4000", "c"),
            ("expired", JUST_NOW, "d"),
        ):
            db.execute(INSERT.format(at=at), (state, provider_id))
        db.execute(
            "insert into sms (activation_id, round, code, full_text, received_at_ms)"
            " values (5, 1, '1', '1', 4500)"
        )
    db.close()
    return path


async def test_an_old_database(old: Path) -> None:
    """Orders stand before or after the reading as their times say; only recent ends are looked at.

    What is open is open still.
    """
    async with Database.opened(old) as database:
        store, account = ActivationRows(database), AccountRows(database)
        expected = await account.expected()
        assert expected
        lost = await store.in_states(frozenset({State.UNCERTAIN, State.RENTING}))
        coded = await store.in_states(frozenset({State.CODE_RECEIVED}))

        assert [False, True, True] == [order.changed_seq >= expected[1] for order in lost]
        assert [7] == list(await WatchRows(database).late_looks())
        assert [(Sms("1", "1"),)] == [number.round_sms for number in coded]
        assert 3 == await account.next_reading()


async def test_a_fast_step(old: Path) -> None:
    """Two hundred thousand old rows are brought up to date within seconds."""
    with sqlite3.connect(old) as db:
        db.executemany(INSERT.format(at="1000"), (("expired", f"x{n}") for n in range(200_000)))
    db.close()

    async with Database.opened(old) as database:
        assert [7] == list(await WatchRows(database).late_looks())


async def test_states_and_readings_in_their_order(
    database: Database, store: ActivationRows, clock: MovedClock
) -> None:
    """A state or a reading comes after all before it, whatever the clock says."""
    account = AccountRows(database)
    first = await rows.begun(store, clock)
    reading = await account.next_reading()
    clock.step(hours=-1)
    second = await rows.begun(store, clock)
    lost = await rows.moved(store, clock, first, rows.lost(first))

    assert first.changed_seq < reading < second.changed_seq < lost.changed_seq
