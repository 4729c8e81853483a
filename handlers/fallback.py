"""Whatever nobody else handles: unknown commands, stale buttons, refusals, surprises."""

import logging
import secrets

from telegram import Update
from telegram.error import TelegramError
from telegram.ext import CallbackQueryHandler, MessageHandler, filters

from activations.errors import GoneAlready, Refusal
from activations.notes import Draft, NoteKind
from handlers import formats, keyboards, texts, topics
from handlers.authorization import Guarded, rights_for
from handlers.callback_data import StalePressError
from handlers.desk import Context, Desk, TelegramApplication
from handlers.inbox import Inbox
from handlers.pace import is_passing, patience_s
from handlers.start import Start
from people.access import Right

log = logging.getLogger(__name__)


class Fallback:
    def __init__(self, desk: Desk, start: Start, inbox: Inbox) -> None:
        self._desk = desk
        self._inbox = inbox
        self._start = start

    def register(self, application: TelegramApplication) -> None:
        unknown = Guarded(self._desk, Right.FOLLOW, self.unknown)
        stale = Guarded(self._desk, Right.FOLLOW, self.stale)
        application.add_handler(CallbackQueryHandler(stale))
        application.add_handler(MessageHandler(filters.COMMAND, unknown))
        application.add_handler(MessageHandler(filters.ALL, unknown))
        application.add_error_handler(self.error)

    async def unknown(self, update: Update, context: Context) -> None:
        if update.message:
            await self._start.greet(update, context)

    async def stale(self, update: Update, context: Context) -> None:
        """A button of another version: say so and show the menu."""
        await self._desk.presses.answer(update, texts.OUT_OF_DATE)
        await self._start.greet(update, context)

    async def error(self, update: object, context: Context) -> None:
        """A refusal becomes its sentence, a surprise an apology with the id of its log line."""
        err = context.error
        if not isinstance(update, Update):
            log.error("outside of any update: %s", err, exc_info=err)
            return
        try:
            await self._tell(update, context, err)
        except TelegramError as again:
            self._answer_later(update, again)

    async def _tell(self, update: Update, context: Context, err: Exception | None) -> None:
        if not rights_for(update):
            # Its verdict could not be had: nothing is shown but that.
            await self._apologise(update, err)
        elif isinstance(err, StalePressError):
            await self.stale(update, context)
        elif isinstance(err, Refusal):
            await self._refuse(update, err)
        elif isinstance(err, TelegramError):
            self._answer_later(update, err)
            await self._desk.presses.answer(update)
        else:
            await self._apologise(update, err)

    async def _apologise(self, update: Update, err: Exception | None) -> None:
        """Once; the update is tried again."""
        log_id = secrets.token_hex(4)
        log.error("%s: a surprise", log_id, exc_info=err)
        if self._inbox.fail(update):
            await self._say(update, texts.SURPRISE.format(log_id=log_id))

    def _answer_later(self, update: Update, err: TelegramError) -> None:
        """What a flood wait or an outage kept from being answered is answered after it."""
        if is_passing(err) and self._inbox.put_back(update, patience_s(err)):
            log.info("update %d is answered later: %s", update.update_id, err)
        else:
            log.warning("update %d: Telegram does not take an answer: %s", update.update_id, err)

    async def _refuse(self, update: Update, err: Refusal) -> None:
        await self._say(update, texts.refusal(err))
        if isinstance(err, GoneAlready) and err.activation.card:
            await self._desk.cards.refresh(err.activation.id)

    async def _say(self, update: Update, sentence: str) -> None:
        """In a box over the pressed button while that is possible, else as a message.

        The sentence is kept when Telegram takes nothing: asking anew might end differently.
        """
        if await self._desk.presses.answer(update, sentence, is_alert=True):
            return
        if update.effective_user is None:
            return
        user_id = update.effective_user.id
        try:
            await self._desk.screens.send(user_id, formats.escape(sentence), keyboards.TO_MENU)
        except TelegramError as err:
            if not is_passing(err):
                raise
            words = {"sentence": sentence, "topic": str(topics.asked_in(user_id) or "")}
            draft = Draft(NoteKind.SENTENCE, user_id, None, words)
            await self._desk.notes.add((draft,), self._desk.clock.now())
