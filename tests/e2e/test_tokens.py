"""Buttons that outlive their database, their message or their format."""

import sqlite3

import pytest

from sandbox.person import Person
from sandbox.telegram_chats import Message
from tests.e2e.conftest import World

NOT_FOUND = "That number is not yours, or it is gone."


def data_of(card: Message, label: str) -> str:
    return next(
        b.callback_data or "" for row in card.keyboard for b in row if label in b.text
    )  # fmt: skip


def execute(world: World, sql: str) -> None:
    with sqlite3.connect(world.folder / "bot.db", timeout=10) as rows:
        rows.execute(sql)


async def lose_database(world: World) -> None:
    await world.stop_bot()
    for path in world.folder.glob("bot.db*"):
        path.unlink()
    await world.start_bot()


async def test_rent_of_a_lost_database(world: World, ann: Person) -> None:
    """A Rent whose row is lost spends nothing, also once its id is another offer's."""
    old = await world.choose(ann)
    rent = data_of(old, "Rent for")
    await lose_database(world)
    await world.choose(ann, "Telegram · $0.45")
    answer = await ann.presses(rent, message=old)

    assert NOT_FOUND == answer.text
    assert 0 == world.bloomsms.count("rent")


async def test_cancel_of_a_lost_database(world: World, ann: Person) -> None:
    """An old card's Cancel cancels no other number that has its id now."""
    await world.rent(ann)
    old = ann.last()
    cancel = data_of(old, "Cancel")
    await lose_database(world)
    await world.rent(ann, "Telegram · $0.45")
    answer = await ann.presses(cancel, message=old)

    assert NOT_FOUND == answer.text
    assert 0 == world.bloomsms.count("cancel")


async def test_token_of_another_person(world: World, ann: Person) -> None:
    """Another person's token brings the sentence of a token that does not exist."""
    await world.rent(ann)
    cancel = data_of(ann.last(), "Cancel")
    await world.bob.says("/start")
    await world.bob.waits_for("Hello")
    for verb in ("go", "lv", "re", "ca", "ot", "an", "dn", "ag", "sl"):
        foreign = await world.bob.presses(f"2:{verb}:{cancel.rpartition(':')[2]}")
        unknown = await world.bob.presses(f"2:{verb}:{'x' * 16}")

        assert (NOT_FOUND, NOT_FOUND) == (foreign.text, unknown.text)
    assert 1 == len(world.bloomsms.activations)
    assert 0 == world.bloomsms.count("cancel")


async def test_rent_from_another_message(world: World, ann: Person) -> None:
    """A Rent from another message than its card shows a new confirm card, which then rents."""
    card = await world.choose(ann)
    rent = data_of(card, "Rent for")
    await ann.says("/help")
    other = await ann.waits_for("How it works")
    await ann.presses(rent, message=other)
    fresh = await ann.waits_for("In stock", new=True)

    assert 0 == world.bloomsms.count("rent")
    assert rent != data_of(fresh, "Rent for")
    assert "How it works" in other.text
    await ann.clicks("Rent for", message=fresh)
    await ann.waits_until(lambda _: "Waiting for the SMS" in fresh.text)
    assert 1 == world.bloomsms.count("rent")
    world.nothing_was_refused()


async def test_rent_whose_card_is_not_known(world: World, ann: Person) -> None:
    """Where a row does not know its card, its token decides."""
    card = await world.choose(ann)
    execute(world, "update activations set chat_id = null, message_id = null")
    await ann.clicks("Rent for", message=card)
    await ann.waits_until(lambda _: "Waiting for the SMS" in card.text)

    assert 1 == world.bloomsms.count("rent")


async def test_old_rent_never_spends(world: World, ann: Person) -> None:
    """A Rent from before tokens shows a confirm card with the price of now, and spends nothing."""
    card = await world.choose(ann)
    rent = data_of(card, "Rent for")
    execute(world, "update activations set chat_id = null, message_id = null")
    await ann.presses("1:go:1", message=card)
    await ann.waits_until(lambda _: data_of(card, "Rent for") != rent)

    assert 0 == world.bloomsms.count("rent")
    await ann.clicks("Rent for", message=card)
    await ann.waits_until(lambda _: "Waiting for the SMS" in card.text)
    assert 1 == world.bloomsms.count("rent")


async def test_old_rent_on_the_card_of_a_live_number(world: World, ann: Person) -> None:
    """An old Rent leaves the card of a number that waits where it is."""
    await world.rent(ann)
    live = ann.last()
    await ann.presses("1:go:1", message=live)
    fresh = await ann.waits_for("In stock", new=True)

    assert "Waiting for the SMS" in live.text
    assert live.id < fresh.id
    assert 1 == world.bloomsms.count("rent")


async def test_old_rent_of_a_number_in_hand(world: World, ann: Person) -> None:
    """An old Rent whose number was in hand when tokens came is told so."""
    await world.rent(ann)
    execute(world, "update activations set is_from_before = 1")
    answer = await ann.presses("1:go:1", message=ann.last())

    assert "rented already" in (answer.text or "")
    assert 1 == world.bloomsms.count("rent")


@pytest.mark.parametrize(("is_from_before", "cancels"), [(1, 1), (0, 0)])
async def test_old_cancel(world: World, ann: Person, is_from_before: int, cancels: int) -> None:
    """A Cancel from before tokens ends only a number that was open when tokens came."""
    await world.rent(ann)
    card = ann.last()
    execute(world, f"update activations set is_from_before = {is_from_before}")
    answer = await ann.presses("1:ca:1", message=card)

    if cancels:
        await ann.waits_until(lambda _: "Cancelled" in card.text)
    else:
        assert NOT_FOUND == answer.text
    assert cancels == world.bloomsms.count("cancel")


async def test_old_cancel_of_another_person(world: World, ann: Person) -> None:
    """An old button is a person's own, or the number is not found."""
    await world.rent(ann)
    execute(world, "update activations set is_from_before = 1")
    await world.bob.says("/start")
    await world.bob.waits_for("Hello")
    answers = [await world.bob.presses(f"1:{verb}:1") for verb in ("ca", "go", "ot", "ag", "sl")]

    assert {NOT_FOUND} == {answer.text for answer in answers}
    assert 0 == world.bloomsms.count("cancel")


async def test_same_number_again_from_another_message(world: World, ann: Person) -> None:
    """The offer of the same number, pressed elsewhere, stays an offer of the same number."""
    number = await world.rent(ann)
    world.bloomsms.send_sms(number, "code 852508")
    news = await world.news(ann)
    await ann.clicks("Done", message=news)
    await ann.waits_until(lambda _: "Done" not in " ".join(ann.labels(news)))
    await ann.clicks("Rent again", message=news)
    card = await ann.waits_for("The same number as before", new=True)
    await ann.presses(data_of(card, "Rent for"), message=news)
    fresh = await ann.waits_for("The same number as before", new=True)

    assert card.id < fresh.id
    assert 0 == world.bloomsms.count("re_rent")
