"""The SQLite file: opened or refused, brought up to date, written all or nothing."""

import asyncio
import os
import sqlite3
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import aiosqlite
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage import database as database_module
from storage import requirements
from storage.database import (
    Database,
    UnusableDatabaseError,
    to_dollars,
    to_micros,
    to_ms,
    to_time,
)
from storage.migrations import MIGRATIONS

INSERT = "insert into requests (opened_ms, is_poll) values (?, 0)"


def plainly(path: Path, sql: str) -> list[tuple[object, ...]]:
    """What another program sees in the file."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


async def open_and_close(path: Path) -> None:
    async with Database.opened(path):
        pass


async def refusal(path: Path) -> str:
    with pytest.raises(UnusableDatabaseError) as caught:
        await open_and_close(path)
    await threads_end()
    return str(caught.value)


def workers() -> list[threading.Thread]:
    """The threads in which a connection's statements run."""
    return [one for one in threading.enumerate() if "_connection_worker" in one.name]


async def threads_end() -> None:
    """Let the threads of connections that were given up end while their loop still runs."""
    for thread in workers():
        await asyncio.to_thread(thread.join, 5.0)


async def write(database: Database, *statements: str) -> None:
    """One transaction."""
    async with database.transaction() as db:
        for statement in statements:
            await db.execute(statement)


async def count(database: Database) -> int:
    row = await database.row("select count(*) from requests")
    return int(row[0]) if row else -1


async def test_a_new_file_in_a_new_folder(tmp_path: Path) -> None:
    """The file and its folders are made, with all tables."""
    path = tmp_path / "deep" / "down" / "bot.db"
    async with Database.opened(path):
        pass

    tables = {name for (name,) in plainly(path, "select name from sqlite_master")}
    assert {"users", "activations", "sms", "notes", "requests"} <= tables
    assert [(len(MIGRATIONS),)] == plainly(path, "pragma user_version")


async def test_how_the_file_is_written(database: Database, path: Path) -> None:
    """WAL with a sync for every commit, and references that are checked."""
    async with database.transaction() as db:
        pragmas = [
            next(iter(await db.execute_fetchall(f"pragma {name}")))[0]
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]

    assert ["wal", 2, 1, 10_000] == pragmas


async def test_references_are_checked(database: Database) -> None:
    """An SMS of nobody's number cannot be written."""
    orphan = (
        "insert into sms (activation_id, round, code, full_text, received_at_ms)"
        " values (99, 1, '', '', 0)"
    )

    with pytest.raises(sqlite3.IntegrityError):
        await write(database, orphan)

    assert [] == await database.rows("select * from sms")


async def test_opening_again_keeps_everything(path: Path) -> None:
    """What was committed is there at the next start."""
    async with Database.opened(path) as database, database.transaction() as db:
        await db.execute(INSERT, (1,))

    async with Database.opened(path) as database:
        assert 1 == await count(database)


async def test_a_newer_version_is_refused(path: Path) -> None:
    """A file of a later program is left alone, with one sentence."""
    async with Database.opened(path):
        pass
    plainly(path, "pragma user_version = 99")

    told = await refusal(path)

    assert f"The database {path} was written by a newer version of this program (99)." == told
    assert [(99,)] == plainly(path, "pragma user_version")


def test_a_file_that_is_no_database(path: Path) -> None:
    """Something else under that name is refused, not overwritten."""
    path.write_text("shopping list\n" * 100)

    told = asyncio.run(refusal(path))

    assert told.startswith(f"The database {path} cannot be used: ")
    assert path.read_text().startswith("shopping list")


def test_a_folder_instead_of_a_file(path: Path) -> None:
    """A folder under that name is refused with one sentence."""
    path.mkdir()

    assert asyncio.run(refusal(path)).startswith(f"The database {path} cannot be used: ")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A file where a folder should be is told in one sentence."""
    (tmp_path / "data").write_text("a file")
    path = tmp_path / "data" / "bot.db"

    told = asyncio.run(refusal(path))

    assert f"The database {path} cannot be used: {path.parent} is a file, not a folder." == told


@pytest.mark.parametrize("version", [(3, 34, 1), (3, 36, 0), (3, 8, 3)])
def test_an_old_library(tmp_path: Path, version: tuple[int, ...]) -> None:
    """A library that does not know the tables' words is told with both versions."""
    found = ".".join(map(str, version))

    with pytest.raises(requirements.UnmetRequirementError) as caught:
        requirements.check(tmp_path / "bot.db", version)

    assert f"SQLite {found} is too old: 3.37.0 or newer is needed" == str(caught.value)


