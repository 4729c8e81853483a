from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING

import pytest
from aiohttp import FormData, web

from sandbox.telegram_server import TelegramServer
from tests.sandbox.telegram_caller import Caller, calling
from tests.sandbox.telegram_hook import Hook, taking

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sandbox.telegram_rules import Json


@pytest.fixture
def server() -> TelegramServer:
    return TelegramServer(webhook_retry_s=0.01)


@pytest.fixture
async def caller(server: TelegramServer) -> AsyncIterator[Caller]:
    async with calling(server) as caller:
        yield caller


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    async with taking() as hook:
        yield hook


async def emptied(server: TelegramServer) -> None:
    """Wait until nothing is left to deliver."""
    await server.waits_until(lambda one: not one.chats.updates.waiting, 5)


async def test_updates_are_posted_in_order(
    server: TelegramServer, caller: Caller, hook: Hook
) -> None:
    """Those that waited first, with the secret; an update comes once."""
    await server.person(1).says("a")
    await caller.result("setWebhook", url=hook.url, secret_token="s-3_T", max_connections=3)
    for number in range(5):
        await server.person(number).says(f"{number}")

    await emptied(server)

    assert ["a", "0", "1", "2", "3", "4"] == hook.texts()
    assert {"s-3_T"} == {one["X-Telegram-Bot-Api-Secret-Token"] for one in hook.headers}
    ids = [update["update_id"] for update in hook.updates]
    assert list(range(ids[0], ids[0] + 6)) == ids
    info = await caller.result("getWebhookInfo")
    assert {
        "url": hook.url,
        "has_custom_certificate": False,
        "max_connections": 3,
        "pending_update_count": 0,
    } == info


async def test_a_failure_is_tried_again(server: TelegramServer, caller: Caller, hook: Hook) -> None:
    """At once, then after longer and longer; the next update waits for its turn."""
    hook.answers = [web.Response(status=500) for _ in range(4)]
    await caller.result("setWebhook", url=hook.url)
    await server.person(1).says("a")
    await server.person(1).says("b")

    await emptied(server)

    assert ["a"] * 5 + ["b"] == hook.texts()
    pauses = [later - sooner for sooner, later in zip(hook.came_at, hook.came_at[1:], strict=False)]
    assert [True, True, True] == [
        pause >= wanted for pause, wanted in zip(pauses[1:4], (0.02, 0.04, 0.08), strict=True)
    ]
    info = await caller.result("getWebhookInfo")
    assert (
        "Wrong response from the webhook: 500 Internal Server Error" == (info["last_error_message"])
    )
    assert 5 > abs(time.time() - info["last_error_date"])


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://127.0.0.1:9/hook", "Connect"),
        ("https://a.b/hook", "Failed to resolve host: this emulator calls none but its own"),
    ],
)
async def test_who_is_not_there_is_told(
    server: TelegramServer, caller: Caller, url: str, error: str
) -> None:
    """The updates wait meanwhile; no other machine is ever called."""
    await caller.result("setWebhook", url=url)
    await server.person(1).says("a")

    await server.waits_until(lambda one: one.chats.webhook and one.chats.webhook.last_error)

    info = await caller.result("getWebhookInfo")
    assert 1 == info["pending_update_count"]
    assert error in info["last_error_message"]


async def test_a_webhook_may_say_when(server: TelegramServer, caller: Caller, hook: Hook) -> None:
    """Retry-After is heeded; another webhook ends the pause."""
    hook.answers = [web.Response(status=429, headers={"Retry-After": "3600"})]
    await caller.result("setWebhook", url=hook.url)
    await server.person(1).says("a")
    await server.waits_until(lambda one: one.chats.webhook and one.chats.webhook.last_error)

    await caller.result("setWebhook", url=hook.url)
    await emptied(server)

    assert ["a", "a"] == hook.texts()


def reply_forms() -> list[web.Response]:
    """Make the same call in the three forms in which libraries answer."""
    given = {"method": "sendMessage", "chat_id": 1, "text": "x"}
    text = {name: str(value) for name, value in given.items()}
    multipart = FormData(text, default_to_multipart=True)()
    return [
        web.json_response(given),
        web.Response(
            text="method=sendMessage&chat_id=1&text=x",
            content_type="application/x-www-form-urlencoded",
        ),
        web.Response(body=multipart),
    ]


async def test_the_answer_can_be_a_call(server: TelegramServer, caller: Caller, hook: Hook) -> None:
    """A method in the answer is carried out, whatever the form."""
    ann = server.person(1)
    hook.answers = reply_forms()
    await caller.result("setWebhook", url=hook.url)
    for _ in range(3):
        await ann.says("a")

    await ann.waits_until(lambda one: len(one.labels()) == 0 and one.sees().count("x") == 3)

    assert [{"chat_id": 1, "text": "x"}] * 3 == [one.parameters for one in server.calls[1:]]
    assert [] == server.refused()
    assert [] == server.oddities


