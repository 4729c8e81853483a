"""Another program that changes this bot's webhook: put back a few times, then this bot gives way.

While the bot polls, a webhook makes it deaf; while Telegram pushes, a changed one does.
"""

import asyncio
import logging
from datetime import timedelta

from telegram.error import Conflict

from activations.notes import Draft, NoteKind
from activations.ports import Clock, Outbox

MOST_CHANGES = 3
COUNTED_FOR = timedelta(minutes=10)
TOLD_EVERY = timedelta(days=1)

log = logging.getLogger(__name__)


class WebhookGuard:
    """Shape: `gives_way` is set at the fourth change in ten minutes: it is another bot's token."""

    def __init__(
        self, outbox: Outbox, clock: Clock, owner_ids: frozenset[int], gives_way: asyncio.Event
    ) -> None:
        self._outbox = outbox
        self._clock = clock
        self._owner_ids = owner_ids
        self._gives_way = gives_way
        self._changed_at: list[timedelta] = []
        self._is_changed = False  # and not put back yet
        self._is_untold = False
        self._told_at: timedelta | None = None

    def met(self) -> bool:
        """Count a change, once until it is put back; False when this bot gives way."""
        now = self._clock.monotonic()
        if not self._is_changed:
            log.warning("another program changed this bot's webhook")
            self._is_changed = True
            self._changed_at = [at for at in self._changed_at if now - at < COUNTED_FOR] + [now]
            is_due = self._told_at is None or now - self._told_at >= TOLD_EVERY
            self._is_untold = self._is_untold or is_due
        if len(self._changed_at) > MOST_CHANGES:
            self._gives_way.set()
        return not self._gives_way.is_set()

    async def put_back(self) -> None:
        """All is as it should be; owners are told of the change."""
        self._is_changed = False
        if not self._is_untold:
            return
        drafts = [Draft(NoteKind.OWNER_WEBHOOK, owner) for owner in sorted(self._owner_ids)]
        try:
            await self._outbox.add(drafts, self._clock.now())
        except Exception as err:  # noqa: BLE001 - told once it can be kept; updates come first
            log.warning("a changed webhook cannot be told to owners yet: %s", err)
        else:
            self._is_untold, self._told_at = False, self._clock.monotonic()


def is_of_webhook(err: Conflict) -> bool:
    """Whether a fetch was refused for a webhook and not for another fetch."""
    return "webhook" in err.message.lower()
