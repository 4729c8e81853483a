"""The owners' page, and who is let in."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from telegram import Update
from telegram.ext import CallbackQueryHandler, CommandHandler

from activations.books import settle
from activations.errors import GoneAlready, NotFound
from activations.model import CLOSED_BY_OWNER, State
from handlers import keyboards, pages, texts
from handlers.authorization import Guarded
from handlers.callback_data import Verb, pattern
from handlers.desk import Context, Desk, TelegramApplication, press_of, user_of
from handlers.pressed import pressed
from people.access import Right
from people.model import Person, Standing

# Ended numbers are looked through so far back for money that nobody saw come back.
OWED_FOR = timedelta(days=7)

Decision = Callable[[int, int], Awaitable[Person | None]]


class Admin:
    """Shape: `requests_used` tells the requests of the last 60 s and their limit."""

    def __init__(self, desk: Desk, requests_used: Callable[[], tuple[int, int]]) -> None:
        self._desk = desk
        self._requests_used = requests_used

    def register(self, application: TelegramApplication) -> None:
        page = Guarded(self._desk, Right.OWNER, self.page)
        application.add_handler(CommandHandler("admin", page))
        for verb, callback in (
            (Verb.ADMIN, self.page),
            (Verb.OPEN, self.open_renting),
            (Verb.LET_IN, self.let_in),
            (Verb.TURN_AWAY, self.turn_away),
        ):
            guarded = Guarded(self._desk, Right.OWNER, callback)
            application.add_handler(CallbackQueryHandler(guarded, pattern(verb)))
        # Of another's order nothing is said, not even that there are owners' buttons.
        settle = Guarded(self._desk, Right.OWNER, self.settle, texts.NOT_FOUND)
        application.add_handler(CallbackQueryHandler(settle, pattern(Verb.SETTLE)))

    async def page(self, update: Update, _context: Context) -> None:
        await self._desk.presses.answer(update)
        people = self._desk.access.store
        asked = await people.with_standing(Standing.ASKED)
        let_in = await people.with_standing(Standing.LET_IN)
        unsure = await self._desk.store.in_states(frozenset({State.UNCERTAIN}))
        ended = await self._desk.store.ended_since(self._desk.clock.now() - OWED_FOR)
        owed = [a for a in ended if not a.is_refund_confirmed and not a.sms]
        used, limit = self._requests_used()
        condition = self._desk.health.condition.value
        tally = await self._desk.ledger.tally()
        text = pages.admin(condition, used, limit, asked, let_in, unsure, owed, tally)
        lost = await self._desk.store.lost_order()
        text = text if lost is None else f"{texts.OWNER_RESTORED}\n\n{text}"
        await self._desk.screens.show(update, text, keyboards.admin(asked, unsure, lost))

    async def settle(self, update: Update, context: Context) -> None:
        """An owner has looked at the account: the order cost nothing, or its money came back."""
        activation = await pressed(self._desk, update)
        now = self._desk.clock.now()
        if not await settle(self._desk.store, activation, CLOSED_BY_OWNER, now):
            raise GoneAlready(activation)
        await self.page(update, context)
        await self._desk.outbox.run_pass(activation.user_id)

    async def open_renting(self, update: Update, _context: Context) -> None:
        """An owner has compared a restored database with the account. Nothing else opens it."""
        lost = await self._desk.store.lost_order()
        if lost is not None and lost != press_of(update).id():
            raise NotFound
        await self._desk.presses.answer(update)
        await self._desk.store.open_renting()
        await self._desk.screens.show(update, texts.RENTING_OPENED, keyboards.TO_MENU)

    async def let_in(self, update: Update, _context: Context) -> None:
        await self._decide(update, self._desk.access.let_in, is_let_in=True)

    async def turn_away(self, update: Update, _context: Context) -> None:
        await self._decide(update, self._desk.access.turn_away, is_let_in=False)

    async def _decide(self, update: Update, decide: Decision, *, is_let_in: bool) -> None:
        person = await decide(user_of(update), press_of(update).id())
        if person is None:
            await self._desk.presses.answer(update, texts.OWNERS_ONLY, is_alert=True)
            return
        await self._desk.presses.answer(update)
        text = texts.decided(person.name, person.user_id, is_let_in=is_let_in)
        keyboard = keyboards.access(person.user_id, person.standing)
        await self._desk.screens.show(update, text, keyboard)
        await self._desk.outbox.run_pass(person.user_id)
