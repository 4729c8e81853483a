"""Requests as libraries other than ours put them on the wire, byte for byte where it matters."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from sandbox.telegram_server import TelegramServer
from tests.sandbox.telegram_caller import Caller, calling

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PNG = b"\x89PNG\r\n\x1a\n" + bytes(8) + b"\x00\x00\x00\x03\x00\x00\x00\x04"
ROWS = [[{"text": "Go", "callback_data": "go"}, {"text": "Site", "url": "https://a.b"}]]
MARKUP = quote(json.dumps({"inline_keyboard": ROWS}), safe="")
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


@pytest.fixture
def server() -> TelegramServer:
    return TelegramServer()


@pytest.fixture
async def caller(server: TelegramServer) -> AsyncIterator[Caller]:
    server.person(7, "Ann", started=True)
    async with calling(server) as caller:
        yield caller


async def sent(caller: Caller, what: str, headers: str, *bodies: bytes) -> None:
    """Put a request on a bare connection; several bodies are chunks."""
    host, port = caller.server.base_url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    content = bodies[0] if bodies else b""
    length = f"Content-Length: {len(content)}"
    if len(bodies) > 1:
        content = b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in (*bodies, b""))
        length = "Transfer-Encoding: chunked"
    head = f"POST /bot{caller.server.token}/{what} HTTP/1.1\r\nHost: {host}\r\n{length}\r\n"
    writer.write(f"{head}{headers}Connection: close\r\n\r\n".encode() + content)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n"), answer


MESSAGES = {
    "aiogram": (
        "sendMessage",
        f"Content-Type: {FORM}\r\n",
        f"chat_id=7&text=%3Cb%3EHi%3C%2Fb%3E&parse_mode=HTML&reply_markup={MARKUP}",
        0,
    ),
    "telebot": (
        (
            f"sendMessage?chat_id=7&text=%3Cb%3EHi%3C%2Fb%3E&reply_markup={MARKUP}&parse_mode=HTML"
            "&link_preview_options=%7B%22is_disabled%22%3A+true%7D&disable_notification=True"
        ),
        "",
        "",
        0,
    ),
    "grammy": (
        "sendMessage",
        f"content-type: {JSON}\r\n",
        json.dumps(
            {
                "chat_id": 7,
                "text": "<b>Hi</b>",
                "parse_mode": "HTML",
                "reply_markup": {"inline_keyboard": ROWS},
            }
        ),
        0,
    ),
    "telegraf": (
        "sendMessage",
        f"content-type: {JSON}\r\n",
        json.dumps(
            {
                "chat_id": 7,
                "parse_mode": "HTML",
                "reply_markup": {"inline_keyboard": [[{**one, "hide": False} for one in ROWS[0]]]},
                "text": "<b>Hi</b>",
            }
        ),
        2,
    ),
    "everything as text": (
        "SENDMESSAGE",
        f"Content-Type: {FORM}; charset=utf-8\r\n",
        (
            f"chat_id=7&text=%3Cb%3EHi%3C%2Fb%3E&parse_mode=html&reply_markup={MARKUP}"
            "&disable_notification=&message_thread_id=&reply_parameters=&protect_content=0"
        ),
        0,
    ),
}


@pytest.mark.parametrize(
    ("what", "headers", "body", "oddities"), MESSAGES.values(), ids=MESSAGES.keys()
)
async def test_a_message_with_buttons(
    server: TelegramServer, caller: Caller, what: str, headers: str, body: str, oddities: int
) -> None:
    """In whatever form it comes it is the same message, and its button works."""
    ann = server.people[7]

    await sent(caller, what, headers, body.encode())

    assert "Hi\n[Go] [Site]" == ann.sees()
    assert "bold" == ann.last().entities[0]["type"]
    assert oddities == len(server.oddities)
    await ann.clicks("Go", wait_answer=False)
    query = ann.last_press.query_id
    await sent(caller, f"answerCallbackQuery?callback_query_id={query}&show_alert=True", "")
    assert ann.last_press.answer is not None
    assert ann.last_press.answer.show_alert


def part(head: str, content: bytes) -> bytes:
    return f"--x\r\n{head}\r\n\r\n".encode() + content + b"\r\n"


NAMED = 'Content-Disposition: form-data; name="{}"'
UPLOADS = {
    "aiogram": (
        "sendPhoto",
        part("Content-Type: text/plain; charset=utf-8\r\n" + NAMED.format("chat_id"), b"7"),
        part(
            "Content-Type: text/plain; charset=utf-8\r\n" + NAMED.format("photo"), b"attach://Q-f"
        ),
        part(NAMED.format("caption"), b"c"),
        part(
            'Content-Type: application/octet-stream\r\nContent-Disposition: form-data; name="Q-f";'
            " filename=\"x.png\"; filename*=utf-8''x.png",
            PNG,
        ),
        b"--x--\r\n",
    ),
    "telebot": (
        "sendPhoto?chat_id=7&caption=c",
        part(NAMED.format("photo") + "; filename=photo", PNG) + b"--x--\r\n",
    ),
    "grammy": (
        "sendPhoto",
        part('content-disposition:form-data;name="chat_id"', b"7"),
        part('content-disposition:form-data;name="photo"', b"attach://uij"),
        part('content-disposition:form-data;name="caption"', b"c"),
        part(
            'content-disposition:form-data;name="uij";filename=x.png\r\n'
            "content-type:application/octet-stream",
            PNG,
        ),
        b"--x--\r\n",
    ),
    "telegraf": (
        "sendPhoto",
        part('content-disposition:form-data; name="method"', b"sendPhoto"),
        part('content-disposition:form-data; name="chat_id"', b"7"),
        part('content-disposition:form-data; name="photo"; filename="x.png"', PNG),
        part('content-disposition:form-data; name="caption"', b"c"),
        b"--x--\r\n",
    ),
}


@pytest.mark.parametrize("request_parts", UPLOADS.values(), ids=UPLOADS.keys())
async def test_a_photo_is_uploaded(
    server: TelegramServer, caller: Caller, request_parts: tuple[str, *tuple[bytes, ...]]
) -> None:
    """Whole or in chunks, attached by a name or in the place of the parameter."""
    what, *bodies = request_parts

    await sent(caller, what, "Content-Type: multipart/form-data; boundary=x\r\n", *bodies)

    last = server.people[7].last()
    assert ("photo", "c") == (last.kind, last.text)
    assert last.file is not None
    assert PNG == last.file.content


POLLS = {
    "aiogram": (f"Content-Type: {FORM}\r\n", "timeout=0&allowed_updates=%5B%22message%22%5D"),
    "telebot": ("", "?timeout=0&allowed_updates=%5B%22message%22%2C+%22subscription%22%5D"),
    "grammy": (
        f"content-type: {JSON}\r\n",
        '{"offset":0,"limit":100,"timeout":0,"allowed_updates":["message"]}',
    ),
    "telegraf": (
        f"content-type: {JSON}\r\n",
        '{"timeout":0,"limit":100,"offset":0,"allowed_updates":[]}',
    ),
}


@pytest.mark.parametrize(("headers", "body"), POLLS.values(), ids=POLLS.keys())
async def test_updates_are_polled(
    server: TelegramServer, caller: Caller, headers: str, body: str
) -> None:
    """Lists come as JSON text or as lists; a kind newer than the emulator is no obstacle."""
    await server.people[7].says("x")
    in_address = body.startswith("?")

    await sent(
        caller,
        "getUpdates" + body * in_address,
        headers,
        body.encode() if not in_address else b"",
    )

    assert ["message"] == [list(one)[1] for one in server.calls[-1].result]  # type: ignore[attr-defined]  # what getUpdates returns
