"""What a person hears while nothing can be stored: said without the database.

The update itself stays with Telegram until it can be kept, and takes effect then.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta

from telegram import Update
from telegram.constants import ChatType
from telegram.error import TelegramError

from activations.ports import Clock
from handlers import texts, topics
from handlers.presses import Presses
from handlers.service_messages import is_service

# A person who goes on asking is told again after so long; their presses are answered all the same.
TOLD_EVERY = timedelta(seconds=30)
MOST_REMEMBERED = 10_000

log = logging.getLogger(__name__)


class Unkept:
    """Tells people that what they ask for is done later, each once for a while."""

    def __init__(self, presses: Presses, clock: Clock) -> None:
        self._presses = presses
        self._clock = clock
        self._told_at: dict[int, timedelta] = {}
        self._told_of: dict[int, None] = {}  # updates that were told of, oldest first

    async def tell(self, updates: Sequence[Update]) -> None:
        """Never raises for what Telegram may answer. Telegram hands the same updates over again."""
        fresh = [u for u in updates if u.update_id not in self._told_of and _is_asking(u)]
        self._told_of |= dict.fromkeys(update.update_id for update in fresh)
        while len(self._told_of) > MOST_REMEMBERED:
            del self._told_of[next(iter(self._told_of))]
        await asyncio.gather(*(self._tell(update) for update in fresh))

    async def _tell(self, update: Update) -> None:
        sentence = texts.STORED_LATER if self._is_time(update) else ""
        if update.callback_query:
            await self._presses.answer(update, sentence, is_alert=bool(sentence))
        elif update.message and sentence:
            try:
                await topics.reply(update.message, sentence)
            except TelegramError as err:
                log.info("update %d could not be answered: %s", update.update_id, err)

    def _is_time(self, update: Update) -> bool:
        person = update.effective_user.id if update.effective_user else 0
        now = self._clock.monotonic()
        if len(self._told_at) > MOST_REMEMBERED:
            self._told_at = {p: at for p, at in self._told_at.items() if now - at < TOLD_EVERY}
        last = self._told_at.get(person)
        if last is not None and now - last < TOLD_EVERY:
            return False
        self._told_at[person] = now
        return True


def _is_asking(update: Update) -> bool:
    """Whether a human being in a private chat waits for an answer."""
    user, chat = update.effective_user, update.effective_chat
    is_private = chat is None or chat.type == ChatType.PRIVATE
    is_notice = update.message is not None and is_service(update.message)
    return user is not None and not user.is_bot and is_private and not is_notice
