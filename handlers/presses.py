"""Answering button presses: each query exactly once, and at once."""

import logging

from telegram import CallbackQuery, Update
from telegram.error import TelegramError

LONGEST_TOAST = 200

log = logging.getLogger(__name__)


class Presses:
    """Remembers which of the queries under way are answered: Telegram refuses a second answer."""

    def __init__(self) -> None:
        self._answered: set[str] = set()

    async def answer(self, update: Update, text: str = "", *, is_alert: bool = False) -> bool:
        """Stop the button's spinner and show `text`, as a toast or in a box.

        Shape: False when somebody answered before, so that `text` was not shown.
        """
        query = update.callback_query
        if query is None or query.id in self._answered:
            return False
        self._answered.add(query.id)
        return await _answer(query, text[:LONGEST_TOAST], is_alert=is_alert)

    def is_answered(self, update: Update) -> bool:
        return update.callback_query is None or update.callback_query.id in self._answered

    def forget(self, update: Update) -> None:
        """The update is dealt with."""
        if update.callback_query:
            self._answered.discard(update.callback_query.id)


async def _answer(query: CallbackQuery, text: str, *, is_alert: bool) -> bool:
    try:
        return await query.answer(text or None, show_alert=is_alert or None)
    except TelegramError as err:
        # Too old or lost on the way: the spinner ends by itself, the press goes on.
        log.info("a press could not be answered: %s", err)
        return False
