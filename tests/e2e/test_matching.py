"""Answers that are about another number, and charges above what was shown: whole stories."""

import sqlite3
from decimal import Decimal

import pytest

from sandbox.person import Person
from storage.migrations import MIGRATIONS
from tests.e2e.books import books_agree, rows, states
from tests.e2e.conftest import World


async def test_an_order_answered_with_anothers_number(world: World, ann: Person) -> None:
    """Bob is not shown Ann's number, and no press of his ends it."""
    anns = await world.rent(ann)
    card = await world.choose(world.bob)
    world.bloomsms.arm("altered", on="rent", times=1, key="activation_id", value=anns)
    await world.bob.clicks("Rent for $0.55", message=card)
    await world.bob.waits_for("The outcome is unknown", new=True)
    await world.owner.waits_for("belongs to another order")
    world.bloomsms.send_sms(anns, "code 852508")
    await ann.waits_for("852508", new=True)

    assert ["code_received", "uncertain"] == states(world.folder)
    assert not any("852508" in message.text for message in world.bob.messages)
    assert not any("Cancel" in label for label in world.bob.labels())
    await books_agree(world)


@pytest.mark.parametrize("key", ["activation_id", "phone_number"])
async def test_a_look_answered_for_another_number(world: World, ann: Person, key: str) -> None:
    """The code of an answer that names another number is not shown; polling goes on."""
    anns = await world.rent(ann)
    value = "7" if key == "activation_id" else "+19009999999"
    world.bloomsms.arm("altered", on="status", key=key, value=value)
    world.bloomsms.send_sms(anns, "code 852508")
    await world.owner.waits_for("the answer was about another number", timeout_s=20)

    assert not any("852508" in message.text for message in ann.messages)
    world.bloomsms.disarm()
    await ann.waits_for("852508", new=True, timeout_s=30)
    assert 1 == sum("about another number" in message.text for message in world.owner.messages)
    await books_agree(world)


async def test_a_cancel_answered_for_another_number(world: World, ann: Person) -> None:
    """The look decides what became of it."""
    await world.rent(ann)
    world.bloomsms.arm("altered", on="cancel", times=1, key="activation_id", value="7")
    await ann.clicks("Cancel")
    await ann.waits_for("Cancelled")

    assert ["cancelled"] == states(world.folder)
    await books_agree(world)


async def test_a_second_rental_that_costs_more(world: World, ann: Person) -> None:
    """The person pays what was shown, the owner is told both sums, the books keep both."""
    number = await world.rent(ann)
    world.bloomsms.send_sms(number, "code 852508")
    await ann.waits_for("852508", new=True)
    await ann.clicks("Done")
    await ann.waits_until(lambda _: "completed" in states(world.folder))
    await ann.clicks("Rent again")
    await ann.waits_for("Price: $0.55", new=True)
    world.bloomsms.set_price("187", "wa", "5.55")
    await ann.clicks("Rent for $0.55")
    told = await world.owner.waits_for("took more than the price shown")
    kept = [(r["price_micros"], r["charged_micros"]) for r in rows(world.folder)]

    assert "Shown: $0.55. Taken: $5.55." in told.text
    assert [(550_000, 550_000), (550_000, 5_550_000)] == kept
    assert Decimal("6.10") == sum(charge.amount for charge in world.bloomsms.charges)
    await books_agree(world)


async def test_a_service_for_nothing_is_not_offered(world: World, ann: Person) -> None:
    """It is not in the list; its old button spends nothing."""
    card = await world.choose(ann)
    with sqlite3.connect(world.folder / "bot.db", timeout=10) as database:
        database.execute("update activations set offered_micros = 0")
    database.close()
    world.bloomsms.set_price("187", "wa", "0")
    answer = await ann.clicks("Rent for $0.55", message=card)

    assert "Nothing is in stock there" in (answer.text or "")
    assert 0 == world.bloomsms.count("rent")


async def test_a_number_of_another_country(world: World, ann: Person) -> None:
    """It is a number in hand whose card says so, and the owner is told."""
    card = await world.choose(ann)
    world.bloomsms.arm("altered", on="rent", times=1, key="country", value="0")
    await ann.clicks("Rent for $0.55", message=card)
    await ann.waits_until(lambda _: "of another country: 0" in card.text)
    await world.owner.waits_for("something other than ordered")

    assert ["waiting"] == states(world.folder)
    await books_agree(world)


async def test_a_cancel_that_has_to_wait(world: World, ann: Person) -> None:
    """The refusal says how long, and the button works later."""
    await world.rent(ann)
    message = "Please wait 117 seconds & <b>retry</b>, code 852508"
    world.bloomsms.arm("cancel_refused", code="EARLY_CANCEL", message=message)
    await ann.clicks("Cancel")
    told = await ann.waits_for("You can't cancel this number yet", new=True)
    world.bloomsms.disarm()

    assert "Try again in 1 min 57 s, from " in told.text
    assert "“EARLY_CANCEL: Please wait 117 seconds & <b>retry</b>, code …”" in told.text
    await ann.clicks("Cancel")
    await ann.waits_for("Cancelled")
    await books_agree(world)


async def test_a_database_that_held_an_id_twice(world: World) -> None:
    """The oldest row is watched on; the other's person and the owner are told."""
    with sqlite3.connect(world.folder / "bot.db") as database:
        for statements in MIGRATIONS[:7]:
            for statement in statements:
                database.execute(statement)
        database.execute("pragma user_version = 7")
        database.executemany(
            "insert into activations (user_id, service_code, service_name, country_id,"
            " country_name, offered_micros, kind, state, created_at_ms, changed_at_ms,"
            " provider_id, phone_number, price_micros, expires_at_ms) values (?, 'wa',"
            " 'WhatsApp', '187', 'United States', 550000, 'fresh', 'waiting', 1, 1, '77',"
            " '+19001234567', 550000, 9999999999999)",
            [(2001,), (2002,)],
        )
    database.close()
    await world.ann.says("/start")
    await world.bob.says("/start")
    await world.start_bot()
    await world.bob.waits_for("gave the number of this order to another order")
    await world.owner.waits_for("had the same BloomSMS id")
    await world.owner.says("/admin")
    told = await world.owner.waits_for("Orders with an unknown outcome", new=True)

    assert "charged, its number unknown" in told.text
    assert not any("9001234567" in m.text.replace(" ", "") for m in world.bob.messages)
