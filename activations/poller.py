"""One pass over the numbers that may have an SMS: who is due, ask, record."""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from datetime import timedelta

from activations.inspection import Inspector
from activations.model import Activation, Coded, Watched
from activations.outbox import OutboxPass
from activations.ports import Clock, Provider, Store
from activations.schedule import SHORTEST_GAP_S, Candidate, most_worthwhile, worth_showing
from activations.time_scale import TimeScales
from activations.watchlist import Watchlist
from bloomsms.errors import BloomsmsError, Mismatched, NotSent, RateLimited

MOST_IN_FLIGHT = 64
LONGEST_BACKOFF_S = 30.0
LONGEST_CATCH_UP_S = 0.5
ROUNDING = 1e-6
# So often at most a number that is to be closed goes before the waiting ones; more rarely when more
# wait than this, because every look then costs somebody else's code time.
CLOSING_TURN = 4
# A number that was cancelled or expired is asked about so long after its end, for a late code; how
# many of these looks are left stands in its row.
LATE_LOOKS_AFTER = (timedelta(seconds=10), timedelta(seconds=60), timedelta(minutes=6))
# A number that got its code is asked about this often once its time is over, to close it.
CLOSING_LOOK_EVERY = timedelta(seconds=60)
# While it is open, for a second SMS: one of all such numbers this often, or, out of places that
# waiting numbers leave idle, three times as often. A little longer than a minute for three looks.
CODED_LOOK_EVERY = timedelta(seconds=61)
IDLE_CODED_LOOK_EVERY = timedelta(seconds=20.5)
# Numbers in doubt go first, but for every so many-th turn.
OTHERS_TURN = 3
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
        self._ages = inspector.ages
        self._last_at = clock.monotonic() - timedelta(hours=1)
        self._silent_until = clock.monotonic()
        self._saved = 0.0  # looks that the pace has allowed and that were not made yet
        self._turn = 0
        self._in_flight: set[int] = set()
        self._coded_look = clock.monotonic() - IDLE_CODED_LOOK_EVERY  # when the last one began
        self._ended: dict[int, timedelta] = {}  # since when each is known to have ended
        self._failures = 0
        self.answered_at: timedelta | None = None  # when the last look succeeded, monotonic

    async def run_pass(self) -> None:
        """Ask about as many numbers as are due by now, each at most once."""
        now = self._clock.monotonic()
        count = self._due(now)
        if count:
            chosen = await self._chosen(count, now)
            await asyncio.gather(*(self._ask(activation_id) for activation_id in chosen))

    def _due(self, now: timedelta) -> int:
        """How many looks the pace allows by now, those counted as made."""
        if now < self._silent_until:
            return 0
        interval_s = self._interval_s()
        passed_s = (now - self._last_at).total_seconds()
        self._saved += passed_s / interval_s + ROUNDING
        self._last_at = now
        # Time that passed unused is not caught up on: it would come as a burst.
        burst = max(1, int(LONGEST_CATCH_UP_S / interval_s))
        if self._saved >= burst + 1:
            self._saved = burst
        count = max(0, min(int(self._saved), MOST_IN_FLIGHT - len(self._in_flight)))
        self._saved -= count
        return count

    async def _chosen(self, count: int, now: timedelta) -> list[int]:
        """Numbers in doubt, then those that wait; at some turns one that is to be closed is first.

        Shape: ids; from here on they are in flight.
        """
        watched, coded = await self._watchlist.watched(), await self._watchlist.coded()
        self._see(watched, coded)
        for wait in await self._watchlist.waits_after(self._scales.last_id):
            self._scales.learn(wait)
        candidates = [self._candidate(w) for w in watched]
        best = most_worthwhile(candidates, len(candidates), self._shortest_gap_s())
        unshown = {w.id for w in watched if not w.is_shown}
        first = worth_showing(c for c in candidates if c.id in unshown)
        waiting = [*dict.fromkeys(candidate.id for candidate in (*first, *best))]
        closing = [*self._closing(coded, now), *await self._late(now)]
        self._turn += 1
        urgent = 1 if self._turn % max(CLOSING_TURN, len(watched)) == 0 else 0
        doubted = self._inspector.doubts.due() if self._turn % OTHERS_TURN else []
        rare, often = self._coded(coded, now)
        ordered = [*doubted, *closing[:urgent], *rare, *waiting, *closing[urgent:], *often]
        chosen = [each for each in dict.fromkeys(ordered) if each not in self._in_flight][:count]
        self._in_flight.update(chosen)
        if not set(chosen).isdisjoint([*rare, *often]):
            self._coded_look = now
        return chosen

    def _see(self, watched: Sequence[Watched], coded: Sequence[Coded]) -> None:
        for one in watched:
            self._ages.see(one.id, one.waiting_since, one.asked_at, one.ends_at)
        for other in coded:
            self._ages.see(other.id, other.since, other.asked_at, other.ends_at)
        still = {each.id for each in watched} | {each.id for each in coded}
        self._ages.keep_only(still)
        self._inspector.doubts.keep_only(still)

    def _candidate(self, watched: Watched) -> Candidate:
        return Candidate(
            watched.id,
            self._ages.waited(watched.id).total_seconds(),
            self._ages.waited_when_asked(watched.id).total_seconds(),
            self._scales.of(watched.service_code),
        )

    def _closing(self, coded: Sequence[Coded], now: timedelta) -> list[int]:
        """Numbers with a code whose time is over, or for which something is wished."""
        return [
            one.id
            for one in coded
            if (one.has_wish or self._ages.is_over(one.id))
            and self._is_due(one.id, WISH_LOOK_EVERY if one.has_wish else CLOSING_LOOK_EVERY, now)
        ]

    def _coded(self, coded: Sequence[Coded], now: timedelta) -> tuple[list[int], list[int]]:
        """The open number with a code that was left alone the longest, when its look is due.

        Shape: one or none that goes before those that wait, one or none that goes after them.
        """
        still = [one.id for one in coded if not one.has_wish and not self._ages.is_over(one.id)]
        passed = now - self._coded_look
        if not still or passed < IDLE_CODED_LOOK_EVERY:
            return [], []
        first = min(still, key=lambda each: self._ages.last_asked(each) or timedelta.min)
        if not self._is_due(first, IDLE_CODED_LOOK_EVERY, now):
            return [], []
        return ([first], []) if passed >= CODED_LOOK_EVERY else ([], [first])

    async def _late(self, now: timedelta) -> list[int]:
        """Numbers that ended, to be looked at for a late code.

        Their ends count from when this process first knew of them.
        """
        left = await self._watchlist.late_looks()
        self._ended = {each: self._ended.get(each, now) for each in left}
        return [
            each
            for each, looks in left.items()
            if now - self._ended[each] >= LATE_LOOKS_AFTER[-min(looks, len(LATE_LOOKS_AFTER))]
        ]

    def _is_due(self, number: int, every: timedelta, now: timedelta) -> bool:
        asked = self._ages.last_asked(number)
        return asked is None or now - asked >= every

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
            self.answered_at = self._clock.monotonic()
        except RateLimited as err:
            self._silent_until = self._clock.monotonic() + timedelta(seconds=err.wait_s)
            self._saved += 1  # it was not made
            return
        except Mismatched:
            # The service is there: other numbers are asked about as before.
            self.answered_at = self._clock.monotonic()
        except BloomsmsError as err:
            self._back_off(err)
            if isinstance(err, NotSent):
                return
        if activation.id in self._ended:
            await self._watchlist.looked_late(activation.id)

    def _back_off(self, err: BloomsmsError) -> None:
        """Ask more slowly the longer the provider gives nothing."""
        self._failures += 1
        log.info("a look failed (%d in a row): %s", self._failures, type(err).__name__)
        if self._failures < 2:  # noqa: PLR2004 - one bad answer is nobody's outage
            return
        delay_s = min(LONGEST_BACKOFF_S, 0.5 * 2 ** min(self._failures, 10))
        delay = timedelta(seconds=delay_s * random.uniform(0.7, 1.0))  # noqa: S311 - not a secret
        self._silent_until = self._clock.monotonic() + delay
