"""From /start to the number's card, as a person sees it."""

import asyncio

import pytest

from sandbox.person import Person
from tests.e2e.conftest import World


async def test_whole_story(world: World, ann: Person) -> None:
    """A person rents a number, and its code comes as a new message with the code alone."""
    await ann.says("/start")
    await ann.waits_for("$125.50")
    await ann.clicks("Rent a number")
    await ann.clicks("🇺🇸 United States")
    await ann.clicks("WhatsApp · $0.55")
    await ann.waits_for("at most this price")
    await ann.clicks("Rent for $0.55")
    card = await ann.waits_for("+1 900 123 4567")
    world.bloomsms.send_sms(world.only_number(), "Your WhatsApp code is 852508")
    news = await ann.waits_for("852508", new=True)

    assert "<code>852508</code>" in news.html.splitlines()
    assert "Your WhatsApp code is 852508" in news.text
    assert ["📋 Copy 852508", "📩 Another SMS", "✅ Done", "🔁 Rent again"] == ann.labels(news)[:4]
    assert "<code>+1 900 123 4567</code>" in card.html
    assert 1 == world.bloomsms.count("rent")
    await ann.waits_until(lambda _: "Code received" in card.text)
    world.nothing_was_refused()


async def test_card_of_a_waiting_number(world: World, ann: Person) -> None:
    """The card holds the number to copy, what it is for, the price, the time left, buttons."""
    await world.rent(ann)
    card = ann.last()
    copied = await ann.clicks("Copy number")

    assert "+19001234567" == copied.text
    for part in ("WhatsApp", "🇺🇸 United States", "$0.55", "▰", "20 min"):
        assert part in card.text
    assert {"✖️ Cancel", "🔄 Other number"} <= set(ann.labels(card))


async def test_three_taps_rent_once(world: World, ann: Person) -> None:
    """Three quick taps on the confirm button rent one number."""
    await world.choose(ann)
    await ann.clicks_times("Rent for $0.55", 3)
    await ann.waits_for("Waiting for the SMS")

    assert 1 == world.bloomsms.count("rent")
    world.nothing_was_refused()


async def test_same_press_again_and_after_a_restart(world: World, ann: Person) -> None:
    """The same press with new update ids, also after a restart, rents nothing more."""
    await world.rent(ann)
    rented = ann.last_press
    for _ in range(2):
        await ann.replays(rented)
    await world.stop_bot()
    await world.start_bot()
    answer = await ann.replays(rented)

    assert "rented already" in (answer.text or "")
    assert 1 == world.bloomsms.count("rent")
    world.nothing_was_refused()


async def test_hang_up_after_accept(world: World, ann: Person) -> None:
    """A lost answer is told as unknown to the person and the owners, and is not paid twice."""
    world.bloomsms.arm("hang_up_after_accept", on="rent", times=1)
    await world.choose(ann)
    await ann.clicks("Rent for $0.55")
    pressed = ann.last_press
    told = await ann.waits_for("The outcome is unknown", new=True)
    await world.owner.waits_for("outcome of an order is unknown")
    await ann.replays(pressed)

    assert "not tried again" in told.text
    assert 1 == world.bloomsms.count("rent")
    await ann.says("/balance")
    await ann.waits_for("$124.95")
    world.nothing_was_refused()


async def test_refused_connection_leaves_the_button_working(world: World, ann: Person) -> None:
    """An order that never left is told as not charged, and the same button works again."""
    await world.choose(ann)
    port = int(world.bloomsms.base_url.split(":")[2].split("/")[0])
    await world.bloomsms.stop()
    await ann.clicks("Rent for $0.55")
    await ann.waits_for("Nothing was charged; press again")
    await world.bloomsms.start(port=port)
    await ann.clicks("Rent for $0.55")
    await ann.waits_for("Waiting for the SMS")

    assert 1 == world.bloomsms.count("rent")