def test_the_oldest_library(tmp_path: Path) -> None:
    """The oldest one that will do, does."""
    requirements.check(tmp_path / "bot.db", (3, 37, 0))


@pytest.mark.parametrize("is_new", [False, True], ids=["old", "new"])
@pytest.mark.parametrize("end", ["-wal", "-shm", ".lock"])
def test_a_folder_beside_the_file(path: Path, end: str, *, is_new: bool) -> None:
    """Something else under the name of a file that SQLite, or the bot, keeps beside it is named."""
    if not is_new:
        asyncio.run(open_and_close(path))
    beside = path.with_name(path.name + end)
    beside.unlink(missing_ok=True)
    beside.mkdir()

    told = asyncio.run(refusal(path))

    assert f"The database {path} cannot be used: {beside} is not a regular file." == told


def test_a_pipe_instead_of_a_file(path: Path) -> None:
    """A pipe under that name is refused at once."""
    os.mkfifo(path)

    told = asyncio.run(refusal(path))

    assert f"The database {path} cannot be used: {path} is not a regular file." == told


def test_a_link_to_nowhere(path: Path) -> None:
    """What SQLite cannot open is told in plain words."""
    path.symlink_to(path.parent / "missing" / "bot.db")

    told = asyncio.run(refusal(path))

    assert f"The database {path} cannot be used: it cannot be opened or made there." == told


def test_no_memory_to_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where SQLite cannot keep its journal beside the file, one sentence says so."""
    monkeypatch.chdir(tmp_path)

    told = asyncio.run(refusal(Path(":memory:")))

    assert "its folder does not let processes share memory" in told


def test_a_name_that_is_too_long(tmp_path: Path) -> None:
    """The system's own words are told with the file that they are about."""
    path = tmp_path / ("x" * 300)

    told = asyncio.run(refusal(path))

    assert f"The database {path} cannot be used: {path}: File name too long." == told


async def test_a_file_that_may_not_be_written(path: Path) -> None:
    """A file that can be read only is refused: it would not become writable by waiting."""
    await open_and_close(path)
    # Tests may run as root, who may write every file: so the connection is what cannot.
    async with aiosqlite.connect(f"file:{path}?mode=ro", uri=True) as connection:
        with pytest.raises(sqlite3.OperationalError) as caught:
            await database_module._see_it_written(connection)

    assert "it, its folder or a file beside it cannot be written" == requirements.told(caught.value)


