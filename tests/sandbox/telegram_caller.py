"""A plain client of the emulated Bot API; shared by the tests of the emulator."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp

from sandbox.telegram_rules import check_result, check_value

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sandbox.telegram_rules import Json
    from sandbox.telegram_server import TelegramServer


@dataclass
class Caller:
    """Calls methods with JSON bodies."""

    server: TelegramServer
    http: aiohttp.ClientSession

    def address(self, method: str) -> str:
        return f"{self.server.base_url}/bot{self.server.token}/{method}"

    async def call(self, method: str, **given: Any) -> tuple[int, Json]:
        """Shape: the HTTP status and the answer."""
        async with self.http.post(self.address(method), json=given) as response:
            return response.status, await response.json()

    async def result(self, method: str, **given: Any) -> Any:
        """Shape: the result of a call that must be done."""
        _, answer = await self.call(method, **given)
        assert answer["ok"], answer
        return answer["result"]

    async def refusal(self, method: str, **given: Any) -> tuple[int, str]:
        """Shape: the code and the description of a call that must be refused."""
        status, answer = await self.call(method, **given)
        assert answer["ok"] is False
        assert status == answer["error_code"]
        return status, answer["description"]


@asynccontextmanager
async def calling(server: TelegramServer) -> AsyncIterator[Caller]:
    """Run the server; whatever it answered or tells must fit Telegram's own description."""
    await server.start()
    async with aiohttp.ClientSession() as http:
        yield Caller(server, http)
    await server.stop()
    for call in server.calls:
        if call.ok:
            check_result(call.method, call.result)
    for update in server.chats.updates.waiting:
        check_value(update, ["Update"], "update")


def keyboard(*labels: str) -> Json:
    """Make one row of buttons whose data is their label."""
    return {"inline_keyboard": [[{"text": one, "callback_data": one} for one in labels]]}
