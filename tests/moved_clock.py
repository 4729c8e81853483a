"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 5, 5, 14, 0, tzinfo=UTC)


class MovedClock:
    """Meets the business's Clock."""

    def __init__(self, at: datetime = START) -> None:
        self._at = at
        self._passed = timedelta(days=1)

    def now(self) -> datetime:
        return self._at

    def monotonic(self) -> timedelta:
        return self._passed

    def move(self, seconds: float = 0, **more: float) -> datetime:
        """Let time pass; `more` as timedelta takes it."""
        self._passed += timedelta(seconds=seconds, **more)
        return self.step(seconds, **more)

    def step(self, seconds: float = 0, **more: float) -> datetime:
        """Set the wall clock: no time passes."""
        self._at += timedelta(seconds=seconds, **more)
        return self._at
