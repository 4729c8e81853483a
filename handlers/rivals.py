"""Another program that fetches this bot's updates: who comes second gives way.

Telegram ends the older of two fetches with 409, so that two bots end each other's all the time.
Who was there first has fetched in peace before; who comes second never does. Right after a kill a
conflict may also be the echo of the dead process, so a few are borne.
"""

import asyncio
import logging
from datetime import datetime, timedelta

from telegram.error import Conflict

from activations.ports import Clock

# Shorter than half of the peace that proves that nobody else fetches.
RETRY_S = 0.25
PEACE = timedelta(seconds=1)
ECHOES_BORNE = 3
ECHOES_LAST = timedelta(seconds=3)
TOLD_EVERY = timedelta(minutes=1)

log = logging.getLogger(__name__)


class Rivals:
    """Shape: `found` is set once it is sure that another bot was there before this one."""

    def __init__(self, clock: Clock) -> None:
        self.found = asyncio.Event()
        self._clock = clock
        self._at_peace_since: datetime | None = None
        self._was_at_peace = False
        self._met_at: list[datetime] = []  # before there was peace
        self._told_at: datetime | None = None

    def fetching(self) -> None:
        """Updates are about to be fetched, maybe for the first time."""
        self._at_peace_since = self._at_peace_since or self._clock.now()

    def met(self, err: Conflict) -> bool:
        """Take note of a 409; False when it is no other bot's, or when this one gives way."""
        if "webhook" in err.message.lower():
            return False
        now = self._clock.now()
        self._tell(now)
        if self._at_peace_since and now - self._at_peace_since >= PEACE:
            self._was_at_peace = True
        self._at_peace_since = now
        if not self._was_at_peace:
            self._met_at.append(now)
            is_many = len(self._met_at) > ECHOES_BORNE
            if is_many and now - self._met_at[0] >= ECHOES_LAST:
                self.found.set()
        return not self.found.is_set()

    def _tell(self, now: datetime) -> None:
        """Once a minute, not at every fetch."""
        if self._told_at is None or now - self._told_at >= TOLD_EVERY:
            self._told_at = now
            log.warning("another program fetches this bot's updates; Telegram ended a fetch")
