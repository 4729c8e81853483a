"""Everything Telegram can show that the bot does not use yet: the test is the bot here."""

import asyncio
import struct
import zlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from sandbox.stage import OWNER_ID, Stage, open_page, open_stage
from sandbox.telegram_server import TelegramServer
from tests.browser.visit import WIDE, Visit, open_visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

FORMATTED = (
    "<b>bold <i>both</i></b> <u>under</u> <s>gone</s> <tg-spoiler>secret</tg-spoiler>\n"
    '<a href="https://example.org/a?b=1&amp;c=2">link</a> https://example.org/x. /help\n'
    "<code>4711</code><pre>x &lt; y</pre><blockquote>said</blockquote>"
)
SHAPES = (
    "<strong>bold <em>both</em></strong>",
    "<u>under</u>",
    "<s>gone</s>",
    'href="https://example.org/a?b=1&amp;c=2"',
    ">https://example.org/x</a>.",
    "x &lt; y</pre>",
    ">said</blockquote>",
)


class Api:
    """The bot's side of the Bot API."""

    def __init__(self, base_url: str, session: aiohttp.ClientSession) -> None:
        self._base_url = base_url
        self._session = session
        self._offset = 0

    async def call(self, method: str, **fields: object) -> Any:
        async with self._session.post(f"{self._base_url}/{method}", json=fields) as response:
            answer = await response.json()
        assert answer["ok"], answer
        return answer["result"]

    async def send(self, text: str, **fields: object) -> int:
        sent = await self.call(
            "sendMessage", chat_id=OWNER_ID, text=text, parse_mode="HTML", **fields
        )
        return int(sent["message_id"])

    async def send_file(self, kind: str, name: str, content: bytes) -> None:
        form = aiohttp.FormData({"chat_id": str(OWNER_ID), kind: "attach://it"}, quote_fields=False)
        form.add_field("it", content, filename=name)
        url = f"{self._base_url}/send{kind.title()}"
        async with self._session.post(url, data=form) as response:
            assert (await response.json())["ok"]

    async def update(self, kind: str) -> Any:
        while True:
            updates = await self.call("getUpdates", offset=self._offset, timeout=10)
            for update in updates:
                self._offset = update["update_id"] + 1
                if kind in update:
                    return update[kind]


class Bare:
    """A page without our bot behind it, and the test in the bot's place."""

    def __init__(self, visit: Visit, api: Api) -> None:
        self.visit = visit
        self.api = api


@pytest_asyncio.fixture(loop_scope="session")
async def bare(chromium: Browser) -> AsyncIterator[Bare]:
    telegram = TelegramServer()
    stage = Stage(telegram, None)
    async with (
        open_stage(stage),
        open_page(stage, 0) as address,
        aiohttp.ClientSession() as session,
        open_visit(chromium, address, WIDE, "light") as visit,
    ):
        api = Api(f"{telegram.base_url}/bot{telegram.token}", session)
        await visit.says("/start")
        await api.update("message")
        yield Bare(visit, api)


def keyboard(*rows: list[dict[str, str]]) -> dict[str, object]:
    return {"inline_keyboard": list(rows)}


async def test_marked_text_is_drawn(bare: Bare) -> None:
    """Nested marks, links and quotes become elements; a spoiler opens when pressed."""
    await bare.api.send(FORMATTED)
    text = bare.visit.messages.last.locator(".text")
    await expect(text).to_contain_text("said")

    html = await text.inner_html()

    assert [] == [shape for shape in SHAPES if shape not in html]
    await text.get_by_role("button", name="Hidden text").click()
    await expect(text.locator(".spoiler.shown")).to_have_text("secret")
    await text.get_by_role("button", name="4711").click()
    await expect(bare.visit.page.get_by_text("Copied to clipboard")).to_be_visible()
    await text.get_by_role("button", name="/help").click()
    assert "/help" == (await bare.api.update("message"))["text"]


