"""The library's bot, which hands on no update before it is kept."""

import asyncio
import logging
import math
from typing import Any

from telegram import Update
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError
from telegram.ext import ExtBot

from activations.pulse import Pulse
from handlers.inbox import Inbox
from handlers.pace import seconds_of
from handlers.readable import id_of, read
from handlers.rivals import RETRY_S, Rivals
from handlers.unkept import Unkept
from handlers.webhook_guard import WebhookGuard, is_of_webhook

# One fetch so often while Telegram asks for silence harms nothing.
LONGEST_DEAF_S = 60
# Telegram answers these with the whole message. Nobody looks at it, and to read it costs as much
# time as to ask for it.
UNREAD = frozenset({"editMessageText", "editMessageReplyMarkup"})

log = logging.getLogger(__name__)


class KeepingBot(ExtBot[str]):
    """Keeps what it fetched before it hands it on: only the next fetch confirms it to Telegram."""

    def __init__(
        self,
        inbox: Inbox,
        pulse: Pulse,
        rivals: Rivals,
        unkept: Unkept,
        webhooks: WebhookGuard,
        **options: Any,  # noqa: ANN401 - PTB's own options
    ) -> None:
        super().__init__(**options)
        with self._unfrozen():
            self._inbox = inbox
            self._pulse = pulse
            self._rivals = rivals
            self._unkept = unkept
            self._webhooks = webhooks

    async def get_updates(self, *args: Any, **options: Any) -> tuple[Update, ...]:  # noqa: ANN401 - as above
        """Errors: TelegramError also when they could not be kept, so that nothing is confirmed."""
        try:
            updates = await self._fetch(*args, **options)
        except InvalidToken as err:
            # The library would stop fetching for good; a 401 or 404 on the way may pass.
            self._pulse.miss()
            raise TelegramError(f"Telegram refuses the token: {type(err).__name__}") from err
        except RetryAfter as err:
            self._pulse.miss()
            raise RetryAfter(min(math.ceil(seconds_of(err)), LONGEST_DEAF_S)) from err
        except TelegramError:
            self._pulse.miss()
            raise
        self._pulse.beat()
        await self._webhooks.put_back()
        return updates

    async def _fetch(self, *args: Any, **options: Any) -> tuple[Update, ...]:  # noqa: ANN401 - as above
        """Fetch again soon when another program's fetch ended ours: the library waits longer."""
        while True:
            self._rivals.fetching()
            try:
                return await super().get_updates(*args, **options)
            except Conflict as err:
                if is_of_webhook(err):
                    if not options.get("timeout"):  # the last one, before the end
                        return ()
                    await self._remove_webhook(err)
                    continue
                if not self._rivals.met(err):
                    raise
            await asyncio.sleep(RETRY_S)

    async def _remove_webhook(self, err: Conflict) -> None:
        """Errors: TelegramError, after which the library fetches again, with longer pauses."""
        if not self._webhooks.met():
            raise err
        await self.delete_webhook(drop_pending_updates=False)
        await self._webhooks.put_back()

    async def _do_post(self, endpoint: str, data: dict[str, Any], **limits: Any) -> Any:  # noqa: ANN401 - as above
        """Every call passes here; only here updates still are what Telegram wrote."""
        answer = await super()._do_post(endpoint, data, **limits)
        if answer is None:
            raise TelegramError(f"{endpoint}: an answer without a result")
        if endpoint in UNREAD:
            return True
        return await self._readable(answer) if endpoint == "getUpdates" else answer

    async def _readable(self, answer: object) -> list[object]:
        """Keep them all; what cannot be read goes on without its content.

        So it is confirmed to Telegram, and the library, which logs what it cannot read, reads on.
        """
        if not isinstance(answer, list):
            raise TelegramError("getUpdates: the answer is no list")
        updates = {id_: update for update in answer if (id_ := id_of(update)) is not None}
        if answer and not updates:
            raise TelegramError("getUpdates: no update has a usable id")
        read_ones = {id_: read(update, self) for id_, update in updates.items()}
        unreadable = [id_ for id_, update in read_ones.items() if update is None]
        if updates:
            readable = [update for update in read_ones.values() if update]
            await self._keep(updates, unreadable, readable)
        bare = {id_: {"update_id": id_} for id_ in unreadable}
        return [bare.get(id_, update) for id_, update in updates.items()]

    async def _keep(
        self, updates: dict[int, object], unreadable: list[int], readable: list[Update]
    ) -> None:
        try:
            await asyncio.shield(self._inbox.keep_written(self.id, updates, unreadable))
        except Exception as err:
            await self._unkept.tell(readable)
            raise TelegramError(f"{len(updates)} updates could not be kept: {err}") from err
