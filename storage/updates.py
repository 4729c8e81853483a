"""What Telegram handed over, as rows: kept before Telegram may forget it, until it is handled."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from storage.database import Database, to_ms

# Telegram itself forgets an update after a day.
KEPT_FOR = timedelta(days=2)
# Telegram counts its ids up and hands over a hundred at once: whatever the clock says, these may
# come again.
NEWEST_KEPT = 1000
MILLISECOND = timedelta(milliseconds=1)


class UpdateRows:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def belong_to(self, bot_id: int) -> None:
        """Forget the updates of any other bot: its ids say nothing about this one's."""
        async with self._database.transaction() as db:
            await db.execute("delete from updates where bot_id <> ?", (bot_id,))

    async def keep(self, bot_id: int, updates: Sequence[tuple[int, str]], now: datetime) -> None:
        """Keep new updates (id and body); those kept before stay as they are."""
        if not updates:
            return
        now_ms = to_ms(now)
        values: list[int | str] = []
        for update_id, body in updates:
            values += (update_id, bot_id, body, now_ms, now_ms)
        await self._database.write(
            "insert or ignore into updates"
            " (update_id, bot_id, body, status, received_at_ms, due_at_ms)"
            " values " + ", ".join(["(?, ?, ?, 'pending', ?, ?)"] * len(updates)),
            values,
        )

    async def done(self, update_id: int) -> None:
        await self._database.write(
            "update updates set status = 'done', body = '' where update_id = ?", (update_id,)
        )

    async def forget_old(self, now: datetime) -> None:
        """Drop those that were handled so long ago that they cannot come again."""
        await self._database.write(
            "delete from updates where status = 'done' and due_at_ms < ?"
            " and update_id <= (select max(update_id) from updates) - ?",
            (to_ms(now - KEPT_FOR), NEWEST_KEPT),
        )

    async def failed(
        self, update_id: int, now: datetime, delay: timedelta, most_attempts: int
    ) -> int:
        """Count a failure; the last one parks the update. Returns how many there were."""
        async with self._database.transaction() as db:
            rows = await db.execute_fetchall(
                "update updates set attempts = attempts + 1, due_at_ms = ?, delay_ms = ?,"
                " status = case when attempts + 1 >= ? then 'parked' else 'pending' end"
                " where update_id = ? returning attempts",
                (to_ms(now + delay), delay // MILLISECOND, most_attempts, update_id),
            )
        return int(next(iter(rows))[0]) if rows else 0

    async def put_back(self, update_id: int, now: datetime, delay: timedelta) -> None:
        """Let it wait for so long, without a failure."""
        await self._database.write(
            "update updates set due_at_ms = ?, delay_ms = ? where update_id = ?",
            (to_ms(now + delay), delay // MILLISECOND, update_id),
        )

    async def handled_ids(self, most: int) -> list[int]:
        """The newest of them, in their order."""
        rows = await self._database.rows(
            "select update_id from updates where status <> 'pending'"
            " order by update_id desc limit ?",
            (most,),
        )
        return [int(row[0]) for row in reversed(rows)]

    async def due_ids(self, now: datetime) -> list[int]:
        """Updates that are not handled, oldest first.

        One that lies further ahead than it was to wait is due: the clock was set back since.
        """
        rows = await self._database.rows(
            "select update_id from updates where status = 'pending'"
            " and (due_at_ms <= ?1 or due_at_ms > ?1 + delay_ms) order by update_id",
            (to_ms(now),),
        )
        return [int(row[0]) for row in rows]

    async def body(self, update_id: int) -> str | None:
        row = await self._database.row(
            "select body from updates where update_id = ? and status = 'pending'", (update_id,)
        )
        return str(row[0]) if row else None
