from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import aiohttp
import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, Message

from sandbox.telegram_server import TelegramServer
from tests.sandbox.telegram_caller import Caller, calling

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
def server() -> TelegramServer:
    return TelegramServer(query_age_limit_s=15)


@pytest.fixture
async def caller(server: TelegramServer) -> AsyncIterator[Caller]:
    async with calling(server) as caller:
        yield caller


@pytest.fixture
async def bot(caller: Caller) -> AsyncIterator[Bot]:
    """The library the bot is made with, as a client we did not write."""
    async with Bot(caller.server.token, base_url=f"{caller.server.base_url}/bot") as bot:
        yield bot


async def test_an_unknown_token_is_401(server: TelegramServer, caller: Caller) -> None:
    """Only the token the server was made with opens it."""
    async with caller.http.get(f"{server.base_url}/bot1:x/getMe") as response:
        answer = await response.json()

    assert {"ok": False, "error_code": 401, "description": "Unauthorized"} == answer


async def test_an_unknown_method_is_404(caller: Caller) -> None:
    """A method that does not exist is told from one that refuses."""
    assert (404, "Not Found") == await caller.refusal("sendMassage")


async def test_get_me_says_what_the_bot_can_do(bot: Bot) -> None:
    """PTB reads the account, in every form a call may take."""
    assert ("bloomsms_sandbox_bot", True, True) == (
        bot.username,
        bot.bot.is_bot,
        bot.bot.can_join_groups,
    )


async def test_parameters_come_in_four_ways(server: TelegramServer, caller: Caller) -> None:
    """In the address, as a form, as JSON and as multipart: all the same message."""
    server.person(1, started=True)
    parts = aiohttp.FormData({"chat_id": "1", "text": "x"}, default_to_multipart=True)

    for given in (
        {"params": {"chat_id": "1", "text": "x"}},
        {"data": {"chat_id": "1", "text": "x"}},
        {"json": {"chat_id": 1, "text": "x"}},
        {"data": parts},
    ):
        async with caller.http.post(caller.address("sendMessage"), **given) as response:
            assert response.status == 200, await response.text()

    assert [{"chat_id": 1, "text": "x"}] * 4 == [one.parameters for one in server.calls]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{"),
        ("application/json", b"[]"),
        ("multipart/form-data; boundary=x", b"--x\r\nA: b\r\n\r\n\r\n--x--\r\n"),
    ],
)
async def test_a_body_that_is_no_object_is_refused(caller: Caller, kind: str, body: bytes) -> None:
    """A broken body is told apart from missing parameters."""
    headers = {"Content-Type": kind}

    async with caller.http.post(caller.address("getMe"), data=body, headers=headers) as response:
        assert 400 == response.status


async def test_what_would_be_ignored_is_noted(server: TelegramServer, caller: Caller) -> None:
    """Of two parameters the first counts, a body of no known type does not; a bot can do better."""
    server.person(1, started=True)
    address = caller.address("sendMessage?chat_id=1&text=a&text=b&txt=c")
    headers = {"Content-Type": "text/plain"}

    async with caller.http.post(address, data=b"text=d", headers=headers) as response:
        assert "a" == (await response.json())["result"]["text"]

    assert [] == server.refused()
    assert [
        'sendMessage: parameter "text" is given twice',
        "sendMessage: a body of the type text/plain is not read",
        'sendMessage: "sendMessage" has no field "txt"',
    ] == server.oddities


async def test_two_pollers_are_in_conflict(server: TelegramServer, caller: Caller) -> None:
    """The first is told to make sure it is alone; the second gets the update."""
    first = asyncio.create_task(caller.refusal("getUpdates", timeout=30))
    await server.waits_until(lambda one: len(one.calls) == 1)
    second = asyncio.create_task(caller.result("getUpdates", timeout=30))

    code, description = await first
    assert 409 == code
    assert description.startswith("Conflict: terminated by other getUpdates request;")
    await server.person(1).says("x")
    assert ["x"] == [update["message"]["text"] for update in await second]


async def test_who_left_is_in_nobodys_way(server: TelegramServer, caller: Caller) -> None:
    """A client that hung up its poll and begins another is one instance, not two."""
    left = asyncio.create_task(caller.call("getUpdates", timeout=30))
    await server.waits_until(lambda one: len(one.calls) == 1)
    left.cancel()
    await asyncio.gather(left, return_exceptions=True)

    assert [] == await caller.result("getUpdates")
    assert [] == server.refused()


async def test_kinds_of_updates_are_remembered(server: TelegramServer, caller: Caller) -> None:
    """What was not asked for does not come later; a kind that does not exist is noted."""
    await caller.result("getUpdates", allowed_updates=["callback_query"])
    await server.person(1).says("x")

    assert [] == await caller.result("getUpdates", allowed_updates=[])
    assert [] == await caller.result("getUpdates", allowed_updates=["messages"])
    assert ['getUpdates: "messages" is no kind of update'] == server.oddities


async def test_too_many_messages_are_429(server: TelegramServer, caller: Caller) -> None:
    """Twenty at once to one person pass, then one a second; edits count too."""
    server.person(1, started=True)
    server.person(2, started=True)
    for number in range(19):
        await caller.call("sendMessage", chat_id=1, text=f"{number}")
    await caller.call("editMessageText", chat_id=1, message_id=1, text="x")

    status, answer = await caller.call("sendMessage", chat_id=1, text="x")

    assert 429 == status
    assert "Too Many Requests: retry after 1" == answer["description"]
    assert {"retry_after": 1} == answer["parameters"]
    assert 200 == (await caller.call("sendMessage", chat_id=2, text="x"))[0]


def test_limits_can_be_off() -> None:
    """A bench that measures the bot must not measure the limits."""
    server = TelegramServer(flood_limits=False)

    for _ in range(100):
        server.flood.count("sendMessage", 1, 0.0)


async def test_a_button_pressed_is_what_ptb_reads(server: TelegramServer, bot: Bot) -> None:
    """A callback query carries its message with the keyboard and a chat instance."""
    ann = server.person(1, started=True)
    markup = InlineKeyboardMarkup([[InlineKeyboardButton("Go", callback_data="go:1")]])
    sent = await bot.send_message(1, "x", reply_markup=markup)
    await ann.clicks("Go", wait_answer=False)

    (update,) = await bot.get_updates()

    query = update.callback_query
    assert query is not None
    assert isinstance(query.message, Message)
    assert ("go:1", sent.message_id, markup) == (
        query.data,
        query.message.message_id,
        query.message.reply_markup,
    )
    assert query.chat_instance
    assert ["getMe", "sendMessage", "getUpdates"] == [one.method for one in server.calls]


async def test_stop_is_prompt(server: TelegramServer, bot: Bot) -> None:
    """An open poll ends with nothing, and at once."""
    poll = asyncio.create_task(bot.get_updates(timeout=30))
    await server.waits_until(lambda one: one.calls[-1].method == "getUpdates")
    began_at = time.monotonic()

    await server.stop()

    assert () == await poll
    assert 1 > time.monotonic() - began_at
