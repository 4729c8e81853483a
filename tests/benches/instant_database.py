"""The real tables in memory, answering at once: a loop whose time jumps knows no threads."""

import sqlite3
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self, cast

import aiosqlite

from storage.database import Database, Row, Value
from storage.migrations import MIGRATIONS


class InstantDatabase(Database):
    def __init__(self) -> None:
        self.path = Path("/nonexistent/bot.db")  # nothing stands beside it
        self._db = sqlite3.connect(":memory:", isolation_level=None)
        self._db.row_factory = sqlite3.Row
        for statements in MIGRATIONS:
            for statement in statements:
                self._db.execute(statement)

    def copied(self) -> Self:
        """What a process that starts now finds on the disk."""
        other = type(self)()
        self._db.backup(other._db)
        return other

    def run(self, sql: str, values: Iterable[Value] = ()) -> int:
        """Shape: the id of the last row inserted, if one was."""
        return self._db.execute(sql, tuple(values)).lastrowid or 0

    def count(self, which: str) -> int:
        return int(self._db.execute(f"select count(*) from {which}").fetchone()[0])

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[aiosqlite.Connection]:
        """Nobody comes between: nothing inside waits for anything."""
        self._db.execute("begin immediate")
        try:
            # It has the methods of a connection that rows are written with.
            yield cast("aiosqlite.Connection", self)
        except BaseException:
            self._db.execute("rollback")
            raise
        self._db.execute("commit")

    async def execute(self, sql: str, values: Iterable[Value] = ()) -> sqlite3.Cursor:
        return self._db.execute(sql, tuple(values))

    async def execute_fetchall(self, sql: str, values: Iterable[Value] = ()) -> list[Row]:
        return self._db.execute(sql, tuple(values)).fetchall()

    async def write(self, sql: str, values: Iterable[Value] = ()) -> list[Row]:
        return await self.execute_fetchall(sql, values)

    async def rows(self, sql: str, values: Iterable[Value] = ()) -> list[Row]:
        return await self.execute_fetchall(sql, values)
