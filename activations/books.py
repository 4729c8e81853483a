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

from activations.ages import FirstSight
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


# So long after it was lost, an order that is still open is put before the owners; and a charge
# without a number when its money is not looked for any more.
BEFORE_OWNERS_AFTER = timedelta(minutes=8)


@dataclass(frozen=True, slots=True)
class Reading:
    """A balance that waits until every waiting number was looked at once more."""

    balance: Decimal
    expected: tuple[Decimal, int] | None  # when it was read
    seq: int  # what became uncertain before it has a smaller number
    asked: timedelta  # these two by the monotonic clock
    answered: timedelta
    answered_seq: int
    version: int


class Books:
    """Every order is made inside `order`, so that no reading falls into one."""

    def __init__(
        self,
        store: Store,
        account: AccountStore,
        clock: Clock,
        owner_ids: frozenset[int] = frozenset(),
    ) -> None:
        self._store = store
        self._account = account
        self._clock = clock
        self._owner_ids = owner_ids
        self._orders_under_way = 0
        self._version = 0  # rises with everything that a reading must not straddle
        self._next_look = clock.monotonic()
        self._reading: Reading | None = None
        self._sights = FirstSight(clock)
        self._seen_open: dict[int, timedelta] = {}  # when the last look that showed it so left

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

    def order_is_lost(self, activation_id: int) -> None:
        """An order is uncertain since just now: look once it had time to take effect."""
        if self._orders_under_way:  # else a process before this one sent it, at any time
            self._sights.begins(activation_id)
        self._next_look = self._clock.monotonic() + FIRST_LOOK_AFTER

    def saw_open(self, activation_id: int, asked: timedelta) -> None:
        """A look that left then showed the number open: its money had not come back."""
        self._seen_open[activation_id] = asked

    async def blur(self) -> None:
        """Money moved in a way that nobody can follow: begin anew with the next reading."""
        self._version += 1
        self._reading = None
        await self._account.forget()

    async def run_pass(self, provider: Provider) -> None:
        """Read the balance when it can tell something, and settle what it tells."""
        now = self._clock.monotonic()
        if self._reading and now - self._reading.asked > LOOKS_AWAITED:
            self._reading = None
        if self._reading is None and not self._orders_under_way and now >= self._next_look:
            await self._read(provider, now)
        if self._reading and await self._nothing_ended_unseen(self._reading):
            reading, self._reading = self._reading, None
            await self._conclude(reading)
        await self._put_before_owners()

    async def _read(self, provider: Provider, now: timedelta) -> None:
        version, expected = self._version, await self._account.expected()
        every = await self._look_every(expected)
        if every is None:
            return
        self._next_look = now + every
        seq = await self._account.next_reading()
        try:
            read = await provider.balance()
        except BloomsmsError as err:
            log.info("the balance could not be read: %s", type(err).__name__)
            return
        answered, answered_seq = self._clock.monotonic(), await self._account.next_reading()
        if version == self._version and read.is_in_dollars:
            self._reading = Reading(
                read.amount, expected, seq, now, answered, answered_seq, version
            )

    async def _look_every(self, expected: tuple[Decimal, int] | None) -> timedelta | None:
        """How often a reading is worth its request; None when it could tell nothing."""
        if expected is None:
            return CHECKPOINT_EVERY
        if await self._unknown(expected[1]):
            return LOOK_EVERY
        return RETURN_LOOK_EVERY if await self._due() else None

    async def _nothing_ended_unseen(self, reading: Reading) -> bool:
        """Whether each waiting number's money certainly had not come back when it was read."""
        waiting = await self._store.in_states(frozenset({State.WAITING}))
        still = {a.id for a in waiting}
        self._seen_open = {id_: at for id_, at in self._seen_open.items() if id_ in still}
        return all(a.sms or self._was_open_after(a, reading) for a in waiting)

    def _was_open_after(self, waiting: Activation, reading: Reading) -> bool:
        seen = self._seen_open.get(waiting.id)
        is_younger = waiting.changed_seq > reading.answered_seq
        return is_younger or (seen is not None and seen >= reading.answered)

    async def _conclude(self, reading: Reading) -> None:
        if reading.expected is None:
            await self._begin_with(reading)
            return
        amount, since = reading.expected
        unknown, due = await self._unknown(since, reading.seq), await self._due()
        difference = reading.balance - amount
        proof = prove(difference, _prices(unknown), _prices(due))
        if proof is None:
            # Something else moved the balance; no later reading can tell these orders apart.
            log.info("the balance moved by something else: %s", difference)
            await self._account.shift(difference, reading.seq, self._clock.now())
            return
        returned = [a for a in due if a.id in proof.returned]
        steps = [*self._settled(unknown, proof), *self._returned(returned)]
        if steps:
            money = sum((a.taken for a in returned), Decimal(0))
            await self._account.conclude(money, steps, self._clock.now())

    async def _begin_with(self, reading: Reading) -> None:
        """The first reading; one that an order has overtaken does not say what that order took."""
        if self._version == reading.version:
            await self._account.begin(reading.balance, reading.seq, self._clock.now())
        if self._version != reading.version:
            await self.blur()

    async def _unknown(self, since: int, until: int | None = None) -> list[Activation]:
        """Orders that became uncertain between the reading where it all began and the one of now.

        No order is under way while the balance is read, so none lies on both sides.
        """
        uncertain = await self._store.in_states(frozenset({State.UNCERTAIN}))
        return [
            a
            for a in uncertain
            if a.reason != CHARGED
            and since <= a.changed_seq
            and (until is None or a.changed_seq < until)
        ]

    async def _due(self) -> list[Activation]:
        """What may come back, the surest first: ended numbers, then charges without a number."""
        ended = await self._store.awaiting_return()
        orders = await self._store.in_states(frozenset({State.UNCERTAIN, State.RENTING}))
        self._sights.keep_only(row for a in (*ended, *orders) for row in (a.id, _charge(a)))
        charged = [a for a in orders if a.is_charged_without_number]
        return [a for a in [*ended, *charged] if self._is_watched(a)]

    def order_age(self, order: Activation) -> timedelta:
        """How long ago an order was lost at least, whatever was done to the clock since."""
        return self._sights.certain_age(order.id, order.changed_at)

    def _is_watched(self, activation: Activation) -> bool:
        """Whether its money may still come back, by our own time; after a restart it begins anew.

        The money of one that is watched too long is only looked for too long; that of one that is
        not watched any more might be taken for a price that was not paid.
        """
        age = self._sights.certain_age(_charge(activation), activation.changed_at)
        return age < RETURN_WATCHED_FOR

    async def _put_before_owners(self) -> None:
        """Orders that nothing has settled in time are shown to the owners, each once."""
        uncertain = await self._store.in_states(frozenset({State.UNCERTAIN}))
        # All are seen at each pass, so that their ages are known from the beginning.
        overdue = [order for order in uncertain if self._is_owners_turn(order)]
        for order in overdue if self._owner_ids else ():
            if not order.is_before_owners:
                drafts = [
                    Draft(NoteKind.OWNER_UNSETTLED, owner, order.id)
                    for owner in sorted(self._owner_ids)
                ]
                after = replace(order, is_before_owners=True)
                await self._store.record(order, after, drafts, self._clock.now())

    def _is_owners_turn(self, order: Activation) -> bool:
        if order.is_charged_without_number:
            return not self._is_watched(order)
        age = self._sights.probable_age(order.id, order.changed_at)
        return age >= BEFORE_OWNERS_AFTER

    def _settled(self, unknown: Iterable[Activation], proof: Proof) -> Iterator[Step]:
        now = self._clock.now()
        for activation in unknown:
            age = self.order_age(activation)
            if activation.id in proof.charged:
                log.warning("activation %d: charged, its number unknown", activation.id)
                yield activation, replace(activation, reason=CHARGED), _news(activation)
            elif activation.id in proof.free and age >= FREE_AFTER:
                # Of one that a process before this one sent it is not known how long ago.
                is_young = age <= RETURN_POSSIBLE_AFTER and self._sights.saw_it_begin(activation.id)
                yield closed(activation, NOT_CHARGED if is_young else COSTS_NOTHING, now)

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


def _charge(activation: Activation) -> tuple[int, State]:
    """What is watched for its return, for as long as it stands so."""
    return activation.id, activation.state


def _prices(activations: Sequence[Activation]) -> dict[int, Decimal]:
    return {activation.id: activation.taken for activation in activations}


def _news(activation: Activation) -> tuple[Draft, ...]:
    told = Draft(NoteKind.SETTLED, activation.user_id, activation.id)
    return (card(activation.user_id, activation.id), told)
