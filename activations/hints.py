"""Hints: somebody says that a number has an SMS. A hint is never believed: it makes us look.

Source: docs/decisions/0015-hints.md.
"""

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from activations.adoption import Adoption, is_of
from activations.ages import FirstSight
from activations.hint_watch import HintWatch
from activations.inspection import Inspector
from activations.model import OPEN_STATES, Activation, State
from activations.outbox import OutboxPass
from activations.ports import Clock, Provider, Store
from bloomsms.errors import BloomsmsError, RateLimited

WINDOW = timedelta(seconds=60)
# However many hints come: at most one look a number in so long, and half of the window in all.
LOOK_AGAIN_AFTER = timedelta(seconds=10)
SHARE = 2
# Numbers that nobody knows cost a request only to find the number of a lost order: so many are
# kept, followed at once, and looked at in a minute (as a part of all requests).
MOST_UNKNOWN = 200
UNKNOWN_AT_ONCE = 4
SHARE_OF_UNKNOWN = 12
# The provider may tell of an SMS before it shows it: so often a hint makes us look.
LOOKS_PER_HINT = 2
MOST_WAITING = 10_000
MOST_IN_FLIGHT = 16
MOST_REFRESHES = 8
MOST_AT_ONCE = 500
KEPT_FOR = timedelta(minutes=10)
# A number that has ended may get a late code for so long.
LATE_CODES_FOR = timedelta(minutes=30)
UNKNOWN_AGAIN_AFTER = timedelta(seconds=1)
FAILED_AGAIN_AFTER = timedelta(seconds=2)
IDLE_S = 0.5

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Hint:
    """`due_at` is when it may be followed next; `looks` counts how often it was.

    Units: moments are those of the monotonic clock.

    A look that began after `unseen_since` makes following it pointless.
    """

    provider_id: str
    service_code: str
    came_at: timedelta
    due_at: timedelta
    unseen_since: timedelta
    looks: int = 0
    is_in_hand: bool = False
    was_followed: bool = False
    came_again: bool = False


