"""Who may use which handler: each states the right it needs, and without that right none runs.

The verdict is had before anything is sent, and what goes wrong on the way to it grants nothing.
"""

import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from telegram import Update
from telegram.constants import ChatType
from telegram.error import TelegramError

from handlers import formats, keyboards, texts
from handlers.desk import Context, Desk, TelegramApplication
from handlers.messenger import plain
from handlers.pace import ONCE
from people.access import Right, Verdict

Callback = Callable[[Update, Context], Coroutine[Any, Any, None]]

NOTHING: frozenset[Right] = frozenset()

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Grant:
    update: Update
    rights: frozenset[Right]


_granted: ContextVar[_Grant | None] = ContextVar("granted", default=None)


def rights_for(update: Update) -> frozenset[Right]:
    """What this very update was granted; nothing before its verdict and without one.

    Work that a handler starts beside the person's lane inherits the answer.
    """
    grant = _granted.get()
    return grant.rights if grant and grant.update is update else NOTHING


@dataclass(frozen=True)
class Guarded:
    """A handler's callback that runs only for an update that was granted `right`.

    `to_others` is what people are told who may rent, of what is an owner's.
    """

    desk: Desk = field(repr=False)
    right: Right
    callback: Callback
    to_others: str = texts.OWNERS_ONLY

    async def __call__(self, update: Update, context: Context) -> None:
        """Errors: what keeps the verdict from being had, so that the update is tried again."""
        user = update.effective_user
        if user is None or user.is_bot or not _is_served(update):
            await _attempt(update, self.desk.presses.answer(update))
            return
        name = formats.name(user.first_name, user.last_name) or str(user.id)
        verdict = await self.desk.access.knock(user.id, name)
        await _attempt(update, self.desk.notes.unpark(user.id, self.desk.clock.now()))
        if self.right not in verdict.rights:
            await _attempt(update, self._refuse(update, user.id, verdict))
            return
        _granted.set(_Grant(update, verdict.rights))
        await self.callback(update, context)

    async def _refuse(self, update: Update, user_id: int, verdict: Verdict) -> None:
        """Say so once, over the pressed button or as a message; a stranger gets the message."""
        sentence = self._refusal(user_id, verdict)
        is_shown = await self.desk.presses.answer(update, plain(sentence), is_alert=True)
        if is_shown and verdict.rights:
            return
        keyboard = keyboards.to_numbers() if verdict.rights == {Right.FOLLOW} else None
        await self.desk.screens.send(user_id, sentence, keyboard, haste=ONCE)

    def _refusal(self, user_id: int, verdict: Verdict) -> str:
        if Right.RENT in verdict.rights:
            return self.to_others
        if Right.FOLLOW in verdict.rights:
            return texts.NUMBERS_ONLY
        return texts.closed_door(user_id, is_asked=verdict.is_asked)


class AfterGrant(Guarded):
    """What follows a handler, for an update that was granted `right` there; else nothing."""

    async def __call__(self, update: Update, context: Context) -> None:
        if self.right in rights_for(update):
            await self.callback(update, context)


@dataclass(frozen=True)
class Ending:
    """What may only end an update or pass it on to the handlers that state a right."""

    callback: Callback

    async def __call__(self, update: Update, context: Context) -> None:
        await self.callback(update, context)


def check_all_guarded(application: TelegramApplication) -> None:
    """Errors: TypeError when a handler states no right."""
    for handlers in application.handlers.values():
        for handler in handlers:
            if not isinstance(handler.callback, Guarded | Ending):
                raise TypeError(f"{handler!r} states no right")


def _is_served(update: Update) -> bool:
    """Messages and presses, in private chats."""
    chat = update.effective_chat
    is_private = chat is None or chat.type == ChatType.PRIVATE
    return is_private and bool(update.message or update.callback_query)


async def _attempt(update: Update, work: Awaitable[object]) -> None:
    """What may fail: the verdict stands all the same, and the update is done."""
    try:
        await work
    except TelegramError as err:
        log.info("update %d: Telegram says %s", update.update_id, type(err).__name__)
    except Exception:
        log.exception("update %d: a surprise beside its verdict", update.update_id)
