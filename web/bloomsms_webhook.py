"""BloomSMS's webhook: whatever it says is only a hint to look, and is answered at once."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from activations.ports import HintTaker
from web.bodies import Bodies

PREFIX = "/webhooks/bloomsms/"
MOST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Hint:
    """The number that is said to have an SMS, by the provider's id, and its service's code."""

    provider_id: str
    service_code: str


class BloomsmsWebhook:
    """Shape: `read` gives None for other events and for what cannot be read; it never raises.

    Each body that came whole is answered with 200, so that the provider has nothing to repeat and
    a stranger nothing to learn.
    """

    def __init__(self, secret: str, read: Callable[[bytes], Hint | None], hints: HintTaker) -> None:
        self._path = (PREFIX + secret).encode()
        self._read = read
        self._hints = hints
        self._bodies = Bodies(MOST_BYTES)

    def is_at(self, method: str, path: str) -> bool:
        given = path.encode(errors="replace")
        return hmac.compare_digest(self._path, given) and method == "POST"

    async def answer(self, request: web.BaseRequest) -> web.Response:
        body = await self._bodies.read(request)
        if isinstance(body, web.Response):
            return body
        if hint := self._read(body):
            self._hints.take(hint.provider_id, hint.service_code)
        return web.Response(text="ok")
