"""Faults on the way, and what people are told of them."""

import asyncio

import pytest

from sandbox.person import Person
from tests.e2e.conftest import World


async def test_lost_answer_of_an_order_that_never_took_effect(world: World, ann: Person) -> None:
    """The balance shows that nothing was charged, and the person is told."""
    await world.settled_balance()
    card = await world.choose(ann)
    world.bloomsms.arm("hang_up_before", on="rent", times=1)
    await ann.clicks("Rent for $0.55", message=card)
    await ann.waits_for("The outcome is unknown", new=True)
    world.lost_long_ago()
    await ann.waits_for("never took effect", timeout_s=20)
    await ann.waits_until(lambda _: "Not rented" in card.text)

    assert "🔁 Try again" in ann.labels(card)
    assert 1 == world.bloomsms.count("rent")
    world.nothing_was_refused()


async def test_lost_answer_of_an_order_that_was_charged(world: World, ann: Person) -> None:
    """The balance shows the charge; when the money comes back, the person is told that too."""
    await world.settled_balance()
    card = await world.choose(ann)
    world.bloomsms.arm("hang_up_after_accept", on="rent", times=1)
    await ann.clicks("Rent for $0.55", message=card)
    await ann.waits_for("BloomSMS did charge", new=True, timeout_s=20)

    assert "outcome is unknown" in card.text
    assert 1 == world.bloomsms.count("rent")
    world.nothing_was_refused()


async def test_502_to_an_order_is_unknown(world: World, ann: Person) -> None:
    """A failure on the provider's side says nothing about the charge and is not tried again."""
    card = await world.choose(ann)
    world.bloomsms.arm("provider_error", on="rent", times=1, works=True)
    await ann.clicks("Rent for $0.55", message=card)
    await ann.waits_for("The outcome is unknown", new=True)

    assert 1 == world.bloomsms.count("rent")


@pytest.mark.parametrize(
    "scenario", ["html_ok", "empty", "truncated", "array", "bad_gateway_after", "shield"]
)
async def test_unreadable_answers_to_an_order(world: World, ann: Person, scenario: str) -> None:
    """Whatever an order is answered with, it is not repeated and no traceback is shown."""
    card = await world.choose(ann)
    world.bloomsms.arm(scenario, on="rent", times=1)
    await ann.clicks("Rent for $0.55", message=card)
    told = await ann.waits_for("The outcome is unknown", new=True)

    assert 1 == world.bloomsms.count("rent")
    assert "Traceback" not in told.text


@pytest.mark.parametrize(
    "scenario", ["html_ok", "empty", "truncated", "array", "bad_gateway", "hang_up_before"]
)
async def test_unreadable_answers_to_a_read_are_tried_again(
    world: World, ann: Person, scenario: str
) -> None:
    """A read that fails once on the way is tried again, and nobody notices."""
    world.bloomsms.arm(scenario, on="countries", times=1)
    await ann.says("/rent")
    await ann.waits_for("Where should the number be from?")

    assert 2 == world.bloomsms.count("countries")


async def test_every_press_is_answered_while_the_provider_is_slow(
    world: World, ann: Person
) -> None:
    """With seconds on every endpoint each press is answered within one, and all comes true."""
    number = await world.rent(ann)
    card = ann.last()
    await ann.says("/rent")
    menu = await ann.waits_for("Where should", new=True)
    world.bloomsms.arm("slow", delay_s=3)
    loop = asyncio.get_running_loop()
    for label, message in (("Germany", menu), ("Cancel", card), ("Cancel", card), ("Menu", card)):
        pressed_at = loop.time()
        await ann.clicks(label, message=message)

        assert loop.time() - pressed_at < 1
    await ann.waits_for("🇩🇪 Germany")
    await ann.waits_until(lambda _: "Cancelled" in card.text, timeout_s=15)
    assert "cancelled" == world.bloomsms.activations[number].status
    world.nothing_was_refused()


async def test_menu_leaves_cards_and_codes_where_they_are(world: World, ann: Person) -> None:
    """Menu on a card or on a message with a code comes below it, and neither changes."""
    number = await world.rent(ann)
    card = ann.last()
    await ann.clicks("Menu", message=card)
    await ann.waits_for("Hello, Ann!", new=True)
    world.bloomsms.send_sms(number, "code 852508")
    news = await ann.waits_for("852508", new=True)
    await ann.clicks("Menu", message=news)
    await ann.waits_until(lambda p: 2 == p.sees().count("Hello, Ann!"))

    assert "852508" in news.text
    assert "+1 900 123 4567" in card.text
    world.nothing_was_refused()


async def test_closed_card_comes_back_with_numbers(world: World, ann: Person) -> None:
    """A closed card takes nothing away: the number waits on, is listed, and its code arrives."""
    number = await world.rent(ann)
    card = ann.last()
    await ann.clicks("Close", message=card)
    await ann.waits_until(lambda _: card.deleted)
    await ann.says("/numbers")
    await ann.waits_for("Waiting for the SMS", new=True)
    world.bloomsms.send_sms(number, "code 852508")

    await ann.waits_for("852508", new=True)
    world.nothing_was_refused()


