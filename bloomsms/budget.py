"""How many requests may go, and whose turn it is: a true sliding window with lanes.

Source: the API text (60 requests a minute for each key); docs/decisions/0002-request-budget.md.
"""

import asyncio
import heapq
import itertools
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from enum import IntEnum

from bloomsms.errors import RateLimited
from bloomsms.request_log import RequestLog
from bloomsms.shares import Shares

WINDOW_S = 60.0
# The server counts on its own clock; a quarter of a second more than its window covers jitter.
MARGIN_S = 0.25
# So many requests of every window are left to people when the poller fills the rest.
RESERVED_FOR_PEOPLE = 3
# So much of every window one person may use, and who has had half of that yields to the others.
LARGEST_SHARE = 0.5
# What people have just taken of it is given back by the pace of polls, within about so long, not
# by polls that stop at once; so the pace aims at one free place more than is kept.
REFILLED_WITHIN_S = 5.0
AIMED_FREE = 4
# A pause that lasts longer than this is told to the caller at once.
LONGEST_PAUSE_WAIT_S = 2.0
# A silence that was noted must not outlast what a server may mean.
LONGEST_SILENCE_S = 3600.0
# What was given up because somebody else uses the key comes back one request at a time.
REGAIN_EVERY_S = 60.0


class Lane(IntEnum):
    """Whose request it is; the lower goes first."""

    PEOPLE = 0  # somebody is looking at a spinner
    HINTED = 1  # somebody waits for a code that is said to be there
    POLLS = 2  # a look at a waiting number
    UPKEEP = 3  # nobody waits for it


def nobody() -> int | None:
    """Whose request it is, where people are not told apart."""
    return None


