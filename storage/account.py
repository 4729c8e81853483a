"""What the account should hold at the provider: one row, moved in the commits that move money."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import aiosqlite

from activations.model import Activation
from activations.notes import Draft
from storage.database import Database, to_dollars, to_micros, to_ms
from storage.notes import insert_drafts
from storage.sequence import next_number
from storage.steps import move_expected, update_row

Step = tuple[Activation, Activation, Sequence[Draft]]


class AccountRows:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def expected(self) -> tuple[Decimal, int] | None:
        """The expected balance and the number of the reading it began from; None when unknown."""
        row = await self._database.row("select * from account")
        return (to_dollars(row["expected_micros"]), int(row["read_seq"])) if row else None

    async def next_reading(self) -> int:
        """The number of a reading that is made now."""
        return await next_number(self._database)

    async def begin(self, balance: Decimal, read_seq: int, now: datetime) -> None:
        """Expect what was read, and compare from here on."""
        async with self._database.transaction() as db:
            await _forget(db)
            await db.execute(
                "insert into account (expected_micros, read_at_ms, read_seq) values (?, ?, ?)",
                (to_micros(balance), to_ms(now), read_seq),
            )

    async def shift(self, difference: Decimal, read_seq: int, now: datetime) -> None:
        """Expect so much more or less, and compare from that reading on."""
        async with self._database.transaction() as db:
            await move_expected(db, difference)
            await db.execute(
                "update account set read_seq = ?, read_at_ms = ?", (read_seq, to_ms(now))
            )

    async def conclude(self, returned: Decimal, steps: Sequence[Step], now: datetime) -> None:
        """Write what a reading proved: rows, their notes and the expected balance in one commit.

        Shape: a step whose row has moved meanwhile is left out; what a step charges is taken off
        by itself, what was `returned` is added.
        """
        async with self._database.transaction() as db:
            for before, after, drafts in steps:
                if await update_row(db, before, after):
                    await insert_drafts(db, drafts, now)
            await move_expected(db, returned)

    async def forget(self) -> None:
        """Nothing is expected until the next reading."""
        async with self._database.transaction() as db:
            await _forget(db)


async def _forget(db: aiosqlite.Connection) -> None:
    await db.execute("delete from account")
