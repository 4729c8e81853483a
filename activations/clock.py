"""The clock: the only place that asks what time it is."""

from datetime import UTC, datetime


class SystemClock:
    def now(self) -> datetime:
        """Now, as aware UTC."""
        return datetime.now(UTC)
