"""Presses on a message that Telegram does not name: one sent through the bot into another chat."""

from telegram import Update
from telegram.ext import ApplicationHandlerStop, CallbackQueryHandler

from handlers import texts
from handlers.authorization import Ending
from handlers.desk import Context, Desk, TelegramApplication
from handlers.service_messages import FIRST


class InlinePresses:
    """Such a message can become no screen, so the press does nothing and is told so."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def register(self, application: TelegramApplication) -> None:
        refuse = Ending(self.refuse)
        application.add_handler(CallbackQueryHandler(refuse), group=FIRST - 1)

    async def refuse(self, update: Update, _context: Context) -> None:
        if update.callback_query and update.callback_query.message is None:
            await self._desk.presses.answer(update, texts.PRESSED_ELSEWHERE, is_alert=True)
            raise ApplicationHandlerStop
        self._desk.screens.meet(update)
