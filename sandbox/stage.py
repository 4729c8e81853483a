"""Everything that runs in the sandbox: services, bot, page; opened and closed in order."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from sandbox.bloomsms_server import BloomsmsServer
from sandbox.bot_process import BotProcess
from sandbox.page_actions import Action, ChatActions, ProviderActions, bot_actions
from sandbox.page_chats import chat_parts
from sandbox.page_feed import Feed
from sandbox.page_provider import ProviderDesk
from sandbox.page_server import PageServer
from sandbox.page_traffic import CallLog
from sandbox.telegram_server import TelegramServer

OWNER_ID = 1000
REQUESTS_PER_MINUTE = 60
_PEOPLE = ((OWNER_ID, "Olga", "olga", "owner"), (2001, "Ann", "ann", ""), (2002, "Bob", None, ""))
_NEXT_CHANGE_S = 5.0
_LONG_AGO_S = 1_735_689_600  # the first second of 2025: ids stay small


class Stage:
    """Both services, each None when the real one is used, and what the page shows of them.

    `is_continued`: the bot's database may know these people and messages from an earlier run.
    `has_bot`: False where another program plays the bot.
    """

    def __init__(
        self,
        telegram: TelegramServer | None,
        bloomsms: BloomsmsServer | None,
        *,
        is_continued: bool = False,
        has_bot: bool = True,
    ) -> None:
        self.telegram = telegram
        self.bloomsms = bloomsms
        self.bot: BotProcess | None = None
        self.feed = Feed(self._parts)
        self._has_bot = has_bot
        self._roles: dict[int, str] = {}
        self._desk: ProviderDesk | None = None
        hidden = [telegram.token if telegram else "", bloomsms.api_key if bloomsms else ""]
        self._log = CallLog(hidden)
        if telegram:
            if is_continued:
                telegram.chats.skip_ids(int(time.time()) - _LONG_AGO_S)
            for person_id, name, username, role in _PEOPLE:
                telegram.person(person_id, name, username=username, started=is_continued)
                self._roles[person_id] = role
        if bloomsms:
            self._desk = ProviderDesk(bloomsms, requests_per_minute=REQUESTS_PER_MINUTE)
            bloomsms.on_change.append(self._note_bloomsms)

    def actions(self) -> dict[str, Action]:
        actions: dict[str, Action] = {}
        if self.telegram:
            actions |= ChatActions(self.telegram).by_name()
        if self.bloomsms and self._desk:
            actions |= ProviderActions(self.bloomsms, self._desk).by_name()
        if self.bot:
            actions |= bot_actions(self.bot)
        return actions

    async def listen(self) -> None:
        """Pass on every change at Telegram, calls without an effect included, until cancelled."""
        if self.telegram is None:
            return
        while True:
            calls_before = len(self.telegram.calls)
            await self.telegram.chats.changes.wait_for(_second_look(), _NEXT_CHANGE_S)
            self.feed.wake()
            new = self.telegram.calls[calls_before:]
            if self.bot and any(call.method == "getUpdates" for call in new):
                self.bot.note_alive()

    def _note_bloomsms(self) -> None:
        self.feed.wake()
        if self.bot and self.telegram is None:
            self.bot.note_alive()

    def _parts(self) -> dict[str, Any]:
        telegram, bloomsms = self.telegram, self.bloomsms
        parts: dict[str, Any] = {
            "bot/process": self._process(),
            "sandbox/mode": {
                "telegram": telegram.base_url if telegram else "",
                "bloomsms": bloomsms.base_url if bloomsms else "",
            },
        }
        if telegram:
            parts |= chat_parts(telegram, self._roles)
        if self._desk:
            parts |= self._desk.parts()
        calls = telegram.calls if telegram else []
        return parts | self._log.parts(calls, bloomsms.exchanges if bloomsms else [])

    def _process(self) -> dict[str, Any]:
        bot = self.bot
        if bot is None:
            state = "stopped" if self._has_bot else "absent"
            return {"state": state, "ended_by": "", "exit_status": None, "last_words": ""}
        return {
            "state": bot.state.value,
            "ended_by": bot.ended_by,
            "exit_status": bot.exit_status,
            "last_words": bot.last_words[-1000:] if bot.state == "died" else "",
        }


def _second_look() -> Callable[[], bool | None]:
    looks = iter((None,))
    return lambda: next(looks, True)


@asynccontextmanager
async def open_stage(stage: Stage) -> AsyncIterator[Stage]:
    """Start the services; they stop at the end."""
    try:
        if stage.telegram:
            await stage.telegram.start()
        if stage.bloomsms:
            await stage.bloomsms.start()
        yield stage
    finally:
        if stage.telegram:
            await stage.telegram.stop()
        if stage.bloomsms:
            await stage.bloomsms.stop()


@asynccontextmanager
async def open_page(stage: Stage, port: int) -> AsyncIterator[str]:
    """Serve the page; with the stage's bot in it when that is there already. Shape: its address."""
    files = stage.telegram.chats.files if stage.telegram else {}
    page = PageServer(stage.feed, stage.actions(), files, run_id=secrets.token_hex(4))
    tasks = [asyncio.create_task(work) for work in (stage.feed.run(), stage.listen())]
    try:
        yield await page.start(port)
    finally:
        await page.stop()
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


@asynccontextmanager
async def open_bot(bot: BotProcess | None) -> AsyncIterator[None]:
    """Start the bot, if there is one; it stops at the end."""
    if bot is None:
        yield
        return
    try:
        await bot.start()
        yield
    finally:
        await bot.stop()
