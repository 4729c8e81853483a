"""Where the requests of the last minute outlive the process; storage/requests.py has the rows."""

from typing import Protocol


class RequestLog(Protocol):
    """Keeps times by a clock that cannot be set, also across a restart of the process.

    Units: ages and times left in seconds.
    """

    async def opened(self, *, is_poll: bool) -> int:
        """Note that a request is about to leave; returns the entry's number."""
        ...

    async def closed(self, entry: int) -> None:
        """Note that its answer came or was given up. Never raises: an answer is worth more."""
        ...

    async def recent(self, within_s: float) -> list[tuple[float, bool]]:
        """How long ago each request ended, and whether it was a poll.

        Shape: those that left within `within_s`, and those of which that is not known. One whose
        end is not known ended just now.
        """
        ...

    async def silent(self, seconds: float) -> None:
        """Note that the server asked for silence. Never raises: the silence is kept anyway."""
        ...

    async def silent_for_s(self) -> float:
        """What is left of the longest silence that was noted; never too little."""
        ...
