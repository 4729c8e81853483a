"""The catalogue's faults of the disk (lines 40 to 42): nothing half-written, nothing unrecorded."""

import asyncio
import resource
import shutil
import signal
import sqlite3
from pathlib import Path

import pytest

from bot import running
from sandbox.person import Person
from storage.database import Database, UnusableDatabaseError
from tests.e2e.books import books_agree, integrity, rows, states
from tests.e2e.conftest import World
from tests.e2e.program import Program
from wiring import furnished


def database_of(world: World) -> Database:
    """The bot's own open database, whose connection the fault is put into."""
    assert world.house
    store = world.house.users
    database = store._database
    assert isinstance(database, Database)
    return database


async def breaks(world: World) -> None:
    """Make every write of the bot fail from now on, as on a read-only file system."""
    await database_of(world)._writer.execute("pragma query_only = on")


async def mends(world: World) -> None:
    await database_of(world)._writer.execute("pragma query_only = off")


def fills_disk(program: Program, *, is_full: bool = True) -> None:
    """Let the process write no byte to any file any more, or let it again."""
    assert program._process
    limit = 1 if is_full else resource.RLIM_INFINITY
    hard = resource.RLIM_INFINITY
    resource.prlimit(program._process.pid, resource.RLIMIT_FSIZE, (limit, hard))


async def test_no_order_without_a_stored_intent(world: World, ann: Person) -> None:
    """Line 40: while nothing can be written no order leaves; then the press takes effect."""
    card = await world.choose(ann)
    await breaks(world)
    await ann.clicks("Rent for $0.55", message=card, wait_answer=False)
    await asyncio.sleep(1.5)
    assert 0 == world.bloomsms.count("rent")
    await mends(world)
    await ann.waits_until(lambda _: "Waiting for the SMS" in card.text, timeout_s=20)

    assert 1 == world.bloomsms.count("rent")
    assert "ok" == integrity(world.folder)
    await books_agree(world)


async def test_full_disk(world: World, tmp_path: Path) -> None:
    """Line 40: with a full disk no order leaves and no code is lost; with room both go on."""
    program = Program(tmp_path, world.variables())
    await program.start()
    try:
        number = await world.rent(world.ann)
        card = await world.choose(world.bob)
        fills_disk(program)
        world.bloomsms.send_sms(number, "code 852508")
        await world.bob.clicks("Rent for $0.55", message=card, wait_answer=False)
        await asyncio.sleep(2)
        assert 1 == world.bloomsms.count("rent")
        fills_disk(program, is_full=False)
        await world.bob.waits_until(lambda _: "Waiting for the SMS" in card.text, timeout_s=30)
        await world.ann.waits_for("852508", timeout_s=30)

        assert 2 == world.bloomsms.count("rent")
        assert 1 == sum(m.html.startswith("<code>852508</code>") for m in world.ann.messages)
        assert "ok" == integrity(tmp_path)
        await books_agree(world)
    finally:
        await program.stop(signal.SIGKILL)


