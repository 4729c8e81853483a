"""The real library over HTTP, the emulated Telegram at its other end, rows on a real database."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from telegram.ext import ExtBot

from handlers.inbox import Inbox
from handlers.pace import Pacer
from handlers.presses import Presses
from handlers.webhook_guard import WebhookGuard
from sandbox.person import Person
from sandbox.telegram_server import TelegramServer
from storage.database import Database
from storage.notes import NoteRows
from storage.updates import UpdateRows
from tests.handlers.post import Post
from tests.made_up import ANN, BOB, OLGA
from tests.moved_clock import MovedClock


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database.opened(tmp_path / "bot.db") as database:
        yield database


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    server = TelegramServer()
    await server.start()
    for user_id, name in ((ANN, "Ann"), (BOB, "Bob"), (OLGA, "Olga")):
        server.person(user_id, name, started=True)
    yield server
    await server.stop()


@pytest.fixture
def ann(telegram: TelegramServer) -> Person:
    return telegram.people[ANN]


@pytest.fixture
def bob(telegram: TelegramServer) -> Person:
    return telegram.people[BOB]


@pytest.fixture
async def bot(telegram: TelegramServer) -> AsyncIterator[ExtBot[str]]:
    bot = ExtBot(telegram.token, base_url=f"{telegram.base_url}/bot", rate_limiter=Pacer())
    async with bot:
        yield bot


@pytest.fixture
def post(bot: ExtBot[str]) -> Post:
    return Post(bot)


@pytest.fixture
def presses() -> Presses:
    return Presses()


@pytest.fixture
def inbox(database: Database, clock: MovedClock) -> Inbox:
    return Inbox(UpdateRows(database), NoteRows(database), clock, frozenset({OLGA}))


@pytest.fixture
def gives_way() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture
def guard(database: Database, clock: MovedClock, gives_way: asyncio.Event) -> WebhookGuard:
    return WebhookGuard(NoteRows(database), clock, frozenset({OLGA}), gives_way)
