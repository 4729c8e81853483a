"""A person before the page: hands and eyes, for the browser tests and for the pictures."""

import asyncio
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, ConsoleMessage, Locator, Page, async_playwright, expect

ROOT = Path(__file__).parent.parent.parent
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDE = {"width": 1280, "height": 800}
PHONE = {"width": 360, "height": 740}
GEOMETRY = Path(__file__).with_name("geometry.js").read_text(encoding="utf-8")
START_S = 20.0
WAIT_MS = 10_000
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/")


skipped: set[str] = set()


def skip_unless_ci(why: str) -> None:
    """On a person's machine something may be missing, where the tree is proven it may not."""
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    skipped.add(why)
    pytest.skip(why)


def find_chromium() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


@dataclass
class Visit:
    """A page before one sandbox, with the hands and eyes of a person."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)

    async def open(self, person: str) -> None:
        await self.page.goto(self.address)
        if person:
            await expect(self.page.get_by_role("tab", name=person)).to_be_visible()

    @property
    def messages(self) -> Locator:
        """Shape: the messages of the person who is played, oldest first."""
        return self.page.locator("[role=log]:not([hidden]) .message")

    def button(self, label: str | re.Pattern[str]) -> Locator:
        """Shape: the newest button with this label below a message."""
        return self.messages.get_by_role("button", name=label).last

    async def says(self, text: str) -> None:
        box = self.page.get_by_label("Message", exact=True)
        await box.fill(text)
        await box.press("Enter")

    async def presses(self, label: str | re.Pattern[str]) -> None:
        await self.button(label).click()

    async def sees(self, text: str | re.Pattern[str], timeout_s: float | None = None) -> None:
        limit_ms = None if timeout_s is None else timeout_s * 1000
        await expect(self.messages.filter(has_text=text).last).to_be_visible(timeout=limit_ms)

    async def plays(self, name: str) -> None:
        await self.page.get_by_role("tab", name=name).click()

    async def sets(self, scenario: str, *, is_on: bool) -> None:
        await self.page.get_by_role("switch", name=scenario).set_checked(is_on)

    async def rents(self) -> None:
        """Walk by labels from the menu to a number that waits."""
        await self.says("/start")
        await self.presses("Rent a number")
        await self.presses("United States")
        await self.presses("WhatsApp")
        await self.presses(re.compile("Rent for"))
        await self.sees("Waiting for the SMS")


@asynccontextmanager
async def open_browser(path: str, font_list: Path | None = None) -> AsyncIterator[Browser]:
    """With the fonts of this machine, or only with those of a fontconfig file."""
    fonts = {"FONTCONFIG_FILE": str(font_list)} if font_list else {}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=path, args=FLAGS, env={**os.environ, **fonts}
        )
        yield browser
        await browser.close()


@asynccontextmanager
async def open_sandbox(sms_after: str) -> AsyncIterator[str]:
    """Start a sandbox whose SMS come after as many seconds. Shape: its address."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sandbox", "--port", "0", "--quiet", "--sms-after", sms_after),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    if process.stdout is None:
        raise RuntimeError("the sandbox has no output")
    try:
        async with asyncio.timeout(START_S):
            address = (await process.stdout.readline()).decode().strip()
        assert ADDRESS.fullmatch(address)
        yield address
    finally:
        process.terminate()
        status = await process.wait()
    assert 0 == status


@asynccontextmanager
async def open_visit(
    browser: Browser,
    address: str,
    size: dict[str, int],
    scheme: str,
    *,
    sharpness: int = 1,
    person: str = "Olga",
) -> AsyncIterator[Visit]:
    options: dict[str, Any] = {"viewport": size, "color_scheme": scheme}  # as Playwright takes them
    context = await browser.new_context(
        **options,
        device_scale_factor=sharpness,
        has_touch=size["width"] < WIDE["width"],
        permissions=["clipboard-read", "clipboard-write"],
    )
    context.set_default_timeout(WAIT_MS)
    opened = Visit(await context.new_page(), address)

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            opened.complaints.append(message.text)

    opened.page.on("console", note)
    opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
    await opened.open(person)
    yield opened
    await context.close()
    assert [] == opened.complaints
