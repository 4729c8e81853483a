"""What the chat does with odd texts, long lists, keys and small screens."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.visit import GEOMETRY, ROOT, Visit, skip_unless_ci

pytestmark = pytest.mark.asyncio(loop_scope="session")

AXE = ROOT / ".venv/axe/node_modules/axe-core/axe.min.js"
NO_AXE = (
    "The accessibility test was skipped: axe-core is not installed"
    " (npm install --prefix .venv/axe axe-core)."
)
MOST_PAGES = 30
MOST_TABS = 40
ODD = ("<b>bold?</b> & <img src=x onerror=alert(1)>", "👩‍👩‍👧‍👦 🇺🇸 emoji", "שלום עולם, مرحبا")


async def test_odd_texts_stay_texts(wide: Visit) -> None:
    """Markup in what people write, or what the bot quotes, is never markup on the page."""
    for text in ODD:
        await wide.says(text)
        await expect(wide.messages.filter(has_text=text).first).to_be_visible()
        await wide.sees(f"“{text}”")

    assert 0 == await wide.messages.locator(".text :is(b, img)").count()


async def test_all_countries_can_be_paged_through(wide: Visit) -> None:
    """A hundred and ninety of them, each shown once."""
    await wide.says("/rent")
    await wide.button("United States").first.wait_for()
    seen: set[str] = set()
    for page in range(1, MOST_PAGES):
        await expect(wide.button(re.compile(rf"^{page}.\d+$"))).to_be_visible()
        seen.update(await wide.messages.last.locator(".key").all_inner_texts())
        following = wide.messages.last.get_by_role("button", name="›", exact=True)
        if not await following.count():
            break
        await following.click()

    assert 190 <= len({label for label in seen if re.match("[\U0001f1e6-\U0001f1ff]{2} ", label)})


async def test_old_and_double_presses_are_answered(wide: Visit) -> None:
    """Two quick presses rent one number; a keyboard of yesterday still says something."""
    await wide.says("/rent")
    await wide.presses("United States")
    await wide.presses("WhatsApp")
    rent = wide.button(re.compile("Rent for"))
    await rent.dblclick()
    await wide.sees("Waiting for the SMS")
    await expect(wide.page.get_by_role("article")).to_have_count(1)

    await wide.says("/numbers")
    await wide.sees(re.compile("WhatsApp"))
    await wide.says("/history")
    await expect(wide.messages.last).not_to_contain_text("/history")
    await expect(wide.page.locator("[aria-busy=true]")).to_have_count(0)


async def test_a_slash_offers_commands(wide: Visit) -> None:
    """The owner's list has one more; Enter sends what is chosen, Escape puts it away."""
    await wide.says("/start")
    await wide.button("Rent a number").wait_for()
    box = wide.page.get_by_label("Message", exact=True)
    offered = wide.page.get_by_role("listbox").get_by_role("option")
    await wide.page.get_by_role("button", name="Menu", exact=True).click()
    await expect(offered).to_have_count(8)
    await box.press("Escape")
    await expect(offered).to_have_count(0)

    await box.press_sequentially("/he")
    await expect(offered).to_have_count(1)
    await box.press("Enter")

    await expect(wide.messages.filter(has_text="/help").first).to_be_visible()
    await expect(box).to_have_value("")
    await wide.plays("Bob")
    await wide.page.get_by_role("button", name="Menu", exact=True).click()
    await expect(offered).to_have_count(7)


async def test_the_keyboard_alone_is_enough(wide: Visit) -> None:
    """Tab, arrows and Enter rent a number; the focus stays on the keyboard that changes."""
    press = wide.page.keyboard.press
    await wide.page.keyboard.type("/rent")
    await press("Enter")
    await wide.button("United States").first.wait_for()
    await tab_to(wide, "United States", "Shift+Tab")
    await press("Enter")
    for label in ("WhatsApp", "Rent for"):
        await wide.button(re.compile(label)).wait_for()
        await tab_to(wide, label, "Tab")
        await press("Enter")
    await wide.sees("Waiting for the SMS")
    await expect(wide.messages.get_by_role("button", name=re.compile(r"Copy \d+"))).to_have_count(2)
    await tab_to(wide, "Copy", "Tab")
    await press("Space")
    await expect(wide.page.locator(".toast", has_text="Copied").last).to_be_visible()

    await tab_to(wide, "Olga", "Shift+Tab")
    await press("ArrowRight")
    await expect(wide.page.get_by_role("tab", name="Ann")).to_be_focused()
    await expect(wide.page.get_by_role("button", name="Start", exact=True)).to_be_visible()


async def tab_to(visit: Visit, label: str, key: str) -> None:
    """Walk with one key until what has the focus has this label, and can be seen to have it."""
    for _ in range(MOST_TABS):
        focused = visit.page.locator(":is(button, a):focus-visible")
        if await focused.count() and label in (await focused.inner_text()):
            outline = await focused.evaluate("element => getComputedStyle(element).outlineStyle")
            assert "none" != outline
            return
        await visit.page.keyboard.press(key)
    pytest.fail(f"{label!r} was not reached with {key}")


async def test_nothing_overlaps_on_a_phone(phone: Visit) -> None:
    """At 360 by 740 every step of the story fits: nothing cut, nothing on top of another."""
    await fits(phone)
    await phone.says("/start")
    for label in ("Rent a number", "United States", "WhatsApp", "Rent for"):
        await phone.button(re.compile(label)).wait_for()
        await fits(phone)
        await phone.presses(re.compile(label))
    await phone.sees("Waiting for the SMS")
    await fits(phone)
    await phone.button(re.compile(r"Copy \d+")).wait_for()
    await fits(phone)

    await phone.page.get_by_role("button", name="Provider").click()
    await expect(phone.page.get_by_role("heading", name="Scenarios")).to_be_visible()
    await fits(phone)
    await phone.page.keyboard.press("Escape")
    await expect(phone.page.get_by_role("heading", name="Scenarios")).to_be_hidden()


async def fits(visit: Visit) -> None:
    assert [] == await visit.page.evaluate(GEOMETRY)


async def test_axe_finds_nothing_serious(wide: Visit) -> None:
    """An accessibility engine looks at the chat, the commands, the panel and an open log line."""
    await check_access(wide)


async def test_axe_finds_nothing_serious_on_a_phone(phone: Visit) -> None:
    """The same on a small screen at night."""
    await check_access(phone)


async def check_access(visit: Visit) -> None:
    if not AXE.is_file():
        skip_unless_ci(NO_AXE)
    assert [] == await serious(visit)
    await visit.says("/start")
    await visit.presses("Rent a number")
    await visit.presses("United States")
    await visit.presses("WhatsApp")
    await visit.presses(re.compile("Rent for"))
    await visit.button(re.compile(r"Copy \d+")).wait_for()
    await visit.page.get_by_label("Message", exact=True).fill("/")
    assert [] == await serious(visit)

    door = visit.page.get_by_role("button", name="Provider")
    if await door.is_visible():
        await door.click()
    await visit.page.locator("details summary").first.click()

    assert [] == await serious(visit)


async def serious(visit: Visit) -> list[str]:
    """Shape: what breaks which rule, with the element; only serious and critical findings."""
    await visit.page.evaluate(AXE.read_text(encoding="utf-8"))
    report = await visit.page.evaluate("axe.run({ resultTypes: ['violations'] })")
    return [
        f"{found['id']}: {node['html'][:160]} {node['failureSummary']}"
        for found in report["violations"]
        if found["impact"] in ("serious", "critical")
        for node in found["nodes"]
    ]
