"""What the poller needs to know of the rows; the storage meets it."""

from collections.abc import Mapping
from typing import Protocol

from activations.model import Coded, Wait, Watched


class Watchlist(Protocol):
    """The numbers as the poller sees them."""

    async def watched(self) -> list[Watched]:
        """Every number that waits, oldest first."""
        ...

    async def coded(self) -> list[Coded]:
        """Every number that has its code and is open, oldest first."""
        ...

    async def late_looks(self) -> Mapping[int, int]:
        """How many looks for a late code are left of each ended number, by its id."""
        ...

    async def looked_late(self, activation_id: int) -> None:
        """One of these looks was made."""
        ...

    async def waits_after(self, sms_id: int) -> list[Wait]:
        """How long the SMS after this one were waited for, at most the last thousand, in order."""
        ...
