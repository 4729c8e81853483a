"""What a single answer is not believed about: it takes several that agree, over some time.

Kept in memory by the monotonic clock: after a restart the count begins anew.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta

from activations.ages import NumberAges
from activations.model import GRACE_AFTER_EXPIRY, OPEN_STATES, Activation, State
from activations.ports import Clock
from bloomsms.models import ActivationStatus, ProviderStatus, Sms, StatusChange

# An end that disagrees with all we know.
ENDS, ENDS_OVER = 4, timedelta(seconds=60)
# An SMS whose text was told before, and a number with a code that waits although nothing was asked.
REPEATS, REPEATS_OVER = 3, timedelta(seconds=15)
# How often a doubted number is asked about at least.
END_LOOK_EVERY = timedelta(seconds=20)
REPEAT_LOOK_EVERY = timedelta(seconds=8)

CLOSED = (ProviderStatus.COMPLETED, ProviderStatus.CANCELLED, ProviderStatus.EXPIRED)
OPEN = (ProviderStatus.WAITING, ProviderStatus.CODE_RECEIVED)


@dataclass(frozen=True, slots=True)
class Weighed:
    """What one answer, together with those before it, is believed to say."""

    sms: Sms | None = None  # it is to be told
    is_repeat: bool = False  # its text was told before
    is_over: bool = False  # the provider's word that the number has ended is believed
    is_given_up: bool = False  # its time is over, and the provider does not say so
    waits_again: bool = False  # one more SMS is awaited than we know
    has_code: bool = False  # the SMS of this round is told already


@dataclass(slots=True)
class _Run:
    """Readings of one kind in a row."""

    what: object
    first: timedelta  # when the first of them was answered
    last: timedelta
    count: int = 0


class Agreement:
    """Counts, for each number, the readings in a row that say the same."""

    def __init__(self, reads: int, over: timedelta, look_every: timedelta) -> None:
        self._reads = reads
        self._over = over
        self._look_every = look_every
        self._runs: dict[int, _Run] = {}

    def agrees(self, number: int, what: object, asked: timedelta, answered: timedelta) -> bool:
        """Count one more; whether they are enough by now, and then the count is over."""
        run = self._runs.get(number)
        if run is None or run.what != what:
            run = self._runs[number] = _Run(what, answered, answered)
        run.count += 1
        run.last = answered
        if run.count < self._reads or asked - run.first < self._over:
            return False
        del self._runs[number]
        return True

    def drop(self, number: int) -> None:
        self._runs.pop(number, None)

    def due(self, now: timedelta) -> Iterator[tuple[timedelta, int]]:
        """Those whose next reading is due, each with when it was last read."""
        for number, run in self._runs.items():
            if now - run.last >= self._look_every:
                yield run.last, number

    def keep_only(self, numbers: Collection[int]) -> None:
        self._runs = {number: run for number, run in self._runs.items() if number in numbers}


class Doubts:
    """Weighs each answer; `asked` is when its question left."""

    def __init__(self, clock: Clock, ages: NumberAges) -> None:
        self._clock = clock
        self._ages = ages
        self._ends = Agreement(ENDS, ENDS_OVER, END_LOOK_EVERY)
        self._repeats = Agreement(REPEATS, REPEATS_OVER, REPEAT_LOOK_EVERY)
        self._waits = Agreement(REPEATS, REPEATS_OVER, REPEAT_LOOK_EVERY)
        self._open_past_end: dict[int, timedelta] = {}  # since when it was read so

    def due(self) -> list[int]:
        """Numbers in doubt that are to be asked about now, the longest unread first."""
        now = self._clock.monotonic()
        due = sorted(each for one in self._agreements for each in one.due(now))
        return list(dict.fromkeys(number for _, number in due))

    def keep_only(self, numbers: Collection[int]) -> None:
        """These are all that are open now."""
        for agreement in self._agreements:
            agreement.keep_only(numbers)
        self._open_past_end = {n: at for n, at in self._open_past_end.items() if n in numbers}

    def weigh(
        self,
        before: Activation,
        seen: ActivationStatus,
        told_elsewhere: Collection[Sms],
        asked: timedelta,
    ) -> Weighed:
        """Shape: `told_elsewhere` are the SMS that other orders had on the same phone number."""
        known = {*before.sms, *told_elsewhere}
        new = seen.sms if seen.sms not in known else None
        if before.state not in OPEN_STATES:
            return Weighed(new)
        if seen.status in OPEN:
            self._ends.drop(before.id)
        old = {*before.sms[: before.older_sms], *told_elsewhere}
        is_repeat = self._is_repeat(before, seen, old, asked)
        return Weighed(
            sms=seen.sms if is_repeat else new,
            is_repeat=is_repeat,
            is_over=self._is_over(before, seen.status, asked),
            is_given_up=self._is_given_up(before, seen.status, asked),
            waits_again=self._waits_again(before, seen, old, asked),
            has_code=seen.sms in before.round_sms and seen.sms not in old,
        )

    def is_missing(self, before: Activation, asked: timedelta) -> bool:
        """Whether it is believed that the provider does not know the number any more."""
        if before.is_cancel_accepted or self._ages.is_surely_over(before.id):
            return True
        return self._ends.agrees(before.id, None, asked, self._clock.monotonic())

    @property
    def _agreements(self) -> tuple[Agreement, ...]:
        return (self._ends, self._repeats, self._waits)

    def _is_over(self, before: Activation, status: ProviderStatus, asked: timedelta) -> bool:
        if status not in CLOSED:
            return False
        change = (
            StatusChange.COMPLETE if status is ProviderStatus.COMPLETED else StatusChange.CANCEL
        )
        if before.has_asked_for(change) or self._ages.is_over(before.id):
            return True
        return self._ends.agrees(before.id, None, asked, self._clock.monotonic())

    def _is_repeat(
        self, before: Activation, seen: ActivationStatus, old: Collection[Sms], asked: timedelta
    ) -> bool:
        """Whether a text that was told before came once more; the provider numbers no SMS."""
        is_there = seen.status is ProviderStatus.CODE_RECEIVED and seen.sms in old
        is_awaited = before.state is State.WAITING and seen.sms not in before.round_sms
        if not is_there or not is_awaited:
            if seen.status is not ProviderStatus.UNKNOWN:
                self._repeats.drop(before.id)
            return False
        return self._repeats.agrees(before.id, seen.sms, asked, self._clock.monotonic())

    def _is_given_up(self, before: Activation, status: ProviderStatus, asked: timedelta) -> bool:
        if status in CLOSED or not self._ages.is_surely_over(before.id):
            return False
        if status is ProviderStatus.UNKNOWN:
            return True
        since = self._open_past_end.setdefault(before.id, self._clock.monotonic())
        return asked - since >= GRACE_AFTER_EXPIRY

    def _waits_again(
        self, before: Activation, seen: ActivationStatus, old: Collection[Sms], asked: timedelta
    ) -> bool:
        if seen.status is not ProviderStatus.WAITING:
            if seen.status is not ProviderStatus.UNKNOWN:
                self._waits.drop(before.id)
            return False
        if before.state is State.WAITING:
            # A text that was told again: the next equal one is another SMS.
            return any(sms in old for sms in before.round_sms)
        if before.has_asked_for(StatusChange.ANOTHER_SMS):
            return True
        return self._waits.agrees(before.id, None, asked, self._clock.monotonic())