async def test_answers_become_toasts_and_boxes(bare: Bare) -> None:
    """The spinner turns until the answer; an alert waits for its OK."""
    buttons = [{"text": "Ask", "callback_data": "a"}, {"text": "Site", "url": "https://a.example"}]
    await bare.api.send("Choose", reply_markup=keyboard(buttons))
    ask = bare.visit.button("Ask")
    for is_alert in (False, True):
        await ask.click()
        query = await bare.api.update("callback_query")
        await expect(ask).to_have_attribute("aria-busy", "true")
        fields = {"callback_query_id": query["id"], "show_alert": is_alert}
        await bare.api.call("answerCallbackQuery", text=f"Box {is_alert}", **fields)
        await expect(ask).to_have_attribute("aria-busy", "false")
        await expect(bare.visit.page.get_by_text(f"Box {is_alert}")).to_be_visible()

    box = bare.visit.page.get_by_role("dialog")
    await box.get_by_role("button", name="OK").click()
    await expect(box).to_be_hidden()
    site = bare.visit.messages.get_by_role("link", name="Site")
    await expect(site).to_have_attribute("href", "https://a.example")
    await expect(site).to_have_attribute("rel", "noopener noreferrer")


async def test_edits_and_deletions_happen_in_place(bare: Bare) -> None:
    """An edited message stays where it is and says so, a deleted one goes, silence is marked."""
    first = await bare.api.send("one")
    second = await bare.api.send("two", disable_notification=True)
    await expect(bare.visit.messages.last.get_by_label("Without a sound")).to_be_visible()
    await bare.api.call("editMessageText", chat_id=OWNER_ID, message_id=first, text="one again")

    await expect(bare.visit.messages.nth(1)).to_contain_text("one again")
    await expect(bare.visit.messages.nth(1)).to_contain_text("edited")
    await bare.api.call("deleteMessage", chat_id=OWNER_ID, message_id=second)
    await expect(bare.visit.messages).to_have_count(2)


async def test_pictures_and_documents(bare: Bare) -> None:
    """A picture is seen, a document can be saved under its name."""
    await bare.api.send_file("photo", "p.png", png(8, 8))
    picture = bare.visit.messages.last.locator("img")
    await expect(picture).to_be_visible()
    assert 8 == await picture.evaluate("image => image.decode().then(() => image.naturalWidth)")

    await bare.api.send_file("document", "numbers <1>.csv", b"a,b\n")

    async with bare.visit.page.expect_download() as download:
        await bare.visit.messages.get_by_role("link", name="numbers <1>.csv").click()
    assert b"a,b\n" == (await (await download.value).path()).read_bytes()


async def test_the_large_keyboard_is_shown(bare: Bare) -> None:
    """Its keys say what they show; it goes when the bot takes it away."""
    await bare.api.send("Sure?", reply_markup={"keyboard": [[{"text": "Yes"}, {"text": "No"}]]})
    await bare.visit.page.get_by_role("button", name="Yes", exact=True).click()
    assert "Yes" == (await bare.api.update("message"))["text"]

    await bare.api.send("Good", reply_markup={"remove_keyboard": True})

    await expect(bare.visit.page.get_by_role("button", name="Yes", exact=True)).to_be_hidden()


async def test_an_invoice_is_paid(bare: Bare) -> None:
    """The bot is asked first and told afterwards."""
    price = {"currency": "XTR", "prices": [{"label": "Ten", "amount": 10}]}
    words = {"title": "Ten codes", "description": "For a friend", "payload": "p1"}
    await bare.api.call("sendInvoice", chat_id=OWNER_ID, **words, **price)
    await expect(bare.visit.messages.last).to_contain_text("Ten codes")

    await bare.visit.presses("Pay")
    query = await bare.api.update("pre_checkout_query")
    await bare.api.call("answerPreCheckoutQuery", pre_checkout_query_id=query["id"], ok=True)

    await expect(bare.visit.page.get_by_text("Paid.")).to_be_visible()


async def test_an_inline_query_is_answered(bare: Bare) -> None:
    """Typing the bot's name and a text offers its results; the chosen one is sent."""
    content = {"message_text": "Price: $0.55"}
    result = {"type": "article", "id": "r1", "title": "WhatsApp", "input_message_content": content}
    box = bare.visit.page.get_by_label("Message", exact=True)
    answering = asyncio.create_task(bare.api.update("inline_query"))

    await box.press_sequentially("@bloomsms_sandbox_bot what")
    query = await answering
    assert query["query"] in "what"
    await bare.api.call("answerInlineQuery", inline_query_id=query["id"], results=[result])
    await expect(bare.visit.page.get_by_role("option", name="WhatsApp")).to_be_visible()
    await box.press("Enter")

    await expect(bare.visit.messages.last).to_contain_text("Price: $0.55")


def png(width: int, height: int) -> bytes:
    """A grey picture."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + check

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\x00" + b"\x80" * width) * height)
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", rows), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