@pytest.mark.parametrize(
    ("scenario", "sentence"),
    [
        ("out_of_stock", "no number left"),
        ("insufficient_funds", "not available now"),
        ("suspended", "paused this bot's account"),
        ("maintenance", "maintenance"),
        ("invalid_key", "does not accept this bot's key"),
    ],
)
async def test_refusals_are_told(world: World, ann: Person, scenario: str, sentence: str) -> None:
    """Each refusal of an order is one sentence, says that nothing was charged."""
    await world.choose(ann)
    world.bloomsms.arm(scenario, on="rent", times=1)
    await ann.clicks("Rent for $0.55")
    card = await ann.waits_for("Nothing was charged")

    assert sentence in card.text
    assert "🔁 Try again" in ann.labels(card)


async def test_price_that_rose_is_asked_for_anew(world: World, ann: Person) -> None:
    """Never more than the price shown is paid; the new price is shown on a new offer."""
    await world.choose(ann)
    world.bloomsms.set_price("187", "wa", "0.60")
    await ann.clicks("Rent for $0.55")
    await ann.waits_for("Not rented")
    await ann.clicks("Try again")
    await ann.clicks("Rent for $0.60")
    await ann.waits_for("Waiting for the SMS")

    assert ["0.60"] == [str(charge.amount) for charge in world.bloomsms.charges]


async def test_slow_provider_keeps_nobody_waiting(world: World, ann: Person) -> None:
    """While one person's order takes long, presses are answered at once and others are served."""
    await world.choose(ann)
    world.bloomsms.arm("slow", on="rent", delay_s=4, times=1)
    loop = asyncio.get_running_loop()
    started = loop.time()
    await ann.clicks("Rent for $0.55")
    await world.bob.says("/start")
    await world.bob.clicks("Rent a number")
    await world.bob.waits_for("Where should the number be from?")

    assert loop.time() - started < 2
    await ann.waits_for("Waiting for the SMS")
    assert 1 == world.bloomsms.count("rent")


async def test_press_behind_a_slow_one_is_answered_at_once(world: World, ann: Person) -> None:
    """A press that waits for the same person's earlier one is answered before it waits."""
    await ann.says("/rent")
    await ann.waits_for("Where should")
    world.bloomsms.arm("slow", on="services", delay_s=2, times=1)
    loop = asyncio.get_running_loop()
    started = loop.time()
    await ann.clicks("United Kingdom")
    await ann.clicks("Germany")

    assert loop.time() - started < 1
    await ann.waits_for("🇩🇪 Germany")
    world.nothing_was_refused()


async def test_any_country(world: World, ann: Person) -> None:
    """A number from anywhere can be rented."""
    await ann.says("/rent")
    await ann.clicks("Any country")
    await ann.clicks("WhatsApp · $")
    await ann.clicks("Rent for $")
    card = await ann.waits_for("Waiting for the SMS")

    assert "🌐 Any country" in card.text


async def test_free_text_finds_services_and_countries(world: World, ann: Person) -> None:
    """Typed words show the matching services and countries as buttons."""
    await ann.says("telegr")
    await ann.clicks("Telegram · $0.45")
    await ann.waits_for("at most this price")
    await ann.says("brazil")
    await ann.clicks("🇧🇷 Brazil")
    await ann.waits_for("What is the number for?")
    await ann.says("<b>nonsense & more")
    nothing = await ann.waits_for("Nothing is called")

    assert "“<b>nonsense & more”" in nothing.text
    world.nothing_was_refused()


async def test_leaving_an_offer_withdraws_it(world: World, ann: Person) -> None:
    """Back from the confirm card shows the services, and the left button rents nothing."""
    await world.choose(ann)
    card = ann.last()
    rent = next(b for row in card.keyboard for b in row if "Rent for" in b.text)
    await ann.clicks("Back")
    await ann.waits_for("What is the number for?")
    answer = await ann.presses(rent.callback_data or "", message=card)

    assert "no longer valid" in (answer.text or "")
    assert 0 == world.bloomsms.count("rent")
