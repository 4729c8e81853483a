"""The account's balance."""

from telegram import Update
from telegram.ext import CallbackQueryHandler, CommandHandler

from handlers import keyboards, texts
from handlers.authorization import Guarded
from handlers.callback_data import Verb, pattern
from handlers.desk import Context, Desk, TelegramApplication
from people.access import Right


class BalanceScreen:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def register(self, application: TelegramApplication) -> None:
        show = Guarded(self._desk, Right.RENT, self.show)
        application.add_handler(CommandHandler("balance", show))
        application.add_handler(CallbackQueryHandler(show, pattern(Verb.BALANCE)))

    async def show(self, update: Update, _context: Context) -> None:
        await self._desk.presses.answer(update)
        balance = await self._desk.account.balance()
        await self._desk.screens.show(update, texts.balance(balance), keyboards.BACK)
