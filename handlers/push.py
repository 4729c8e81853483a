"""Updates that Telegram pushes instead of being asked for them: kept first, then handled alike."""

import hashlib
import logging
from collections.abc import Sequence

from telegram.error import TelegramError

from activations.pulse import Pulse
from handlers.desk import TelegramApplication
from handlers.inbox import Inbox
from handlers.readable import id_of, parsed, read
from handlers.webhook_guard import WebhookGuard

# So many pushes may be under way at once; Telegram's own usual number.
MOST_CONNECTIONS = 40

log = logging.getLogger(__name__)


def secret_of(bot_token: str) -> str:
    """What Telegram shall show with each push; the same after every start.

    Shape: letters and digits, as Telegram wants it; the token cannot be read out of it.
    """
    return hashlib.blake2s(bot_token.encode(), person=b"webhook").hexdigest()


class Push:
    def __init__(
        self,
        application: TelegramApplication,
        inbox: Inbox,
        pulse: Pulse,
        url: str,
        guard: WebhookGuard,
    ) -> None:
        self._application = application
        self._inbox = inbox
        self._pulse = pulse
        self._url = url
        self._guard = guard
        self._kinds: Sequence[str] = ()
        self._bot_id = int(application.bot.token.partition(":")[0])

    async def take(self, body: bytes) -> None:
        """Keep a pushed update and queue it; once this returns, Telegram may forget it.

        Errors: whatever keeps it from being kept. One that cannot be read is parked, or dropped if
        it has no id: Telegram would repeat it for ever, and everything behind it would wait.
        """
        self._pulse.beat()
        written = parsed(body.decode(errors="replace"))
        update_id = id_of(written)
        if update := read(written, self._application.bot):
            await self._inbox.keep(self._bot_id, [update])
            await self._application.update_queue.put(update)
        elif update_id is not None:
            await self._inbox.keep_written(self._bot_id, {update_id: written}, [update_id])
        else:
            log.warning("a pushed update has no usable id and is dropped")

    async def begin(self, kinds: Sequence[str]) -> None:
        """Tell Telegram where to push updates of these kinds; those that wait stay.

        Errors: TelegramError.
        """
        self._kinds = kinds
        try:
            await self._application.bot.set_webhook(
                self._url,
                secret_token=secret_of(self._application.bot.token),
                allowed_updates=kinds,
                max_connections=MOST_CONNECTIONS,
                drop_pending_updates=False,
            )
        except TelegramError:
            self._pulse.miss()
            raise
        self._pulse.beat()

    async def run_pass(self) -> None:
        """See that Telegram still answers and still pushes to us."""
        try:
            known = await self._application.bot.get_webhook_info()
            if known.url == self._url:
                self._pulse.beat()
            elif self._guard.met():
                await self.begin(self._kinds)
            else:
                return
            await self._guard.put_back()
        except TelegramError as err:
            self._pulse.miss()
            log.warning("looking after the webhook: %s", err)
