"""What happens to a number in hand: codes, cancel, done, another SMS, again, other, expiry."""

import pytest

from sandbox.person import Person
from tests.e2e.conftest import World

ODD_TEXTS = {
    "markup": "<#> Your code: 123_456 *",
    "tags": "</code><b>bold & bad</b> 4711",
    "emoji": "🔐 код 556677 для входа 👨‍👩‍👧",
    "right-to-left": "\u202eرمز 998877",
    "link": '<a href="tg://user?id=1">you</a> 445566',
    "nul": "code\x00 121212",
}


@pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS)
async def test_odd_texts_arrive_exactly(world: World, ann: Person, text: str) -> None:
    """An SMS arrives to the letter, whatever it holds, and nobody is linked or pinged."""
    number = await world.rent(ann)
    world.bloomsms.send_sms(number, text)
    news = await world.news(ann)

    assert text.replace("\x00", "").replace("\u202e", "") in news.text
    assert {"code"} >= {entity["type"] for entity in news.entities} - {"bold"}
    world.nothing_was_refused()


async def test_very_long_text_arrives_whole(world: World, ann: Person) -> None:
    """A text longer than a message comes in pieces, none of it lost."""
    number = await world.rent(ann)
    text = "code 424242 " + "😀" * 4000 + " end"
    world.bloomsms.send_sms(number, text)
    await ann.waits_for(" end", new=True)
    shown = "".join(m.text for m in ann.messages if "😀" in m.text)

    assert 4000 == shown.count("😀")
    world.nothing_was_refused()


async def test_code_without_digits(world: World, ann: Person) -> None:
    """A text in which the provider recognised no code is delivered all the same."""
    number = await world.rent(ann)
    world.bloomsms.send_sms(number, "Press yes to log in", code=None)
    news = await ann.waits_for("Press yes to log in", new=True)

    assert "<code>" not in news.html


async def test_done(world: World, ann: Person) -> None:
    """Done completes the number with the provider; a second press changes nothing."""
    number = await world.rent(ann)
    card = ann.last()
    world.bloomsms.send_sms(number, "code 852508")
    news = await ann.waits_for("852508", new=True)
    await ann.clicks("Done", message=news)
    done = ann.last_press
    await ann.waits_until(lambda _: "Completed" in card.text)
    again = await ann.replays(done)

    assert "completed" in (again.text or "")
    assert 1 == world.bloomsms.count("complete")
    assert "completed" == world.bloomsms.activations[number].status
    await ann.waits_until(lambda _: "✅ Done" not in ann.labels(news))
    world.nothing_was_refused()


async def test_another_sms(world: World, ann: Person) -> None:
    """Another SMS waits on the same number; the same code again is news once looks agree on it."""
    number = await world.rent(ann)
    world.bloomsms.send_sms(number, "code 852508")
    news = await ann.waits_for("852508", new=True)
    await ann.clicks("Another SMS", message=news)
    await ann.waits_for("Waiting for another SMS")
    world.bloomsms.send_sms(number, "code 852508")

    def codes() -> int:
        return sum(m.html.startswith("<code>852508</code>") for m in ann.messages)

    await ann.waits_until(lambda _: codes() >= 2, timeout_s=40)

    assert 2 == codes()
    assert 1 == world.bloomsms.count("another")
    world.nothing_was_refused()


async def test_rent_again(world: World, ann: Person) -> None:
    """Rent again takes the same number at a shown price, once."""
    number = await world.rent(ann)
    world.bloomsms.send_sms(number, "code 852508")
    await ann.waits_for("852508", new=True)
    await ann.clicks("Done")
    await ann.clicks("Rent again")
    await ann.waits_for("The same number as before", new=True)
    await ann.clicks_times("Rent for $0.55", 2)
    card = await ann.waits_for("Waiting for the SMS")

    assert "+1 900 123 4567" in card.text
    assert (1, 1) == (world.bloomsms.count("rent"), world.bloomsms.count("rerent"))
    world.nothing_was_refused()


async def test_cancel(world: World, ann: Person) -> None:
    """Cancel gives the number back, and the card says so only after the provider did."""
    number = await world.rent(ann)
    card = ann.last()
    await ann.clicks("Cancel")
    cancel = ann.last_press
    await ann.waits_until(lambda _: "Cancelled" in card.text)
    await ann.replays(cancel)

    assert "$0.55 went back" in card.text
    assert "cancelled" == world.bloomsms.activations[number].status
    assert "125.50" == str(world.bloomsms.balance)
    assert 1 == world.bloomsms.count("cancel")
    world.nothing_was_refused()


