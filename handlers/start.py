"""The menu: the greeting, help, settings, closing."""

import asyncio

from telegram import InlineKeyboardMarkup, Update
from telegram.ext import CallbackQueryHandler, CommandHandler

from activations.errors import Refusal
from handlers import formats, keyboards, pages, texts
from handlers.authorization import Guarded, rights_for
from handlers.callback_data import Verb, pattern
from handlers.commands import publish_to_owner
from handlers.desk import Context, Desk, TelegramApplication, user_of
from handlers.screens import place_of
from people.access import Right

# The greeting does not wait longer for the balance; it is told without.
BALANCE_LIMIT_S = 1.5


class Start:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._commanded: set[int] = set()

    def register(self, application: TelegramApplication) -> None:
        for word, right, callback in (
            ("start", Right.FOLLOW, self.greet),
            ("help", Right.RENT, self.help),
            ("settings", Right.RENT, self.settings),
        ):
            guarded = Guarded(self._desk, right, callback)
            application.add_handler(CommandHandler(word, guarded))
        for verb, right, callback in (
            (Verb.MENU, Right.FOLLOW, self.greet),
            (Verb.MENU_BELOW, Right.FOLLOW, self.menu_below),
            (Verb.HELP, Right.RENT, self.help),
            (Verb.SETTINGS, Right.RENT, self.settings),
            (Verb.CLOSE, Right.FOLLOW, self.close),
            (Verb.STILL, Right.FOLLOW, self.stay),
        ):
            guarded = Guarded(self._desk, right, callback)
            application.add_handler(CallbackQueryHandler(guarded, pattern(verb)))

    async def greet(self, update: Update, context: Context) -> None:
        await self._desk.presses.answer(update)
        await self._desk.screens.show(update, *await self._menu(update, context))

    async def menu_below(self, update: Update, context: Context) -> None:
        """The menu in a message of its own: the pressed one holds what must stay."""
        await self._desk.presses.answer(update)
        await self._desk.screens.send(user_of(update), *await self._menu(update, context))

    async def help(self, update: Update, _context: Context) -> None:
        await self._desk.presses.answer(update)
        await self._desk.screens.show(update, pages.HELP, keyboards.BACK)

    async def settings(self, update: Update, _context: Context) -> None:
        await self._desk.presses.answer(update)
        user_id = user_of(update)
        is_owner = self._desk.access.is_owner(user_id)
        text = pages.settings(user_id, self._desk.limits_of(user_id), is_owner=is_owner)
        await self._desk.screens.show(update, text, keyboards.BACK)

    async def close(self, update: Update, _context: Context) -> None:
        """Take the message away; a number whose card it was stays under /numbers."""
        await self._desk.presses.answer(update)
        place = place_of(update.callback_query) if update.callback_query else None
        if place:
            await self._desk.store.drop_card(place)
        if place and not await self._desk.screens.take_away(place):
            await self._desk.screens.show(update, texts.GOODBYE, keyboards.TO_MENU)

    async def stay(self, update: Update, _context: Context) -> None:
        await self._desk.presses.answer(update)

    async def _menu(self, update: Update, context: Context) -> tuple[str, InlineKeyboardMarkup]:
        """What the person may do: without the right to rent, only look after open numbers."""
        rights = rights_for(update)
        if Right.RENT not in rights:
            return texts.NUMBERS_ONLY, keyboards.to_numbers()
        if Right.OWNER in rights:
            self._offer_owner_commands(user_of(update), context)
        return await self._greeting(update, context), keyboards.main_menu()

    def _offer_owner_commands(self, user_id: int, context: Context) -> None:
        if user_id not in self._commanded:
            self._commanded.add(user_id)
            context.application.create_task(publish_to_owner(context.bot, user_id))

    async def _greeting(self, update: Update, context: Context) -> str:
        """With the balance as it was seen lately, else with the one of now."""
        name = formats.name(update.effective_user.first_name) if update.effective_user else ""
        account, create_task = self._desk.account, context.application.create_task
        seen = account.glance()
        if seen is None:
            return texts.greeting(name, await self._awaited_balance(create_task(self._balance())))
        if account.is_glance_old:
            create_task(self._balance())
        return texts.greeting(name, texts.balance(seen))

    async def _awaited_balance(self, task: asyncio.Task[str]) -> str:
        """Unknown when it takes too long; whoever asks next may have it."""
        done, _pending = await asyncio.wait({task}, timeout=BALANCE_LIMIT_S)
        return task.result() if done else texts.balance_unknown(texts.SLOW)

    async def _balance(self) -> str:
        try:
            balance = await self._desk.account.balance()
        except Refusal as err:
            return texts.balance_unknown(formats.escape(texts.refusal(err)))
        return texts.balance(balance)
