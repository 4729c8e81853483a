"""Whole stories: the real application over HTTP against both emulators."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from decimal import Decimal
from pathlib import Path

import pytest

from bot import running
from sandbox.bloomsms_server import BloomsmsServer
from sandbox.person import Person
from sandbox.telegram_server import TelegramServer
from settings import AccessMode, Settings
from wiring import House, furnished

OWNER = 1000
ANN = 2001
BOB = 2002


class World:
    """Both services and a bot between them, which can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self.telegram = TelegramServer()
        self.bloomsms = BloomsmsServer()
        self.folder = folder
        self.settings: dict[str, object] = {}
        self._stack = AsyncExitStack()
        self.house: House | None = None

    async def open(self) -> None:
        await self.telegram.start()
        await self.bloomsms.start()
        self.owner = self.telegram.person(OWNER, "Olga", started=True)
        self.ann = self.telegram.person(ANN, "Ann")
        self.bob = self.telegram.person(BOB, "Bob")

    async def close(self) -> None:
        await self.stop_bot()
        await self.telegram.stop()
        await self.bloomsms.stop()

    def all_settings(self) -> Settings:
        values: dict[str, object] = {
            "telegram_bot_token": self.telegram.token,
            "telegram_base_url": self.telegram.base_url,
            "bloomsms_api_key": "sk_sandbox",
            "bloomsms_base_url": self.bloomsms.base_url,
            "database_path": self.folder / "bot.db",
            "admin_ids": frozenset({OWNER}),
            "access": AccessMode.PUBLIC,
            **self.settings,
        }
        return Settings(_env_file=None, **values)  # type: ignore[arg-type]  # values by name

    async def start_bot(self, **settings: object) -> None:
        self.settings.update(settings)
        self._stopped = asyncio.Event()
        self.house = await self._stack.enter_async_context(furnished(self.all_settings()))
        await self._stack.enter_async_context(running(self.house, self._stopped))

    async def stop_bot(self) -> None:
        await self._stack.aclose()
        self._stack = AsyncExitStack()

    async def rent(self, person: Person, label: str = "WhatsApp · $0.55") -> str:
        """Walk to a waiting number; returns its provider id."""
        before = set(self.bloomsms.activations)
        await person.says("/rent")
        await person.clicks("United States")
        await person.clicks(label)
        await person.clicks("Rent for $")
        await person.waits_for("Waiting for the SMS")
        (rented,) = set(self.bloomsms.activations) - before
        return rented


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = World(tmp_path)
    await world.open()
    try:
        yield world
    finally:
        await world.close()


@pytest.fixture
async def ann(world: World) -> Person:
    """Ann, with the bot running."""
    await world.start_bot()
    return world.ann


PRICE = Decimal("0.55")
