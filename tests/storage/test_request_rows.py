"""The request log as rows: it outlives the process, and its end never breaks an answer."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from storage.database import Database
from storage.migrations import MIGRATIONS
from storage.requests import RequestRows, boot_id

RELEASED = 7  # steps of the version that noted requests by the wall clock


@dataclass
class Machine:
    """Its monotonic clock, which begins with the boot."""

    up_s: float = 1000.0
    boot: str = "first"

    def rows(self, database: Database) -> RequestRows:
        """The log of a process that starts now."""
        return RequestRows(database, lambda: self.up_s, self.boot)

    def restarts(self, boot: str, up_s: float) -> None:
        self.boot, self.up_s = boot, up_s


@pytest.fixture
def machine() -> Machine:
    return Machine()


async def test_ends(database: Database, machine: Machine) -> None:
    """Each request is listed with how long ago it ended; what has no end ended just now."""
    requests = machine.rows(database)
    first = await requests.opened(is_poll=False)
    machine.up_s += 1
    await requests.opened(is_poll=True)
    machine.up_s += 1
    await requests.closed(first)
    machine.up_s += 5

    assert [(5.0, False), (0.0, True)] == await requests.recent(60)
    assert [(0.0, True)] == await requests.recent(6)


async def test_old_notes_go(database: Database, machine: Machine) -> None:
    """What is too old for any use is cleared away."""
    requests = machine.rows(database)
    await requests.opened(is_poll=False)
    machine.up_s += 301
    await requests.opened(is_poll=False)

    assert [(0.0, False)] == await requests.recent(1000)


async def test_a_restart_remembers(path: Path, machine: Machine) -> None:
    """The next process finds what this one sent, and how long ago."""
    async with Database.opened(path) as database:
        requests = machine.rows(database)
        await requests.closed(await requests.opened(is_poll=True))
    machine.up_s += 30

    async with Database.opened(path) as database:
        assert [(30.0, True)] == await machine.rows(database).recent(60)


@pytest.mark.parametrize(
    ("boot", "up_s"),
    [("second", 20.0), ("second", 900_000.0), ("", 500.0), ("first", 900.0)],
    ids=["just booted", "another machine", "boot not told", "put back to an earlier moment"],
)
async def test_another_boot(database: Database, machine: Machine, boot: str, up_s: float) -> None:
    """The last thing that another boot noted may have been just now; it ages from here on."""
    requests = machine.rows(database)
    await requests.closed(await requests.opened(is_poll=True))
    machine.restarts(boot, up_s)
    first = await machine.rows(database).recent(120)
    machine.up_s += 130
    later = await machine.rows(database).recent(120)

    assert [(0.0, True)] == first
    assert ([(30.0, True)] if boot == "first" else []) == later


async def test_distances_in_another_boot(database: Database, machine: Machine) -> None:
    """How far apart another boot's requests were is known; what has no end ended just now."""
    requests = machine.rows(database)
    for _ in range(3):
        await requests.closed(await requests.opened(is_poll=False))
        machine.up_s += 50
    await requests.opened(is_poll=True)
    machine.restarts("second", 20.0)

    assert [(100.0, False), (50.0, False), (0.0, True)] == await machine.rows(database).recent(120)


@pytest.mark.parametrize("boot", ["second", ""])
async def test_another_boot_while_nothing_can_be_written(
    database: Database, machine: Machine, caplog: pytest.LogCaptureFixture, boot: str
) -> None:
    """A start on a full disk counts what another boot sent all the same, and warns."""
    requests = machine.rows(database)
    await requests.closed(await requests.opened(is_poll=True))
    machine.up_s += 30
    await requests.closed(await requests.opened(is_poll=True))
    await requests.opened(is_poll=False)
    await database.write(
        "create trigger full before update on requests begin select raise(abort, 'disk full'); end"
    )
    machine.restarts(boot, 5.0)

    expected = [(30.0, True), (0.0, True), (0.0, False)]
    assert expected == await machine.rows(database).recent(120)
    assert "could not be noted anew: disk full" in caplog.text


@pytest.mark.parametrize(("up_s", "age_s"), [(1030.0, 30.0), (20.0, 0.0)])
async def test_where_no_boot_is_told(
    database: Database, machine: Machine, up_s: float, age_s: float
) -> None:
    """A clock that goes on is believed; one that began anew makes every request a new one."""
    machine.boot = ""
    requests = machine.rows(database)
    await requests.closed(await requests.opened(is_poll=False))
    machine.up_s = up_s

    assert [(age_s, False)] == await machine.rows(database).recent(120)


