"""How calls to Telegram travel, and what becomes of those that do not arrive."""

import asyncio
import contextlib
import json
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from aiohttp import web
from telegram import Bot
from telegram.error import (
    BadRequest,
    ChatMigrated,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

import telegram_http
from sandbox.telegram_server import TelegramServer
from telegram_http import TelegramHttp
from tests.bloomsms.raw_server import RawServer, mute_server

ANN = 2001
OK = b'HTTP/1.1 200 OK\r\nContent-Length: 26\r\n\r\n{"ok": true, "result": {}}'

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def sending(
    connections: int = 2, *, read_limit_s: float = 5.0
) -> AsyncIterator[TelegramHttp]:
    async with TelegramHttp(connections, read_limit_s=read_limit_s) as http:
        yield http


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    server = TelegramServer()
    await server.start()
    server.person(ANN, "Ann", started=True)
    yield server
    await server.stop()


@pytest.fixture
async def bot(telegram: TelegramServer) -> AsyncIterator[Bot]:
    bot = Bot(
        telegram.token,
        base_url=f"{telegram.base_url}/bot",
        base_file_url=f"{telegram.base_url}/file/bot",
        request=TelegramHttp(2, read_limit_s=0.5),
        get_updates_request=TelegramHttp(1),
    )
    async with bot:
        yield bot


@pytest.mark.parametrize("text", ["a+b & c=d; 100 % %41", "Zoë 📱 你好", "<b>bold</b>\nline"])
async def test_texts_arrive_to_the_letter(bot: Bot, telegram: TelegramServer, text: str) -> None:
    """Whatever a text holds, Telegram gets it as it is."""
    await bot.send_message(ANN, text)

    assert text == telegram.people[ANN].last().text


async def test_files_go_along(bot: Bot, telegram: TelegramServer) -> None:
    """A file is sent in parts with what belongs to it, and can be fetched again."""
    message = await bot.send_document(ANN, b"a,b\n1,2\n", filename="list.csv", caption="Zoë & co")
    assert message.document
    file = await bot.get_file(message.document.file_id)

    assert b"a,b\n1,2\n" == bytes(await file.download_as_bytearray())
    assert ("list.csv", "Zoë & co") == (message.document.file_name, message.caption)


async def test_a_refusal_is_the_librarys_own(bot: Bot) -> None:
    """What Telegram refuses is raised as python-telegram-bot raises it."""
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(404, "hello")


async def test_silence_after_delivery_is_a_time_out(bot: Bot, telegram: TelegramServer) -> None:
    """A message whose answer does not come counts as maybe sent, and is not sent again."""
    telegram.arm("silent_after", method="sendMessage", times=1)

    with pytest.raises(TimedOut):
        await bot.send_message(ANN, "hello")
    assert 1 == sum("hello" == message.text for message in telegram.people[ANN].messages)


@pytest.mark.parametrize("fault", ["hang_up", "hang_up_after"])
async def test_a_lost_connection_is_a_network_error(
    bot: Bot, telegram: TelegramServer, fault: str
) -> None:
    """A connection that ends before the answer is no time-out, and the call is made once."""
    await bot.get_me()
    telegram.arm(fault, method="sendMessage", times=1)

    with pytest.raises(NetworkError) as caught:
        await bot.send_message(ANN, "hello")
    assert not isinstance(caught.value, TimedOut)
    assert 1 == sum("sendMessage" == call.method for call in telegram.calls)


async def test_nobody_listens() -> None:
    """A refused connection is a network error."""
    async with RawServer(b"").running() as server:
        address = server.address
    async with sending() as http:
        with pytest.raises(NetworkError):
            await http.post(f"http://{address}/bot1:a/getMe")


async def test_a_closed_connection_is_not_used_again() -> None:
    """After a server closed a kept connection, the next call opens another one."""
    async with RawServer(OK).running() as server, sending() as http:
        for _ in range(2):
            await http.post(f"http://{server.address}/bot1:a/getMe")
            await asyncio.sleep(0.01)

        assert 2 == len(server.heard)


async def test_no_post_is_repeated() -> None:
    """A server that always hangs up hears a call once."""
    async with RawServer(b"").running() as server, sending() as http:
        with pytest.raises(NetworkError):
            await http.post(f"http://{server.address}/bot1:a/sendMessage")

        assert 1 == len(server.heard)


async def test_full_connections_are_waited_for() -> None:
    """Who finds all connections taken waits; whose wait is too long was not sent at all."""
    async with mute_server() as address, sending(1) as http:
        first = asyncio.ensure_future(http.post(f"http://{address}/1", read_timeout=0.4))
        await asyncio.sleep(0.05)
        with pytest.raises(NetworkError) as caught:
            await http.post(f"http://{address}/2", pool_timeout=0.05, connect_timeout=0.05)
        assert not isinstance(caught.value, TimedOut)
        with pytest.raises(TimedOut):
            await first


async def test_nobody_takes_the_connection() -> None:
    """What could not leave, because no connection came about, is no time-out."""
    loop = asyncio.get_running_loop()
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.02):
                    await loop.sock_connect(waiting, full.getsockname())
        async with sending() as http:
            with pytest.raises(NetworkError) as caught:
                await http.post(f"http://127.0.0.1:{full.getsockname()[1]}/", connect_timeout=0.1)

    assert not isinstance(caught.value, TimedOut)


async def test_an_answer_that_drips_ends() -> None:
    """All limits together bound the whole call, however the answer comes."""

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.05)

    async with served(drip) as address, sending() as http:
        with pytest.raises(TimedOut):
            await http.post(
                address,
                read_timeout=0.2,
                write_timeout=0.1,
                connect_timeout=0.1,
                pool_timeout=0.1,
            )


