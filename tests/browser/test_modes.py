"""The page when one of the two services is the real one, and after it lost the sandbox."""

import pytest
from playwright.async_api import Browser, expect

from sandbox.bloomsms_server import BloomsmsServer
from sandbox.stage import Stage, open_page, open_stage
from sandbox.telegram_server import TelegramServer
from tests.browser.visit import GEOMETRY, PHONE, WIDE, open_visit

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
async def test_a_chat_elsewhere_leaves_the_panel(chromium: Browser, size: dict[str, int]) -> None:
    """No chat, no people and no button for a panel that is there anyway."""
    bloomsms = BloomsmsServer()
    stage = Stage(None, bloomsms)
    async with (
        open_stage(stage),
        open_page(stage, 0) as address,
        open_visit(chromium, address, size, "light", person="") as visit,
    ):
        await expect(visit.page.get_by_text("The chat is on the real Telegram")).to_be_visible()
        await expect(visit.page.get_by_role("heading", name="Scenarios")).to_be_visible()
        await expect(visit.page.get_by_label("Message", exact=True)).to_be_hidden()
        assert [] == await visit.page.evaluate(GEOMETRY)
        await visit.sets("Maintenance", is_on=True)
        await expect(visit.page.get_by_role("switch", name="Maintenance")).to_be_checked()
    assert ["maintenance"] == [one.scenario.name for one in bloomsms.in_force]


async def test_a_real_provider_is_warned_of(chromium: Browser) -> None:
    """Nothing pretends to be in the hands of the page, and money is spoken of."""
    stage = Stage(TelegramServer(), None)
    async with (
        open_stage(stage),
        open_page(stage, 0) as address,
        open_visit(chromium, address, WIDE, "light") as visit,
    ):
        await expect(visit.page.get_by_text("numbers cost money")).to_be_visible()
        await expect(visit.page.get_by_role("heading", name="HTTP calls")).to_be_visible()
        await expect(visit.page.get_by_role("heading", name="Scenarios")).to_be_hidden()


async def test_a_lost_sandbox_is_said(chromium: Browser) -> None:
    """When the sandbox stops, the page says so by itself."""
    stage = Stage(TelegramServer(), None)
    async with open_stage(stage):
        page = open_page(stage, 0)
        address = await page.__aenter__()  # left in the middle of the visit
        async with open_visit(chromium, address, WIDE, "dark") as visit:
            await page.__aexit__(None, None, None)
            await expect(visit.page.get_by_role("alert")).to_contain_text("does not answer")
            visit.complaints = [one for one in visit.complaints if "ERR_" not in one]
