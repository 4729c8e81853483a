"""What the account should hold, so that a lost answer can be settled by the balance.

A reading counts only while no order is under way. Refunds come when the provider likes, so a
balance is not compared across one: then nothing is concluded, and the order stays uncertain.
Source: docs/decisions/0009-uncertain-orders.md.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from activations.model import Activation, State
from activations.notes import Draft, NoteKind, card
from activations.ports import Clock, Provider, Store
from bloomsms.errors import BloomsmsError

FIRST_LOOK_AFTER = timedelta(seconds=2)
LOOK_EVERY = timedelta(seconds=60)
LOOKS_AWAITED = timedelta(seconds=45)
CHECKPOINT_EVERY = timedelta(seconds=30)
# The provider gives the money for a number without a code back by the end of its time.
RETURN_EXPECTED_WITHIN = timedelta(minutes=45)

NOT_CHARGED = "not_charged"
CHARGED = "charged"
RETURNED = "returned"
CLOSED_BY_OWNER = "closed_by_owner"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Open:
    """An uncertain order that the balance may settle; `is_charged` once that is known."""

    activation_id: int
    price: Decimal
    since: datetime
    is_charged: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """A balance that waits until every waiting number was looked at once more."""

    balance: Decimal
    at: datetime
    version: int


class Books:
    """Shape: `order_begins` and `order_ends` or `order_is_lost` enclose every order."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self.expected: Decimal | None = None  # what the account holds; None when unknown
        self._orders_under_way = 0
        self._version = 0
        self._open: list[Open] = []
        self._next_look = clock.now()
        self._reading: Reading | None = None

    def order_begins(self) -> None:
        self._version += 1
        self._orders_under_way += 1

    def order_ends(self, paid: Decimal) -> None:
        """An order's outcome is known: `paid` is 0 when nothing was charged."""
        self._orders_under_way -= 1
        if self.expected is not None:
            self.expected -= paid

    def order_is_lost(self, activation: Activation) -> None:
        """An order's outcome is unknown; nothing can tell it when the balance before is unknown."""
        self._orders_under_way -= 1
        now = self._clock.now()
        if self.expected is not None:
            self._open.append(Open(activation.id, activation.price, now))
            self._next_look = now + FIRST_LOOK_AFTER

    def refund_seen(self) -> None:
        """Money came back, or is about to: what the account holds is not known any more."""
        self._version += 1
        self.expected = None
        self._open = [order for order in self._open if order.is_charged]

    async def run_pass(self, provider: Provider) -> None:
        """Read the balance when it can tell something, and settle what it tells."""
        now = self._clock.now()
        if self._reading and (self._reading.version != self._version or self._is_late(now)):
            self._reading = None
        if self._reading is None:
            await self._read(provider, now)
        if self._reading and await self._nothing_ended_unseen(self._reading.at):
            balance, self._reading = self._reading.balance, None
            await self._conclude(balance)

    async def _read(self, provider: Provider, now: datetime) -> None:
        if self._orders_under_way or now < self._next_look:
            return
        if self.expected is not None and not self._open:
            return
        self._next_look = now + (LOOK_EVERY if self._open else CHECKPOINT_EVERY)
        version = self._version
        try:
            balance = (await provider.balance()).amount
        except BloomsmsError as err:
            log.info("the balance could not be read: %s", type(err).__name__)
            return
        if version == self._version:
            self._reading = Reading(balance, now, version)

    def _is_late(self, now: datetime) -> bool:
        return self._reading is not None and now - self._reading.at > LOOKS_AWAITED

    async def _nothing_ended_unseen(self, reading_at: datetime) -> bool:
        """Whether every waiting number was seen waiting after the reading.

        One that has ended unseen may have brought its money back, which would hide a charge.
        """
        if not self._open:
            return True
        waiting = await self._store.in_states(frozenset({State.WAITING}))
        return all(a.sms or (a.asked_at and a.asked_at >= reading_at) for a in waiting)

    async def _conclude(self, balance: Decimal) -> None:
        missing = None if self.expected is None else self.expected - balance
        self.expected = balance
        unknown = [order for order in self._open if not order.is_charged]
        charged = [order for order in self._open if order.is_charged]
        if missing == 0:
            await self._settle(unknown, NOT_CHARGED)
            self._open = charged
        elif missing is not None and unknown and missing == sum(o.price for o in unknown):
            await self._tell_charged(unknown)
            self._open = charged + [replace(order, is_charged=True) for order in unknown]
        else:
            # Neither: something else moved the balance, and no later reading can tell them apart.
            self._open = charged
            if missing is not None and missing < 0:
                await self._take_return(charged, -missing)
        self._give_up_old()

    async def _take_return(self, charged: Sequence[Open], returned: Decimal) -> None:
        """Money came back: whose it is, where there is no doubt."""
        matching = [order for order in charged if order.price == returned]
        if matching:
            await self._settle(matching[:1], RETURNED)
            self._open.remove(matching[0])

    async def _settle(self, orders: Sequence[Open], reason: str) -> None:
        for order in orders:
            activation = await self._store.get(order.activation_id)
            if activation is not None:
                await settle(self._store, activation, reason, self._clock.now())

    async def _tell_charged(self, orders: Sequence[Open]) -> None:
        for order in orders:
            activation = await self._store.get(order.activation_id)
            if activation is None or activation.state is not State.UNCERTAIN:
                continue
            after = replace(activation, reason=CHARGED)
            drafts = _news(activation)
            await self._store.record(activation, after, drafts, self._clock.now())
            log.warning("activation %d: charged, its number unknown", activation.id)

    def _give_up_old(self) -> None:
        oldest = self._clock.now() - RETURN_EXPECTED_WITHIN
        self._open = [order for order in self._open if order.since > oldest]


async def settle(store: Store, activation: Activation, reason: str, now: datetime) -> bool:
    """UNCERTAIN → REFUSED: shown not to have cost anything in the end, or closed by an owner."""
    if activation.state is not State.UNCERTAIN:
        return False
    after = replace(activation, state=State.REFUSED, changed_at=now, reason=reason)
    log.info("activation %d: uncertain -> refused (%s)", activation.id, reason)
    return await store.record(activation, after, _news(activation), now)


def _news(activation: Activation) -> tuple[Draft, ...]:
    told = Draft(NoteKind.SETTLED, activation.user_id, activation.id)
    return (card(activation.user_id, activation.id), told)
