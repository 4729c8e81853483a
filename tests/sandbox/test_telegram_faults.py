from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from sandbox.telegram_faults import FloodControl, FloodRules
from sandbox.telegram_refusals import Refusal
from sandbox.telegram_server import TelegramServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from sandbox.telegram_rules import Json

    Send = Callable[..., Coroutine[None, None, tuple[int, str]]]


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    server = TelegramServer()
    server.person(1, started=True)
    server.person(2, started=True)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def send(server: TelegramServer) -> Send:
    """Send a message; gives the status and the body."""

    async def call(chat_id: int = 1, method: str = "sendMessage", **given: Any) -> tuple[int, str]:
        body = {"chat_id": chat_id, "text": "x", **given}
        address = f"{server.base_url}/bot{server.token}/{method}"
        timeout = aiohttp.ClientTimeout(total=0.2)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(address, json=body) as response,
        ):
            return response.status, await response.text()

    return call


@pytest.mark.parametrize(
    ("fault", "params", "status", "text"),
    [
        ("flood", {"retry_after": 35}, 429, '"parameters": {"retry_after": 35}'),
        ("error", {"status": 503}, 503, '"error_code": 503'),
        ("bad_gateway", {}, 502, "<html>"),
        ("blocked", {}, 403, "Forbidden: bot was blocked by the user"),
        ("deactivated", {}, 403, "Forbidden: user is deactivated"),
        ("chat_not_found", {}, 400, "Bad Request: chat not found"),
    ],
)
async def test_a_refusal_on_demand_does_nothing(
    server: TelegramServer, send: Send, fault: str, params: Json, status: int, text: str
) -> None:
    """The answer is the armed one, the chat stays as it was, and the call is marked."""
    server.arm(fault, times=1, **params)

    answer = await send()

    assert status == answer[0]
    assert text in answer[1]
    assert "" == server.people[1].sees()
    assert [fault] == [call.fault for call in server.refused(armed=True)]
    assert [] == server.refused(armed=False)
    assert 200 == (await send())[0]


@pytest.mark.parametrize("fault", ["not_modified", "edit_gone"])
async def test_faults_of_edits_leave_the_rest_alone(
    server: TelegramServer, send: Send, fault: str
) -> None:
    """Sending works while edits fail."""
    server.arm(fault)

    assert 200 == (await send())[0]
    assert 400 == (await send(method="editMessageText", message_id=1, text="y"))[0]


@pytest.mark.parametrize(("fault", "seen"), [("hang_up", ""), ("hang_up_after", "x")])
async def test_a_connection_can_end_without_a_byte(
    server: TelegramServer, send: Send, fault: str, seen: str
) -> None:
    """Before or after the deed, the client cannot tell which."""
    server.arm(fault, times=1)

    with pytest.raises(aiohttp.ServerDisconnectedError):
        await send()

    assert seen == server.people[1].sees()
    assert [] == server.refused()


@pytest.mark.parametrize(("fault", "seen"), [("silent", ""), ("silent_after", "x")])
async def test_an_answer_can_stay_out(
    server: TelegramServer, send: Send, fault: str, seen: str
) -> None:
    """Before or after the deed, the client runs into its time-out."""
    server.arm(fault, times=1)

    with pytest.raises(TimeoutError):
        await send()

    assert seen == server.people[1].sees()


async def test_an_answer_can_be_slow(server: TelegramServer, send: Send) -> None:
    """It comes after the delay, and the deed is done."""
    server.arm("slow", delay_s=0.05, times=1)
    began_at = time.monotonic()

    assert 200 == (await send())[0]
    assert 0.05 <= time.monotonic() - began_at


async def test_stop_does_not_wait_for_the_slow(server: TelegramServer, send: Send) -> None:
    """Slow and silent calls end with the server."""
    server.arm("slow", delay_s=30)
    call = asyncio.create_task(send())
    await server.waits_until(lambda one: one.calls)

    await server.stop()

    assert 200 == (await call)[0]


async def test_a_fault_has_a_target(server: TelegramServer, send: Send) -> None:
    """Only the named chat and method are hit; disarming ends it."""
    server.arm("blocked", chat_id=1, method="sendMessage")

    assert [403, 200, 403] == [(await send(chat))[0] for chat in (1, 2, 1)]
    server.disarm("flood")
    assert 403 == (await send())[0]
    server.disarm()
    assert 200 == (await send())[0]


async def test_polls_are_spared_unless_named(server: TelegramServer) -> None:
    """A fault for all methods leaves the updates coming."""
    server.arm("error")
    address = f"{server.base_url}/bot{server.token}/getUpdates"

    async with aiohttp.ClientSession() as session, session.get(address) as response:
        assert 200 == response.status
    server.arm("error", method="getUpdates")
    async with aiohttp.ClientSession() as session, session.get(address) as response:
        assert 500 == response.status


def test_a_fault_must_exist(server: TelegramServer) -> None:
    """A misspelt fault is no silent success."""
    with pytest.raises(ValueError, match="hangup"):
        server.arm("hangup")


def test_flood_control_counts_people_and_all() -> None:
    """Each has a burst and a rate; the time to wait is in whole seconds."""
    flood = FloodControl(FloodRules(per_chat_rate=0.5, per_chat_burst=2, overall_burst=3))

    for chat_id in (1, 1, 2):
        flood.count("sendMessage", chat_id, 0.0)
    with pytest.raises(Refusal) as one:
        flood.count("sendMessage", 1, 0.5)
    flood.count("editMessageText", 2, 0.5)
    flood.count("getUpdates", None, 0.5)

    assert 2 == one.value.retry_after_s
    with pytest.raises(Refusal):
        flood.count("sendMessage", 2, 0.5)
    flood.count("sendMessage", 2, 2.5)
