"""What the account should hold, so that a lost answer can be settled by the balance.

A reading counts only while no order is under way, and only once every waiting number was seen
waiting after it: one that has ended unseen may have brought its money back. What a reading proves
is worked out in reckoning.py; what it leaves open stays open.
Source: docs/decisions/0009-uncertain-orders.md.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from activations.model import (
    CHARGED,
    COSTS_NOTHING,
    NOT_CHARGED,
    RETURNED,
    Activation,
    State,
)
from activations.notes import Draft, NoteKind, card
from activations.ports import AccountStore, Clock, Provider, Step, Store
from activations.reckoning import Proof, prove
from bloomsms.errors import BloomsmsError

FIRST_LOOK_AFTER = timedelta(seconds=2)
LOOK_EVERY = timedelta(seconds=45)
# A provider may still be at work on an order whose answer was lost: only so much later is it said
# that nothing was charged.
FREE_AFTER = timedelta(seconds=90)
# While money is only awaited, nobody waits for the news.
RETURN_LOOK_EVERY = timedelta(seconds=120)
# An old number may be looked at as rarely as every five minutes.
LOOKS_AWAITED = timedelta(seconds=330)
CHECKPOINT_EVERY = timedelta(seconds=30)
# The provider gives money back by the end of a number's time; late returns were seen after half an
# hour. Later than this nobody looks for it by himself any more; owners see what did not come back.
RETURN_WATCHED_FOR = timedelta(hours=3)
# An order that costs nothing so long after it left may have been charged and given back.
RETURN_POSSIBLE_AFTER = timedelta(minutes=8)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reading:
    """A balance that waits until every waiting number was looked at once more."""

    balance: Decimal
    expected: tuple[Decimal, datetime] | None  # when it was read
    at: datetime  # when it was asked for
    answered_at: datetime
    version: int


class Books:
    """Every order is made inside `order`, so that no reading falls into one."""

    def __init__(self, store: Store, account: AccountStore, clock: Clock) -> None:
        self._store = store
        self._account = account
        self._clock = clock
        self._orders_under_way = 0
        self._version = 0  # rises with everything that a reading must not straddle
        self._next_look = clock.now()
        self._reading: Reading | None = None

    @property
    def version(self) -> int:
        """A number that changes whenever money moves, or may."""
        return self._version

    @contextmanager
    def order(self) -> Iterator[None]:
        """Enclose an order until its outcome is written down."""
        self._version += 1
        self._orders_under_way += 1
        try:
            yield
        finally:
            self._orders_under_way -= 1
            self._version += 1

    def order_is_lost(self) -> None:
        """Somebody's order is uncertain since just now: look once it had time to take effect."""
        self._next_look = self._clock.now() + FIRST_LOOK_AFTER

    async def blur(self) -> None:
        """Money moved in a way that nobody can follow: begin anew with the next reading."""
        self._version += 1
        self._reading = None
        await self._account.forget()

    async def run_pass(self, provider: Provider) -> None:
        """Read the balance when it can tell something, and settle what it tells."""
        now = self._clock.now()
        if self._reading and now - self._reading.at > LOOKS_AWAITED:
            self._reading = None
        if self._reading is None and not self._orders_under_way and now >= self._next_look:
            await self._read(provider, now)
        if self._reading and await self._nothing_ended_unseen(self._reading.answered_at):
            reading, self._reading = self._reading, None
            await self._conclude(reading)

    async def _read(self, provider: Provider, now: datetime) -> None:
        version, expected = self._version, await self._account.expected()
        every = await self._look_every(expected, now)
        if every is None:
            return
        self._next_look = now + every
        try:
            read = await provider.balance()
        except BloomsmsError as err:
            log.info("the balance could not be read: %s", type(err).__name__)
            return
        if version == self._version and read.is_in_dollars:
            self._reading = Reading(read.amount, expected, now, self._clock.now(), version)

    async def _look_every(
        self, expected: tuple[Decimal, datetime] | None, now: datetime
    ) -> timedelta | None:
        """How often a reading is worth its request; None when it could tell nothing."""
        if expected is None:
            return CHECKPOINT_EVERY
        if await self._unknown(expected[1], now):
            return LOOK_EVERY
        return RETURN_LOOK_EVERY if await self._due(now) else None

    async def _nothing_ended_unseen(self, reading_at: datetime) -> bool:
        waiting = await self._store.in_states(frozenset({State.WAITING}))
        return all(a.sms or _was_open_after(a, reading_at) for a in waiting)

    async def _conclude(self, reading: Reading) -> None:
        if reading.expected is None:
            await self._begin_with(reading)
            return
        amount, since = reading.expected
        unknown, due = await self._unknown(since, reading.at), await self._due(reading.at)
        difference = reading.balance - amount
        proof = prove(difference, _prices(unknown), _prices(due))
        if proof is None:
            # Something else moved the balance; no later reading can tell these orders apart.
            log.info("the balance moved by something else: %s", difference)
            await self._account.shift(difference, reading.at)
            return
        returned = [a for a in due if a.id in proof.returned]
        steps = [*self._settled(unknown, proof), *self._returned(returned)]
        if steps:
            money = sum((a.price for a in returned), Decimal(0))
            await self._account.conclude(money, steps, self._clock.now())

    async def _begin_with(self, reading: Reading) -> None:
        """The first reading; one that an order has overtaken does not say what that order took."""
        if self._version == reading.version:
            await self._account.begin(reading.balance, reading.at)
        if self._version != reading.version:
            await self.blur()

    async def _unknown(self, since: datetime, until: datetime) -> list[Activation]:
        """Orders that became uncertain between the reading where it all began and the one of now.

        No order is under way while the balance is read, so none lies on both sides.
        """
        uncertain = await self._store.in_states(frozenset({State.UNCERTAIN}))
        return [a for a in uncertain if a.reason != CHARGED and since <= a.changed_at < until]

    async def _due(self, now: datetime) -> list[Activation]:
        """What may come back, the surest first: ended numbers, then charges without a number."""
        ended = await self._store.awaiting_return()
        uncertain = await self._store.in_states(frozenset({State.UNCERTAIN}))
        charged = [a for a in uncertain if a.is_charged_without_number]
        return [a for a in [*ended, *charged] if now - a.changed_at < RETURN_WATCHED_FOR]

    def _settled(self, unknown: Iterable[Activation], proof: Proof) -> Iterator[Step]:
        now = self._clock.now()
        for activation in unknown:
            if activation.id in proof.charged:
                log.warning("activation %d: charged, its number unknown", activation.id)
                yield activation, replace(activation, reason=CHARGED), _news(activation)
            elif activation.id in proof.free and now - activation.changed_at >= FREE_AFTER:
                is_old = now - activation.changed_at > RETURN_POSSIBLE_AFTER
                yield closed(activation, COSTS_NOTHING if is_old else NOT_CHARGED, now)

    def _returned(self, returned: Iterable[Activation]) -> Iterator[Step]:
        for activation in returned:
            if activation.state is State.UNCERTAIN:
                yield closed(activation, RETURNED, self._clock.now())
                continue
            after = replace(activation, is_refund_due=False, is_refund_confirmed=True)
            is_news = not activation.is_refund_confirmed
            drafts = (card(activation.user_id, activation.id),) if is_news else ()
            yield activation, after, drafts


def closed(activation: Activation, reason: str, now: datetime) -> Step:
    """UNCERTAIN → REFUSED: it cost nothing in the end, or an owner has looked after it."""
    after = replace(activation, state=State.REFUSED, changed_at=now, reason=reason)
    log.info("activation %d: uncertain -> refused (%s)", activation.id, reason)
    return activation, after, _news(activation)


async def settle(store: Store, activation: Activation, reason: str, now: datetime) -> bool:
    """Close an uncertain order by hand; False when it is not uncertain any more."""
    if activation.state is not State.UNCERTAIN:
        return False
    before, after, drafts = closed(activation, reason, now)
    return await store.record(before, after, drafts, now)


def _was_open_after(waiting: Activation, reading_at: datetime) -> bool:
    """Whether its money certainly had not come back when the balance was read."""
    known_at = (waiting.asked_at, waiting.waiting_since)
    return any(at is not None and at >= reading_at for at in known_at)


def _prices(activations: Sequence[Activation]) -> dict[int, Decimal]:
    return {activation.id: activation.price for activation in activations}


def _news(activation: Activation) -> tuple[Draft, ...]:
    told = Draft(NoteKind.SETTLED, activation.user_id, activation.id)
    return (card(activation.user_id, activation.id), told)
