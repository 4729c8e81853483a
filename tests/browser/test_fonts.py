"""The page with other people's fonts and text sizes: nothing is wider than the screen."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.visit import (
    GEOMETRY,
    Visit,
    find_chromium,
    open_browser,
    open_visit,
    skip_unless_ci,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")

FONTS = Path("/usr/share/fonts/truetype")
NO_FONTS = "The font tests were skipped: Debian's fonts-dejavu-core and fonts-noto-core are needed."
FONT_LIST = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig><dir>{fonts}</dir><cachedir>{cache}</cachedir></fontconfig>
"""
# As a person's own setting sets it, against the page's usual size.
RESIZE = "percent => { document.documentElement.style.fontSize = `${percent * 0.9375}%`; }"


@asynccontextmanager
async def visit_with(
    fonts: str, width: int, percent: int, address: str, folder: Path
) -> AsyncIterator[Visit]:
    chromium = find_chromium()
    if chromium is None or not (FONTS / fonts).is_dir():
        skip_unless_ci(NO_FONTS)
    assert chromium

    font_list = folder / "fonts.conf"
    font_list.write_text(FONT_LIST.format(fonts=FONTS / fonts, cache=folder / "cache"))
    size = {"width": width, "height": 740}
    async with (
        open_browser(chromium, font_list) as browser,
        open_visit(browser, address, size, "light") as visit,
    ):
        await visit.page.evaluate(RESIZE, percent)
        yield visit


async def fits(visit: Visit) -> None:
    found = await visit.page.evaluate(GEOMETRY)

    # The arrow to the newest message floats above the others while they are scrolled.
    assert [] == [wrong for wrong in found if "↓" not in wrong]


@pytest.mark.parametrize("percent", [100, 130])
@pytest.mark.parametrize("width", [360, 320])
@pytest.mark.parametrize("fonts", ["dejavu", "noto"])
async def test_the_page_fits(
    sandbox: str, tmp_path: Path, fonts: str, width: int, percent: int
) -> None:
    """With any font and text size every step of the story fits a small screen."""
    async with visit_with(fonts, width, percent, sandbox, tmp_path) as visit:
        await fits(visit)
        await visit.says("/start")
        for label in ("Rent a number", "United States", "WhatsApp", "Rent for"):
            await visit.button(re.compile(label)).wait_for()
            await fits(visit)
            await visit.presses(re.compile(label))
        await visit.sees("Waiting for the SMS")
        await fits(visit)
        await visit.button(re.compile(r"Copy \d+")).wait_for()
        await fits(visit)
        await visit.plays("Ann")
        await fits(visit)

        await visit.page.get_by_role("button", name="Provider").click()
        await expect(visit.page.get_by_role("heading", name="Scenarios")).to_be_visible()
        await fits(visit)