class Hints:
    """Meets the web door's HintTaker. `serve` follows what `take` kept, oldest first.

    Units: `limit` gives how many requests any 60 s allow now.
    What is kept does not outlive the process: the poller looks at every open number anyway.
    """

    def __init__(
        self,
        store: Store,
        provider: Provider,
        inspector: Inspector,
        adoption: Adoption,
        outbox: OutboxPass,
        watch: HintWatch,
        clock: Clock,
        limit: Callable[[], int],
    ) -> None:
        self._store = store
        self._provider = provider
        self._inspector = inspector
        self._adoption = adoption
        self._outbox = outbox
        self._watch = watch
        self._clock = clock
        self._limit = limit
        self._waiting: OrderedDict[str, Hint] = OrderedDict()
        self._more = asyncio.Event()
        self._to_look: asyncio.Queue[tuple[Hint, Activation | None]] = asyncio.Queue()
        self._to_refresh: asyncio.Queue[int] = asyncio.Queue()  # people
        self._ended = FirstSight(clock)
        self._looks_at: deque[timedelta] = deque()
        self._looked_at: dict[str, timedelta] = {}
        self._unknown: set[str] = set()  # waiting, as far as they were sorted
        self._unknown_in_hand = 0
        self._unknown_looks_at: deque[timedelta] = deque()

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def take(self, provider_id: str, service_code: str) -> None:
        """Keep a hint; a number's second one while the first waits is the same."""
        if (known := self._waiting.get(provider_id)) is not None:
            known.came_again = known.is_in_hand
            return
        if len(self._waiting) >= MOST_WAITING:
            return  # nothing but a flood makes so many; the poller looks all the same
        now = self._clock.monotonic()
        self._waiting[provider_id] = Hint(provider_id, service_code, now, now, now)
        self._more.set()

    async def serve(self) -> None:
        """Follow hints until cancelled; a look that hangs holds up only its own number."""
        looks = [self._look() for _ in range(MOST_IN_FLIGHT)]
        await asyncio.gather(
            self._sort(), *looks, *(self._refresh() for _ in range(MOST_REFRESHES))
        )

    async def _sort(self) -> None:
        while True:
            try:
                await self._sort_due()
            except Exception:
                log.exception("hints could not be sorted")
            # The next hint wakes it; those that wait for their time are gone through now and then.
            try:
                async with asyncio.timeout(IDLE_S if self._waiting else None):
                    await self._more.wait()
            except TimeoutError:
                continue
            self._more.clear()

    async def _sort_due(self) -> None:
        now = self._clock.monotonic()
        self._looked_at = {i: at for i, at in self._looked_at.items() if now - at < WINDOW}
        if not self._waiting:
            self._ended.keep_only(())
        due = [h for h in self._waiting.values() if not h.is_in_hand and h.due_at <= now]
        for start in range(0, len(due), MOST_AT_ONCE):
            some = due[start : start + MOST_AT_ONCE]
            rows = await self._store.by_provider_ids([hint.provider_id for hint in some])
            known = {row.number.provider_id: row for row in rows if row.number}
            orders = await self._adoption.orders() if len(known) < len(some) else []
            for hint in some:
                self._place(hint, known.get(hint.provider_id), orders, now)

    def _place(
        self, hint: Hint, activation: Activation | None, orders: list[Activation], now: timedelta
    ) -> None:
        """To be looked at now, later, or not at all."""
        if now - hint.came_at > KEPT_FOR:
            self._drop(hint)
            return
        if activation is None:
            self._place_unknown(hint, orders, now)
            return
        self._unknown.discard(hint.provider_id)
        self._watch.came(hint.provider_id)
        may_look_at = self._looked_at.get(hint.provider_id, now - WINDOW) + LOOK_AGAIN_AFTER
        if self._is_pointless(activation, hint):
            self._drop(hint)
        elif may_look_at > now:
            self._later(hint, may_look_at)
        else:
            self._hand_on(hint, activation)

    def _place_unknown(self, hint: Hint, orders: list[Activation], now: timedelta) -> None:
        of_service = [order for order in orders if is_of(order, hint.service_code)]
        self._unknown.add(hint.provider_id)
        if not of_service or len(self._unknown) > MOST_UNKNOWN or hint.looks:
            self._drop(hint)
        elif any(order.state is State.RENTING for order in of_service):
            self._later(hint, now + UNKNOWN_AGAIN_AFTER)  # an answer on its way may name it
        elif self._may_follow_unknown(now):
            self._unknown_looks_at.append(now)
            self._unknown_in_hand += 1
            self._hand_on(hint, None)
        else:
            self._later(hint, now + UNKNOWN_AGAIN_AFTER)

    def _may_follow_unknown(self, now: timedelta) -> bool:
        _forget_old(self._unknown_looks_at, now)
        is_room = len(self._unknown_looks_at) < max(1, self._limit() // SHARE_OF_UNKNOWN)
        return is_room and self._unknown_in_hand < UNKNOWN_AT_ONCE

    def _hand_on(self, hint: Hint, activation: Activation | None) -> None:
        hint.is_in_hand = True
        self._to_look.put_nowait((hint, activation))

    async def _look(self) -> None:
        while True:
            hint, activation = await self._to_look.get()
            try:
                await self._wait_for_share()
                await self._look_at(hint, activation)
            except RateLimited as err:
                self._later(hint, self._clock.monotonic() + timedelta(seconds=err.wait_s))
            except BloomsmsError as err:
                log.info("a hint could not be followed: %s", type(err).__name__)
                self._later(hint, self._clock.monotonic() + FAILED_AGAIN_AFTER)
            except Exception:
                log.exception("a hint could not be followed")
                self._later(hint, self._clock.monotonic() + FAILED_AGAIN_AFTER)
            finally:
                self._unknown_in_hand -= activation is None

    async def _look_at(self, hint: Hint, activation: Activation | None) -> None:
        if activation and await self._was_polled(hint, activation):
            self._looks_at.pop()
            self._drop(hint)
            return
        self._looked_at[hint.provider_id] = self._clock.monotonic()
        hint.came_again, hint.was_followed = False, True
        after = await self._follow(hint, activation)
        hint.looks += 1
        self._looked(hint, activation, after)

    async def _was_polled(self, hint: Hint, activation: Activation) -> bool:
        """Whether the poller came first while the hint waited for its share."""
        now_stands = await self._store.get(activation.id)
        return now_stands is not None and self._is_pointless(now_stands, hint)

    def _is_pointless(self, activation: Activation, hint: Hint) -> bool:
        """Whether the number ended long ago, or was asked about since the hint came."""
        if activation.state not in OPEN_STATES:
            age = self._ended.probable_age(activation.id, activation.changed_at)
            return age > LATE_CODES_FOR
        asked = self._inspector.ages.last_asked(activation.id)
        return asked is not None and asked > hint.unseen_since

    async def _follow(self, hint: Hint, activation: Activation | None) -> Activation | None:
        if activation is None:
            after = await self._adoption.adopt(hint.provider_id, hint.service_code, self._provider)
        else:
            after = await self._inspector.look(activation, self._provider)
        if after is not None:
            await self._outbox.deliver_codes(after.user_id)
            self._to_refresh.put_nowait(after.user_id)
        return after

    async def _refresh(self) -> None:
        """Deliver what comes with a code: it may have to wait for its chat's pace, a look not."""
        while True:
            user_id = await self._to_refresh.get()
            try:
                await self._outbox.run_pass(user_id)
            except Exception:
                log.exception("what came with a code waits for the next pass")

    def _looked(self, hint: Hint, before: Activation | None, after: Activation | None) -> None:
        has_news = after is not None and (before is None or len(after.sms) > len(before.sms))
        is_over = has_news or after is None or hint.looks >= LOOKS_PER_HINT
        if has_news:
            self._looked_at.pop(hint.provider_id, None)  # that look was no waste
        if hint.came_again:
            hint.came_at, hint.looks = self._clock.monotonic(), 0
            self._later(hint, self._clock.monotonic())
        elif is_over:
            self._drop(hint)
        else:
            self._later(hint, self._clock.monotonic() + LOOK_AGAIN_AFTER)

    async def _wait_for_share(self) -> None:
        """Hints together take at most half of a minute's requests."""
        while True:
            now = self._clock.monotonic()
            _forget_old(self._looks_at, now)
            if len(self._looks_at) < max(1, self._limit() // SHARE):
                self._looks_at.append(now)
                return
            await asyncio.sleep(IDLE_S)

    def _later(self, hint: Hint, due_at: timedelta) -> None:
        hint.is_in_hand = False
        hint.due_at = due_at
        if hint.was_followed:
            hint.unseen_since = self._clock.monotonic()

    def _drop(self, hint: Hint) -> None:
        self._waiting.pop(hint.provider_id, None)
        self._unknown.discard(hint.provider_id)


def _forget_old(times: deque[timedelta], now: timedelta) -> None:
    while times and now - times[0] >= WINDOW:
        times.popleft()
