"""Where the requests of the last minute outlive the process; storage/requests.py has the rows."""

from datetime import datetime
from typing import Protocol


class RequestLog(Protocol):
    """Where the requests of the last minute outlive the process."""

    async def opened(self, at: datetime, *, is_poll: bool) -> int:
        """Note that a request is about to leave; returns the entry's number."""
        ...

    async def closed(self, entry: int, at: datetime) -> None:
        """Note that its answer came or was given up. Never raises: an answer is worth more."""
        ...

    async def since(self, at: datetime) -> list[tuple[datetime | None, bool]]:
        """When the requests since `at` ended, None when unknown, and whether each was a poll."""
        ...

    async def silent(self, until: datetime) -> None:
        """Note that the server asked for silence. Never raises: the silence is kept anyway."""
        ...

    async def silent_until(self) -> datetime | None:
        """The end of the longest silence that was noted."""
        ...
