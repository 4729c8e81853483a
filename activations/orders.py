"""Orders: the only place that spends money.

An order that may have left is never repeated: it ends as done, refused, not sent or unknown, and
each of these is stored with what people are told of it.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import chain, repeat

from activations.books import Books
from activations.catalog import Catalog
from activations.model import USUAL_LIFETIME, Activation, Kind, Number, Offer, State
from activations.notes import Draft, NoteKind, card
from activations.ports import Clock, Provider, Store
from bloomsms.errors import ErrorCode, NotSent, OutcomeUnknown, RateLimited, Refused
from bloomsms.models import Rental

# Owners hear of an empty account once in so long, not once a tap.
FUNDS_ALERT_EVERY = timedelta(hours=6)
RECORD_AGAIN_AFTER_S = (0.1, 0.5, 2.0, 5.0, 10.0, 30.0)
RECORD_AGAIN_EVERY_S = 60.0

log = logging.getLogger(__name__)


class Orders:
    def __init__(
        self,
        store: Store,
        provider: Provider,
        catalog: Catalog,
        books: Books,
        clock: Clock,
        owner_ids: frozenset[int],
    ) -> None:
        self._store = store
        self._provider = provider
        self._catalog = catalog
        self._books = books
        self._clock = clock
        self._owner_ids = owner_ids
        self._next_funds_alert = clock.monotonic()

    async def place(self, activation: Activation) -> Activation:
        """Order the number of a RENTING activation and record what came of it.

        Shape: WAITING, REFUSED, INTENT (the order never left) or UNCERTAIN.
        """
        with self._books.order():
            try:
                rental = await self._order(activation)
            except Refused as err:
                return await self._refused(activation, err)
            except NotSent as err:
                return await self._not_sent(activation, err)
            except OutcomeUnknown as err:
                return await self.lose(activation, str(err))
            except Exception as err:
                log.exception("activation %d: a surprise while ordering", activation.id)
                return await self.lose(activation, type(err).__name__)
            return await self._keep(activation, self._number(activation, rental))

    async def _order(self, activation: Activation) -> Rental:
        offer = activation.offer
        if offer.kind is not Kind.AGAIN:
            return await self._provider.rent(offer.service_code, offer.country_id, offer.price)
        source = await self._store.get(offer.source_id or 0)
        if source is None or source.number is None:
            raise NotSent("the earlier number is gone")
        return await self._provider.re_rent(source.number.provider_id)

    def _number(self, activation: Activation, rental: Rental) -> Number:
        return Number(
            provider_id=rental.activation_id,
            phone_number=rental.phone_number,
            price=_charged(rental.price, activation.offer),
            expires_at=self._end_of(rental),
        )

    def _end_of(self, rental: Rental) -> datetime:
        """When the number's time is over; an end that is past already is nobody's."""
        now = self._clock.now()
        end = rental.expires_at
        return end if end is not None and end > now else now + USUAL_LIFETIME

    async def _keep(self, activation: Activation, number: Number) -> Activation:
        """Write down a number that is paid for, however long the database takes."""
        now = self._clock.now()
        after = replace(
            activation, state=State.WAITING, changed_at=now, number=number, waiting_since=now
        )
        log.info("activation %d: rented as %s", activation.id, number.provider_id)
        delays_s = chain(RECORD_AGAIN_AFTER_S, repeat(RECORD_AGAIN_EVERY_S))
        while True:
            try:
                return await self._write_down(activation, after)
            except Exception:
                log.exception("activation %d: its number could not be written", activation.id)
                await asyncio.sleep(next(delays_s))

    async def _write_down(self, before: Activation, after: Activation) -> Activation:
        drafts = (card(after.user_id, after.id),)
        if not await self._store.record(before, after, drafts, self._clock.now()):
            # Somebody held the order for lost meanwhile; now it is known.
            lost = await self._store.get(before.id) or before
            await self._store.record(lost, after, drafts, self._clock.now())
        log.info("activation %d: %s -> %s", before.id, before.state, after.state)
        return await self._store.get(before.id) or after

    async def _refused(self, activation: Activation, err: Refused) -> Activation:
        await self._catalog.forget_prices(activation.offer.country_id)
        now = self._clock.now()
        after = replace(activation, state=State.REFUSED, changed_at=now, reason=err.code.value)
        drafts = [card(activation.user_id, activation.id)]
        if err.code is ErrorCode.INSUFFICIENT_FUNDS and self._is_time_for_alert():
            drafts += [Draft(NoteKind.OWNER_FUNDS, owner) for owner in sorted(self._owner_ids)]
        return await self._record(activation, after, drafts)

    def _is_time_for_alert(self) -> bool:
        now = self._clock.monotonic()
        if now < self._next_funds_alert:
            return False
        self._next_funds_alert = now + FUNDS_ALERT_EVERY
        return True

    async def _not_sent(self, activation: Activation, err: NotSent) -> Activation:
        reason = "busy" if isinstance(err, RateLimited) else "not_sent"
        after = replace(
            activation, state=State.INTENT, changed_at=self._clock.now(), reason=reason
        )  # fmt: skip
        return await self._record(activation, after, (card(activation.user_id, activation.id),))

    async def lose(self, activation: Activation, reason: str) -> Activation:
        """RENTING → UNCERTAIN: told to the person and the owners, never tried again."""
        log.warning("activation %d: outcome unknown: %s", activation.id, reason)
        after = replace(
            activation, state=State.UNCERTAIN, changed_at=self._clock.now(), reason=reason
        )  # fmt: skip
        drafts = [
            card(activation.user_id, activation.id),
            Draft(NoteKind.UNCERTAIN, activation.user_id, activation.id),
            *(
                Draft(NoteKind.OWNER_UNCERTAIN, owner, activation.id)
                for owner in sorted(self._owner_ids - {activation.user_id})
            ),
        ]
        self._books.order_is_lost(activation.id)
        return await self._record(activation, after, drafts)

    async def _record(
        self, before: Activation, after: Activation, drafts: Sequence[Draft]
    ) -> Activation:
        if await self._store.record(before, after, drafts, self._clock.now()):
            log.info("activation %d: %s -> %s", before.id, before.state, after.state)
        return await self._store.get(before.id) or after


def _charged(price: Decimal | None, offer: Offer) -> Decimal:
    """What the provider says it took; the price shown when it does not say."""
    if price is not None and price > offer.price:
        log.warning("the provider took %s where %s was the most", price, offer.price)
    return offer.price if price is None else price