async def test_a_locked_file_may_be_opened(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that another program is writing is no reason not to start."""
    # Ten seconds otherwise: they are not what is tested.
    monkeypatch.setattr("storage.database.BUSY_LIMIT_S", 0.05)
    await open_and_close(path)
    async with aiosqlite.connect(path, isolation_level=None) as other:
        await other.execute("begin immediate")
        async with Database.opened(path) as database:
            assert 0 == await count(database)


def test_a_damaged_file(path: Path) -> None:
    """A file with a broken page is refused at the start, not in the middle of an order."""
    asyncio.run(open_and_close(path))
    content = bytearray(path.read_bytes())
    page_size = int.from_bytes(content[16:18], "big")
    content[3 * page_size : 4 * page_size] = b"\xff" * page_size
    path.write_bytes(content)

    assert f"The database {path} is damaged: restore a copy of it." == asyncio.run(refusal(path))


async def test_two_at_once(path: Path) -> None:
    """While one process has the file, a second one is refused; afterwards it is free again."""
    async with Database.opened(path):
        with pytest.raises(UnusableDatabaseError) as caught:
            await open_and_close(path)
    await open_and_close(path)

    assert f"The database {path} is in use by another process." == str(caught.value)


async def test_a_refused_start_leaves_the_file_free(path: Path) -> None:
    """A start that failed does not keep others off the file."""
    async with Database.opened(path):
        pass
    plainly(path, "pragma user_version = 99")
    await refusal(path)
    plainly(path, f"pragma user_version = {len(MIGRATIONS)}")

    async with Database.opened(path) as database:
        assert 0 == await count(database)


@pytest.fixture
def migrations(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes the list of steps longer, as a later version would."""

    def become(*steps: tuple[str, ...]) -> None:
        # The list is a constant of the program; only a later program has another one.
        monkeypatch.setattr("storage.database.MIGRATIONS", (*MIGRATIONS, *steps))

    return become


async def test_a_later_step_is_added(path: Path, migrations: Callable[..., None]) -> None:
    """A file of an earlier version gets what it lacks and keeps what it has."""
    async with Database.opened(path) as database, database.transaction() as db:
        await db.execute(INSERT, (1,))
    migrations(("create table more (id integer)",), ("create table most (id integer)",))

    async with Database.opened(path) as database:
        assert [] == await database.rows("select * from most")
        assert 1 == await count(database)

    assert [(len(MIGRATIONS) + 2,)] == plainly(path, "pragma user_version")


async def test_a_step_that_fails_leaves_nothing(
    path: Path, migrations: Callable[..., None]
) -> None:
    """Of a step that breaks off nothing stays; the steps before it do."""
    migrations(
        ("create table more (id integer)",),
        ("create table half (id integer)", "insert into more values (1, 0)", "nonsense"),
    )

    told = await refusal(path)

    assert told.startswith(f"The database {path} cannot be used: ")
    assert [(len(MIGRATIONS) + 1,)] == plainly(path, "pragma user_version")
    assert [] == plainly(path, "select * from more")
    assert [] == plainly(path, "select name from sqlite_master where name = 'half'")


async def test_a_step_that_failed_is_made_up_for(
    path: Path, migrations: Callable[..., None]
) -> None:
    """Once the fault is gone, the next start does the step."""
    migrations(("create table more (id integer)", "nonsense"))
    await refusal(path)
    migrations(("create table more (id integer)",))

    async with Database.opened(path) as database:
        assert [] == await database.rows("select * from more")


async def test_a_start_that_is_stopped_leaves_the_file_alone(
    path: Path, migrations: Callable[..., None]
) -> None:
    """A start cancelled in the middle of its steps leaves all or nothing of each."""
    migrations(tuple(f"create table step_{number} (id integer)" for number in range(50)))

    seen = set()
    for turns in range(0, 140, 6):
        task = asyncio.create_task(open_and_close(path))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        await threads_end()
        is_done = plainly(path, "pragma user_version") == [(len(MIGRATIONS) + 1,)]
        made = plainly(path, "select count(*) from sqlite_master where name like 'step%'")
        seen.add((is_done, made[0][0]))

    assert seen <= {(False, 0), (True, 50)}


async def test_what_is_committed_is_read(database: Database) -> None:
    """Readers see a transaction as soon as it ended, and nothing of it before."""
    async with database.transaction() as db:
        await db.execute(INSERT, (1,))
        before = await count(database)

    assert (0, 1) == (before, await count(database))


async def test_an_exception_takes_everything_back(database: Database) -> None:
    """Whatever ends a transaction early ends all of it."""
    with pytest.raises(sqlite3.OperationalError):
        await write(database, "insert into requests (opened_ms, is_poll) values (1, 0)", "nonsense")

    assert 0 == await count(database)


async def test_the_next_one_after_an_exception(database: Database) -> None:
    """A transaction that failed does not stand in the way of the next."""
    with pytest.raises(sqlite3.OperationalError):
        await write(database, "nonsense")
    async with database.transaction() as db:
        await db.execute(INSERT, (1,))

    assert 1 == await count(database)


async def test_one_statement_is_a_transaction(database: Database, path: Path) -> None:
    """What one statement wrote is committed when it returns, with the rows it gave."""
    rows = await database.write(f"{INSERT} returning *", (1,))

    assert 1 == len(rows)
    assert 1 == await count(database)


async def test_one_statement_waits_for_its_turn(database: Database) -> None:
    """A single statement is no part of somebody else's transaction, and not taken back with it."""
    others: list[asyncio.Task[object]] = []

    async def write_and_fail() -> None:
        async with database.transaction() as db:
            await db.execute(INSERT, (1,))
            others.append(asyncio.create_task(database.write(INSERT, (2,))))
            await asyncio.sleep(0.01)
            assert not others[0].done()
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        await write_and_fail()
    await others[0]

    assert 1 == await count(database)


async def test_one_statement_that_fails(database: Database) -> None:
    """A statement that fails writes nothing, and the next one goes on."""
    with pytest.raises(sqlite3.Error):
        await database.write(f"{INSERT}, (null)", (1,))
    before = await count(database)
    await database.write(INSERT, (2,))

    assert (0, 1) == (before, await count(database))


async def test_writers_take_turns(database: Database) -> None:
    """Of many writers at once none sees or undoes another's half-done work."""

    async def append(number: int) -> None:
        async with database.transaction() as db:
            found = list(await db.execute_fetchall("select count(*) from requests"))
            await asyncio.sleep(0)
            await db.execute(INSERT, (found[0][0],))
            if number % 3 == 0:
                raise InterruptedError

    await asyncio.gather(*(append(number) for number in range(30)), return_exceptions=True)

    rows = await database.rows("select opened_ms from requests order by id")
    assert list(range(20)) == [row[0] for row in rows]


async def test_a_cancelled_writer_leaves_all_or_nothing(database: Database) -> None:
    """Wherever a cancellation strikes, begin and commit included, the next writer finds order."""

    two = ["insert into requests (opened_ms, is_poll) values (1, 0)"] * 2
    ends = set()
    for turns in range(40):
        before = await count(database)
        task = asyncio.create_task(write(database, *two))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        async with database.transaction() as db:
            await db.execute(INSERT, (3,))
        ends.add(await count(database) - before - 1)

    assert ends <= {0, 2}


async def enter(database: Database, inside: asyncio.Event) -> None:
    """Write a row and stay in the transaction."""
    async with database.transaction() as db:
        await db.execute(INSERT, (1,))
        inside.set()
        await asyncio.Event().wait()


async def test_a_cancellation_in_the_middle_of_begin(database: Database) -> None:
    """A writer cancelled while `begin` is on its way leaves no transaction open."""
    task = asyncio.create_task(enter(database, asyncio.Event()))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])

    async with database.transaction() as db:
        await db.execute(INSERT, (1,))

    assert 1 == await count(database)


