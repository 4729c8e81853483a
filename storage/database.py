"""The SQLite file: opened once, read freely, written by one transaction at a time."""

import asyncio
import fcntl
import sqlite3
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

import aiosqlite

from storage import requirements
from storage.migrations import MIGRATIONS
from storage.requirements import UnmetRequirementError, told

BUSY_LIMIT_S = 10.0
MICROS = Decimal(1_000_000)

Value = str | int | float | None
Row = sqlite3.Row


class UnusableDatabaseError(Exception):
    """The file cannot be used; the text is one sentence."""


class Database:
    """Two connections: the writer's, held for one transaction at a time, and the readers'.

    Source: docs/decisions/0003-storage.md; WAL with synchronous=FULL survives a power cut.
    """

    def __init__(
        self, writer: aiosqlite.Connection, reader: aiosqlite.Connection, path: Path
    ) -> None:
        self.path = path
        self._writer = writer
        self._reader = reader
        self._turn = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def opened(cls, path: Path) -> AsyncIterator["Database"]:
        """Open or make the file, bring its tables up to date, and close it at the end.

        Errors: UnusableDatabaseError.
        """
        async with AsyncExitStack() as stack:
            try:
                requirements.check(path, sqlite3.sqlite_version_info)
                path.parent.mkdir(parents=True, exist_ok=True)
                stack.enter_context(_alone(path))
                writer = await _connect(path)
                stack.push_async_callback(writer.close)
                await _migrate(writer, path)
                await _check(writer, path)
                await _see_it_written(writer)
                reader = await _connect(path)
                stack.push_async_callback(reader.close)
            except (sqlite3.Error, OSError, UnmetRequirementError) as err:
                sentence = f"The database {path} cannot be used: {told(err)}."
                raise UnusableDatabaseError(sentence) from err
            yield cls(writer, reader, path)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[aiosqlite.Connection]:
        """Write: all of it or, on any exception, nothing. Nobody else writes meanwhile."""
        async with self._turn:
            try:
                await self._writer.execute("begin immediate")
                yield self._writer
                await self._writer.execute("commit")
            except BaseException:
                # Also when the wait for begin or commit was cancelled: the statement runs all the
                # same, and this one runs after it.
                await asyncio.shield(self._roll_back())
                raise

    async def write(self, sql: str, values: Iterable[Value] = ()) -> list[Row]:
        """Write by one statement, which is a transaction of its own; the rows it returns."""
        async with self._turn:
            return list(await self._writer.execute_fetchall(sql, values))

    async def rows(self, sql: str, values: Iterable[Value] = ()) -> list[Row]:
        """Read what is committed."""
        return list(await self._reader.execute_fetchall(sql, values))

    async def row(self, sql: str, values: Iterable[Value] = ()) -> Row | None:
        found = await self.rows(sql, values)
        return found[0] if found else None

    async def _roll_back(self) -> None:
        with suppress(sqlite3.OperationalError):  # nothing was begun, or it is committed
            await self._writer.execute("rollback")


def marks(values: Iterable[object]) -> str:
    """As many question marks as there are values."""
    return ", ".join("?" for _ in values)


def state_words(states: Iterable[StrEnum]) -> list[str]:
    return [state.value for state in states]


def to_ms(time: datetime) -> int:
    """Aware time to whole milliseconds since 1970."""
    return round(time.timestamp() * 1000)


def around_ms(now: datetime, age: timedelta) -> tuple[int, int]:
    """What is at most so old; what a clock that was ahead has stored counts for as long."""
    return to_ms(now - age), to_ms(now + age)


def to_time(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def to_micros(dollars: Decimal) -> int:
    """US dollars to whole micro-dollars; the wire lets no finer amount in."""
    return int(dollars * MICROS)


def to_dollars(micros: int) -> Decimal:
    """Micro-dollars to US dollars with at least two decimals."""
    dollars = (Decimal(micros) / MICROS).normalize()
    return dollars.quantize(Decimal("0.01")) if dollars == round(dollars, 2) else dollars


async def _see_it_written(connection: aiosqlite.Connection) -> None:
    """A file that can be read only is found now; one that others hold or a full disk may pass."""
    try:
        await connection.execute("begin immediate")
        # Without a statement that would write, a file for reading only takes the line above.
        await connection.execute(f"pragma user_version = {len(MIGRATIONS)}")
    except sqlite3.Error as err:
        if requirements.keeps_from_writing(err):
            raise
    with suppress(sqlite3.OperationalError):  # nothing was begun
        await connection.execute("rollback")


async def _check(connection: aiosqlite.Connection, path: Path) -> None:
    """Find a damaged page now rather than in the middle of an order."""
    rows = list(await connection.execute_fetchall("pragma quick_check(1)"))
    if [str(row[0]) for row in rows] != ["ok"]:
        raise UnusableDatabaseError(f"The database {path} is damaged: restore a copy of it.")


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep every other process off the file; the lock goes with the process, however it ends."""
    with path.with_name(path.name + ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as err:
            raise UnusableDatabaseError(
                f"The database {path} is in use by another process."
            ) from err
        yield


async def _connect(path: Path) -> aiosqlite.Connection:
    connection = await aiosqlite.connect(path, timeout=BUSY_LIMIT_S, isolation_level=None)
    try:
        connection.row_factory = sqlite3.Row
        await _use_wal(connection)
        for pragma in ("synchronous = full", "foreign_keys = on"):
            await connection.execute(f"pragma {pragma}")
    except BaseException:
        await connection.close()
        raise
    return connection


async def _use_wal(connection: aiosqlite.Connection) -> None:
    """Errors: UnmetRequirementError where SQLite quietly keeps to another journal."""
    (row,) = await connection.execute_fetchall("pragma journal_mode = wal")
    if row[0] != "wal":
        raise UnmetRequirementError(requirements.NOT_SHARED)


async def _migrate(connection: aiosqlite.Connection, path: Path) -> None:
    """Bring the tables up to date, each step with its record in one transaction."""
    rows = list(await connection.execute_fetchall("pragma user_version"))
    version = int(rows[0][0])
    if version > len(MIGRATIONS):
        raise UnusableDatabaseError(
            f"The database {path} was written by a newer version of this program ({version})."
        )
    for number, statements in enumerate(MIGRATIONS[version:], start=version + 1):
        await connection.execute("begin immediate")
        try:
            for statement in statements:
                await connection.execute(statement)
            await connection.execute(f"pragma user_version = {number}")
            await connection.execute("commit")
        except BaseException:
            with suppress(sqlite3.OperationalError):  # SQLite itself has taken it back
                await connection.execute("rollback")
            raise
