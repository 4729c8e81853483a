"""The request log as rows: it outlives the process, and its end never breaks an answer."""

import logging
from datetime import timedelta
from pathlib import Path

import pytest

from storage.database import Database
from storage.requests import RequestRows
from tests.moved_clock import START, MovedClock


async def test_ends(requests: RequestRows, clock: MovedClock) -> None:
    """Each request since then is listed with its end, None while nobody knows it, and its kind."""
    first = await requests.opened(clock.now(), is_poll=False)
    await requests.opened(clock.move(1), is_poll=True)
    await requests.closed(first, clock.move(1))

    assert [(START + timedelta(seconds=2), False), (None, True)] == await requests.since(START)
    assert [(None, True)] == await requests.since(START + timedelta(seconds=1))


async def test_old_notes_go(requests: RequestRows, clock: MovedClock) -> None:
    """What nobody can need any more is cleared away."""
    await requests.opened(clock.now(), is_poll=False)
    await requests.opened(clock.move(301), is_poll=False)

    assert [(None, False)] == await requests.since(START)


async def test_a_restart_remembers(path: Path, clock: MovedClock) -> None:
    """The next process finds what this one sent."""
    async with Database.opened(path) as database:
        await RequestRows(database).opened(clock.now(), is_poll=True)

    async with Database.opened(path) as database:
        assert [(None, True)] == await RequestRows(database).since(START)


async def test_an_end_that_cannot_be_noted(
    requests: RequestRows, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """A failing database costs a log line, not the answer that just came."""
    async with database.transaction() as db:
        await db.execute("drop table requests")

    with caplog.at_level(logging.WARNING):
        await requests.closed(1, START)

    assert "could not be noted: no such table: requests" in caplog.text


async def test_a_silence_that_cannot_be_noted(
    requests: RequestRows, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """A failing database costs a log line: this process keeps the silence anyway."""
    async with database.transaction() as db:
        await db.execute("drop table silence")

    with caplog.at_level(logging.WARNING):
        await requests.silent(START)

    assert "could not be noted: no such table: silence" in caplog.text


async def test_an_end_after_the_database_was_closed(path: Path) -> None:
    """Also when the program is closing, the end of a request never raises."""
    async with Database.opened(path) as database:
        requests = RequestRows(database)
        entry = await requests.opened(START, is_poll=False)

    await requests.closed(entry, START)


async def test_the_longest_silence_is_kept(requests: RequestRows) -> None:
    """Nothing is kept at first; a shorter silence does not end a longer one."""
    nothing = await requests.silent_until()
    await requests.silent(START + timedelta(seconds=30))
    await requests.silent(START + timedelta(seconds=5))

    assert nothing is None
    assert START + timedelta(seconds=30) == await requests.silent_until()