async def test_start_while_nothing_can_be_written(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Line 40: the start waits until the disk has room again, with one warning, and goes on."""
    world.house = await world._stack.enter_async_context(furnished(world.all_settings()))
    await breaks(world)
    begun = running(world.house, asyncio.Event())
    starting = asyncio.create_task(world._stack.enter_async_context(begun))
    async with asyncio.timeout(10):
        while "so the start waits" not in caplog.text:
            await asyncio.sleep(0.05)
    await mends(world)
    await starting
    await world.ann.says("/start")
    await world.ann.waits_for("Hello", new=True)

    warnings = [r for r in caplog.records if r.levelname == "WARNING"]
    assert 1 == sum("so the start waits" in r.getMessage() for r in warnings)


async def test_full_disk_is_told(world: World, ann: Person) -> None:
    """Line 40: while nothing can be written a person is told that it is done later, and it is."""
    card = await world.choose(ann)
    await breaks(world)
    answer = await ann.clicks("Rent for $0.55", message=card)
    await world.bob.says("/help")
    told = await world.bob.waits_for("is done later")
    assert "is done later" in (answer.text or "")
    assert 0 == world.bloomsms.count("rent")
    await mends(world)
    await ann.waits_until(lambda _: "Waiting for the SMS" in card.text, timeout_s=20)
    await world.bob.waits_for("How it works", timeout_s=20)

    assert 1 == world.bloomsms.count("rent")
    assert [told] == [m for m in world.bob.messages if "done later" in m.text]
    await books_agree(world)


async def test_code_while_nothing_can_be_written(world: World, ann: Person) -> None:
    """Line 40: a code that comes while nothing can be written is told once that is over."""
    number = await world.rent(ann)
    await breaks(world)
    world.bloomsms.send_sms(number, "code 852508")
    await asyncio.sleep(1.5)
    await mends(world)
    await ann.waits_for("852508", timeout_s=20)

    assert 1 == sum(m.html.startswith("<code>852508</code>") for m in ann.messages)
    assert "ok" == integrity(world.folder)
    await books_agree(world)


async def test_disk_fails_between_order_and_answer(world: World, ann: Person) -> None:
    """Line 40: a number that is paid for while nothing can be written is written down after."""
    card = await world.choose(ann)
    world.bloomsms.arm("slow", on="rent", delay_s=0.8, times=1)
    await ann.clicks("Rent for $0.55", message=card)
    async with asyncio.timeout(5):
        while not world.bloomsms.count("rent"):
            await asyncio.sleep(0.01)
    await breaks(world)
    await asyncio.sleep(1.2)
    await mends(world)
    await ann.waits_until(lambda _: "Waiting for the SMS" in card.text, timeout_s=20)

    assert 1 == world.bloomsms.count("rent")
    assert ["waiting"] == states(world.folder)
    await books_agree(world)


async def test_locked_database(world: World, ann: Person) -> None:
    """Line 40: a database that another program locks for seconds delays and loses nothing."""
    card = await world.choose(ann)
    other = sqlite3.connect(world.folder / "bot.db", isolation_level=None)
    other.execute("begin immediate")
    await ann.clicks("Rent for $0.55", message=card, wait_answer=False)
    await asyncio.sleep(2)
    assert 0 == world.bloomsms.count("rent")
    other.execute("rollback")
    other.close()
    await ann.waits_until(lambda _: "Waiting for the SMS" in card.text, timeout_s=15)

    assert 1 == world.bloomsms.count("rent")
    assert "went wrong" not in ann.sees()
    await books_agree(world)


def copy_database(folder: Path, to: Path) -> None:
    """What is on the disk at this moment, as after a power cut."""
    for file in folder.glob("bot.db*"):
        shutil.copy(file, to)


async def test_power_cut_after_the_order(world: World, tmp_path: Path) -> None:
    """Line 41: at the moment the provider sees the order, the files on disk hold its row."""
    await world.start_bot()
    card = await world.choose(world.ann)
    copied = tmp_path / "copied"
    copied.mkdir()

    def copy_files() -> None:
        if world.bloomsms.count("rent") and not (copied / "bot.db").exists():
            copy_database(world.folder, copied)

    world.bloomsms.on_change.append(copy_files)
    await world.ann.clicks("Rent for $0.55", message=card)
    await world.ann.waits_until(lambda _: "Waiting for the SMS" in card.text)
    await world.stop_bot()
    (row,) = rows(copied)
    assert "renting" == row["state"]

    world.folder = copied
    await world.start_bot()
    await world.ann.waits_for("The outcome is unknown")
    await world.owner.waits_for("outcome of an order is unknown")
    assert 1 == world.bloomsms.count("rent")
    assert ["uncertain"] == states(copied)


async def test_commits_wait_for_the_disk(world: World, ann: Person) -> None:
    """Line 41: the file is in WAL mode with synchronous=FULL, so that a commit is on the disk."""
    writer = database_of(world)._writer
    synchronous = next(iter(await writer.execute_fetchall("pragma synchronous")))[0]
    journal = next(iter(await writer.execute_fetchall("pragma journal_mode")))[0]

    assert (2, "wal") == (synchronous, journal)


async def test_newer_schema_is_refused(world: World, tmp_path: Path) -> None:
    """Line 42: a database of a newer version ends the start with exit 2, and stays as it was."""
    with sqlite3.connect(tmp_path / "bot.db") as db:
        db.execute("pragma user_version = 999")
        db.execute("create table future (id integer)")
    db.close()
    program = Program(tmp_path, world.variables())
    await program.start()

    assert 2 == await program.ended()
    assert "newer version of this program" in program.log.splitlines()[-1]
    assert "Traceback" not in program.log
    tables = rows(tmp_path, "select name from sqlite_master")
    assert ["future"] == [row["name"] for row in tables]


async def test_corrupted_file_is_refused(world: World, tmp_path: Path) -> None:
    """Line 40: a file that is no database ends the start with exit 2 and one sentence."""
    (tmp_path / "bot.db").write_bytes(b"\x00garbage" * 4096)
    program = Program(tmp_path, world.variables())
    await program.start()

    assert 2 == await program.ended()
    assert "cannot be used" in program.log.splitlines()[-1]
    assert "Traceback" not in program.log


async def test_corrupted_in_the_middle_is_refused(world: World) -> None:
    """Line 40: a file with a damaged page is refused at the start, before anything is spent."""
    await world.start_bot()
    await world.rent(world.ann)
    await world.stop_bot()
    path = world.folder / "bot.db"
    whole = bytearray(path.read_bytes())
    for page in range(1, len(whole) // 4096):
        whole[page * 4096 : page * 4096 + 200] = b"\xff" * 200
    path.write_bytes(whole)

    with pytest.raises(UnusableDatabaseError):
        async with furnished(world.all_settings()):
            pass


async def test_migration_killed_in_the_middle(world: World, tmp_path: Path) -> None:
    """Line 42: what a cut-off migration had begun is gone, and the start makes it whole."""
    db = sqlite3.connect(tmp_path / "bot.db", isolation_level=None)
    db.execute("pragma journal_mode = wal")
    db.execute("begin immediate")
    db.execute("create table users (half text)")
    halves = tmp_path / "half"
    halves.mkdir()
    copy_database(tmp_path, halves)
    db.execute("rollback")
    db.close()
    world.folder = halves
    await world.start_bot()
    await world.rent(world.ann)

    assert "ok" == integrity(halves)
    await books_agree(world)
