"""Showing a screen: a new message for a command, an edit in place for a press."""

import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from functools import partial

from telegram import (
    CallbackQuery,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    Message,
    Update,
)
from telegram.constants import ParseMode
from telegram.error import BadRequest, Forbidden
from telegram.ext import ExtBot

from activations.model import Card
from handlers import topics
from handlers.pace import URGENT

MOST_REMEMBERED = 10_000
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)

log = logging.getLogger(__name__)


class Gone(Exception):  # noqa: N818 - what became of the message
    """The message cannot be edited any more; a new one has to do."""


class Screens:
    """Sends and edits, and never asks Telegram to edit a message into what it is already."""

    def __init__(self, bot: ExtBot[str]) -> None:
        self._bot = bot
        self._shown: OrderedDict[Card, int] = OrderedDict()
        self._topics = topics.Topics()

    async def show(
        self, update: Update, text: str, keyboard: InlineKeyboardMarkup | None = None
    ) -> Card | None:
        """The answer to an update, in the message that was pressed if there is one.

        Shape: the message that shows it; None for an update without a chat.
        """
        query, chat = update.callback_query, update.effective_chat
        place = place_of(query) if query else None
        if place is not None:
            try:
                await self.edit(place, text, keyboard)
            except Gone:
                log.debug("the pressed message is gone; a new one is sent")
            else:
                return place
        return await self.send(chat.id, text, keyboard) if chat else None

    async def send(
        self,
        chat_id: int,
        text: str,
        keyboard: InlineKeyboardMarkup | None = None,
        *,
        is_silent: bool = False,
        haste: str | None = None,
        near: Card | None = None,
    ) -> Card:
        """Send a new message; `haste` is one of pace.py's words.

        It goes to the topic of the message `near`, else to the one of the update it answers.
        """
        send = partial(
            self._bot.send_message,
            chat_id,
            text,
            parse_mode=ParseMode.HTML,
            reply_markup=keyboard,
            link_preview_options=NO_PREVIEW,
            disable_notification=is_silent or None,
            rate_limit_args=haste,
        )
        message = await _in_topic(send, self._topics.of(near) if near else topics.asked_in(chat_id))
        self._topics.note(message)
        card = Card(chat_id, message.message_id)
        self._remember(card, text, keyboard)
        return card

    async def send_plain(self, chat_id: int, text: str, near: Card | None = None) -> None:
        """For a text that Telegram has refused with its markup and buttons."""
        send = partial(self._bot.send_message, chat_id, text, rate_limit_args=URGENT)
        await _in_topic(send, self._topics.of(near) if near else topics.asked_in(chat_id))

    def meet(self, update: Update) -> None:
        """Remember where the pressed message stands: it may become a card."""
        message = update.callback_query.message if update.callback_query else None
        if isinstance(message, Message):
            self._topics.note(message)

    async def edit(
        self,
        card: Card,
        text: str,
        keyboard: InlineKeyboardMarkup | None,
        *,
        haste: str | None = None,
    ) -> None:
        """Errors: Gone when a new message has to do; Telegram's others as they are."""
        if self._shown.get(card) == _fingerprint(text, keyboard):
            return
        try:
            await self._bot.edit_message_text(
                text,
                card.chat_id,
                card.message_id,
                parse_mode=ParseMode.HTML,
                reply_markup=keyboard,
                link_preview_options=NO_PREVIEW,
                rate_limit_args=haste,
            )
        except BadRequest as err:
            if "not modified" not in err.message.lower():
                raise _gone_or_same(err) from err
        self._remember(card, text, keyboard)

    async def set_keyboard(self, card: Card, keyboard: InlineKeyboardMarkup | None) -> None:
        """Change only the buttons; of no consequence when it cannot be done."""
        self._shown.pop(card, None)
        try:
            await self._bot.edit_message_reply_markup(
                card.chat_id, card.message_id, reply_markup=keyboard
            )
        except BadRequest as err:
            log.debug("buttons stay as they are: %s", err)

    async def take_away(self, card: Card) -> bool:
        """Delete the message; False when Telegram does not let us."""
        self._shown.pop(card, None)
        try:
            return await self._bot.delete_message(card.chat_id, card.message_id)
        except (BadRequest, Forbidden) as err:
            log.debug("a message stays: %s", err)
            return False

    def _remember(self, card: Card, text: str, keyboard: InlineKeyboardMarkup | None) -> None:
        self._shown[card] = _fingerprint(text, keyboard)
        self._shown.move_to_end(card)
        if len(self._shown) > MOST_REMEMBERED:
            self._shown.popitem(last=False)


def place_of(query: CallbackQuery) -> Card | None:
    """The message a button was pressed on, if Telegram still shows it to us."""
    message = query.message
    return Card(message.chat.id, message.message_id) if isinstance(message, Message) else None


async def _in_topic(send: Callable[..., Awaitable[Message]], topic: int | None) -> Message:
    """Send there, or to the chat when Telegram knows no such topic (any more)."""
    if topic is None:
        return await send()
    try:
        return await send(message_thread_id=topic)
    except (BadRequest, Forbidden) as err:
        if not topics.is_refused(err):
            raise
        log.info("a topic is gone; the message goes to the chat")
        return await send()


def _gone_or_same(err: BadRequest) -> Exception:
    is_gone = any(
        words in err.message.lower()
        for words in ("message to edit not found", "can't be edited", "message_id_invalid")
    )
    return Gone(err.message) if is_gone else err


def _fingerprint(text: str, keyboard: InlineKeyboardMarkup | None) -> int:
    return hash((text, keyboard))
