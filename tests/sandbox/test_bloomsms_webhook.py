"""The emulated provider's webhook: each SMS is told of, as well or as badly as scenarios say."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from sandbox.bloomsms_server import BloomsmsServer
from tests.sandbox.bloomsms_visitor import Visitor, visiting


class Ear:
    """Whoever is told: it notes each body, and answers with `status`."""

    def __init__(self) -> None:
        self.url = ""
        self.status = 200
        self.heard: list[dict[str, Any]] = []
        self.heard_at: list[float] = []

    async def hear(self, request: web.Request) -> web.Response:
        assert request.content_type == "application/json"
        self.heard.append(await request.json())
        self.heard_at.append(time.monotonic())
        return web.Response(status=self.status)

    def codes(self) -> list[str]:
        return [body["data"]["sms"]["code"] for body in self.heard]

    async def hears(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.heard) < count:
                await asyncio.sleep(0.005)


@asynccontextmanager
async def listening() -> AsyncIterator[Ear]:
    ear = Ear()
    application = web.Application()
    application.router.add_post("/hook", ear.hear)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    ear.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield ear
    await runner.cleanup()


@pytest.fixture
async def ear() -> AsyncIterator[Ear]:
    async with listening() as ear:
        yield ear


@pytest.fixture
def server(ear: Ear) -> BloomsmsServer:
    server = BloomsmsServer()
    server.webhook_url = ear.url
    return server


@pytest.fixture
async def visitor(server: BloomsmsServer) -> AsyncIterator[Visitor]:
    async with visiting(server) as visitor:
        yield visitor


async def test_the_documented_body(server: BloomsmsServer, visitor: Visitor, ear: Ear) -> None:
    """Names, words and forms are those of the API text."""
    number = await visitor.rented()
    server.send_sms(number, "Your WhatsApp code: 852508")
    await ear.hears(1)
    (body,) = ear.heard

    assert ["event", "timestamp", "data"] == list(body)
    assert ("sms.received", "+00:00") == (body["event"], body["timestamp"][19:])
    assert {
        "activation_id": number,
        "phone_number": server.activations[number].phone_number[1:],
        "service": "wa",
        "sms": {"code": "852508", "full_text": "Your WhatsApp code: 852508"},
        "status": "code_received",
    } == body["data"]
    async with asyncio.timeout(10):  # the answer is noted a moment after it was given
        while server.hints[0].status is None:
            await asyncio.sleep(0.01)
    assert [(number, 200)] == [(hint.activation_id, hint.status) for hint in server.hints]


async def test_an_sms_that_comes_by_itself(
    server: BloomsmsServer, visitor: Visitor, ear: Ear
) -> None:
    """It is told of when it comes, though nobody asks about the number."""
    server.arm("code_after", seconds=0.2)
    await visitor.rented()
    began_at = time.monotonic()
    await ear.hears(1)

    assert ear.heard_at[0] - began_at > 0.1


async def test_all_lost(server: BloomsmsServer, visitor: Visitor, ear: Ear) -> None:
    """Of a lost hint nobody hears."""
    number = await visitor.rented()
    server.arm("hint_lost", times=1)
    server.send_sms(number, "code 111111")
    server.send_sms(number, "code 222222")
    await ear.hears(1)

    assert ["222222"] == ear.codes()


async def test_a_share_is_lost(server: BloomsmsServer, visitor: Visitor, ear: Ear) -> None:
    """About as many are lost as the scenario says."""
    number = await visitor.rented()
    server.arm("hint_lost", share=0.5)
    for _ in range(40):
        server.send_sms(number, "code 111111")
    await asyncio.sleep(0.3)

    assert 8 < len(ear.heard) < 32


async def test_doubled(server: BloomsmsServer, visitor: Visitor, ear: Ear) -> None:
    """A doubled hint comes twice, word for word."""
    number = await visitor.rented()
    server.arm("hint_doubled", times=1)
    server.send_sms(number, "code 111111")
    await ear.hears(2)

    assert ear.heard[0] == ear.heard[1]


async def test_late(server: BloomsmsServer, visitor: Visitor, ear: Ear) -> None:
    """A late hint comes after its time, and those behind it do not wait."""
    number = await visitor.rented()
    server.arm("hint_late", delay_s=0.3, times=1)
    server.send_sms(number, "code 111111")
    server.send_sms(number, "code 222222")
    await ear.hears(2)

    assert ["222222", "111111"] == ear.codes()


async def test_out_of_order(server: BloomsmsServer, visitor: Visitor, ear: Ear) -> None:
    """A held hint comes right after the next one."""
    number = await visitor.rented()
    server.arm("hint_held", times=2)
    for code in ("111111", "222222", "333333"):
        server.send_sms(number, f"code {code}")
    await ear.hears(3)

    assert ["333333", "111111", "222222"] == ear.codes()


async def test_after_the_end(server: BloomsmsServer, visitor: Visitor, ear: Ear) -> None:
    """An SMS to a number that was cancelled is told of with that word."""
    number = await visitor.rented()
    await visitor.patch(number, "cancel")
    server.send_sms(number, "code 111111")
    await ear.hears(1)

    assert "cancelled" == ear.heard[0]["data"]["status"]


async def test_nobody_listens(server: BloomsmsServer, visitor: Visitor, ear: Ear) -> None:
    """What is not taken is noted and not sent again; without an address nothing is."""
    number = await visitor.rented()
    ear.status = 503
    server.send_sms(number, "code 111111")
    await ear.hears(1)
    server.webhook_url = "http://127.0.0.1:9/hook"
    server.send_sms(number, "code 222222")
    await asyncio.sleep(0.1)
    server.webhook_url = ""
    server.send_sms(number, "code 333333")
    await asyncio.sleep(0.1)

    assert [503, None] == [hint.status for hint in server.hints]


def test_only_this_machine() -> None:
    """No other machine is ever called."""
    with pytest.raises(ValueError, match="only this machine"):
        BloomsmsServer().webhook_url = "https://example.org/hook"
