"""The request log in memory, as long as a test lives."""

import asyncio
from dataclasses import dataclass, field


def now_s() -> float:
    return asyncio.get_running_loop().time()


@dataclass
class KeptLog:
    """Meets the budget's RequestLog. An entry: when it began, when it ended, whether it polled.

    Units: seconds of the loop's clock.
    """

    entries: list[tuple[float, float | None, bool]] = field(default_factory=list)
    problem: Exception | None = None
    noting_s: float = 0.0
    silent_until_s: float = 0.0

    async def opened(self, *, is_poll: bool) -> int:
        began_s = now_s()
        await asyncio.sleep(self.noting_s)
        if self.problem:
            raise self.problem
        self.entries.append((began_s, None, is_poll))
        return len(self.entries) - 1

    async def closed(self, entry: int) -> None:
        began_s, _, is_poll = self.entries[entry]
        self.entries[entry] = (began_s, now_s(), is_poll)

    async def recent(self, within_s: float) -> list[tuple[float, bool]]:
        return [
            (0.0 if ended_s is None else now_s() - ended_s, is_poll)
            for began_s, ended_s, is_poll in self.entries
            if began_s >= now_s() - within_s
        ]

    async def silent(self, seconds: float) -> None:
        self.silent_until_s = max(self.silent_until_s, now_s() + seconds)

    async def silent_for_s(self) -> float:
        return max(0.0, self.silent_until_s - now_s())
