"""One pass over the numbers that may have an SMS: who is due, ask, record."""

import asyncio
import logging
import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from activations.inspection import Inspector
from activations.model import Activation, Watched
from activations.outbox import OutboxPass
from activations.ports import Clock, Provider, Store, Watchlist
from activations.schedule import SHORTEST_GAP_S, Candidate, most_worthwhile, worth_showing
from activations.time_scale import TimeScales
from bloomsms.errors import BloomsmsError, RateLimited

MOST_IN_FLIGHT = 64
LONGEST_BACKOFF_S = 30.0
LONGEST_CATCH_UP_S = 0.5
ROUNDING = 1e-6
# So often at most a number that is to be closed goes before the waiting ones; more rarely when more
# wait than this, because every look then costs somebody else's code time.
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

    Shape: `interval_s` gives the seconds between two looks that the request budget allows now,
    `shortest_gap_s` those between two looks at one number.
    """

    def __init__(
        self,
        store: Store,
        watchlist: Watchlist,
        provider: Provider,
        inspector: Inspector,
        outbox: OutboxPass,
        clock: Clock,
        interval_s: Callable[[], float],
        shortest_gap_s: Callable[[], float] = lambda: SHORTEST_GAP_S,
    ) -> None:
        self._store = store
        self._watchlist = watchlist
        self._provider = provider
        self._inspector = inspector
        self._outbox = outbox
        self._clock = clock
        self._interval_s = interval_s
        self._shortest_gap_s = shortest_gap_s
        self._scales = TimeScales()
        self._last_at = self._silent_until = datetime.min.replace(tzinfo=UTC)
        self._saved = 0.0  # looks that the pace has allowed and that were not made yet
        self._turn = 0
        self._in_flight: set[int] = set()
        self._failures = 0
        self.answered_at: datetime | None = None  # when the last look succeeded

    async def run_pass(self) -> None:
        """Ask about as many numbers as are due by now, each at most once."""
        now = self._clock.now()
        count = self._due(now)
        if count:
            chosen = await self._chosen(count, now)
            await asyncio.gather(*(self._ask(activation_id) for activation_id in chosen))

    def _due(self, now: datetime) -> int:
        """How many looks the pace allows by now, those counted as made."""
        if now < self._silent_until:
            return 0
        interval_s = self._interval_s()
        # A clock that is set back gives nothing back.
        passed_s = max(0.0, (now - self._last_at).total_seconds())
        self._saved += passed_s / interval_s + ROUNDING
        self._last_at = now
        # Time that passed unused is not caught up on: it would come as a burst.
        burst = max(1, int(LONGEST_CATCH_UP_S / interval_s))
        if self._saved >= burst + 1:
            self._saved = burst
        count = max(0, min(int(self._saved), MOST_IN_FLIGHT - len(self._in_flight)))
        self._saved -= count
        return count

    async def _chosen(self, count: int, now: datetime) -> list[int]:
        """Waiting numbers first; at some turns one that is to be closed goes before them.

        Shape: ids; from here on they are in flight.
        """
        closing, watched = await self._closing(now), await self._watchlist.watched()
        for wait in await self._watchlist.waits_after(self._scales.last_id):
            self._scales.learn(wait)
        candidates = [_candidate(w, self._scales.of(w.service_code), now) for w in watched]
        best = most_worthwhile(candidates, len(candidates), self._shortest_gap_s())
        unshown = {w.id for w in watched if not w.is_shown}
        first = worth_showing(c for c in candidates if c.id in unshown)
        waiting = [*dict.fromkeys(candidate.id for candidate in (*first, *best))]
        self._turn += 1
        urgent = 1 if self._turn % max(CLOSING_TURN, len(watched)) == 0 else 0
        ordered = closing[:urgent] + waiting + closing[urgent:]
        chosen = [each for each in ordered if each not in self._in_flight][:count]
        self._in_flight.update(chosen)
        return chosen

    async def _closing(self, now: datetime) -> list[int]:
        """Numbers whose time is over: with a code, to be closed; without, for a late one."""
        used = await self._store.unclosed(now)
        ended = await self._store.ended_since(now - LATE_LOOKS_AFTER[-1] * 2)
        return [a.id for a in _closing(used, ended, now)]

    async def _ask(self, activation_id: int) -> None:
        try:
            activation = await self._store.get(activation_id)
            if activation is None:
                return
            await self._look(activation)
        finally:
            self._in_flight.discard(activation_id)
        await self._outbox.run_pass(activation.user_id)

    async def _look(self, activation: Activation) -> None:
        try:
            await self._inspector.look(activation, self._provider)
            self._failures = 0
            self.answered_at = self._clock.now()
        except RateLimited as err:
            self._silent_until = self._clock.now() + timedelta(seconds=err.wait_s)
            self._saved += 1  # it was not made
        except BloomsmsError as err:
            self._back_off(err)

    def _back_off(self, err: BloomsmsError) -> None:
        """Ask more slowly the longer the provider gives nothing."""
        self._failures += 1
        log.info("a look failed (%d in a row): %s", self._failures, type(err).__name__)
        if self._failures < 2:  # noqa: PLR2004 - one bad answer is nobody's outage
            return
        delay_s = min(LONGEST_BACKOFF_S, 0.5 * 2 ** min(self._failures, 10))
        delay = timedelta(seconds=delay_s * random.uniform(0.7, 1.0))  # noqa: S311 - not a secret
        self._silent_until = self._clock.now() + delay


def _candidate(watched: Watched, scale_s: float, now: datetime) -> Candidate:
    since = watched.waiting_since
    asked_at = max(watched.asked_at or since, since)
    return Candidate(
        watched.id,
        max(0.0, (now - since).total_seconds()),
        (asked_at - since).total_seconds(),
        scale_s,
    )


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