async def test_a_writer_cancelled_twice(database: Database) -> None:
    """A second cancellation during the rollback does not let two transactions meet."""
    inside = asyncio.Event()
    task = asyncio.create_task(enter(database, inside))
    await inside.wait()
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])

    async with database.transaction() as db:
        await db.execute(INSERT, (2,))

    assert [2] == [row[0] for row in await database.rows("select opened_ms from requests")]


async def test_a_locked_file_is_waited_for(database: Database, path: Path) -> None:
    """A writer waits while another program holds the file."""
    async with aiosqlite.connect(path, isolation_level=None) as other:
        await other.execute("begin immediate")
        async with asyncio.TaskGroup() as group:
            group.create_task(
                write(database, "insert into requests (opened_ms, is_poll) values (1, 0)")
            )
            await asyncio.sleep(0.02)
            before = await count(database)
            await other.execute("commit")

    assert (0, 1) == (before, await count(database))


@settings(deadline=None)
@given(st.decimals(min_value=0, max_value=1_000_000, places=6))
def test_money_is_kept_to_the_micro_dollar(dollars: Decimal) -> None:
    """What the wire lets in comes back exactly."""
    assert dollars == to_dollars(to_micros(dollars))


@pytest.mark.parametrize(
    ("micros", "dollars"),
    [(0, "0.00"), (550_000, "0.55"), (100_000_000, "100.00"), (555_000, "0.555"), (1, "0.000001")],
)
def test_money_has_at_least_two_decimals(micros: int, dollars: str) -> None:
    """Amounts come back as people write them."""
    assert dollars == f"{to_dollars(micros):f}"


@settings(deadline=None)
@given(
    st.datetimes(datetime(1970, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is given beside
)
def test_times_are_kept_to_the_millisecond(time: datetime) -> None:
    """A time comes back aware and in UTC, less than a millisecond off."""
    kept = to_time(to_ms(time))

    assert abs(kept - time) < timedelta(milliseconds=1)
    assert UTC is kept.tzinfo
