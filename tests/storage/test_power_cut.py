"""The power fails: what was promised before is on the disk."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from storage.database import Database
from tests.crash.forgetful_disk import Disk, forgetful_disk
from tests.e2e.conftest import World

COMMITS = 25


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with forgetful_disk(tmp_path / "disk") as disk:
        yield disk


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        assert [("ok",)] == connection.execute("pragma integrity_check").fetchall()

        return connection.execute(sql).fetchall()


async def test_every_commit_is_synced(database: Database) -> None:
    """The writer syncs at every commit: `synchronous` is FULL on it."""
    async with database.transaction() as db:
        found = list(await db.execute_fetchall("pragma synchronous"))

    assert [(2,)] == [tuple(row) for row in found]


async def test_committed_is_on_the_disk(disk: Disk, path: Path, tmp_path: Path) -> None:
    """Cut off right after any acknowledged commit, all of them up to it are there."""
    async with Database.opened(path) as database:
        for number in range(1, COMMITS + 1):
            async with database.transaction() as db:
                await db.execute(
                    "insert into requests (opened_ms, is_poll) values (?, 0)", (number,)
                )
            left = disk.left(path, tmp_path / f"left {number}")

            assert [(number,)] == rows(left, "select count(*) from requests")


async def test_open_transactions_are_not(disk: Disk, path: Path, tmp_path: Path) -> None:
    """Cut off within a transaction, nothing of it is there."""
    async with Database.opened(path) as database:
        async with database.transaction() as db:
            await db.execute("insert into requests (opened_ms, is_poll) values (1, 0)")
            left = disk.left(path, tmp_path / "left")

        assert [(0,)] == rows(left, "select count(*) from requests")


async def test_an_order_is_on_the_disk_before_it_leaves(disk: Disk, tmp_path: Path) -> None:
    """The provider sees an order only when its row is safe, and people a code."""
    world = World(tmp_path)
    path = tmp_path / "bot.db"
    await world.open()
    seen: list[Path] = []

    def look() -> None:
        if not seen and world.bloomsms.count("rent"):
            seen.append(disk.left(path, tmp_path / "at the order"))

    world.bloomsms.on_change.append(look)
    try:
        await world.start_bot()
        number = await world.rent(world.ann)
        world.bloomsms.send_sms(number, "Your code is 852508")
        await world.ann.waits_for("852508", new=True)
        told = disk.left(path, tmp_path / "at the code")
    finally:
        await world.close()

    assert [("renting",)] == rows(seen[0], "select state from activations")
    assert [("code_received", number)] == rows(told, "select state, provider_id from activations")
    assert [("852508",)] == rows(told, "select code from sms")
