"""The page's own server, without a browser: who is served, what is told, what is hidden."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import pytest

import sandbox.page_server
from sandbox.bloomsms_traffic import Exchange
from sandbox.page_actions import WrongAction
from sandbox.page_feed import Feed
from sandbox.page_server import PageServer
from sandbox.page_traffic import HIDDEN, CallLog
from sandbox.telegram_chats import StoredFile
from sandbox.telegram_server import Call

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CHAT = Path(sandbox.page_server.__file__).parent / "chat"
FORBIDDEN = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|setInterval\([^)]*fetch"
    r"|//cdn|<script>|<style|style=|\son\w+="
)
FUNCTION = re.compile(
    r"^( *)(?:export )?(?:async |static |get )*(?:function )?#?\w+\(.*\) \{$", re.MULTILINE
)
NO_FUNCTIONS = ("if", "for", "while", "switch")
JPEG = b"\xff\xd8\xff\xe0rest"
FILES = {
    "p": StoredFile("p", "photo.jpg", "text/html", JPEG),
    "d": StoredFile("d", "a\r\nb.html", "text/html", b"<script>alert(1)</script>"),
}


class Told:
    """Parts that a test changes, and what the page asked for."""

    def __init__(self) -> None:
        self.parts: dict[str, object] = {"a": 1}
        self.done: list[object] = []

    async def do(self, fields: object) -> object:
        if fields == {}:
            raise WrongAction("Nothing was said.")
        self.done.append(fields)
        return {"did": "it"}


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
async def page(told: Told) -> AsyncIterator[PageServer]:
    feed = Feed(lambda: dict(told.parts))
    feed.refresh()
    page = PageServer(feed, {"it": told.do}, FILES, run_id="run1")
    await page.start(0)
    work = asyncio.create_task(feed.run())
    yield page
    await page.stop()
    work.cancel()


@pytest.fixture
async def visitor() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def post_headers(page: PageServer, origin: str | None = None) -> dict[str, str]:
    return {"Origin": page.address.rstrip("/") if origin is None else origin}


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "0.0.0.0:80"])
async def test_other_hosts_are_refused(
    page: PageServer, visitor: aiohttp.ClientSession, host: str
) -> None:
    """A name that somebody points at this machine opens nothing."""
    for path in ("", "events", "chat/main.js"):
        async with visitor.get(page.address + path, headers={"Host": host}) as response:
            assert 403 == response.status


async def test_localhost_is_the_same_place(
    page: PageServer, visitor: aiohttp.ClientSession
) -> None:
    """Both names of this machine are served, with a policy that lets no script of others in."""
    port = page.address.rsplit(":", 1)[1]
    async with visitor.get(page.address, headers={"Host": f"localhost:{port[:-1]}"}) as response:
        policy = response.headers["Content-Security-Policy"]
        assert 200 == response.status
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert "<script>" not in await response.text()


@pytest.mark.parametrize("origin", ["", "null", "http://evil.example", "https://127.0.0.1"])
async def test_actions_are_for_the_page_alone(
    page: PageServer, visitor: aiohttp.ClientSession, told: Told, origin: str
) -> None:
    """A form or a script of another page does nothing here."""
    headers = post_headers(page, origin)
    async with visitor.post(page.address + "do/it", json={"x": 1}, headers=headers) as response:
        assert 403 == response.status
    assert [] == told.done


async def test_actions_are_told_in_json(
    page: PageServer, visitor: aiohttp.ClientSession, told: Told
) -> None:
    """What is done is answered; what cannot be done has a sentence."""
    url, headers = page.address + "do/it", post_headers(page)
    async with visitor.post(url, json={"x": 1}, headers=headers) as response:
        assert {"did": "it"} == await response.json()
    async with visitor.post(url, json={}, headers=headers) as response:
        assert (400, "Nothing was said.") == (response.status, await response.text())
    async with visitor.post(url, data=b"x=1", headers=headers) as response:
        assert 415 == response.status
    for wrong in (b"{", b"[]"):
        json_headers = {**headers, "Content-Type": "application/json"}
        async with visitor.post(url, data=wrong, headers=json_headers) as response:
            assert 400 == response.status
    async with visitor.post(page.address + "do/that", json={}, headers=headers) as response:
        assert 404 == response.status
    assert [{"x": 1}] == told.done


@pytest.mark.parametrize("path", ["../page_server.py", "%2e%2e%2fstage.py", "index.html", "x.js"])
async def test_only_the_pages_files_are_served(
    page: PageServer, visitor: aiohttp.ClientSession, path: str
) -> None:
    """No way leads out of the folder."""
    async with visitor.get(f"{page.address}chat/{path}") as response:
        assert 404 == response.status


async def test_uploads_never_run(page: PageServer, visitor: aiohttp.ClientSession) -> None:
    """A picture is a picture; everything else is saved, whatever the bot called it."""
    async with visitor.get(page.address + "files/p") as response:
        assert ("image/jpeg", JPEG) == (response.content_type, await response.read())
    async with visitor.get(page.address + "files/d") as response:
        assert "application/octet-stream" == response.content_type
        assert response.headers["Content-Disposition"].startswith("attachment")
        assert "nosniff" == response.headers["X-Content-Type-Options"]
    async with visitor.get(page.address + "files/none") as response:
        assert 404 == response.status


async def test_changes_are_pushed(
    page: PageServer, visitor: aiohttp.ClientSession, told: Told
) -> None:
    """All parts first, then what changed; who was away hears only what was missed."""
    async with visitor.get(page.address + "events") as response:
        first = await event(response)
        told.parts = {"b": [2]}
        second = await event(response)

    assert ("run1-1", {"is_whole": True, "parts": {"a": 1}}) == first
    assert ("run1-2", {"is_whole": False, "parts": {"b": [2], "a": None}}) == second
    for known, expected in (("run1-1", second[1]), ("run0-1", {"is_whole": True})):
        headers = {"Last-Event-ID": known}
        async with visitor.get(page.address + "events", headers=headers) as response:
            _, heard = await event(response)
            assert expected == {name: heard[name] for name in expected}


async def event(response: aiohttp.ClientResponse) -> tuple[str, dict[str, object]]:
    async with asyncio.timeout(5):
        name = (await response.content.readline()).decode().removeprefix("id: ").strip()
        said = (await response.content.readline()).decode().removeprefix("data: ")
        await response.content.readline()
    return name, json.loads(said)


async def test_a_port_that_is_taken_gives_way(page: PageServer) -> None:
    """A second page opens beside the first."""
    second = PageServer(Feed(dict), {}, {}, run_id="run2")
    await second.start(int(page.address.rsplit(":", 1)[1].rstrip("/")))

    assert page.address != second.address
    await second.stop()


def test_secrets_stay_out_of_the_log() -> None:
    """Tokens and keys are hidden wherever they stand; bodies are kept, up to a length."""
    log = CallLog(["1:token", "sk_key"])
    call = Call(1.0, "setWebhook", {"url": "http://x/1:token", "secret_token": "s3"}, ok=True)
    idle = Call(1.0, "getUpdates", {}, ok=True, result=[])
    failed = Call(1.0, "sendMessage", {"text": "x" * 9000}, error_code=400, description="sk_key no")
    exchange = Exchange("rent", "POST", "/api/v1/activations?k=sk_key", "{bad", 1.0, 1.0)

    parts = log.parts([call, idle, failed], [exchange])

    assert {"call/telegram-0", "call/telegram-2", "call/bloomsms-0"} == set(parts)
    assert not {"1:token", "s3", "sk_key"} & set(json.dumps(parts).replace('"', " ").split())
    assert HIDDEN in parts["call/telegram-0"]["request"]
    assert 9000 > len(parts["call/telegram-2"]["request"])
    assert (0, "{bad") == (
        parts["call/bloomsms-0"]["status"],
        parts["call/bloomsms-0"]["request"],
    )


@pytest.mark.parametrize("path", sorted(CHAT.iterdir()), ids=lambda path: path.name)
def test_the_pages_files_are_short_and_safe(path: Path) -> None:
    """No markup from strings, nothing inline, nothing from elsewhere; functions stay short."""
    source = path.read_text(encoding="utf-8")
    lines = source.splitlines()

    assert [] == FORBIDDEN.findall(source)
    assert 300 >= len(lines)
    if path.suffix == ".js":
        assert [] == [name for name, length in functions(source, lines) if length > 40]


def functions(source: str, lines: list[str]) -> list[tuple[str, int]]:
    """Shape: how each function begins, and how many lines it has by its indentation."""
    found = []
    for begin in FUNCTION.finditer(source):
        first = source.count("\n", 0, begin.start())
        if begin.group().split("(")[0].strip() not in NO_FUNCTIONS:
            last = lines.index(f"{begin[1]}}}", first)
            found.append((begin.group().strip(), last - first + 1))
    return found
