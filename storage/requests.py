"""The requests of the last minutes as rows, so that a restart does not forget them.

Times are those of the machine's monotonic clock, with the boot they belong to: the wall clock may
be set between two processes. Of another boot, or another machine, only the distances are believed:
the last thing that it noted may have been just now.
"""

import logging
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from storage.database import Database

KEPT_FOR_S = 300.0
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

log = logging.getLogger(__name__)


def boot_id() -> str:
    """The same for all processes since the machine was started; empty where that is not told."""
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


class RequestRows:
    """Units: `time_s` is the machine's monotonic clock, which begins with the boot."""

    def __init__(
        self,
        database: Database,
        time_s: Callable[[], float] = time.monotonic,
        boot: str | None = None,
    ) -> None:
        self._database = database
        self._time_s = time_s
        self._boot = boot_id() if boot is None else boot

    async def opened(self, *, is_poll: bool) -> int:
        """Note that a request is about to leave; notes that are of no use any more go."""
        now_ms = self._now_ms()
        async with self._database.transaction() as db:
            await db.execute(
                "delete from requests where boot = ? and opened_ms < ?",
                (self._boot, now_ms - round(KEPT_FOR_S * 1000)),
            )
            # Kept, it would be a silence again after the next boot.
            await db.execute(
                "delete from silence where id = 1 and boot = ? and until_ms <= ?",
                (self._boot, now_ms),
            )
            cursor = await db.execute(
                "insert into requests (boot, opened_ms, is_poll) values (?, ?, ?)",
                (self._boot, now_ms, int(is_poll)),
            )
        return cursor.lastrowid or 0

    async def closed(self, entry: int) -> None:
        """Never raises: the answer that just came is worth more than this row."""
        try:
            await self._database.write(
                "update requests set closed_ms = ? where id = ?", (self._now_ms(), entry)
            )
        except (sqlite3.Error, ValueError) as err:  # ValueError: the database is closed
            log.warning("the end of a request could not be noted: %s", err)

    async def recent(self, within_s: float) -> list[tuple[float, bool]]:
        """How long ago each ended, and whether it was a poll; of other boots at least so long."""
        await self._take_over()
        rows = await self._database.rows(
            "select closed_ms + case when boot = ?1 then 0 else ?3 end, is_poll from requests"
            " where boot <> ?1 or opened_ms >= ?2",
            (
                self._boot,
                self._now_ms() - round(within_s * 1000),
                await self._distance_ms(),
            ),
        )
        aged = [(self._age_s(row[0]), bool(row[1])) for row in rows]
        return [(age_s, is_poll) for age_s, is_poll in aged if age_s <= within_s]

    async def silent(self, seconds: float) -> None:
        """Never raises: this process keeps the silence anyway."""
        until_ms = self._now_ms() + round(seconds * 1000)
        try:
            await self._database.write(
                "insert into silence (id, boot, until_ms, asked_ms) values (1, ?, ?, ?)"
                " on conflict (id) do update set boot = excluded.boot,"
                " until_ms = excluded.until_ms, asked_ms = excluded.asked_ms"
                " where boot <> excluded.boot or until_ms < excluded.until_ms",
                (self._boot, until_ms, round(seconds * 1000)),
            )
        except (sqlite3.Error, ValueError) as err:  # ValueError: the database is closed
            log.warning("a silence that was asked for could not be noted: %s", err)

    async def silent_for_s(self) -> float:
        row = await self._database.row("select boot, until_ms, asked_ms from silence")
        if row is None:
            return 0.0
        asked_s = float(row[2]) / 1000
        if row[0] != self._boot:
            return asked_s
        return min(max(0.0, (float(row[1]) - self._now_ms()) / 1000), asked_s)

    async def _take_over(self) -> None:
        """Note what another boot left as what it may be at most: the last of it was just now.

        Where nothing can be written the next start does it.
        """
        now_ms, moved_ms = self._now_ms(), await self._distance_ms()
        try:
            async with self._database.transaction() as db:
                await db.execute(
                    "update requests set boot = ?1, opened_ms = opened_ms + ?2,"
                    " closed_ms = coalesce(closed_ms + ?2, ?3) where boot <> ?1",
                    (self._boot, moved_ms, now_ms),
                )
                await db.execute(
                    "update silence set boot = ?1, until_ms = ?2 + asked_ms where boot <> ?1",
                    (self._boot, now_ms),
                )
        except sqlite3.Error as err:
            log.warning("the requests of an earlier boot could not be noted anew: %s", err)

    async def _distance_ms(self) -> int:
        """How far the clock of another boot is behind ours, if its last note is of just now."""
        row = await self._database.row(
            "select max(max(opened_ms, coalesce(closed_ms, opened_ms))) from requests"
            " where boot <> ?",
            (self._boot,),
        )
        return self._now_ms() - int(row[0]) if row and row[0] is not None else 0

    def _age_s(self, closed_ms: int | None) -> float:
        if closed_ms is None:
            return 0.0
        return max(0.0, (self._now_ms() - closed_ms) / 1000)

    def _now_ms(self) -> int:
        return round(self._time_s() * 1000)
