"""Orders: the only place that spends money.

An order that may have left is never repeated: it ends as done, refused, not sent or unknown, and
each of these is stored with what people are told of it.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain, repeat

from activations import matching
from activations.books import Books
from activations.catalog import Catalog
from activations.model import (
    USUAL_LIFETIME,
    Activation,
    IdHeldError,
    Kind,
    Number,
    Offer,
    State,
)
from activations.notes import Draft, NoteKind, card, to_owners
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
                source = await self._source(activation.offer)
                rental = await self._order(activation.offer, source)
            except Refused as err:
                return await self._refused(activation, err)
            except NotSent as err:
                return await self._not_sent(activation, err)
            except OutcomeUnknown as err:
                return await self.lose(activation, str(err))
            except Exception as err:
                log.exception("activation %d: a surprise while ordering", activation.id)
                return await self.lose(activation, type(err).__name__)
            return await self._keep(activation, self._number(activation.offer, source, rental))

    async def _source(self, offer: Offer) -> Number | None:
        """The number that is to be rented again; None where any will do."""
        if offer.kind is not Kind.AGAIN:
            return None
        source = await self._store.get(offer.source_id or 0)
        if source is None or source.number is None:
            raise NotSent("the earlier number is gone")
        return source.number

    async def _order(self, offer: Offer, source: Number | None) -> Rental:
        if source:
            return await self._provider.re_rent(source.provider_id)
        return await self._provider.rent(offer.service_code, offer.country_id, offer.price)

    def _number(self, offer: Offer, source: Number | None, rental: Rental) -> Number:
        known = self._catalog.known_countries
        return Number(
            provider_id=rental.activation_id,
            phone_number=rental.phone_number,
            price=offer.price if rental.price is None else min(rental.price, offer.price),
            expires_at=self._end_of(rental),
            charged=rental.price,
            given_service=matching.other_service(offer, rental),
            given_country=matching.other_country(offer, rental, known),
            is_other_phone=source is not None
            and matching.is_other_phone(source.phone_number, rental.phone_number),
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
            except IdHeldError as err:
                return await self._lose_held(activation, number, err)
            except Exception:
                log.exception("activation %d: its number could not be written", activation.id)
                await asyncio.sleep(next(delays_s))

    async def _write_down(self, before: Activation, after: Activation) -> Activation:
        """Errors: IdHeldError."""
        now, drafts = self._clock.now(), self._news_of(after)
        if not await self._store.record(before, after, drafts, now):
            # The order was held for lost meanwhile, and its number may have been found.
            lost = await self._store.get(before.id) or before
            after = after if lost.number is None else replace(lost, number=after.number)
            await self._store.record(lost, after, drafts, now)
        if after.is_overcharged:
            await self._books.blur()
        log.info("activation %d: %s -> %s", before.id, before.state, after.state)
        return await self._store.get(before.id) or after

    def _news_of(self, rented: Activation) -> list[Draft]:
        """What is told when a number is there: its card, and what owners must know of it."""
        drafts, number = [card(rented.user_id, rented.id)], rented.number
        if rented.is_overcharged:
            log.warning("activation %d: more was taken than was shown", rented.id)
            drafts += to_owners(NoteKind.OWNER_OVERCHARGED, self._owner_ids, rented.id)
        if number and (number.given_service or number.given_country):
            log.warning("activation %d: another service or country than ordered", rented.id)
            drafts += to_owners(NoteKind.OWNER_DIFFERENT, self._owner_ids, rented.id)
        return drafts

    async def _lose_held(
        self, activation: Activation, number: Number, err: IdHeldError
    ) -> Activation:
        """The answer named another activation's id: which number was rented is not known."""
        words = {"provider_id": number.provider_id}
        drafts = to_owners(NoteKind.OWNER_HELD, self._owner_ids, activation.id, **words)
        return await self.lose(activation, str(err), drafts)

    async def tell_duplicates(self) -> None:
        """Tell of rows that shared a provider id when the database was brought up to date."""
        rows = await self._store.duplicates()
        if not rows:
            return
        log.warning("%d rows had the provider id of an older one", len(rows))
        lost = [row for row in rows if row.state is State.UNCERTAIN]
        orders = ", ".join(str(row.id) for row in rows)
        drafts = to_owners(NoteKind.OWNER_DUPLICATES, self._owner_ids, orders=orders)
        drafts += [Draft(NoteKind.DUPLICATE, row.user_id, row.id) for row in lost]
        drafts += [card(row.user_id, row.id) for row in lost]
        await self._store.tell_duplicates(drafts, self._clock.now())

    async def _refused(self, activation: Activation, err: Refused) -> Activation:
        await self._catalog.forget_prices(activation.offer.country_id)
        now = self._clock.now()
        after = replace(activation, state=State.REFUSED, changed_at=now, reason=_reason(err))
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

    async def lose(
        self, activation: Activation, reason: str, more: Sequence[Draft] = ()
    ) -> Activation:
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
            *more,
        ]
        self._books.order_is_lost(activation.id)
        return await self._record(activation, after, drafts)

    async def _record(
        self, before: Activation, after: Activation, drafts: Sequence[Draft]
    ) -> Activation:
        if await self._store.record(before, after, drafts, self._clock.now()):
            log.info("activation %d: %s -> %s", before.id, before.state, after.state)
        return await self._store.get(before.id) or after


def _reason(err: Refused) -> str:
    """Why it was refused: the error code, with the provider's own words where we know it not."""
    if err.code is not ErrorCode.OTHER:
        return err.code.value
    return f"{err.code.value} " + ": ".join(part for part in (err.word, err.reason) if part)