class Budget:
    """Lets a request go only while fewer than `limit` lie within any 60 s.

    A slot is taken before the request leaves and is free again 60 s after its answer.
    Shape: `whose` tells the person on whose wish the caller asks, None when it is nobody's.
    """

    def __init__(
        self,
        limit: int,
        log: RequestLog,
        time_s: Callable[[], float] = time.monotonic,
        window_s: float = WINDOW_S,
        whose: Callable[[], int | None] = nobody,
    ) -> None:
        self.limit = limit
        self.pauses = 0  # how often the server said that it was too much
        self._held_s = window_s + MARGIN_S * window_s / WINDOW_S
        self._refilled_within_s = REFILLED_WITHIN_S * window_s / WINDOW_S
        self._log = log
        self._time_s = time_s
        self._whose = whose
        self._shares = Shares(self._held_s, time_s)
        self._frees_at_s: deque[float] = deque()  # answered requests, oldest first
        # When the last requests of people left; more than are kept for them do not matter.
        self._people_at_s: deque[float] = deque(maxlen=RESERVED_FOR_PEOPLE)
        self._in_flight = 0
        self._paused_until_s = 0.0
        self._given_up = 0  # requests of every window that we leave to somebody else
        self._given_up_at_s = 0.0
        self._waiters: list[tuple[Lane, int, int, asyncio.Future[None]]] = []
        self._turns = itertools.count()
        self._alarm: asyncio.TimerHandle | None = None

    async def restore(self) -> None:
        """Count what a process before this one sent, and keep the silence it was asked for.

        A request without an end counts as new.
        """
        silent_s = min(await self._log.silent_for_s(), LONGEST_SILENCE_S)
        self._paused_until_s = self._time_s() + silent_s
        noted = await self._log.recent(2 * self._held_s)
        start_s = self._time_s()
        ended = sorted((start_s - max(0.0, age_s), is_poll) for age_s, is_poll in noted)
        self._frees_at_s.extend(ended_at_s + self._held_s for ended_at_s, _ in ended)
        self._people_at_s.extend(ended_at_s for ended_at_s, is_poll in ended if not is_poll)

    @asynccontextmanager
    async def slot(self, lane: Lane, wait_limit_s: float) -> AsyncIterator[None]:
        """Hold one request's place in the window while it is made.

        Units: waits at most `wait_limit_s` seconds for its turn.
        Errors: RateLimited when the turn does not come in time, or the person's share is used up.
        """
        person = self._whose() if lane is Lane.PEOPLE else None
        entry = await self._enter(lane, person, wait_limit_s)
        try:
            yield
        finally:
            self._free_later()
            self._shares.end(person)
            await self._log.closed(entry)

    async def obey(self, seconds: float) -> None:
        """Pause, and keep that also for a process after this one."""
        self.pause(seconds)
        await self._log.silent(self.pause_left_s)

    def pause(self, seconds: float) -> None:
        """Let nothing go for so long: the server said that it was too much.

        Said although we were well below the limit, it means that somebody else uses the key: then
        half of the limit is left to us, and one more request every minute.
        """
        now_s = self._time_s()
        self.pauses += 1
        if self._paused_until_s <= now_s and self.used < self.limit - RESERVED_FOR_PEOPLE:
            self._given_up = self.limit - max(1, self.allowed // 2)
            self._given_up_at_s = now_s
        self._paused_until_s = max(self._paused_until_s, now_s + seconds)

    @property
    def pause_left_s(self) -> float:
        return max(0.0, self._paused_until_s - self._time_s())

    @property
    def used(self) -> int:
        """Requests in the window, those under way included."""
        self._drop_old()
        return len(self._frees_at_s) + self._in_flight

    @property
    def allowed(self) -> int:
        """Requests of any window that are ours, without what is left to somebody else."""
        regained = int((self._time_s() - self._given_up_at_s) / REGAIN_EVERY_S)
        return self.limit - max(0, self._given_up - regained)

    @property
    def poll_interval_s(self) -> float:
        """The pace at which polls use all that people leave, evenly.

        Kept up, it leaves AIMED_FREE places free at every later moment at which one frees; it sees
        REFILLED_WITHIN_S ahead at least, so that a few requests of people make no hole.

        Units: seconds between two polls.
        """
        limit = self.allowed
        free = limit - self.used - min(AIMED_FREE, limit // 6)
        now_s = self._time_s()
        pace = max(1, limit - RESERVED_FOR_PEOPLE) / self._held_s
        for freed, at_s in enumerate(self._frees_at_s):
            if at_s - now_s > self._refilled_within_s:
                pace = min(pace, (free + freed) / (at_s - now_s))
        return 1 / max(pace, 1 / self._held_s)

    async def _enter(self, lane: Lane, person: int | None, wait_limit_s: float) -> int:
        """Take a place and note it; returns the log's entry."""
        self._refuse_in_pause(wait_limit_s)
        standing = self._shares.held_by(person)
        if standing >= self._largest_share:
            raise RateLimited(max(1.0, self._shares.frees_in_s(person)))
        self._shares.take(person)
        try:
            await self._take(lane, standing, wait_limit_s)
            try:
                return await self._log.opened(is_poll=lane is Lane.POLLS)
            except BaseException:
                self._give_back()
                raise
        except BaseException:
            self._shares.give_back(person)
            raise

    @property
    def _largest_share(self) -> int:
        return max(1, int(self.allowed * LARGEST_SHARE))

    async def _take(self, lane: Lane, standing: int, wait_limit_s: float) -> None:
        if not self._goes_first(lane, standing) or not self._has_room(lane, standing):
            await self._wait_in_lane(lane, standing, wait_limit_s)
        self._in_flight += 1
        if lane is Lane.PEOPLE:
            self._people_at_s.append(self._time_s())

    def _refuse_in_pause(self, wait_limit_s: float) -> None:
        if self.pause_left_s > min(wait_limit_s, LONGEST_PAUSE_WAIT_S):
            raise RateLimited(self.pause_left_s)

    async def _wait_in_lane(self, lane: Lane, standing: int, wait_limit_s: float) -> None:
        """Wait for a place; in a lane whoever has had less of the window goes first."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiters, (lane, standing, next(self._turns), turn))
        self._set_alarm()
        try:
            async with asyncio.timeout(wait_limit_s):
                await turn
        except BaseException as err:
            if turn.done() and not turn.cancelled():
                self._give_back()
            turn.cancel()
            if isinstance(err, TimeoutError):
                raise RateLimited(self._room_in_s(lane, standing)) from err
            raise
        self._in_flight -= 1  # _take counts it; _wake held the place until here

    def _goes_first(self, lane: Lane, standing: int) -> bool:
        self._drop_cancelled()
        return not self._waiters or (lane, standing) < self._waiters[0][:2]

    def _has_room(self, lane: Lane, standing: int) -> bool:
        kept = self._kept_from(lane, standing)
        return self.pause_left_s == 0 and self.used + kept < self.allowed

    def _kept_from(self, lane: Lane, standing: int) -> int:
        """So many free places are not for this lane, or for somebody who has had so much."""
        if lane is Lane.PEOPLE and standing <= self._largest_share // 2:
            return 0
        kept = min(RESERVED_FOR_PEOPLE, self.allowed - 1)
        if lane is Lane.POLLS:
            start_s = self._time_s() - self._refilled_within_s
            kept = max(0, kept - sum(at_s > start_s for at_s in self._people_at_s))
        return kept

    def _give_back(self) -> None:
        self._in_flight -= 1
        self._wake()

    def _free_later(self) -> None:
        self._in_flight -= 1
        self._frees_at_s.append(self._time_s() + self._held_s)
        self._wake()

    def _drop_old(self) -> None:
        while self._frees_at_s and self._frees_at_s[0] <= self._time_s():
            self._frees_at_s.popleft()

    def _drop_cancelled(self) -> None:
        while self._waiters and self._waiters[0][3].done():
            heapq.heappop(self._waiters)

    def _wake(self) -> None:
        """Give free places to those whose turn it is, and wake again when one frees."""
        self._drop_cancelled()
        while self._waiters and self._has_room(*self._waiters[0][:2]):
            *_order, waiter = heapq.heappop(self._waiters)
            self._in_flight += 1
            waiter.set_result(None)
            self._drop_cancelled()
        self._set_alarm()

    def _set_alarm(self) -> None:
        if self._alarm:
            self._alarm.cancel()
            self._alarm = None
        self._drop_cancelled()
        if self._waiters:
            loop = asyncio.get_running_loop()
            room_in_s = self._room_in_s(*self._waiters[0][:2])
            self._alarm = loop.call_later(max(room_in_s, 0.01), self._wake)

    def _room_in_s(self, lane: Lane, standing: int) -> float:
        missing = self.used + self._kept_from(lane, standing) - self.allowed
        if missing < 0:
            return max(self.pause_left_s, 0.05)
        is_answered = missing < len(self._frees_at_s)
        frees_in_s = self._frees_at_s[missing] - self._time_s() if is_answered else 1.0
        return max(self.pause_left_s, frees_in_s)