async def test_a_giant_answer_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer beyond all measure is dropped on the way."""
    monkeypatch.setattr(telegram_http, "LARGEST_ANSWER", 1000)

    async def talk(_request: web.Request) -> web.Response:
        return web.Response(body=b"x" * 1001)

    async with served(talk) as address, sending() as http:
        with pytest.raises(NetworkError, match="more than 1000 bytes"):
            await http.post(address)


async def test_no_redirect_is_followed() -> None:
    """The token goes to Telegram's address and to no other."""

    async def elsewhere(_request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"})

    async with served(elsewhere) as address, sending() as http:
        status, _ = await http.do_request(address, "POST")

        assert 302 == status


async def test_no_proxy_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy named in the environment is not looked at."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with RawServer(OK).running() as server, sending() as http:
        await http.post(f"http://{server.address}/bot1:a/getMe")

        assert 1 == len(server.heard)


async def test_the_log_shows_no_token(bot: Bot, caplog: pytest.LogCaptureFixture) -> None:
    """Neither a call nor its failure writes the address, in which the token stands."""
    caplog.set_level(logging.DEBUG)
    async with RawServer(b"").running() as server:
        bot._base_url = f"http://{server.address}/bot1234567:a-secret"  # where calls go to
        with pytest.raises(NetworkError) as caught:
            await bot.send_message(ANN, "hello")

    assert "a-secret" not in caplog.text + repr(caught.value) + repr(caught.value.__cause__)


async def test_before_and_after() -> None:
    """Outside of its life it makes no call; beginning and ending twice is no fault."""
    http = TelegramHttp(1)
    with pytest.raises(RuntimeError):
        await http.do_request("http://127.0.0.1:1/", "POST")
    await http.initialize()
    await http.initialize()
    await http.shutdown()
    await http.shutdown()

    assert 15.0 == http.read_timeout


def test_no_limit_is_no_limit() -> None:
    """A limit of None is none, and makes the whole endless too."""
    limits = telegram_http._limits(pool_s=1, connect_s=2, write_s=3, read_s=None)

    assert (None, 3, 2, None) == (
        limits.total,
        limits.connect,
        limits.sock_connect,
        limits.sock_read,
    )
    assert telegram_http._chosen(None, 5.0) is None


@asynccontextmanager
async def served(handler: Handler) -> AsyncIterator[str]:
    application = web.Application()
    application.router.add_route("*", "/", handler)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def refused_with(status: int, body: bytes) -> TelegramError:
    """The error of a call that is refused so."""

    async def handle(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=body, content_type="application/json")

    async with served(handle) as address, sending() as http:
        with pytest.raises(TelegramError) as caught:
            await http.post(address)
    return caught.value


@pytest.mark.parametrize(
    ("parameters", "wait_s"),
    [
        ({"retry_after": 35}, 35),
        ({"retry_after": "35"}, 35),
        ({"retry_after": 0.2}, 1),
        ({"retry_after": "soon"}, 7),
        ({"retry_after": None}, 7),
        ({"retry_after": -3}, 7),
        ({"retry_after": 0}, 7),
        ({"retry_after": True}, 7),
        ({"retry_after": float("nan")}, 7),
        ({"retry_after": float("inf")}, 60),
        ({"retry_after": 7200}, 3600),
        ({"retry_after": 10**400}, 7),
        ({"retry_after": [3]}, 7),
        ({"retry_after": 10**9}, 60),
        ({}, 7),
        ("nonsense", 7),
        ([], 7),
        (None, 7),
    ],
)
async def test_flood_waits_of_any_form(parameters: object, wait_s: int) -> None:
    """A flood wait is a sane number of seconds, however Telegram writes it."""
    words = "Too Many Requests: retry after 7"
    body = {"ok": False, "error_code": 429, "description": words, "parameters": parameters}

    err = await refused_with(429, json.dumps(body).encode())
    assert isinstance(err, RetryAfter)
    assert err.retry_after in (wait_s, timedelta(seconds=wait_s))


async def test_a_flood_wait_without_any_number() -> None:
    """It is a few seconds."""
    err = await refused_with(429, b'{"ok": false, "error_code": 429, "description": null}')

    assert isinstance(err, RetryAfter)
    assert err.retry_after in (5, timedelta(seconds=5))


async def test_a_group_that_moved() -> None:
    """Its new id is told when it is one."""
    body = b'{"ok": false, "error_code": 400, "parameters": {"migrate_to_chat_id": %s}}'

    assert isinstance(await refused_with(400, body % b"-1001"), ChatMigrated)
    assert isinstance(await refused_with(400, body % b'"x"'), BadRequest)


@pytest.mark.parametrize(
    "body", [b"[]", b"7", b"null", b"[" * 100_000, b"nonsense", b'{"ok": false, "description": 5}']
)
async def test_refusals_of_another_form(body: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """However odd a refusal is, it is one of Telegram's errors, and none of it is logged."""
    assert isinstance(await refused_with(400, body), BadRequest)
    assert "" == caplog.text


async def test_an_answer_without_a_result() -> None:
    """Status 200 with a refusal in it raises nothing that is not Telegram's."""

    async def handle(_request: web.Request) -> web.StreamResponse:
        return web.json_response({"ok": False, "error_code": 400})

    async with served(handle) as address, sending() as http:
        assert await http.post(address) is None


async def test_a_text_that_cannot_be_sent(bot: Bot, telegram: TelegramServer) -> None:
    """Half a surrogate pair goes as a question mark; no error holds the text."""
    await bot.send_message(ANN, "half \ud83d of it")

    assert "half ? of it" == telegram.people[ANN].last().text
