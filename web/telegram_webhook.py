"""Telegram's webhook: an update is kept before it is answered, so that Telegram may forget it."""

import hmac
import logging
from collections.abc import Awaitable, Callable

from aiohttp import web

from web.bodies import Bodies

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header
# Only Telegram gets this far, and it would repeat what is refused for ever.
MOST_BYTES = 1024 * 1024

log = logging.getLogger(__name__)


class TelegramWebhook:
    """Shape: `take` raises when the update could not be kept."""

    def __init__(
        self, path: str, secret_token: str, take: Callable[[bytes], Awaitable[None]]
    ) -> None:
        self._path = path
        self._secret_token = secret_token.encode()
        self._take = take
        self._bodies = Bodies(MOST_BYTES)

    def is_at(self, method: str, path: str) -> bool:
        return path == self._path and method == "POST"

    async def answer(self, request: web.BaseRequest) -> web.Response:
        given = request.headers.get(SECRET_HEADER, "").encode(errors="replace")
        if not hmac.compare_digest(self._secret_token, given):
            return web.Response(status=403, text="403: Forbidden")
        body = await self._bodies.read(request)
        if isinstance(body, web.Response):
            return body
        try:
            await self._take(body)
        except Exception as err:  # noqa: BLE001 - whatever it is, Telegram shall repeat it
            log.warning("a pushed update could not be kept: %s", err)
            return web.Response(status=503, text="503: Service Unavailable")
        return web.Response()
