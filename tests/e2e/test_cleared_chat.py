"""A person clears the chat on their side: the live card comes back as a new message."""

import pytest

from sandbox.person import Person
from sandbox.telegram_chats import Message
from tests.e2e.conftest import World


def cards(person: Person) -> list[Message]:
    """What the person sees of numbers that wait or have a code."""
    heads = ("Waiting for", "Code received")
    shown = [m for m in person.messages if m.from_bot and not (m.deleted or m.cleared)]
    return [m for m in shown if any(head in m.text for head in heads)]


async def test_numbers_brings_the_card(world: World, ann: Person) -> None:
    """/numbers shows the card that was cleared away, and the number goes on in it."""
    number = await world.rent(ann)
    ann.clears_chat()
    await ann.says("/numbers")
    card = await ann.waits_for("Waiting for the SMS", new=True)
    world.bloomsms.send_sms(number, "code 852508")
    await ann.waits_until(lambda _: "Code received" in card.text)

    world.nothing_was_refused()


@pytest.mark.parametrize("label", ["Help", "Balance", "Settings", "History"])
async def test_any_press_brings_the_card(world: World, ann: Person, label: str) -> None:
    """A press on a message below the live card brings it to the end of the chat, once."""
    await world.rent(ann)
    ann.clears_chat()
    await ann.says("/start")
    menu = await ann.waits_for("Hello", new=True)
    await ann.clicks(label, message=menu)
    await ann.waits_until(lambda _: cards(ann))
    (card,) = cards(ann)
    await ann.clicks("Back", message=menu)
    await ann.clicks("Help", message=menu)
    await ann.waits_until(lambda _: "How it works" in menu.text)

    assert menu.id < card.id
    assert [card] == cards(ann)
    await ann.clicks("Cancel", message=card)
    await ann.waits_until(lambda _: "Cancelled" in card.text)
    world.nothing_was_refused()


async def test_another_sms_brings_the_card(world: World, ann: Person) -> None:
    """Another SMS asked for under a code shows the waiting card below that code."""
    number = await world.rent(ann)
    ann.clears_chat()
    world.bloomsms.send_sms(number, "code 852508")
    news = await world.news(ann)
    await ann.clicks("Another SMS", message=news)
    await ann.waits_until(lambda _: any("another SMS" in card.text for card in cards(ann)))
    (card,) = cards(ann)

    assert news.id < card.id
    world.nothing_was_refused()


async def test_presses_on_cards_move_none(world: World, ann: Person) -> None:
    """A press on one number's card leaves the cards of the others where they are."""
    await world.rent(ann)
    await world.rent(ann, "Telegram · $0.45")
    await ann.waits_until(lambda _: len(cards(ann)) == 2)
    first, second = cards(ann)
    await ann.clicks("Cancel", message=second)
    await ann.waits_until(lambda _: "Cancelled" in second.text)

    assert [first] == cards(ann)


async def test_choosing_moves_no_card(world: World, ann: Person) -> None:
    """While another number is chosen and rented, the cards of others stay where they are."""
    await world.rent(ann)
    first = ann.last()
    await world.rent(ann, "Telegram · $0.45")
    second = ann.last()

    assert [first, second] == cards(ann)


async def test_closed_card_stays_away(world: World, ann: Person) -> None:
    """A card that was closed comes back with /numbers alone."""
    await world.rent(ann)
    card = ann.last()
    await ann.clicks("Close", message=card)
    await ann.waits_until(lambda _: card.deleted)
    await ann.says("/start")
    menu = await ann.waits_for("Hello", new=True)
    await ann.clicks("Help", message=menu)
    await ann.waits_until(lambda _: "How it works" in menu.text)

    assert [] == cards(ann)
    await ann.says("/numbers")
    await ann.waits_for("Waiting for the SMS", new=True)
