"""Whole stories on the page, by the labels a person sees."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.visit import Visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

COPY_CODE = re.compile(r"Copy \d{4,8}")
SLOW = pytest.mark.parametrize("sandbox", ["600-600"], indirect=True)


async def clipboard(visit: Visit) -> str:
    return str(await visit.page.evaluate("navigator.clipboard.readText()"))


async def test_a_number_is_rented_and_its_code_copied(wide: Visit) -> None:
    """Start, rent, code, done: no panel is needed."""
    await wide.page.get_by_role("button", name="Start", exact=True).click()
    await wide.presses("Rent a number")
    await wide.presses("United States")
    await wide.presses("WhatsApp")
    await wide.presses(re.compile("Rent for"))
    await wide.sees("Waiting for the SMS")
    await wide.presses("Copy number")
    await expect(wide.page.get_by_text(re.compile(r"^Copied \+1900"))).to_be_visible()

    copy = wide.button(COPY_CODE)
    await copy.click()

    label = await copy.inner_text()
    assert await clipboard(wide) in label
    await wide.presses("Done")
    await wide.sees("Completed")
    await expect(wide.page.get_by_role("article")).to_contain_text("completed")


@SLOW
async def test_the_bot_is_killed_and_started_again(wide: Visit) -> None:
    """The chat and the open number outlive the process; a press meanwhile shows no answer."""
    await wide.rents()
    await wide.page.get_by_role("button", name="Kill the bot").click()
    bar = wide.page.get_by_role("alert")
    await expect(bar).to_contain_text("The bot was killed")
    await wide.says("/balance")
    await expect(wide.messages.last).to_contain_text("/balance")

    await bar.get_by_role("button", name="Start the bot").click()

    await wide.sees("Balance: $124.95")
    await expect(bar).to_be_hidden()
    await wide.page.get_by_role("button", name="Send its SMS").click()
    await expect(wide.button(COPY_CODE)).to_be_visible()
    await expect(wide.messages.filter(has_text="/start")).to_have_count(1)


async def test_a_press_without_an_answer_keeps_its_spinner(wide: Visit) -> None:
    """As long as nobody answers the button says so."""
    await wide.says("/start")
    await wide.button("Balance").wait_for()
    await wide.page.get_by_role("button", name="Stop", exact=True).click()
    await expect(wide.page.get_by_role("alert")).to_contain_text("The bot is stopped")

    await wide.presses("Balance")
    await wide.presses("Balance")

    await expect(wide.button("Balance")).to_have_attribute("aria-busy", "true")
    await wide.page.get_by_role("button", name="Start the bot").first.click()
    await wide.sees("Balance: $125.50")


async def test_scenarios_can_be_turned_on_and_off(wide: Visit) -> None:
    """Out of stock refuses with a sentence; turned off, renting works."""
    await wide.sets("Out of stock", is_on=True)
    await wide.says("/rent")
    await wide.presses("United States")
    await wide.presses("WhatsApp")
    await wide.presses(re.compile("Rent for"))
    await wide.sees("There is no number left")

    await wide.sets("Out of stock", is_on=False)
    await wide.presses("Try again")
    await wide.presses(re.compile("Rent for"))

    await wide.sees("Waiting for the SMS")


@SLOW
async def test_the_panel_plays_the_provider(wide: Visit) -> None:
    """A cancel is refused for one number only, an SMS has the text that was written."""
    panel = wide.page.get_by_label("Provider and bot")
    await panel.get_by_label("Balance, $").fill("3")
    await panel.get_by_role("button", name="Set").click()
    await wide.says("/balance")
    await wide.sees("Balance: $3")
    await wide.rents()
    card = panel.get_by_role("article").first
    await card.get_by_role("button", name="Refuse cancel").click()
    await wide.presses("Cancel")
    await expect(wide.page.get_by_text("2 minutes after renting").first).to_be_visible()

    await card.get_by_label(re.compile("SMS to")).fill("G-<b>4711</b> & שלום")
    await card.get_by_role("button", name="Send its SMS").click()

    await wide.sees("G-<b>4711</b> & שלום")
    await expect(panel.get_by_text(re.compile(r"\d+ of 60 requests"))).to_be_visible()


@SLOW
async def test_a_number_can_run_out(wide: Visit) -> None:
    """The panel lets the time be over; a minute of looks confirms it, and the money goes back."""
    await wide.rents()

    await wide.page.get_by_role("button", name="Let it expire").click()

    await wide.sees("Expired", timeout_s=120)
    await expect(wide.page.get_by_label("Balance, $")).to_have_value("125.50")


async def test_a_stranger_knocks_and_is_let_in(wide: Visit) -> None:
    """Each person has a chat of their own; what is unread shows on the tab."""
    await wide.says("/start")
    await wide.button("Rent a number").wait_for()
    await wide.plays("Ann")
    await expect(wide.messages).to_have_count(0)
    await wide.page.get_by_role("button", name="Start", exact=True).click()
    await wide.sees("This bot is private")
    owner = wide.page.get_by_role("tab", name="Olga")
    await expect(owner).to_contain_text("1 unread")

    await wide.plays("Olga")
    await wide.sees("Ann")
    await wide.presses("Let in")

    await wide.plays("Ann")
    await expect(owner).not_to_contain_text("unread")
    await wide.sees("You may use this bot now")


async def test_the_log_shows_calls_without_secrets(wide: Visit) -> None:
    """Bodies both ways, no token and no key."""
    await wide.says("/start")
    await wide.button("Rent a number").wait_for()
    panel = wide.page.get_by_label("Provider and bot")

    call = panel.locator("details", has_text="/sendMessage").first
    await call.locator("summary").click()

    await expect(call.locator("pre").first).to_contain_text('"chat_id": 1000')
    await expect(call.locator("pre").last).to_contain_text('"message_id"')
    await panel.get_by_label("Show").select_option("BloomSMS")
    await expect(call).to_be_hidden()
    await expect(panel.get_by_text("GET /api/v1/balance").first).to_be_visible()
    assert not re.search("1234567:|sk_sandbox", await wide.page.content())
