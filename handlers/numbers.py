"""Numbers in hand and past ones: lists, cancel, another SMS, done."""

from collections.abc import Awaitable, Callable

from telegram import Message, Update
from telegram.ext import CallbackQueryHandler, CommandHandler

from activations.errors import GoneAlready
from activations.model import (
    HELD_STATES,
    HISTORY_STATES,
    IN_HAND_STATES,
    OPEN_STATES,
    Activation,
    State,
)
from handlers import keyboards, pages, texts
from handlers.authorization import Guarded, rights_for
from handlers.callback_data import Verb, pattern
from handlers.desk import Context, Desk, TelegramApplication, press_of, user_of
from handlers.pressed import owned
from handlers.screens import place_of
from people.access import Right

PAGE_SIZE = 5

Ending = Callable[[int, int], Awaitable[Activation]]


class Numbers:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def register(self, application: TelegramApplication) -> None:
        numbers = Guarded(self._desk, Right.FOLLOW, self.numbers)
        history = Guarded(self._desk, Right.RENT, self.history)
        application.add_handler(CommandHandler("numbers", numbers))
        application.add_handler(CommandHandler("history", history))
        application.add_handler(CallbackQueryHandler(numbers, pattern(Verb.NUMBERS)))
        application.add_handler(CallbackQueryHandler(history, pattern(Verb.HISTORY)))
        for verb, callback in (
            (Verb.CANCEL, self.cancel),
            (Verb.ANOTHER, self.another_sms),
            (Verb.DONE, self.done),
        ):
            guarded = Guarded(self._desk, Right.FOLLOW, callback)
            application.add_handler(CallbackQueryHandler(guarded, pattern(verb)))

    async def numbers(self, update: Update, _context: Context) -> None:
        """A line how many, then each number's card, moved to the end of the chat."""
        await self._desk.presses.answer(update)
        may_rent = Right.RENT in rights_for(update)
        # Lost orders stand in the history, which is not for people who may not rent.
        held, page, count = await self._page(update, IN_HAND_STATES if may_rent else HELD_STATES)
        pages_count = keyboards.page_count(count, PAGE_SIZE)
        keyboard = keyboards.numbers(page, pages_count, may_rent=may_rent)
        await self._desk.screens.show(update, pages.numbers(count), keyboard)
        for activation in reversed(held):
            await self._desk.cards.show_anew(activation.id)

    async def history(self, update: Update, _context: Context) -> None:
        await self._desk.presses.answer(update)
        past, page, count = await self._page(update, HISTORY_STATES)
        keyboard = keyboards.history(page, keyboards.page_count(count, PAGE_SIZE))
        await self._desk.screens.show(update, pages.history(past), keyboard)

    async def _page(
        self, update: Update, states: frozenset[State]
    ) -> tuple[list[Activation], int, int]:
        """The page that was asked for or the last one there is, its number, and all rows' count."""
        user_id = user_of(update)
        asked_for = press_of(update).page() if update.callback_query else 0
        count = await self._desk.store.count_of(user_id, states)
        page = min(asked_for, keyboards.page_count(count, PAGE_SIZE) - 1)
        rows = await self._desk.store.page_of(user_id, states, page * PAGE_SIZE, PAGE_SIZE)
        return rows, page, count

    async def cancel(self, update: Update, context: Context) -> None:
        await self._end(update, context, self._desk.endings.cancel)

    async def another_sms(self, update: Update, context: Context) -> None:
        await self._end(update, context, self._desk.endings.another_sms)

    async def done(self, update: Update, context: Context) -> None:
        await self._end(update, context, self._desk.endings.complete)

    async def _end(self, update: Update, context: Context, ending: Ending) -> None:
        """Pass the wish on beside the person's lane: the provider may take its time."""
        activation = await owned(self._desk, update)
        if activation.state not in OPEN_STATES:
            raise GoneAlready(activation)
        if activation.id in self._desk.under_way:
            await self._desk.presses.answer(update, texts.UNDER_WAY)
            return
        self._desk.under_way.add(activation.id)
        self._desk.beside(update, context, self._ask(update, activation, ending))
        await self._desk.presses.answer(update, texts.ASKING)

    async def _ask(self, update: Update, activation: Activation, ending: Ending) -> None:
        try:
            after = await ending(activation.user_id, activation.id)
        finally:
            self._desk.under_way.discard(activation.id)
            await self._desk.outbox.run_pass(activation.user_id)
        await self._refresh_code_message(update, after)
        message = update.callback_query.message if update.callback_query else None
        if message and after.state in OPEN_STATES:
            await self._desk.cards.show_anew(after.id, below=message.message_id)

    async def _refresh_code_message(self, update: Update, after: Activation) -> None:
        """A message with a code keeps its text; only its buttons follow."""
        query = update.callback_query
        place = place_of(query) if query else None
        if query is None or place is None or place == after.card or not after.sms:
            return
        keyboard = keyboards.code(after)
        if isinstance(query.message, Message) and query.message.reply_markup != keyboard:
            await self._desk.screens.set_keyboard(place, keyboard)
