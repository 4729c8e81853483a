"""How many rows of each kind there are, and whether one can be written: for whoever watches."""

from collections.abc import Mapping
from datetime import datetime

from storage.database import Database, to_ms, to_time


class FigureRows:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def write(self, now: datetime) -> None:
        """Commit a small change, to learn whether that is possible."""
        async with self._database.transaction() as db:
            await db.execute(
                "insert into write_checks (id, at_ms) values (1, ?)"
                " on conflict (id) do update set at_ms = excluded.at_ms",
                (to_ms(now),),
            )

    async def waiting_since(self) -> datetime | None:
        """Since when the number that waits the longest does so; None when none waits."""
        row = await self._database.row(
            "select min(waiting_since_ms) from activations where state = 'waiting'"
        )
        return to_time(row[0]) if row and row[0] is not None else None

    async def activations(self) -> Mapping[str, int]:
        """By state."""
        rows = await self._database.rows("select state, count(*) from activations group by state")
        return {str(row[0]): int(row[1]) for row in rows}

    async def notes(self) -> Mapping[tuple[str, int], int]:
        """Those not settled, by status and rank."""
        rows = await self._database.rows(
            "select status, rank, count(*) from notes"
            " where status in ('pending', 'claimed', 'parked') group by status, rank"
        )
        return {(str(row[0]), int(row[1])): int(row[2]) for row in rows}

    async def updates(self) -> Mapping[str, int]:
        """Those not handled, by status."""
        rows = await self._database.rows(
            "select status, count(*) from updates"
            " where status in ('pending', 'parked') group by status"
        )
        return {str(row[0]): int(row[1]) for row in rows}