async def test_an_answer_that_is_no_call(
    server: TelegramServer, caller: Caller, hook: Hook
) -> None:
    """What is not done by answer is noted, what is wrong is refused, the rest is nothing."""
    hook.answers = [
        web.json_response({"method": "deleteWebhook"}),
        web.json_response({"method": "getMe"}),
        web.json_response({"method": "sendMassage"}),
        web.json_response({"method": "sendMessage", "chat_id": 9, "text": "x"}),
        web.json_response(["x"]),
        web.Response(text="ok"),
        web.Response(body=b"x", headers={"Content-Type": "multipart/form-data; boundary=y"}),
    ]
    await caller.result("setWebhook", url=hook.url)
    for _ in range(8):
        await server.person(1).says("a")

    await emptied(server)

    assert 8 == len(hook.updates)
    assert [404, 400] == [one.error_code for one in server.refused()]
    assert 2 == len(server.oddities)


async def test_a_webhook_shuts_the_poll_out(
    server: TelegramServer, caller: Caller, hook: Hook
) -> None:
    """A poll under way is ended, a new one refused; deleteWebhook brings polling back."""
    poll = asyncio.create_task(caller.refusal("getUpdates", timeout=30))
    await server.waits_until(lambda one: len(one.calls) == 1)

    await caller.result("setWebhook", url=hook.url)

    assert (409, "Conflict: terminated by setWebhook request") == await poll
    assert 409 == (await caller.refusal("getUpdates"))[0]
    await caller.result("deleteWebhook")
    await server.person(1).says("x")
    assert 1 == len(await caller.result("getUpdates"))
    assert [] == hook.updates


async def test_pending_updates_can_be_dropped(
    server: TelegramServer, caller: Caller, hook: Hook
) -> None:
    """When a webhook is set and when it is deleted."""
    await server.person(1).says("x")
    await caller.result("setWebhook", url=hook.url, drop_pending_updates=True)
    await caller.result("setWebhook", url="http://127.0.0.1:9")
    await server.person(1).says("x")

    assert 1 == (await caller.result("getWebhookInfo"))["pending_update_count"]
    await caller.result("deleteWebhook", drop_pending_updates=True)

    assert [] == await caller.result("getUpdates")
    assert [] == hook.updates


async def test_only_allowed_kinds_are_posted(
    server: TelegramServer, caller: Caller, hook: Hook
) -> None:
    """The list comes as JSON in a form, too; getWebhookInfo repeats it."""
    kinds = ["callback_query", "my_chat_member"]
    form = {"url": hook.url, "allowed_updates": json.dumps(kinds)}
    async with caller.http.post(caller.address("setWebhook"), data=form) as response:
        assert response.status == 200

    await server.person(1).says("x")
    server.person(1).blocks()
    await emptied(server)

    assert ["my_chat_member"] == [list(one)[1] for one in hook.updates]
    assert kinds == (await caller.result("getWebhookInfo"))["allowed_updates"]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"url": "http://a.b"}, "bad webhook: An HTTPS URL must be provided for webhook"),
        ({"url": "ftp://127.0.0.1"}, "bad webhook: An HTTPS URL must be provided for webhook"),
        (
            {"url": "https://a.b:81"},
            "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443",
        ),
        ({"url": "https://a.b:99999"}, "bad webhook: Invalid URL specified"),
        (
            {"url": "https://a.b", "secret_token": "a b"},
            "secret token contains unallowed characters",
        ),
    ],
)
async def test_a_webhook_that_cannot_be(caller: Caller, given: Json, reason: str) -> None:
    """Refused, and polling goes on."""
    assert (400, f"Bad Request: {reason}") == await caller.refusal("setWebhook", **given)
    assert "" == (await caller.result("getWebhookInfo"))["url"]


async def test_setting_no_address_deletes(server: TelegramServer, caller: Caller) -> None:
    """An empty address is the old way; too many connections are brought down."""
    await caller.result("setWebhook", url="https://a.b", max_connections=500)
    assert 100 == (await caller.result("getWebhookInfo"))["max_connections"]
    assert 1 == len(server.oddities)

    await caller.result("setWebhook", url="")

    assert "" == (await caller.result("getWebhookInfo"))["url"]


async def test_stop_does_not_wait_for_a_webhook(server: TelegramServer, caller: Caller) -> None:
    """A delivery that hangs ends with the server."""
    came = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.set()
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    await caller.result("setWebhook", url=f"http://127.0.0.1:{port}")
    await server.person(1).says("x")
    await asyncio.wait_for(came.wait(), 5)
    began_at = time.monotonic()

    await server.stop()

    assert 1 > time.monotonic() - began_at
    assert 1 == len(server.chats.updates.waiting)
    silent.close()
    await silent.wait_closed()
