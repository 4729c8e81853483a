"""A clock and a real outbox for what stands behind the door."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.database import Database
from storage.notes import NoteRows


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database.opened(tmp_path / "bot.db") as database:
        yield database


@pytest.fixture
def notes(database: Database) -> NoteRows:
    return NoteRows(database)