@pytest.mark.parametrize("clock_s", [-86_400, 0, 86_400], ids=["behind", "right", "ahead"])
async def test_requests_of_the_version_before(
    path: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch, clock_s: int
) -> None:
    """After an update what left in the last two minutes before it counts, whatever the clock."""
    with monkeypatch.context() as patched:
        patched.setattr("storage.database.MIGRATIONS", MIGRATIONS[:RELEASED])
        async with Database.opened(path) as database:
            for age_s in (130, 110, 0):
                at_ms = round((time.time() + clock_s - age_s) * 1000)
                await database.write(
                    "insert into requests (opened_at_ms, closed_at_ms, is_poll) values (?, ?, 1)",
                    (at_ms, at_ms),
                )

    async with Database.opened(path) as database:
        assert [(0.0, True)] * 2 == await machine.rows(database).recent(120)


def _no_end(requests: RequestRows) -> object:
    return requests.closed(1)


def _no_silence(requests: RequestRows) -> object:
    return requests.silent(5)


@pytest.mark.parametrize(
    ("table", "note"), [("requests", _no_end), ("silence", _no_silence)], ids=["end", "silence"]
)
async def test_what_cannot_be_noted(
    database: Database,
    machine: Machine,
    caplog: pytest.LogCaptureFixture,
    table: str,
    note: Callable[[RequestRows], object],
) -> None:
    """A failing database costs a log line, not the answer that just came."""
    async with database.transaction() as db:
        await db.execute(f"drop table {table}")

    with caplog.at_level(logging.WARNING):
        await note(machine.rows(database))  # type: ignore[misc]  # a coroutine either way

    assert f"could not be noted: no such table: {table}" in caplog.text


async def test_an_end_after_the_database_was_closed(path: Path, machine: Machine) -> None:
    """Also when the program is closing, the end of a request never raises."""
    async with Database.opened(path) as database:
        requests = machine.rows(database)
        entry = await requests.opened(is_poll=False)

    await requests.closed(entry)


async def test_the_longest_silence_is_kept(database: Database, machine: Machine) -> None:
    """Nothing is kept at first; a shorter silence does not end a longer one."""
    requests = machine.rows(database)
    nothing = await requests.silent_for_s()
    await requests.silent(30)
    await requests.silent(5)
    machine.up_s += 10
    later = await requests.silent_for_s()
    machine.up_s += 60

    assert (0.0, 20.0, 0.0) == (nothing, later, await requests.silent_for_s())


@pytest.mark.parametrize(("boot", "up_s"), [("second", 20.0), ("", 20.0), ("first", 10.0)])
async def test_a_silence_of_another_boot(
    database: Database, machine: Machine, boot: str, up_s: float
) -> None:
    """A silence of another boot begins anew, once: never too short, never longer than asked."""
    await machine.rows(database).silent(30)
    machine.restarts(boot, up_s)
    requests = machine.rows(database)
    first = await requests.silent_for_s()
    await requests.recent(120)
    machine.up_s += 10
    second = await machine.rows(database).silent_for_s()

    assert (30.0, 30.0 if boot == "first" else 20.0) == (first, second)


async def test_a_silence_that_is_over(database: Database, machine: Machine) -> None:
    """A silence after which requests left is none for the boots that follow."""
    requests = machine.rows(database)
    await requests.silent(30)
    machine.up_s += 29
    await requests.opened(is_poll=False)
    during = await requests.silent_for_s()
    machine.up_s += 1
    await requests.opened(is_poll=False)
    machine.restarts("second", 20.0)

    assert (1.0, 0.0) == (during, await machine.rows(database).silent_for_s())


async def test_a_new_boot_notes_its_own_silence(database: Database, machine: Machine) -> None:
    """A silence of another boot gives way to the one that was asked for last."""
    await machine.rows(database).silent(3000)
    machine.restarts("second", 5.0)
    await machine.rows(database).silent(10)

    assert 10.0 == await machine.rows(database).silent_for_s()


def test_the_boot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A boot has one name on Linux, and none where it is not told."""
    name = boot_id()
    monkeypatch.setattr("storage.requests.BOOT_ID", tmp_path / "missing")

    assert name == name.strip()
    assert "" == boot_id()
