"""Updates that Telegram pushes instead of being asked for them: kept first, then handled alike."""

import hashlib
import json
import logging
from collections.abc import Sequence

from telegram import Update
from telegram.error import TelegramError

from activations.pulse import Pulse
from handlers.desk import TelegramApplication
from handlers.inbox import Inbox

# So many pushes may be under way at once; Telegram's own usual number.
MOST_CONNECTIONS = 40
LARGEST_ID = 2**63 - 1  # that a row can have

log = logging.getLogger(__name__)


def secret_of(bot_token: str) -> str:
    """What Telegram shall show with each push; the same after every start.

    Shape: letters and digits, as Telegram wants it; the token cannot be read out of it.
    """
    return hashlib.blake2s(bot_token.encode(), person=b"webhook").hexdigest()


class Push:
    def __init__(
        self, application: TelegramApplication, inbox: Inbox, pulse: Pulse, url: str
    ) -> None:
        self._application = application
        self._inbox = inbox
        self._pulse = pulse
        self._url = url
        self._kinds: Sequence[str] = ()
        self._bot_id = int(application.bot.token.partition(":")[0])

    async def take(self, body: bytes) -> None:
        """Keep a pushed update and queue it; once this returns, Telegram may forget it.

        Errors: whatever keeps it from being kept. One that cannot be read is dropped: Telegram
        would repeat it for ever, and everything behind it would wait.
        """
        self._pulse.beat()
        if update := self._read(body):
            await self._inbox.keep(self._bot_id, [update])
            await self._application.update_queue.put(update)

    def _read(self, body: bytes) -> Update | None:
        try:
            update = Update.de_json(json.loads(body), self._application.bot)
            if isinstance(update.update_id, int) and 0 < update.update_id <= LARGEST_ID:
                return update
            reason = "its id cannot be"
        except Exception as err:  # noqa: BLE001 - the library raises whatever it stumbles over
            reason = type(err).__name__
        log.warning("a pushed update cannot be read: %s", reason)
        return None

    async def begin(self, kinds: Sequence[str]) -> None:
        """Tell Telegram where to push updates of these kinds; those that wait stay.

        Errors: TelegramError.
        """
        self._kinds = kinds
        await self._application.bot.set_webhook(
            self._url,
            secret_token=secret_of(self._application.bot.token),
            allowed_updates=kinds,
            max_connections=MOST_CONNECTIONS,
            drop_pending_updates=False,
        )
        self._pulse.beat()

    async def run_pass(self) -> None:
        """See that Telegram still answers and still pushes to us."""
        try:
            known = await self._application.bot.get_webhook_info()
            self._pulse.beat()
            if known.url != self._url:
                log.warning("somebody else has changed where Telegram pushes updates: set again")
                await self.begin(self._kinds)
        except TelegramError as err:
            self._pulse.miss()
            log.warning("looking after the webhook: %s", err)
