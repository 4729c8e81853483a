"""A database as after years of use, written straight into its tables."""

import asyncio
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from storage.database import Database
from storage.tables import COUNTED_SO_FAR

FIRST_USER = 10_000
COUNTRIES = tuple(str(number) for number in range(1, 191))
SERVICES = tuple(f"svc{number}" for number in range(300))
STATES = ("completed", "completed", "completed", "cancelled", "expired", "refused", "withdrawn")
NUMBERED = frozenset({"completed", "cancelled", "expired"})
LONG_AGO_MS = 1_600_000_000_000
MINUTE_MS = 60_000

Values = tuple[object, ...]

ACTIVATION = """
insert into activations (id, user_id, service_code, service_name, country_id, country_name,
    offered_micros, kind, state, created_at_ms, changed_at_ms, provider_id, phone_number,
    price_micros, expires_at_ms, is_refund_confirmed)
values (?, ?, ?, 'A service', ?, 'A country', 550000, 'fresh', ?, ?, ?, ?, ?, 550000, ?, 1)
"""
SMS = """
insert into sms (id, activation_id, round, code, full_text, received_at_ms)
values (?, ?, 1, '852508', 'Your code is 852508. Do not share it with anyone.', ?)
"""
NOTE = """
insert into notes (kind, rank, user_id, activation_id, sms_id, words, status, created_at_ms,
    due_at_ms, attempts, settled_at_ms)
values (?, ?, ?, ?, ?, '{}', 'sent', ?, ?, 1, ?)
"""
UPDATE = """
insert into updates (update_id, bot_id, body, status, received_at_ms, due_at_ms)
values (?, 1234567, '', 'done', ?, ?)
"""


def fill(path: Path, *, users: int, activations: int, also: tuple[int, int] = (0, 0)) -> None:
    """Make the file, with so many activations of so many people, their SMS and notes.

    Shape: `also` is one person more and how many of the activations are theirs.
    """
    asyncio.run(_made(path))
    chance = random.Random(7)
    ids = range(1, activations + 1)
    states = [chance.choice(STATES) for _ in ids]
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("pragma synchronous = off")
        db.execute("begin")
        people = ((FIRST_USER + one, f"Person {one}", LONG_AGO_MS) for one in range(users))
        db.executemany("insert into users values (?, ?, 'let_in', ?, null)", people)
        db.executemany(ACTIVATION, _activations(states, users, chance))
        told = [number for number, state in enumerate(states, 1) if state == "completed"]
        db.executemany(SMS, ((number, number, _time(number)) for number in told))
        db.executemany(NOTE, _notes(told, users))
        db.executemany(UPDATE, ((number, _time(number), _time(number)) for number in ids))
        db.execute("update activations set user_id = ? where id <= ?", also)
        db.execute(COUNTED_SO_FAR)
        db.execute("commit")


async def _made(path: Path) -> None:
    async with Database.opened(path):
        pass


def _time(number: int) -> int:
    return LONG_AGO_MS + number * MINUTE_MS


def _user(number: int, users: int) -> int:
    return FIRST_USER + number % users


def _activations(states: list[str], users: int, chance: random.Random) -> Iterator[Values]:
    for number, state in enumerate(states, 1):
        at, is_numbered = _time(number), state in NUMBERED
        provider_id = str(30_000_000 + number) if is_numbered else None
        phone_number = f"+1900{number:07}" if is_numbered else None
        country, service = chance.choice(COUNTRIES), chance.choice(SERVICES)
        yield (number, _user(number, users), service, country, state, at, at, provider_id,
               phone_number, at + 20 * MINUTE_MS)  # fmt: skip


def _notes(told: list[int], users: int) -> Iterator[Values]:
    for number in told:
        at, user = _time(number), _user(number, users)
        yield "card", 2, user, number, None, at, at, at
        yield "code", 0, user, number, number, at, at, at
