"""Scheduled passes: each keeps its own time by the monotonic clock, whatever the wall clock says.

The job queue only starts them. Its repeating jobs go by the wall clock: set back, they would stop
until the old time is reached again; set forward, they would list every run that was missed.
Source: docs/decisions/0016-clocks.md.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from telegram.ext import ContextTypes, JobQueue

# A pass that has neither begun nor ended a round for so many of its intervals stands still; a
# busy machine is given some seconds.
INTERVALS_TOLERATED = 10
SHORTEST_TOLERATED_S = 5.0
# Past by any clock: set back just at the start, "now" would lie ahead.
LONG_AGO = datetime.fromtimestamp(0, UTC)

Context = ContextTypes.DEFAULT_TYPE

log = logging.getLogger("passes")


@dataclass(frozen=True)
class Pass:
    """A round of work every `every_s` seconds; a slow round does not hold up the next one.

    Shape: at most `at_most` rounds are under way at once. Nothing that must happen lives in a
    pass: it works on rows, and the next round does what this one missed.
    """

    name: str
    run: Callable[[], Awaitable[None]]
    every_s: float
    at_most: int = 1


class _Rounds:
    """The rounds of one pass."""

    def __init__(self, of: Pass, time_s: Callable[[], float]) -> None:
        self._of = of
        self._time_s = time_s
        self._under_way: set[asyncio.Task[None]] = set()
        self._is_failing = False
        self._moved_at_s = time_s()

    @property
    def stand_still(self) -> bool:
        tolerated_s = max(self._of.every_s * INTERVALS_TOLERATED, SHORTEST_TOLERATED_S)
        return self._time_s() - self._moved_at_s > tolerated_s

    async def serve(self, stopped: asyncio.Event) -> None:
        """Begin rounds until `stopped`, then wait for those under way.

        Time that passed unused is not caught up on.
        """
        due_s = self._time_s()
        while not stopped.is_set():
            if len(self._under_way) < self._of.at_most:
                self._begin()
            due_s = max(due_s + self._of.every_s, self._time_s())
            with suppress(TimeoutError):
                async with asyncio.timeout(due_s - self._time_s()):
                    await stopped.wait()
        await asyncio.gather(*self._under_way)

    def _begin(self) -> None:
        self._moved_at_s = self._time_s()
        task = asyncio.create_task(self._round(), name=self._of.name)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _round(self) -> None:
        try:
            await self._of.run()
        except Exception:
            # Told once, not four times a second: the next round tries again.
            if not self._is_failing:
                log.exception("the pass %s failed", self._of.name)
            self._is_failing = True
        else:
            self._is_failing = False
        finally:
            self._moved_at_s = self._time_s()


class Passes:
    """All passes of the program. Units: `time_s` is a monotonic clock's."""

    def __init__(self, time_s: Callable[[], float]) -> None:
        self._time_s = time_s
        self._rounds: dict[str, _Rounds] = {}
        self._stopped = asyncio.Event()

    def start(self, job_queue: JobQueue[Context], passes: Sequence[Pass]) -> None:
        """Begin the first round of each at once."""
        for one in passes:
            rounds = self._rounds[one.name] = _Rounds(one, self._time_s)
            # A start that was held up is late, not void.
            options = {"misfire_grace_time": None}
            job_queue.run_once(self._job(rounds), LONG_AGO, name=one.name, job_kwargs=options)

    @property
    def late(self) -> list[str]:
        """The names of those that stand still, in the order in which they were started."""
        return [name for name, rounds in self._rounds.items() if rounds.stand_still]

    def stop(self) -> None:
        """Begin no more rounds; those under way go on."""
        self._stopped.set()

    def _job(self, rounds: _Rounds) -> Callable[[Context], Coroutine[Any, Any, None]]:
        async def job(_context: Context) -> None:
            await rounds.serve(self._stopped)

        return job
