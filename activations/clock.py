"""The clock: the only place that asks what time it is."""

import time
from datetime import UTC, datetime, timedelta


class SystemClock:
    def now(self) -> datetime:
        """Now, as aware UTC, for what is stored or shown. It may be set at any time."""
        return datetime.now(UTC)

    def monotonic(self) -> timedelta:
        """Time since an arbitrary moment: never steps, for every wait and age in memory."""
        return timedelta(seconds=time.monotonic())
