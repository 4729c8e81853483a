"""How old things are by the monotonic clock; stored times are read once, at first sight.

The wall clock may have been set between two looks at a row, or while no process ran, so what its
times say is bounded by what is plausible.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from activations.model import USUAL_LIFETIME
from activations.ports import Clock

ZERO = timedelta(0)
# A wall clock that moves against the monotonic one by more than this was set.
STEP = timedelta(seconds=0.5)
# A stored age may be wrong by so much.
CLOCK_ERROR = timedelta(hours=2)


@dataclass(slots=True)
class _Wait:
    """`since` is the stored beginning: another value is another wait. The rest never steps."""

    since: datetime
    began: timedelta
    asked: timedelta | None
    is_exact: bool  # no step of the clock and no restart lies in its age


class NumberAges:
    """How long each open number waits, when it was last asked about, and when its time is over."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset = clock.now() - clock.monotonic()
        self._steady_since = clock.monotonic()
        self._all_seen: timedelta | None = None  # when all open numbers were last seen
        self._waits: dict[int, _Wait] = {}
        self._ends: dict[int, tuple[datetime, timedelta]] = {}
        self._sure_ends: dict[int, timedelta] = {}

    def see(
        self, number: int, since: datetime, asked_at: datetime | None, ends_at: datetime | None
    ) -> None:
        """Take in what the row of an open number says, unless that is known."""
        self._notice_step()
        known = self._waits.get(number)
        if known is None or known.since != since:
            known = self._waits[number] = self._at_first_sight(since, asked_at, known)
        if ends_at is not None and self._ends.get(number, (None,))[0] != ends_at:
            self._ends[number] = (ends_at, self._end(known, ends_at))
            self._sure_ends[number] = self._sure_end(known, ends_at)

    def keep_only(self, numbers: Iterable[int]) -> None:
        """These are all numbers that are open now: whatever is seen later began later."""
        still = set(numbers)
        self._waits = {number: wait for number, wait in self._waits.items() if number in still}
        self._ends = {number: end for number, end in self._ends.items() if number in still}
        self._sure_ends = {n: end for n, end in self._sure_ends.items() if n in still}
        self._all_seen = self._clock.monotonic()

    def asked(self, number: int, at: timedelta) -> None:
        """Note that the provider was asked then."""
        if wait := self._waits.get(number):
            wait.asked = at

    def last_asked(self, number: int) -> timedelta | None:
        wait = self._waits.get(number)
        return wait.asked if wait else None

    def waited(self, number: int) -> timedelta:
        """Since its SMS was asked for; nothing for a number that was not seen."""
        wait = self._waits.get(number)
        return self._clock.monotonic() - wait.began if wait else ZERO

    def waited_when_asked(self, number: int) -> timedelta:
        """How long it had waited when it was last asked about; nothing when it never was."""
        wait = self._waits.get(number)
        return max(ZERO, wait.asked - wait.began) if wait and wait.asked is not None else ZERO

    def is_exact(self, number: int) -> bool:
        """Whether this process can measure how long it waited."""
        wait = self._waits.get(number)
        return wait is not None and wait.is_exact

    def is_over(self, number: int) -> bool:
        """Whether its time is over; not for a number whose end was not seen."""
        end = self._ends.get(number)
        return end is not None and self._clock.monotonic() >= end[1]

    def is_surely_over(self, number: int) -> bool:
        """Whether its time is over even if the wall clock was wrong when this process began."""
        end = self._sure_ends.get(number)
        return end is not None and self._clock.monotonic() >= end

    def _at_first_sight(
        self, since: datetime, asked_at: datetime | None, earlier: _Wait | None
    ) -> _Wait:
        at, now = self._clock.monotonic(), self._clock.now()
        age = now - since
        is_exact = ZERO <= age <= at - self._steady_since
        if not is_exact:
            age = min(max(age, ZERO), USUAL_LIFETIME)
            if self._all_seen is not None:
                age = min(age, at - self._all_seen)
        if earlier is not None:
            asked = earlier.asked
        elif asked_at is None or asked_at < since:
            asked = None
        else:
            asked = at - min(max(now - asked_at, ZERO), age)
        return _Wait(since, at - age, asked, is_exact)

    def _end(self, wait: _Wait, ends_at: datetime) -> timedelta:
        """Its length as it was noted, from its beginning on; the wall's word after a restart."""
        at = self._clock.monotonic()
        length = ends_at - wait.since
        if wait.is_exact or self._all_seen is not None:
            return wait.began + length
        return at + min(ends_at - self._clock.now(), max(length, ZERO))

    def _sure_end(self, wait: _Wait, ends_at: datetime) -> timedelta:
        """After a restart its whole length from now on: the wall clock may be far ahead."""
        length = max(ends_at - wait.since, ZERO)
        if wait.is_exact or self._all_seen is not None:
            return wait.began + length
        return self._clock.monotonic() + length

    def _notice_step(self) -> None:
        offset = self._clock.now() - self._clock.monotonic()
        if abs(offset - self._offset) > STEP:
            self._steady_since = self._clock.monotonic()
        self._offset = offset


class FirstSight:
    """Ages of rows that do not depend on a clock that was set since this process first saw them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: dict[Hashable, tuple[timedelta, timedelta]] = {}  # when, and how old by its row
        self._born: set[Hashable] = set()

    def begins(self, row: Hashable) -> None:
        """It happens just now, in this process."""
        self._seen[row] = (self._clock.monotonic(), ZERO)
        self._born.add(row)

    def saw_it_begin(self, row: Hashable) -> bool:
        return row in self._born

    def certain_age(self, row: Hashable, stored: datetime) -> timedelta:
        """So old it is at least, even if the clock was wrong when its time was stored."""
        at, age = self._sight(row, stored)
        return self._clock.monotonic() - at + max(age - CLOCK_ERROR, ZERO)

    def probable_age(self, row: Hashable, stored: datetime) -> timedelta:
        at, age = self._sight(row, stored)
        return self._clock.monotonic() - at + age

    def keep_only(self, rows: Iterable[Hashable]) -> None:
        still = set(rows)
        self._seen = {row: seen for row, seen in self._seen.items() if row in still}
        self._born &= still

    def _sight(self, row: Hashable, stored: datetime) -> tuple[timedelta, timedelta]:
        if row not in self._seen:
            age = max(self._clock.now() - stored, ZERO)
            self._seen[row] = (self._clock.monotonic(), age)
        return self._seen[row]
