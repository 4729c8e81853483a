"""Brings the cards of open numbers back to where a person presses.

A person may have cleared the chat on their side; Telegram then goes on editing a card that they
cannot see, and the bot is not told.
"""

import logging

from telegram import Update
from telegram.error import TelegramError
from telegram.ext import CallbackQueryHandler

from activations.model import IN_HAND_STATES
from handlers.authorization import AfterGrant
from handlers.callback_data import StalePressError, Verb
from handlers.desk import Context, Desk, TelegramApplication, press_of, user_of
from people.access import Right

AFTER_ALL_OTHERS = 1
MOST_CARDS = 5
# While a person chooses another number nothing jumps in between; a closed message is tidying up.
MOVING_NONE = frozenset(
    {
        Verb.COUNTRIES,
        Verb.SERVICES,
        Verb.OFFER,
        Verb.RENT,
        Verb.LEAVE,
        Verb.RETRY,
        Verb.AGAIN,
        Verb.CLOSE,
    }
)

log = logging.getLogger(__name__)


class LiveCards:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def register(self, application: TelegramApplication) -> None:
        bring = AfterGrant(self._desk, Right.FOLLOW, self.bring)
        application.add_handler(CallbackQueryHandler(bring), group=AFTER_ALL_OTHERS)

    async def bring(self, update: Update, context: Context) -> None:
        """Put each live card below the pressed message, unless it is there or was closed."""
        message = update.callback_query.message if update.callback_query else None
        if message is None or _moves_none(update):
            return
        person = user_of(update)
        held = await self._desk.store.page_of(person, IN_HAND_STATES, 0, MOST_CARDS)
        ids = {a.card.message_id: a.id for a in reversed(held) if a.card}
        if message.message_id in ids:
            return  # pressed on a card: the others are as near as they were
        above = [
            id_
            for message_id, id_ in ids.items()
            if message_id < message.message_id and id_ not in self._desk.under_way
        ]
        if above:
            # Beside the person's lane: they need not wait for it.
            context.application.create_task(self._move(above, message.message_id))

    async def _move(self, activation_ids: list[int], below: int) -> None:
        for activation_id in activation_ids:
            try:
                await self._desk.cards.show_anew(activation_id, below=below)
            except TelegramError as err:
                log.info("the card of activation %d stays where it is: %s", activation_id, err)


def _moves_none(update: Update) -> bool:
    try:
        return press_of(update).verb in MOVING_NONE
    except StalePressError:
        return False
