"""Getting a number: offer, confirm, pay. The only place that spends money.

Money rule: one press rents at most one number. The guarded step INTENT → RENTING is committed
before the order leaves, and an order whose outcome is unknown is stored and never repeated.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from activations.catalog import Catalog
from activations.endings import Endings
from activations.errors import (
    GoneAlready,
    NotConfirmed,
    NotFound,
    OfferStale,
    SpentToday,
    TooDear,
    TooMany,
)
from activations.model import (
    OFFER_LIFETIME,
    USUAL_LIFETIME,
    Activation,
    Card,
    Kind,
    Number,
    Offer,
    State,
)
from activations.notes import Draft, NoteKind, card
from activations.ports import Clock, Provider, Store
from bloomsms.errors import ErrorCode, NotSent, OutcomeUnknown, RateLimited, Refused
from bloomsms.models import Rental
from people.model import Limits, Usage

# Owners hear of an empty account once in so long, not once a tap.
FUNDS_ALERT_EVERY = timedelta(hours=6)

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
        provider: Provider,
        catalog: Catalog,
        endings: Endings,
        clock: Clock,
        owner_ids: frozenset[int],
    ) -> None:
        self._store = store
        self._provider = provider
        self._catalog = catalog
        self._endings = endings
        self._clock = clock
        self._owner_ids = owner_ids
        self._next_funds_alert = clock.now()

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
        service = await self._catalog.fresh_service(old.country_id, old.service_code)
        offer = replace(old, price=service.price, kind=Kind.AGAIN, source_id=source.id)
        return Quote(await self._propose(offer, limits), None)

    async def confirm(
        self, user_id: int, limits: Limits, activation_id: int, card: Card | None
    ) -> Activation:
        """Take the offer: INTENT → RENTING, committed. `pay` must follow.

        Errors: GoneAlready with what became of it, for every press but the first; OfferStale.
        """
        activation = await self.owned(user_id, activation_id)
        if activation.state is not State.INTENT:
            raise GoneAlready(activation)
        if self._clock.now() - activation.created_at > OFFER_LIFETIME:
            await self.withdraw(user_id, activation_id)
            raise OfferStale(activation)
        return await self._begin(activation, limits, card)

    async def pay(self, activation: Activation) -> Activation:
        """Order the number of a RENTING activation and record what came of it.

        Shape: WAITING, REFUSED, INTENT (the order never left) or UNCERTAIN.
        """
        try:
            rental = await self._order(activation)
        except Refused as err:
            return await self._refused(activation, err)
        except NotSent as err:
            return await self._not_sent(activation, err)
        except OutcomeUnknown as err:
            return await self._uncertain(activation, str(err))
        number = self._number(activation, rental)
        log.info("activation %d: rented as %s", activation.id, number.provider_id)
        now = self._clock.now()
        after = replace(
            activation, state=State.WAITING, changed_at=now, number=number, waiting_since=now
        )
        return await self._record(activation, after, (card(activation.user_id, activation.id),))

    async def swap(self, user_id: int, limits: Limits, activation_id: int) -> Activation:
        """Give a waiting number back and, only once that is confirmed, take another like it.

        Shape: the new activation, RENTING; `pay` must follow.
        Errors: as for `cancel`, and nothing is bought; NotConfirmed when it is under way already.
        """
        old = await self.owned(user_id, activation_id)
        if old.state is not State.WAITING or old.sms or old.number is None:
            raise GoneAlready(old)
        offer = replace(old.offer, price=old.price, kind=Kind.INSTEAD, source_id=old.id)
        new = await self._store.offer(offer, self._clock.now())
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
            await self._uncertain(activation, "the bot was stopped before the answer came")
        for activation in await self._store.in_states(frozenset({State.INTENT})):
            if activation.offer.kind is Kind.INSTEAD:
                await self.withdraw(activation.user_id, activation.id)

    async def _given_back(self, old: Activation) -> Activation:
        ended = await self._endings.cancel(old.user_id, old.id)
        if ended.state is not State.CANCELLED:
            raise GoneAlready(ended)
        return ended

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

    async def _order(self, activation: Activation) -> Rental:
        offer = activation.offer
        if offer.kind is not Kind.AGAIN:
            return await self._provider.rent(offer.service_code, offer.country_id, offer.price)
        source = await self.owned(offer.user_id, offer.source_id or 0)
        if source.number is None:
            raise NotSent("the earlier number is gone")
        return await self._provider.re_rent(source.number.provider_id)

    def _number(self, activation: Activation, rental: Rental) -> Number:
        return Number(
            provider_id=rental.activation_id,
            phone_number=rental.phone_number,
            price=_plausible(rental.price, activation.offer),
            expires_at=rental.expires_at or self._clock.now() + USUAL_LIFETIME,
        )

    async def _refused(self, activation: Activation, err: Refused) -> Activation:
        self._catalog.forget_prices(activation.offer.country_id)
        now = self._clock.now()
        after = replace(activation, state=State.REFUSED, changed_at=now, reason=err.code.value)
        drafts = [card(activation.user_id, activation.id)]
        if err.code is ErrorCode.INSUFFICIENT_FUNDS and now >= self._next_funds_alert:
            self._next_funds_alert = now + FUNDS_ALERT_EVERY
            drafts += [Draft(NoteKind.OWNER_FUNDS, owner) for owner in sorted(self._owner_ids)]
        return await self._record(activation, after, drafts)

    async def _not_sent(self, activation: Activation, err: NotSent) -> Activation:
        reason = "busy" if isinstance(err, RateLimited) else "not_sent"
        after = replace(
            activation, state=State.INTENT, changed_at=self._clock.now(), reason=reason
        )  # fmt: skip
        return await self._record(activation, after, (card(activation.user_id, activation.id),))

    async def _uncertain(self, activation: Activation, reason: str) -> Activation:
        log.warning("activation %d: outcome unknown: %s", activation.id, reason)
        after = replace(
            activation, state=State.UNCERTAIN, changed_at=self._clock.now(), reason=reason
        )  # fmt: skip
        drafts = [
            card(activation.user_id, activation.id),
            Draft(NoteKind.UNCERTAIN, activation.user_id, activation.id),
            *(
                Draft(NoteKind.OWNER_UNCERTAIN, owner, activation.id)
                for owner in sorted(self._owner_ids)
            ),
        ]
        return await self._record(activation, after, drafts)

    async def _record(
        self, before: Activation, after: Activation, drafts: Sequence[Draft]
    ) -> Activation:
        await self._store.record(before, after, drafts, self._clock.now())
        log.info("activation %d: %s -> %s", before.id, before.state, after.state)
        return await self._store.get(before.id) or after


def _check_price(price: Decimal, limits: Limits) -> None:
    if limits.max_price is not None and price > limits.max_price:
        raise TooDear(price, limits.max_price)


def _check_usage(usage: Usage, limits: Limits) -> None:
    if limits.max_active is not None and usage.held > limits.max_active:
        raise TooMany(limits.max_active)
    if limits.daily is not None and usage.spent > limits.daily:
        raise SpentToday(limits.daily)


def _plausible(price: Decimal | None, offer: Offer) -> Decimal:
    """What was charged: a fresh number never costs more than the price shown."""
    if price is None or (price > offer.price and offer.kind is not Kind.AGAIN):
        return offer.price
    return price
