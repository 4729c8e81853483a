"""The requests of the last minutes as rows, so that a restart does not forget them."""

import logging
import sqlite3
from datetime import datetime, timedelta

from storage.database import Database, to_ms, to_time

KEPT_FOR = timedelta(minutes=5)

log = logging.getLogger(__name__)


class RequestRows:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def opened(self, at: datetime, *, is_poll: bool) -> int:
        """Note that a request is about to leave; older notes than anybody needs go."""
        async with self._database.transaction() as db:
            await db.execute("delete from requests where opened_at_ms < ?", (to_ms(at - KEPT_FOR),))
            cursor = await db.execute(
                "insert into requests (opened_at_ms, is_poll) values (?, ?)",
                (to_ms(at), int(is_poll)),
            )
        return cursor.lastrowid or 0

    async def closed(self, entry: int, at: datetime) -> None:
        """Never raises: the answer that just came is worth more than this row."""
        try:
            await self._database.write(
                "update requests set closed_at_ms = ? where id = ?", (to_ms(at), entry)
            )
        except (sqlite3.Error, ValueError) as err:  # ValueError: the database is closed
            log.warning("the end of a request could not be noted: %s", err)

    async def since(self, at: datetime) -> list[tuple[datetime | None, bool]]:
        rows = await self._database.rows(
            "select closed_at_ms, is_poll from requests where opened_at_ms >= ?", (to_ms(at),)
        )
        return [(to_time(row[0]) if row[0] is not None else None, bool(row[1])) for row in rows]

    async def silent(self, until: datetime) -> None:
        """Never raises: this process keeps the silence anyway."""
        try:
            async with self._database.transaction() as db:
                await db.execute(
                    "insert into silence (id, until_ms) values (1, ?)"
                    " on conflict (id) do update set until_ms = max(until_ms, excluded.until_ms)",
                    (to_ms(until),),
                )
        except (sqlite3.Error, ValueError) as err:  # ValueError: the database is closed
            log.warning("a silence that was asked for could not be noted: %s", err)

    async def silent_until(self) -> datetime | None:
        row = await self._database.row("select until_ms from silence")
        return to_time(row[0]) if row else None
