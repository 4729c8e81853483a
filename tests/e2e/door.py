"""The bot's web door as strangers find it."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from pydantic import SecretStr

from tests.e2e.conftest import World
from tests.web.visitor import Visitor, visiting

SECRET = "s3cret"
HOOK = f"/webhooks/bloomsms/{SECRET}"
TELEGRAM_PATH = "/telegram"


def free_port() -> int:
    """One that nobody has at this moment."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def variables(port: int, *, is_pushed: bool = False) -> dict[str, str]:
    """What opens the door of the bot as a process of its own."""
    opened = {"HTTP_LISTEN": f"127.0.0.1:{port}", "BLOOMSMS_WEBHOOK_SECRET": SECRET}
    if is_pushed:
        opened["TELEGRAM_WEBHOOK_URL"] = f"http://127.0.0.1:{port}{TELEGRAM_PATH}"
    return opened


async def open_door(world: World, *, is_pushed: bool = False, **settings: object) -> int:
    """Start the bot with its door open, in this process; the door's port."""
    port = free_port()
    url = f"http://127.0.0.1:{port}{TELEGRAM_PATH}" if is_pushed else ""
    await world.start_bot(
        http_listen=f"127.0.0.1:{port}",
        bloomsms_webhook_secret=SecretStr(SECRET),
        telegram_webhook_url=url,
        **settings,
    )
    return port


@asynccontextmanager
async def at_open_door(world: World, *, is_pushed: bool = False) -> AsyncIterator[Visitor]:
    port = await open_door(world, is_pushed=is_pushed)
    async with visiting(port) as visitor:
        yield visitor


async def opens(visitor: Visitor) -> None:
    """Wait until a process that was just started lets anybody in."""
    async with asyncio.timeout(15):
        while True:
            try:
                await visitor.status("GET", "/healthz")
            except OSError:
                await asyncio.sleep(0.05)
            else:
                return


def hint(activation_id: str, code: str = "852508", service: str = "wa") -> dict[str, Any]:
    """The documented body."""
    return {
        "event": "sms.received",
        "timestamp": "2026-05-05T14:30:00+00:00",
        "data": {
            "activation_id": activation_id,
            "phone_number": "19001234567",
            "service": service,
            "sms": {"code": code, "full_text": f"Your WhatsApp code: {code}"},
            "status": "code_received",
        },
    }
