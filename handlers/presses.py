"""Answering button presses: each query exactly once, and at once."""

import logging
from collections import OrderedDict

from telegram import CallbackQuery, Update
from telegram.error import BadRequest, TelegramError

LONGEST_TOAST = 200
ATTEMPTS = 3
MOST_REMEMBERED = 10_000

log = logging.getLogger(__name__)


class Presses:
    """Remembers which of the latest queries are answered: Telegram refuses a second answer."""

    def __init__(self) -> None:
        self._answered: OrderedDict[str, None] = OrderedDict()

    async def answer(self, update: Update, text: str = "", *, is_alert: bool = False) -> bool:
        """Stop the button's spinner and show `text`, as a toast or in a box.

        Shape: False when somebody answered before, so that `text` was not shown.
        """
        query = update.callback_query
        if query is None or query.id in self._answered:
            return False
        self._answered[query.id] = None
        if len(self._answered) > MOST_REMEMBERED:
            self._answered.popitem(last=False)
        return await _answer(query, text[:LONGEST_TOAST], is_alert=is_alert)


async def _answer(query: CallbackQuery, text: str, *, is_alert: bool) -> bool:
    for _ in range(ATTEMPTS):
        try:
            return await query.answer(text or None, show_alert=is_alert or None)
        except BadRequest as err:
            # Too old: the spinner has ended by itself; the press goes on.
            log.info("a press is not answered: %s", err)
            return False
        except TelegramError as err:
            log.info("a press could not be answered: %s", err)
    return False
