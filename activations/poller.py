"""One pass over the numbers that may have an SMS: who is due, ask, record."""

import asyncio
import logging
import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from activations.inspection import Inspector
from activations.model import Activation, State
from activations.outbox import OutboxPass
from activations.ports import Clock, Provider, Store
from activations.schedule import Candidate, most_worthwhile
from bloomsms.errors import BloomsmsError, RateLimited

MOST_IN_FLIGHT = 64
LONGEST_BACKOFF_S = 30.0
LONGEST_CATCH_UP = timedelta(seconds=0.5)
CLOSING_TURN = 4
# A number that was cancelled or expired is asked about so long after its end, for a late code.
LATE_LOOKS_AFTER = (timedelta(seconds=10), timedelta(seconds=60), timedelta(minutes=6))
# A number that got its code is asked about this often once its time is over, to close it.
CLOSING_LOOK_EVERY = timedelta(seconds=60)
# A wish whose answer was lost is looked after this often.
WISH_LOOK_EVERY = timedelta(seconds=5)

log = logging.getLogger(__name__)


class Poller:
    """Asks at an even pace; a pass that waits for a slow answer does not hold up the next one.

    Shape: `interval_s` gives the seconds between two looks that the request budget allows now.
    """

    def __init__(
        self,
        store: Store,
        provider: Provider,
        inspector: Inspector,
        outbox: OutboxPass,
        clock: Clock,
        interval_s: Callable[[], float],
    ) -> None:
        self._store = store
        self._provider = provider
        self._inspector = inspector
        self._outbox = outbox
        self._clock = clock
        self._interval_s = interval_s
        self._last_at = self._silent_until = datetime.min.replace(tzinfo=UTC)
        self._turn = 0
        self._in_flight: set[int] = set()
        self._failures = 0
        self.answered_at: datetime | None = None  # when the last look succeeded

    async def run_pass(self) -> None:
        """Ask about as many numbers as are due by now, each at most once."""
        now = self._clock.now()
        count = self._due(now)
        if count:
            chosen = (await self._candidates(now))[:count]
            await asyncio.gather(*(self._ask(activation) for activation in chosen))

    def _due(self, now: datetime) -> int:
        """How many looks the pace of now allows, those counted as made."""
        if now < self._silent_until:
            return 0
        interval = timedelta(seconds=self._interval_s())
        count = int((now - self._last_at) / interval)
        # Time that passed unused is not caught up on: it would come as a burst.
        burst = max(1, int(LONGEST_CATCH_UP / interval))
        if count > burst:
            count, self._last_at = burst, now
        else:
            self._last_at += count * interval
        return min(count, MOST_IN_FLIGHT - len(self._in_flight))

    async def _candidates(self, now: datetime) -> list[Activation]:
        """Waiting numbers first; at every fourth turn one that is to be closed goes before them."""
        waiting, closing = await self._waiting(now), await self._closing(now)
        self._turn += 1
        if self._turn % CLOSING_TURN == 0:
            return closing[:1] + waiting + closing[1:]
        return waiting + closing

    async def _waiting(self, now: datetime) -> list[Activation]:
        waiting = await self._store.in_states(frozenset({State.WAITING}))
        by_id = {a.id: a for a in waiting if a.id not in self._in_flight}
        ordered = most_worthwhile((_candidate(a, now) for a in by_id.values()), len(by_id))
        return [by_id[candidate.id] for candidate in ordered]

    async def _closing(self, now: datetime) -> list[Activation]:
        """Numbers whose time is over: with a code, to be closed; without, for a late one."""
        used = await self._store.in_states(frozenset({State.CODE_RECEIVED}))
        ended = await self._store.ended_since(now - LATE_LOOKS_AFTER[-1] * 2)
        return [a for a in _closing(used, ended, now) if a.id not in self._in_flight]

    async def _ask(self, activation: Activation) -> None:
        self._in_flight.add(activation.id)
        try:
            await self._inspector.look(activation, self._provider)
            self._failures = 0
            self.answered_at = self._clock.now()
        except RateLimited as err:
            self._silent_until = self._clock.now() + timedelta(seconds=err.wait_s)
        except BloomsmsError as err:
            self._back_off(err)
        finally:
            self._in_flight.discard(activation.id)
        await self._outbox.run_pass(activation.user_id)

    def _back_off(self, err: BloomsmsError) -> None:
        """Ask more slowly the longer the provider gives nothing."""
        self._failures += 1
        log.info("a look failed (%d in a row): %s", self._failures, type(err).__name__)
        if self._failures < 2:  # noqa: PLR2004 - one bad answer is nobody's outage
            return
        delay_s = min(LONGEST_BACKOFF_S, 0.5 * 2 ** min(self._failures, 10))
        delay = timedelta(seconds=delay_s * random.uniform(0.7, 1.0))  # noqa: S311 - not a secret
        self._silent_until = self._clock.now() + delay


def _candidate(activation: Activation, now: datetime) -> Candidate:
    since = activation.waiting_since or activation.created_at
    asked_at_age_s = 0.0
    if activation.asked_at and activation.asked_at > since:
        asked_at_age_s = (activation.asked_at - since).total_seconds()
    return Candidate(activation.id, (now - since).total_seconds(), asked_at_age_s)


def _closing(
    used: Iterable[Activation], ended: Iterable[Activation], now: datetime
) -> Iterable[Activation]:
    for activation in used:
        is_over = activation.number is not None and now >= activation.number.expires_at
        every = WISH_LOOK_EVERY if activation.wish else CLOSING_LOOK_EVERY
        asked_at = activation.asked_at or activation.created_at
        if (is_over or activation.wish) and now - asked_at >= every:
            yield activation
    for activation in ended:
        passed = [after for after in LATE_LOOKS_AFTER if now - activation.changed_at >= after]
        asked_at = activation.asked_at or activation.created_at
        if passed and asked_at < activation.changed_at + passed[-1]:
            yield activation
