"""The request log in memory, as long as a test lives."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime


@dataclass
class KeptLog:
    """Meets the budget's RequestLog. An entry: when it began, when it ended, whether it polled."""

    entries: list[tuple[datetime, datetime | None, bool]] = field(default_factory=list)
    problem: Exception | None = None
    noting_s: float = 0.0
    silence_ends: datetime | None = None

    async def opened(self, at: datetime, *, is_poll: bool) -> int:
        await asyncio.sleep(self.noting_s)
        if self.problem:
            raise self.problem
        self.entries.append((at, None, is_poll))
        return len(self.entries) - 1

    async def closed(self, entry: int, at: datetime) -> None:
        began, _, is_poll = self.entries[entry]
        self.entries[entry] = (began, at, is_poll)

    async def since(self, at: datetime) -> list[tuple[datetime | None, bool]]:
        return [(ended, is_poll) for began, ended, is_poll in self.entries if began >= at]

    async def silent(self, until: datetime) -> None:
        self.silence_ends = until

    async def silent_until(self) -> datetime | None:
        return self.silence_ends
