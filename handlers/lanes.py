"""Whose update is handled when: different people at once, one person's in order."""

import asyncio
import inspect
import logging
import time
from collections.abc import Awaitable
from contextvars import ContextVar
from typing import Any

from telegram import Update
from telegram.constants import ChatType
from telegram.error import TelegramError
from telegram.ext import BaseUpdateProcessor

from activations.meters import NO_METERS, Meters
from handlers import texts, topics
from handlers.inbox import Inbox
from handlers.presses import Presses

# PTB takes one of these before `do_process_update` runs. It must never be what one person's
# waiting updates use up, so it is more than Telegram hands over in hours.
NO_LIMIT = 1_000_000
# More than a person can mean to press; the rest is dropped, unless it was kept and promised.
MOST_WAITING = 40

log = logging.getLogger(__name__)

_asking: ContextVar[int | None] = ContextVar("asking", default=None)


def person_asking() -> int | None:
    """On whose wish the caller works; None for passes over rows, which are nobody's.

    Work that a handler starts beside its lane inherits the answer.
    """
    return _asking.get()


class PersonLanes(BaseUpdateProcessor):
    """One lane a person. A press that has to wait in its lane is answered before it waits."""

    def __init__(self, presses: Presses, inbox: Inbox, meters: Meters = NO_METERS) -> None:
        super().__init__(NO_LIMIT)
        self._presses = presses
        self._inbox = inbox
        self._meters = meters
        self._lanes: dict[int, asyncio.Lock] = {}
        self._waiting: dict[int, int] = {}
        self._told: set[int] = set()  # whose message was dropped since their lane was last empty

    async def initialize(self) -> None:
        """Nothing to prepare."""

    async def shutdown(self) -> None:
        """Nothing to release."""

    async def do_process_update(self, update: object, coroutine: Awaitable[Any]) -> None:
        """Await `coroutine` when the person's earlier updates are done; once an update."""
        if not isinstance(update, Update):
            await coroutine
            return
        began_at_s = time.monotonic()
        topics.enter(update)
        try:
            if self._inbox.take(update):
                await self._in_lane(update, coroutine)
                await self._inbox.settle(update)
                self._meters.update_handled(time.monotonic() - began_at_s)
        finally:
            if inspect.iscoroutine(coroutine):
                coroutine.close()  # of no effect when it is through

    async def _in_lane(self, update: Update, coroutine: Awaitable[Any]) -> None:
        person = update.effective_user.id if update.effective_user else 0
        lane = self._lanes.setdefault(person, asyncio.Lock())
        self._waiting[person] = self._waiting.get(person, 0) + 1
        try:
            if self._waiting[person] > MOST_WAITING and not self._inbox.is_taken_up(update):
                await self._drop(update, person)
                return
            if self._waiting[person] > 1:
                # The place in the lane first: answering may take longer than for the next one.
                await asyncio.gather(lane.acquire(), self._presses.answer(update))
            else:
                await lane.acquire()
            asking = _asking.set(person)
            try:
                await coroutine
            finally:
                _asking.reset(asking)
                lane.release()
        finally:
            self._waiting[person] -= 1
            if not self._waiting[person]:
                del self._waiting[person], self._lanes[person]
                self._told.discard(person)

    async def _drop(self, update: Update, person: int) -> None:
        """Say so: over each press, and once for all the messages."""
        await self._presses.answer(update, texts.TOO_FAST)
        chat = update.effective_chat
        if not update.message or person in self._told or not chat or chat.type != ChatType.PRIVATE:
            return
        self._told.add(person)
        try:
            await topics.reply(update.message, texts.TOO_FAST)
        except TelegramError as err:
            log.info("update %d could not be answered: %s", update.update_id, err)
