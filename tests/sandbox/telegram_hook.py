"""A bot's own web server, which takes updates; shared by the tests of webhooks."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web

from sandbox.telegram_rules import check_value

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sandbox.telegram_rules import Json


class Hook:
    """It answers what it was given, then 200."""

    def __init__(self) -> None:
        self.url = ""
        self.updates: list[Json] = []
        self.headers: list[dict[str, str]] = []
        self.answers: list[web.Response] = []
        self.came_at: list[float] = []

    async def take(self, request: web.Request) -> web.Response:
        assert request.content_type == "application/json"
        update = await request.json()
        check_value(update, ["Update"], "update")
        self.updates.append(update)
        self.headers.append(dict(request.headers))
        self.came_at.append(time.monotonic())
        return self.answers.pop(0) if self.answers else web.Response()

    def texts(self) -> list[str]:
        return [update["message"]["text"] for update in self.updates]


@asynccontextmanager
async def taking() -> AsyncIterator[Hook]:
    """Run the web server on a free port."""
    hook = Hook()
    application = web.Application()
    application.router.add_post("/hook", hook.take)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield hook
    await runner.cleanup()
