"""Another program that fetches this bot's updates: who comes second gives way.

Telegram ends the older of two fetches with 409, so that two bots end each other's all the time.
Who was there first has fetched in peace before; who comes second never does. A fetch that was held
for a while and then ended was ended by somebody alive. One that is turned away at once may also be
turned away for the dead: after a kill a fetch of the process before may be held for its whole time.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta

from telegram.error import Conflict

from activations.ports import Clock

# Two of these bots end each other's fetches after so long; a peace twice as long is real. It is
# shorter than a start takes, so that whoever was there first has had it.
RETRY_S = 0.25
PEACE = timedelta(seconds=0.5)
ECHOES_BORNE = 3
ECHOES_LAST = timedelta(seconds=3)
# Longer than the bot lets Telegram hold a fetch.
FETCH_OF_THE_DEAD_LASTS = timedelta(seconds=35)
AT_ONCE = timedelta(seconds=0.1)
TOLD_EVERY = timedelta(minutes=1)

log = logging.getLogger(__name__)


class Rivals:
    """Shape: `found` is set once it is sure that another bot was there before this one."""

    def __init__(self, clock: Clock) -> None:
        self.found = asyncio.Event()
        self._clock = clock
        self._fetching_since: timedelta | None = None  # or since the last conflict
        self._was_at_peace = False
        self._met_at: list[timedelta] = []  # before there was peace
        self._ended_at: list[timedelta] = []  # of these, fetches that had been held
        self._told_at: timedelta | None = None

    def fetching(self) -> None:
        """Updates are about to be fetched, also again after a conflict."""
        self._fetching_since = self._fetching_since or self._clock.monotonic()

    def met(self, err: Conflict) -> bool:
        """Take note of a 409; False when it is no other bot's, or when this one gives way."""
        if "webhook" in err.message.lower():
            return False
        now = self._clock.monotonic()
        self._tell(now)
        fetched_for = now - (self._fetching_since or now)
        self._was_at_peace = self._was_at_peace or fetched_for >= PEACE
        self._fetching_since = None
        if not self._was_at_peace:
            self._met_at.append(now)
            self._ended_at += [now] if fetched_for >= AT_ONCE else []
            is_alive = _lasted(self._ended_at) >= ECHOES_LAST
            if (is_alive and len(self._ended_at) > ECHOES_BORNE) or (
                _lasted(self._met_at) >= FETCH_OF_THE_DEAD_LASTS
            ):
                self.found.set()
        return not self.found.is_set()

    def _tell(self, now: timedelta) -> None:
        """Once a minute, not at every fetch."""
        if self._told_at is None or now - self._told_at >= TOLD_EVERY:
            self._told_at = now
            log.warning("another program fetches this bot's updates; Telegram ended a fetch")


def _lasted(times: Sequence[timedelta]) -> timedelta:
    """From the first to the last of them."""
    return times[-1] - times[0] if times else timedelta()