async def test_cancel_that_the_provider_refuses(world: World, ann: Person) -> None:
    """A refused cancel is told with the provider's reason, and the number stays."""
    world.bloomsms.arm("cancel_refused")
    number = await world.rent(ann)
    await ann.clicks("Cancel")
    told = await ann.waits_for("2 minutes", new=True)
    world.bloomsms.send_sms(number, "code 313131")

    assert "BloomSMS" in told.text
    await ann.waits_for("313131", new=True)


async def test_cancel_races_with_the_code(world: World, ann: Person) -> None:
    """When the code was faster than the cancel, the code is shown instead."""
    number = await world.rent(ann)
    card = ann.last()
    world.bloomsms.arm("slow", on="status", delay_s=1.5, times=1)
    world.bloomsms.send_sms(number, "code 777000")
    await ann.clicks("Cancel")
    await ann.waits_for("777000", new=True)

    await ann.waits_until(lambda _: "Code received" in card.text)
    assert 1 == sum(m.html.startswith("<code>777000</code>") for m in ann.messages)


async def test_cancel_answer_lost(world: World, ann: Person) -> None:
    """When the answer to a cancel is lost, one look at the number decides."""
    world.bloomsms.arm("cancel_answer_lost", times=1)
    await world.rent(ann)
    card = ann.last()
    await ann.clicks("Cancel")
    await ann.waits_until(lambda _: "Cancelled" in card.text)

    assert 1 == world.bloomsms.count("cancel")


async def test_other_number(world: World, ann: Person) -> None:
    """Other number gives the number back first and then takes another, once."""
    first = await world.rent(ann)
    await ann.clicks_times("Other number", 3)
    await ann.waits_until(lambda _: 2 == len(world.bloomsms.activations))
    second = next(a for a in world.bloomsms.activations.values() if a.activation_id != first)
    await ann.waits_until(lambda p: second.phone_number in p.last().text.replace(" ", ""))

    assert "cancelled" == world.bloomsms.activations[first].status
    assert 2 == world.bloomsms.count("rent")
    assert "124.95" == str(world.bloomsms.balance)
    world.nothing_was_refused()


async def test_other_number_when_cancel_is_refused(world: World, ann: Person) -> None:
    """Nothing is bought while the first number is not given back."""
    world.bloomsms.arm("cancel_refused")
    await world.rent(ann)
    await ann.clicks("Other number")
    await ann.waits_for("2 minutes", new=True)

    assert 1 == world.bloomsms.count("rent")


async def test_expiry(world: World, ann: Person) -> None:
    """When the provider says that the time is over, the card says so, and where the money is."""
    number = await world.rent(ann)
    card = ann.last()
    await world.time_is_over()
    world.bloomsms.expire(number)
    await ann.waits_until(lambda _: "Expired" in card.text)

    assert "$0.55 went back to the account" in card.text
    world.nothing_was_refused()


async def test_number_the_provider_forgot(world: World, ann: Person) -> None:
    """A number that the provider no longer knows is over, its money not confirmed."""
    await world.rent(ann)
    card = ann.last()
    await world.time_is_over()
    world.bloomsms.arm("forgotten")
    await ann.waits_until(lambda _: "Expired" in card.text)

    assert "not confirmed yet" in card.text


async def test_late_code(world: World, ann: Person) -> None:
    """A code that comes right after a cancel is still delivered."""
    world.bloomsms.arm("late_code")
    number = await world.rent(ann)
    await ann.clicks("Cancel")
    await ann.waits_until(lambda _: "cancelled" == world.bloomsms.activations[number].status)
    world.bloomsms.send_sms(number, "code 616161")
    news = await ann.waits_for("616161", new=True, timeout_s=20)

    assert "after the number had ended" in news.text


async def test_numbers_and_history(world: World, ann: Person) -> None:
    """Open numbers are listed with their buttons, past ones with their codes."""
    first = await world.rent(ann)
    await world.rent(ann, "Telegram · $0.45")
    world.bloomsms.send_sms(first, "code 852508")
    await ann.waits_for("852508", new=True)
    await ann.clicks("Done")
    await ann.waits_for("Completed")
    await ann.says("/numbers")
    await ann.waits_for("Your open numbers: 1", new=True)
    card = await ann.waits_for("Waiting for the SMS", new=True)
    await ann.says("/history")
    history = await ann.waits_for("History", new=True)

    assert "Telegram" in card.text
    assert "Completed" in history.text
    assert "<code>852508</code>" in history.html
    assert 1 == sum("Waiting for the SMS" in m.text for m in ann.messages if not m.deleted)
    world.nothing_was_refused()
