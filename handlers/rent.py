"""Renting: country → service → confirm card → the number's card."""

import asyncio
import logging

from telegram import InlineKeyboardMarkup, Update
from telegram.error import TelegramError
from telegram.ext import (
    CallbackQueryHandler,
    CommandHandler,
    MessageHandler,
    filters,
)

from activations.catalog import ANYWHERE
from activations.errors import GoneAlready, NotInDollars, OfferStale
from activations.model import HELD_STATES, Activation, Card, Kind, State
from activations.rentals import Quote
from handlers import card_texts, formats, keyboards, texts
from handlers.authorization import Guarded
from handlers.callback_data import Verb, pattern, resolve
from handlers.desk import Context, Desk, TelegramApplication, press_of, user_of
from handlers.pressed import owned
from handlers.screens import place_of
from people.access import Right

log = logging.getLogger(__name__)


class Renting:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def register(self, application: TelegramApplication) -> None:
        countries = Guarded(self._desk, Right.RENT, self.countries)
        application.add_handler(CommandHandler("rent", countries))
        for verb, callback in (
            (Verb.COUNTRIES, self.countries),
            (Verb.SERVICES, self.services),
            (Verb.OFFER, self.offer),
            (Verb.LEAVE, self.leave),
            (Verb.RETRY, self.retry),
            (Verb.AGAIN, self.offer_again),
            (Verb.RENT, self.rent),
            (Verb.OTHER, self.swap),
        ):
            guarded = Guarded(self._desk, Right.RENT, callback)
            application.add_handler(CallbackQueryHandler(guarded, pattern(verb)))
        text = filters.TEXT & ~filters.COMMAND & filters.UpdateType.MESSAGE
        search = Guarded(self._desk, Right.RENT, self.search)
        application.add_handler(MessageHandler(text, search))

    async def countries(self, update: Update, _context: Context) -> None:
        await self._desk.presses.answer(update)
        page = press_of(update).page() if update.callback_query else 0
        found = await self._desk.catalog.countries(user_of(update))
        await self._desk.screens.show(
            update, texts.CHOOSE_COUNTRY, keyboards.countries(found, page)
        )

    async def services(self, update: Update, _context: Context) -> None:
        await self._desk.presses.answer(update)
        press = press_of(update)
        country_id = await self._country_id(user_of(update), press.ref(0))
        await self._show_services(update, country_id, press.page(1))

    async def offer(self, update: Update, _context: Context) -> None:
        """A service was chosen: show the confirm card with the price of now."""
        await self._desk.presses.answer(update)
        press, user_id = press_of(update), user_of(update)
        country_id = await self._country_id(user_id, press.ref(0))
        listed = await self._desk.catalog.services(user_id, country_id)
        service_code = resolve(press.ref(1), (service.code for service in listed))
        await self._propose(update, country_id, service_code)

    async def offer_again(self, update: Update, _context: Context) -> None:
        """The same number once more, in a message of its own: the code stays where it is."""
        source = await owned(self._desk, update)
        await self._desk.presses.answer(update)
        await self._send(await self._quote_again(source.user_id, source.id))

    async def retry(self, update: Update, _context: Context) -> None:
        """The same wish at the price of now, in place of a card whose number is gone."""
        old = await owned(self._desk, update)
        await self._desk.presses.answer(update)
        await self._propose(update, old.offer.country_id, old.offer.service_code)

    async def leave(self, update: Update, _context: Context) -> None:
        """Back from a confirm card: its offer is withdrawn."""
        left = await owned(self._desk, update)
        await self._desk.presses.answer(update)
        if left.state not in (State.INTENT, State.WITHDRAWN):
            await self._desk.cards.refresh(left.id)
            return
        await self._desk.rentals.withdraw(left.user_id, left.id)
        if left.card:
            await self._desk.store.drop_card(left.card)
        await self._show_services(update, left.offer.country_id, 0)

    async def rent(self, update: Update, context: Context) -> None:
        """The one press that spends; every further one is shown what became of the first."""
        if not press_of(update).has_token:
            await self._rent_without_token(update)
            return
        offered, place = await owned(self._desk, update), _place(update)
        if refusal := self._desk.health.refusal:
            raise refusal
        try:
            begun = await self._desk.rentals.confirm(
                offered.user_id, self._desk.limits_of(offered.user_id), offered.id, place
            )
        except GoneAlready as gone:
            await self._show_what_became(update, gone.activation, place)
        except OfferStale as stale:
            await self._propose_anew(update, stale.activation)
        else:
            # Beside the person's lane: whatever else they press is handled meanwhile.
            self._desk.beside(update, context, self._pay(begun))
            await self._desk.presses.answer(update, texts.RENTING)

    async def swap(self, update: Update, context: Context) -> None:
        """Another number instead of the waiting one."""
        old = await owned(self._desk, update)
        if old.state is not State.WAITING:
            raise GoneAlready(old)
        if old.id in self._desk.under_way:
            await self._desk.presses.answer(update, texts.UNDER_WAY)
            return
        if refusal := self._desk.health.refusal:
            raise refusal  # before the old number is given back
        self._desk.under_way.add(old.id)
        self._desk.beside(update, context, self._swap(old))
        await self._desk.presses.answer(update, texts.ASKING)

    async def search(self, update: Update, _context: Context) -> None:
        """Free text: the services and countries whose name holds it."""
        user_id = user_of(update)
        self._must_be_in_dollars()
        wanted = (update.effective_message.text if update.effective_message else None) or ""
        country = await self._desk.catalog.usual_country(user_id)
        services, countries = await self._desk.catalog.search(user_id, wanted, country.id)
        shown = formats.country(country.id, country.name)
        text = texts.found(wanted, shown, len(services), len(countries))
        keyboard = keyboards.matches(services, country.id, countries)
        await self._desk.screens.show(update, text, keyboard)

    async def _country_id(self, user_id: int, reference: str) -> str:
        countries = await self._desk.catalog.countries(user_id)
        known = (country.id for country in (ANYWHERE, *countries))
        return resolve(reference, known)

    def _must_be_in_dollars(self) -> None:
        """Errors: NotInDollars while the balance is in another currency: prices may be, too."""
        if currency := self._desk.health.currency.of_balance:
            raise NotInDollars(currency)

    async def _show_services(self, update: Update, country_id: str, page: int) -> None:
        self._must_be_in_dollars()
        found = await self._desk.catalog.services(user_of(update), country_id)
        country = await self._desk.catalog.country(country_id) or ANYWHERE
        text = texts.choose_service(formats.country(country.id, country.name), len(found))
        await self._desk.screens.show(update, text, keyboards.services(found, country_id, page))

    async def _rent_without_token(self, update: Update) -> None:
        """A button that names its row by an id alone never spends: the id may be given anew."""
        user_id = user_of(update)
        offered = await self._desk.rentals.owned(user_id, press_of(update).id())
        if begun := await self._desk.store.from_before(offered.id):
            await self._show_what_became(update, begun, _place(update))
        else:
            await self._propose_anew(update, offered)

    async def _propose(self, update: Update, country_id: str, service_code: str) -> None:
        await self._show(update, await self._quote(user_of(update), country_id, service_code))

    async def _propose_anew(self, update: Update, old: Activation) -> None:
        """The same offer at the price of now; in a new message if another one shows `old`."""
        await self._desk.presses.answer(update)
        offer = old.offer
        if offer.kind is Kind.AGAIN and offer.source_id:
            quote = await self._quote_again(old.user_id, offer.source_id)
        else:
            quote = await self._quote(old.user_id, offer.country_id, offer.service_code)
        if old.card in (None, _place(update)):
            await self._show(update, quote)
        else:
            await self._send(quote)

    async def _quote(self, user_id: int, country_id: str, service_code: str) -> Quote:
        self._must_be_in_dollars()
        limits = self._desk.limits_of(user_id)
        return await self._desk.rentals.quote(user_id, limits, country_id, service_code)

    async def _quote_again(self, user_id: int, source_id: int) -> Quote:
        self._must_be_in_dollars()
        limits = self._desk.limits_of(user_id)
        return await self._desk.rentals.quote_again(user_id, limits, source_id)

    async def _show(self, update: Update, quote: Quote) -> None:
        """The confirm card in the pressed message, unless that is the card of a live number."""
        place = _place(update)
        there = await self._desk.store.shown_at(place) if place else None
        if there and there.state in HELD_STATES:
            await self._send(quote)
        elif card := await self._desk.screens.show(update, *_confirm_card(quote)):
            await self._desk.store.place_card(quote.activation.id, card)

    async def _send(self, quote: Quote) -> None:
        card = await self._desk.screens.send(quote.activation.user_id, *_confirm_card(quote))
        await self._desk.store.place_card(quote.activation.id, card)

    async def _pay(self, begun: Activation) -> None:
        try:
            await asyncio.gather(self._show_renting(begun), self._desk.rentals.pay(begun))
        finally:
            await self._desk.outbox.run_pass(begun.user_id)

    async def _show_renting(self, begun: Activation) -> None:
        try:
            await self._desk.cards.refresh(begun.id)
        except TelegramError as err:
            log.info("the card of activation %d does not show the renting: %s", begun.id, err)

    async def _swap(self, old: Activation) -> None:
        limits = self._desk.limits_of(old.user_id)
        try:
            begun = await self._desk.rentals.swap(old.user_id, limits, old.id)
            await self._pay(begun)
        finally:
            self._desk.under_way.discard(old.id)
            await self._desk.outbox.run_pass(old.user_id)

    async def _show_what_became(
        self, update: Update, activation: Activation, place: Card | None
    ) -> None:
        await self._desk.presses.answer(update, texts.became(activation))
        if place and activation.card == place:
            await self._desk.cards.refresh(activation.id)
        elif activation.card is None and activation.state is not State.INTENT:
            text = card_texts.card(activation, self._desk.clock.now())
            await self._desk.screens.show(update, text, keyboards.card(activation))


def _place(update: Update) -> Card | None:
    return place_of(update.callback_query) if update.callback_query else None


def _confirm_card(quote: Quote) -> tuple[str, InlineKeyboardMarkup]:
    text = card_texts.confirm(quote.activation, quote.stock)
    return text, keyboards.confirm(quote.activation)
