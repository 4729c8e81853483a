"""The business, wired on a database of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.database import Database
from tests.activations.scripted_provider import ScriptedProvider
from tests.activations.shop import Shop
from tests.moved_clock import MovedClock


@pytest.fixture
async def provider() -> ScriptedProvider:
    return ScriptedProvider()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database.opened(tmp_path / "bot.db") as database:
        yield database


@pytest.fixture
def shop(database: Database, provider: ScriptedProvider, clock: MovedClock) -> Shop:
    return Shop(database, provider, clock)
