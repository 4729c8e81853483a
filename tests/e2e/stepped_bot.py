"""Runs the bot like bot.py on a wall clock that a test sets; the monotonic clock stays as it is.

The file CLOCK_STEP holds by how many seconds the wall clock is off. Should CLOCK_STEP_AT_START be
set, the clock is set by that much in the very moment in which the first pass is started.
"""

import datetime as dt
import os
import sys
import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

STEP = Path(os.environ["CLOCK_STEP"])
REAL = dt.datetime
time_plainly = time.time


def step_s() -> float:
    return float(STEP.read_text() or 0)


class _LikeReal(type):
    def __instancecheck__(cls, one: object) -> bool:
        return isinstance(one, REAL)


class SteppedDatetime(REAL, metaclass=_LikeReal):
    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> Any:
        return REAL.fromtimestamp(time.time(), tz)


def main() -> int:
    time.time = lambda: time_plainly() + step_s()
    dt.datetime = SteppedDatetime  # type: ignore[misc]  # before anybody imports it

    from telegram.ext import JobQueue  # noqa: PLC0415 - sees the clock above

    import bot  # noqa: PLC0415 - as above

    run_once_plainly = JobQueue.run_once

    def run_once(self: Any, *arguments: Any, **options: Any) -> Any:
        job = run_once_plainly(self, *arguments, **options)
        if at_start := os.environ.pop("CLOCK_STEP_AT_START", ""):
            STEP.write_text(at_start)
        return job

    patch.object(JobQueue, "run_once", run_once).start()
    return bot.main()


if __name__ == "__main__":
    sys.exit(main())
