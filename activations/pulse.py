"""Whether a service outside still answers: noted at each answer and each failure.

Units: moments are those of the monotonic clock.
"""

from datetime import timedelta

from activations.ports import Clock

# Failing for less than this is a hiccup.
FAILING_TOLERATED = timedelta(seconds=15)
# Longer than any call that may take its time, such as a long poll.
LONGEST_SILENCE = timedelta(seconds=90)


class Pulse:
    """Shape: `last_at` is None before the first answer."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failing_since: timedelta | None = None
        self.last_at: timedelta | None = None

    def beat(self) -> None:
        """There was an answer."""
        self.last_at = self._clock.monotonic()
        self._failing_since = None

    def miss(self) -> None:
        """There was none."""
        self._failing_since = self._failing_since or self._clock.monotonic()

    @property
    def is_well(self) -> bool:
        now = self._clock.monotonic()
        if self.last_at is None or now - self.last_at > LONGEST_SILENCE:
            return False
        return self._failing_since is None or now - self._failing_since < FAILING_TOLERATED
