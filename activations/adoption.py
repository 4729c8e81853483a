"""Numbers that nobody knows: an order of unknown outcome may have brought one.

Source: docs/decisions/0015-hints.md.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace

from activations.inspection import Inspector
from activations.matching import is_other_id
from activations.model import (
    FOUND,
    GRACE_AFTER_EXPIRY,
    USUAL_LIFETIME,
    Activation,
    IdHeldError,
    Number,
    State,
)
from activations.notes import Draft, NoteKind, card, to_owners
from activations.ports import Clock, Provider, Store
from bloomsms.errors import ErrorCode, Mismatched, Refused
from bloomsms.models import ActivationStatus

# An order's number would have ended by then.
NUMBER_COMES_FOR = USUAL_LIFETIME + GRACE_AFTER_EXPIRY

log = logging.getLogger(__name__)


class Adoption:
    def __init__(
        self, store: Store, inspector: Inspector, clock: Clock, owner_ids: frozenset[int]
    ) -> None:
        self._store = store
        self._inspector = inspector
        self._clock = clock
        self._owner_ids = owner_ids
        self._told: set[str] = set()

    async def orders(self) -> list[Activation]:
        """Orders that may have brought a number nobody knows, oldest first: lost or under way.

        Shape: without those whose number would have ended by now, as far as that is certain: the
        clock may have been set since, so the age counts from when this process first saw them.
        """
        found = await self._store.in_states(frozenset({State.UNCERTAIN, State.RENTING}))
        age_of = self._inspector.books.order_age
        return [order for order in found if age_of(order) < NUMBER_COMES_FOR]

    async def adopt(
        self, provider_id: str, service_code: str, provider: Provider
    ) -> Activation | None:
        """Ask the provider about the number, and give it to the order that it must be of.

        Shape: None when it is nobody's, when an order still under way may name it, or when more
        than one person's order may have brought it; then the owners are told.
        Errors: the provider's; Mismatched when the answer is about another number.
        """
        try:
            seen = await provider.activation(provider_id)
        except Refused as err:
            if err.code is ErrorCode.ACTIVATION_NOT_FOUND:
                return None
            raise
        claimants = [order for order in await self.orders() if is_of(order, service_code)]
        if is_other_id(provider_id, seen.activation_id):
            await self._tell_mismatch(claimants[:1])
            raise Mismatched("another id")
        # Asked for after the orders: one whose answer came meanwhile is no claimant any more.
        if known := await self._store.by_provider_ids([provider_id]):
            return await self._inspector.take_in(known[0], seen)
        if any(order.state is State.RENTING for order in claimants):
            return None
        order = _only_one(claimants)
        if order is None:
            await self._tell_owners(provider_id, claimants)
            return None
        return await self._give(order, provider_id, seen)

    async def _give(
        self, order: Activation, provider_id: str, seen: ActivationStatus
    ) -> Activation | None:
        now = self._clock.now()
        end = max(order.changed_at + USUAL_LIFETIME, now)
        is_other = await self._inspector.is_other_phone(order, seen.phone_number)
        after = replace(
            order,
            state=State.WAITING,
            changed_at=now,
            waiting_since=now,
            number=Number(
                provider_id, seen.phone_number or "", order.price, end, is_other_phone=is_other
            ),
            reason=FOUND,
        )
        told = Draft(NoteKind.SETTLED, order.user_id, order.id)
        drafts = (card(order.user_id, order.id), told)
        try:
            is_recorded = await self._store.record(order, after, drafts, now)
        except IdHeldError:
            is_recorded = False  # an order's own answer named it meanwhile
        if not is_recorded:
            return None
        log.info("activation %d: uncertain -> waiting (found as %s)", order.id, provider_id)
        return await self._inspector.take_in(after, seen)

    async def _tell_mismatch(self, claimants: Sequence[Activation]) -> None:
        log.warning("an answer about a number that no order has names another id")
        for order in claimants:
            drafts = to_owners(NoteKind.OWNER_MISMATCH, self._owner_ids, order.id)
            await self._store.tell_mismatch(order.id, drafts, self._clock.now())

    async def _tell_owners(self, provider_id: str, claimants: Sequence[Activation]) -> None:
        if not claimants or provider_id in self._told:
            return
        self._told.add(provider_id)
        log.warning("a number is of one of %d orders", len(claimants))
        orders = ", ".join(str(order.id) for order in claimants)
        words = {"provider_id": provider_id, "orders": orders}
        now = self._clock.now()
        drafts = [Draft(NoteKind.OWNER_UNCLAIMED, o, None, words) for o in sorted(self._owner_ids)]
        await self._store.record(claimants[0], claimants[0], drafts, now)


def is_of(order: Activation, service_code: str) -> bool:
    """Whether the order is for that service; an empty code may be any."""
    return service_code in ("", order.offer.service_code)


def _only_one(claimants: Sequence[Activation]) -> Activation | None:
    """The order a number must be of: of one person's the charged one, else the oldest.

    Nobody's code may go to somebody else, so orders of two people decide nothing, also where one
    of them is known to be charged: the other may be, too.
    """
    charged = [order for order in claimants if order.is_charged_without_number]
    people = {order.user_id for order in claimants}
    return (charged or claimants)[0] if len(people) == 1 else None
