"""A database in a file of its own, and its tables."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.activations import ActivationRows
from storage.database import Database
from storage.notes import NoteRows
from storage.requests import RequestRows
from storage.users import UserRows
from tests.moved_clock import MovedClock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bot.db"


@pytest.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    async with Database.opened(path) as database:
        yield database


@pytest.fixture
def store(database: Database) -> ActivationRows:
    return ActivationRows(database)


@pytest.fixture
def notes(database: Database) -> NoteRows:
    return NoteRows(database)


@pytest.fixture
def requests(database: Database) -> RequestRows:
    return RequestRows(database)


@pytest.fixture
def users(database: Database, clock: MovedClock) -> UserRows:
    return UserRows(database, clock)
