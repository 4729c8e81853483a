"""Carries updates to the webhook, and carries out what it answers with.

Telegram delivers updates of different people in parallel; here they come one after another, so
that their order is certain. Only addresses on this machine are called.
Source: for the delays and wordings the behaviour of WebhookActor.cpp in tdlib/telegram-bot-api.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import aiohttp

from sandbox.telegram_body import read_body
from sandbox.telegram_refusals import Refusal

if TYPE_CHECKING:
    from sandbox.telegram_body import Body
    from sandbox.telegram_chats import Chats
    from sandbox.telegram_desk import Desk
    from sandbox.telegram_rules import Json
    from sandbox.telegram_webhook import Webhook

_SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header
_ANSWER_LIMIT_S = 60.0
_LONGEST_DELAY_S = 60.0
_LAST_OF_SUCCESS = 299


class _NotTakenError(Exception):
    """The webhook did not take the update; the message is what getWebhookInfo tells."""

    def __init__(self, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class Courier:
    """Posts the oldest update until it is taken, then the next.

    Units: after the first failure at once again, then after 2, 4, 8 … times `retry_s`.
    """

    def __init__(self, chats: Chats, desk: Desk, *, retry_s: float) -> None:
        self._chats = chats
        self._desk = desk
        self._retry_s = retry_s
        self._failures = 0
        self._failed: tuple[Webhook, int] | None = None

    async def run(self) -> None:
        """Go on until cancelled."""
        limit = aiohttp.ClientTimeout(total=_ANSWER_LIMIT_S)
        async with aiohttp.ClientSession(timeout=limit) as http:
            while True:
                work = await self._chats.changes.wait_for(self._next, None)
                if work is not None:
                    await self._deliver(http, *work)

    def _next(self) -> tuple[Webhook, Json] | None:
        hook, waiting = self._chats.webhook, self._chats.updates.waiting
        return (hook, waiting[0]) if hook is not None and waiting else None

    async def _deliver(self, http: aiohttp.ClientSession, hook: Webhook, update: Json) -> None:
        try:
            answer = await _post(http, hook, update)
        except _NotTakenError as err:
            hook.last_error, hook.last_error_at = str(err), int(time.time())
            self._chats.changes.wake()
            await self._pause(hook, update["update_id"], err.retry_after_s)
            return
        self._chats.updates.remove(update["update_id"])
        self._chats.changes.wake()
        if answer is not None:
            await self._desk.carry_out_reply(answer)

    async def _pause(self, hook: Webhook, update_id: int, retry_after_s: float | None) -> None:
        """Another webhook, or none, ends the pause."""
        self._failures = self._failures + 1 if self._failed == (hook, update_id) else 1
        self._failed = (hook, update_id)
        delay_s = retry_after_s or self._delay_s()
        await self._chats.changes.wait_for(
            lambda: None if self._chats.webhook is hook else True, delay_s
        )

    def _delay_s(self) -> float:
        if self._failures == 1:
            return 0.0
        return min(_LONGEST_DELAY_S, self._retry_s * 2.0 ** (self._failures - 1))


async def _post(http: aiohttp.ClientSession, hook: Webhook, update: Json) -> Body | None:
    """Shape: the method in the answer with its parameters, None when there is none."""
    if not hook.is_local:
        raise _NotTakenError("Failed to resolve host: this emulator calls none but its own")
    headers = {_SECRET_HEADER: hook.secret_token} if hook.secret_token else {}
    try:
        async with http.post(
            hook.url, json=update, headers=headers, allow_redirects=False, ssl=False
        ) as response:
            if response.status > _LAST_OF_SUCCESS:
                raise _wrong(response)
            return await _read_reply(response)
    except TimeoutError as err:
        raise _NotTakenError("Read timeout expired") from err
    except aiohttp.ClientConnectorError as err:
        raise _NotTakenError(err.os_error.strerror or "Can't connect to the webhook") from err
    except aiohttp.ClientError as err:
        raise _NotTakenError("Webhook connection closed") from err


def _wrong(response: aiohttp.ClientResponse) -> _NotTakenError:
    retry_after = response.headers.get("Retry-After", "")
    return _NotTakenError(
        f"Wrong response from the webhook: {response.status} {response.reason}",
        float(retry_after) if retry_after.isdecimal() else None,
    )


async def _read_reply(response: aiohttp.ClientResponse) -> Body | None:
    """What cannot be read is no call; the update was taken all the same."""
    try:
        body = await read_body(response)
    except (Refusal, ValueError):
        return None
    return body if body.parameters.get("method") else None
