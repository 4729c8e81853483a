"""Getting a number: offer, confirm, pay; what is spent goes through orders.py.

Money rule: one press rents at most one number. The guarded step INTENT → RENTING is committed
before the order leaves.
"""

import logging
from dataclasses import dataclass, replace
from decimal import Decimal

from activations.catalog import Catalog
from activations.endings import Endings
from activations.errors import (
    GoneAlready,
    NotAllowed,
    NotConfirmed,
    NotFound,
    OfferStale,
    OutOfStock,
    RentingClosed,
    SpentToday,
    TooDear,
    TooMany,
)
from activations.model import (
    LEAST_PRICE,
    OFFER_LIFETIME,
    Activation,
    Card,
    Kind,
    Offer,
    State,
)
from activations.orders import Orders
from activations.ports import Clock, Store
from people.model import Limits, Usage

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Quote:
    """An INTENT with what its card shows besides; `stock` is None where it says nothing."""

    activation: Activation
    stock: int | None


class Rentals:
    """Errors: each wish ends in a Refusal a person can be told, or in the provider's error."""

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        endings: Endings,
        orders: Orders,
        clock: Clock,
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._endings = endings
        self._orders = orders
        self._clock = clock

    async def quote(
        self, user_id: int, limits: Limits, country_id: str, service_code: str
    ) -> Quote:
        """Propose a fresh number at the price of now; the INTENT's id goes into the button."""
        country = await self._catalog.country(country_id)
        if country is None:
            raise NotFound
        service = await self._catalog.fresh_service(country_id, service_code)
        offer = Offer(
            user_id, service.code, service.name, country.id, country.name, service.price
        )  # fmt: skip
        return Quote(await self._propose(offer, limits), service.stock)

    async def quote_again(self, user_id: int, limits: Limits, activation_id: int) -> Quote:
        """Propose the number of an earlier activation at the price of now."""
        source = await self.owned(user_id, activation_id)
        if source.number is None:
            raise NotFound
        if source.state is State.WAITING:
            raise GoneAlready(source)
        old = source.offer
        service = await self._catalog.fresh_service(
            old.country_id, old.service_code, needs_stock=False
        )
        offer = replace(old, price=service.price, kind=Kind.AGAIN, source_id=source.id)
        return Quote(await self._propose(offer, limits), None)

    async def confirm(
        self, user_id: int, limits: Limits, activation_id: int, card: Card | None
    ) -> Activation:
        """Take the offer: INTENT → RENTING, committed. `pay` must follow.

        Errors: GoneAlready with what became of it, for every press but the first; OfferStale,
        also for a press on another message than the card that is known to show it.
        """
        activation = await self.owned(user_id, activation_id)
        if activation.state is not State.INTENT:
            raise GoneAlready(activation)
        # One from far ahead was made before the clock was set back: its age is not known.
        if abs(self._clock.now() - activation.created_at) > OFFER_LIFETIME:
            await self.withdraw(user_id, activation_id)
            raise OfferStale(activation)
        if activation.card not in (None, card):
            raise OfferStale(activation)
        await self._check_open()
        return await self._begin(activation, limits, card)

    async def pay(self, activation: Activation) -> Activation:
        """Order the number of a RENTING activation and record what came of it.

        Shape: WAITING, REFUSED, INTENT (the order never left) or UNCERTAIN; what a look showed when
        the order's answer left the phone number out.
        """
        return await self._endings.show_phone(await self._orders.place(activation))

    async def swap(self, user_id: int, limits: Limits, activation_id: int) -> Activation:
        """Give a waiting number back and, only once that is confirmed, take another like it.

        Shape: the new activation, RENTING; `pay` must follow.
        Errors: as for `cancel`, and nothing is bought; NotConfirmed when it is under way already;
        NotAllowed, and nothing is cancelled, for a person who may not rent.
        """
        old = await self.owned(user_id, activation_id)
        if old.state is not State.WAITING or old.sms or old.number is None:
            raise GoneAlready(old)
        await self._check_open()
        price = old.price or old.offer.price  # what the provider gave for nothing has no limit
        _check_price(price, limits)
        offer = replace(old.offer, price=price, kind=Kind.INSTEAD, source_id=old.id)
        new = await self._store.offer(
            offer, self._clock.now(), lambda usage: _check_standing(usage, limits)
        )
        if new is None:
            raise NotConfirmed(old)
        try:
            ended = await self._given_back(old)
            return await self._begin(new, limits, ended.card)
        except BaseException:
            await self.withdraw(user_id, new.id)
            raise

    async def withdraw(self, user_id: int, activation_id: int) -> None:
        """Drop an offer that was left; without effect on anything else."""
        offered = await self.owned(user_id, activation_id)
        if offered.state is State.INTENT:
            now = self._clock.now()
            gone = replace(offered, state=State.WITHDRAWN, changed_at=now)
            await self._store.record(offered, gone, (), now)

    async def owned(self, user_id: int, activation_id: int) -> Activation:
        """Errors: NotFound, alike for a missing activation and for another person's."""
        return await self._endings.owned(user_id, activation_id)

    async def recover(self) -> None:
        """Settle what a process that died had begun: orders without an answer, unfinished swaps."""
        for activation in await self._store.in_states(frozenset({State.RENTING})):
            await self._orders.lose(activation, "the bot was stopped before the answer came")
        for activation in await self._store.unfinished_swaps():
            await self.withdraw(activation.user_id, activation.id)
        await self._orders.tell_duplicates()

    async def _given_back(self, old: Activation) -> Activation:
        ended = await self._endings.cancel(old.user_id, old.id)
        if ended.state is not State.CANCELLED:
            raise GoneAlready(ended)
        return ended

    async def _check_open(self) -> None:
        if await self._store.lost_order() is not None:
            raise RentingClosed

    async def _propose(self, offer: Offer, limits: Limits) -> Activation:
        _check_price(offer.price, limits)
        proposed = await self._store.offer(offer, self._clock.now())
        if proposed is None:
            raise NotFound
        return proposed

    async def _begin(self, activation: Activation, limits: Limits, card: Card | None) -> Activation:
        _check_price(activation.price, limits)
        is_first = await self._store.begin(
            activation, lambda usage: _check_usage(usage, limits), card, self._clock.now()
        )
        now_stands = await self.owned(activation.user_id, activation.id)
        if not is_first:
            raise GoneAlready(now_stands)
        log.info("activation %d: intent -> renting", activation.id)
        return now_stands


def _check_price(price: Decimal, limits: Limits) -> None:
    if price < LEAST_PRICE:
        raise OutOfStock
    if limits.max_price is not None and price > limits.max_price:
        raise TooDear(price, limits.max_price)


def _check_standing(usage: Usage, limits: Limits) -> None:
    if usage.standing not in limits.standings:
        raise NotAllowed


def _check_usage(usage: Usage, limits: Limits) -> None:
    _check_standing(usage, limits)
    if limits.max_active is not None and usage.held > limits.max_active:
        raise TooMany(limits.max_active)
    if limits.daily is not None and usage.spent > limits.daily:
        raise SpentToday(limits.daily)