async def test_lost_answer_to_another_sms(world: World, ann: Person) -> None:
    """When the answer to another SMS is lost, the next code is still looked for and delivered."""
    number = await world.rent(ann)
    world.bloomsms.send_sms(number, "code 111111")
    news = await ann.waits_for("111111", new=True)
    world.bloomsms.arm("slow", on="another", delay_s=1, times=1)
    world.bloomsms.arm("bad_gateway_after", on="another", times=1)
    await ann.clicks("Another SMS", message=news)
    async with asyncio.timeout(10):
        while "waiting" != world.bloomsms.activations[number].status:
            await asyncio.sleep(0.02)
    world.bloomsms.arm("bad_gateway", on="status", times=3)
    await ann.waits_for("has not confirmed it yet", new=True)
    world.bloomsms.send_sms(number, "code 222222")

    await ann.waits_for("222222", new=True, timeout_s=20)
    assert 1 == sum(m.html.startswith("<code>222222</code>") for m in ann.messages)


async def test_provider_asks_for_silence(world: World, ann: Person) -> None:
    """After a 429 nothing is asked before its time; people are told, and the code arrives after."""
    number = await world.rent(ann)
    world.bloomsms.arm("rate_limited", on="status", times=1, retry_after=4)
    await world.bloomsms_answered(429)
    since = len(world.bloomsms.exchanges)
    loop = asyncio.get_running_loop()
    silent_from = loop.time()
    await ann.says("/balance")
    await ann.waits_for("Many people are asking", new=True, timeout_s=3)
    world.bloomsms.send_sms(number, "code 852508")
    await ann.waits_for("852508", new=True)

    assert loop.time() - silent_from > 3
    first = world.bloomsms.exchanges[since]
    assert first.arrived_monotonic_s - silent_from > 3


async def test_codes_survive_telegram_outages(world: World, ann: Person) -> None:
    """A code that Telegram does not take at once is sent again until it does."""
    number = await world.rent(ann)
    for fault in ("bad_gateway", "hang_up", "error"):
        world.telegram.arm(fault, method="sendMessage", times=1)
    world.bloomsms.send_sms(number, "code 852508")
    await ann.waits_for("852508", new=True, timeout_s=20)

    assert 1 == sum(m.html.startswith("<code>852508</code>") for m in ann.messages)


async def test_code_for_somebody_who_blocked_the_bot(world: World, ann: Person) -> None:
    """A code for somebody who blocked the bot is kept, and told when they come back."""
    number = await world.rent(ann)
    ann.blocks()
    world.bloomsms.send_sms(number, "code 852508")
    await world.telegram.waits_until(lambda t: any(c.error_code == 403 for c in t.calls))
    ann.unblocks()
    await ann.says("/start")

    await ann.waits_for("852508")


async def test_refused_markup_falls_back_to_plain_text(world: World, ann: Person) -> None:
    """When Telegram refuses a code's markup, the bare text is sent."""
    number = await world.rent(ann)
    description = "Bad Request: can't parse entities: Unsupported start tag"
    world.telegram.arm("error", method="sendMessage", times=1, status=400, description=description)
    world.bloomsms.send_sms(number, "code 852508 <b>")
    news = await ann.waits_for("852508", new=True)

    assert "code 852508 <b>" in news.text


async def test_card_that_was_deleted(world: World, ann: Person) -> None:
    """When the card cannot be edited any more, a new message takes its place."""
    number = await world.rent(ann)
    world.telegram.arm("edit_gone", times=1)
    await world.time_is_over()
    world.bloomsms.expire(number)

    await ann.waits_for("Expired", new=True)


async def test_status_word_that_nobody_knows(world: World, ann: Person) -> None:
    """A number with an odd status is asked about again; owners see the word, once."""
    number = await world.rent(ann)
    world.bloomsms.arm("unknown_status", word="on_hold <b>", times=4)
    await world.owner.waits_for("on_hold <b>")
    world.bloomsms.send_sms(number, "code 852508")
    await ann.waits_for("852508", new=True)

    assert 1 == sum("on_hold" in m.text for m in world.owner.messages)


async def test_a_hundred_taps_hold_up_nobody_else(world: World, ann: Person) -> None:
    """Somebody who taps without end is told so, and another person is served meanwhile."""
    await ann.says("/help")
    await ann.waits_for("How it works")
    world.bloomsms.arm("slow", on="balance", delay_s=2, times=1)
    loop = asyncio.get_running_loop()
    taps = asyncio.create_task(ann.clicks_times("Back", 100))
    started = loop.time()
    await world.bob.says("/help")
    await world.bob.waits_for("How it works")

    assert loop.time() - started < 2
    answers = await taps
    assert any("too fast" in (answer.text or "") for answer in answers)
    world.nothing_was_refused()
