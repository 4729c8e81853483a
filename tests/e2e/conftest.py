"""Whole stories: the real application over HTTP against both emulators."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from bot import running
from sandbox.bloomsms_server import BloomsmsServer
from sandbox.person import Person
from sandbox.telegram_chats import Message
from sandbox.telegram_server import TelegramServer
from settings import AccessMode, Settings
from tests.log_watch import WATCH
from wiring import House, furnished

OWNER = 1000
ANN = 2001
BOB = 2002


SHORTEST_CODE = 5


def numbers_and_codes(bloomsms: BloomsmsServer) -> set[str]:
    """What no log line may hold; shorter codes are also other figures."""
    activations = bloomsms.activations.values()
    codes = {sms.code for a in activations for sms in a.sms if sms.code}
    return {code for code in codes if len(code) >= SHORTEST_CODE} | {
        a.phone_number.lstrip("+") for a in activations
    }


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
        keys = {self.telegram.token, self.bloomsms.api_key}
        WATCH.guards(numbers_and_codes(self.bloomsms), keys)
        WATCH.reads(self.folder)
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
        return Settings.model_validate(values)

    def variables(self) -> dict[str, str]:
        """The environment of the bot as a process of its own."""
        return {
            "TELEGRAM_BOT_TOKEN": self.telegram.token,
            "TELEGRAM_BASE_URL": self.telegram.base_url,
            "BLOOMSMS_API_KEY": "sk_sandbox",
            "BLOOMSMS_BASE_URL": self.bloomsms.base_url,
            "DATABASE_PATH": str(self.folder / "bot.db"),
            "ADMIN_IDS": str(OWNER),
            "ACCESS": "public",
        }

    async def start_bot(self, **settings: object) -> None:
        self.settings.update(settings)
        self._stopped = asyncio.Event()
        self.house = await self._stack.enter_async_context(furnished(self.all_settings()))
        await self._stack.enter_async_context(running(self.house, self._stopped))

    async def stop_bot(self) -> None:
        await self._stack.aclose()
        self._stack = AsyncExitStack()

    async def choose(self, person: Person, label: str = "WhatsApp · $0.55") -> Message:
        """Walk to the confirm card."""
        await person.says("/rent")
        card = await person.waits_for("Where should the number be from?", new=True)
        await person.clicks("United States", message=card)
        await person.waits_until(lambda _: "What is the number for?" in card.text)
        await person.clicks(label, message=card)
        await person.waits_until(lambda _: "In stock" in card.text)
        return card

    async def settled_balance(self) -> None:
        """The books have read the balance, so that a lost answer can be settled by it."""
        async with asyncio.timeout(10):
            while self.house is None or not await self.house.account.expected():
                await asyncio.sleep(0.05)

    def lost_long_ago(self) -> None:
        """As if the orders of unknown outcome were lost two minutes ago, and look again now."""
        assert self.house
        with sqlite3.connect(self.folder / "bot.db", timeout=10) as rows:
            lost = [id_ for (id_,) in rows.execute("select id from activations")]
        sights = self.house.books._sights
        for activation_id in lost:
            if activation_id in sights._seen:
                at, age = sights._seen[activation_id]
                sights._seen[activation_id] = (at - timedelta(seconds=120), age)
        self.reads_the_balance()

    def reads_the_balance(self) -> None:
        """At the next pass of the books."""
        assert self.house
        self.house.books._next_look = self.house.desk.clock.monotonic()

    async def time_is_over(self, numbers: int | None = None) -> None:
        """As if the time of all open numbers were over: of so many, or as the provider says."""
        assert self.house
        ages = self.house.poller._ages
        known = sum(a.is_open for a in self.bloomsms.activations.values())
        async with asyncio.timeout(10):
            while len(ages._ends) < (known if numbers is None else numbers):
                await asyncio.sleep(0.02)
        now = self.house.desk.clock.monotonic()
        ages._ends = {id_: (stored, now) for id_, (stored, _end) in ages._ends.items()}
        ages._sure_ends = dict.fromkeys(ages._ends, now)

    async def bloomsms_answered(self, status: int) -> None:
        async with asyncio.timeout(10):
            while not any(e.status == status for e in self.bloomsms.exchanges):
                await asyncio.sleep(0.02)

    def only_number(self) -> str:
        (number,) = self.bloomsms.activations
        return number

    async def news(self, person: Person) -> Message:
        """The newest message with a code's buttons."""

        def has_code(person: Person) -> bool:
            return any("Another SMS" in label for label in person.labels())

        await person.waits_until(has_code)
        return person.last()

    def nothing_was_refused(self) -> None:
        """Telegram took every call, and every word of it."""
        refused = [(c.method, c.description, c.parameters) for c in self.telegram.refused()]

        assert [] == refused
        assert [] == list(self.telegram.oddities)

    async def rent(self, person: Person, label: str = "WhatsApp · $0.55") -> str:
        """Walk to a waiting number; returns its provider id."""
        before = set(self.bloomsms.activations)
        card = await self.choose(person, label)
        await person.clicks("Rent for $", message=card)
        await person.waits_until(lambda _: "Waiting for the SMS" in card.text)
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
