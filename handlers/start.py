"""The door and the menu: who may come in, the greeting, help, settings, closing."""

import asyncio

from telegram import Update
from telegram.constants import ChatType
from telegram.ext import (
    ApplicationHandlerStop,
    CallbackQueryHandler,
    CommandHandler,
    TypeHandler,
)

from activations.errors import Refusal
from handlers import formats, keyboards, pages, texts
from handlers.callback_data import Verb, pattern
from handlers.commands import publish_to_owner
from handlers.desk import Context, Desk, TelegramApplication, user_of
from handlers.screens import place_of
from people.access import Verdict

# The greeting does not wait longer for the balance; it is told without.
BALANCE_LIMIT_S = 1.5
DOOR = -1


class Start:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._commanded: set[int] = set()

    def register(self, application: TelegramApplication) -> None:
        application.add_handler(TypeHandler(Update, self.open_door), group=DOOR)
        application.add_handler(CommandHandler("start", self.greet))
        application.add_handler(CommandHandler("help", self.help))
        application.add_handler(CommandHandler("settings", self.settings))
        application.add_handler(CallbackQueryHandler(self.greet, pattern(Verb.MENU)))
        application.add_handler(CallbackQueryHandler(self.menu_below, pattern(Verb.MENU_BELOW)))
        application.add_handler(CallbackQueryHandler(self.help, pattern(Verb.HELP)))
        application.add_handler(CallbackQueryHandler(self.settings, pattern(Verb.SETTINGS)))
        application.add_handler(CallbackQueryHandler(self.close, pattern(Verb.CLOSE)))
        application.add_handler(CallbackQueryHandler(self.stay, pattern(Verb.STILL)))

    async def open_door(self, update: Update, context: Context) -> None:
        """Let nobody past who may not use the bot; only private chats are served."""
        user, chat = update.effective_user, update.effective_chat
        is_private = chat is None or chat.type == ChatType.PRIVATE
        if user is None or user.is_bot or not is_private:
            await self._desk.presses.answer(update)
            raise ApplicationHandlerStop
        await self._desk.notes.unpark(user.id, self._desk.clock.now())
        verdict = await self._desk.access.knock(user.id, user.full_name)
        if verdict is Verdict.WELCOME:
            await self._offer_owner_commands(user.id, context)
            return
        await self._desk.presses.answer(update)
        is_asked = verdict is Verdict.ASKED_JUST_NOW
        await self._desk.screens.send(user.id, texts.closed_door(user.id, is_asked=is_asked))
        raise ApplicationHandlerStop

    async def greet(self, update: Update, context: Context) -> None:
        await self._desk.presses.answer(update)
        text = await self._greeting(update, context)
        await self._desk.screens.show(update, text, keyboards.main_menu())

    async def menu_below(self, update: Update, context: Context) -> None:
        """The menu in a message of its own: the pressed one holds what must stay."""
        await self._desk.presses.answer(update)
        text = await self._greeting(update, context)
        await self._desk.screens.send(user_of(update), text, keyboards.main_menu())

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

    async def _offer_owner_commands(self, user_id: int, context: Context) -> None:
        if self._desk.access.is_owner(user_id) and user_id not in self._commanded:
            self._commanded.add(user_id)
            context.application.create_task(publish_to_owner(context.bot, user_id))

    async def _greeting(self, update: Update, context: Context) -> str:
        """With the balance as it was seen lately, else with the one of now."""
        name = update.effective_user.first_name if update.effective_user else ""
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
