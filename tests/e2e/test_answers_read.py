"""What BloomSMS may answer beside its documents: nothing that was paid for is lost or made up."""

import asyncio

import pytest

from sandbox.person import Person
from tests.e2e.books import books_agree, rows, states
from tests.e2e.conftest import World
from tests.log_watch import is_logged

PRICE_MICROS = "select price_micros from activations where provider_id is not null"
CLOSED = "names amounts in EUR instead of US dollars, so renting is closed"
ODD_PHONES: list[object] = [..., None, "+1900***4567", [], "soon", True]


@pytest.mark.parametrize("value", ODD_PHONES, ids=str)
async def test_phone_that_the_order_does_not_show(world: World, ann: Person, value: object) -> None:
    """An id is a number in hand: the next answer shows its digits, and its code arrives."""
    card = await world.choose(ann)
    world.bloomsms.arm("altered", on="rent", times=1, key="phone_number", value=value)
    await ann.clicks("Rent for $0.55", message=card)
    await ann.waits_until(lambda _: "+1 900 123 4567" in card.text)
    world.bloomsms.send_sms(world.only_number(), "code 852508")
    await ann.waits_for("852508", new=True)

    assert 1 == world.bloomsms.count("rent")
    assert ["code_received"] == states(world.folder)
    await books_agree(world)


async def test_phone_that_is_never_shown(world: World, ann: Person) -> None:
    """A number that stays masked waits, can be cancelled or gets its code like any other."""
    card = await world.choose(ann)
    world.bloomsms.arm("altered", key="phone_number", value="+1900***4567")
    await ann.clicks("Rent for $0.55", message=card)
    await ann.waits_until(lambda _: "number not shown yet" in card.text)
    assert {"✖️ Cancel"} <= set(ann.labels(card))
    assert "📋 Copy number" not in ann.labels(card)
    world.bloomsms.send_sms(world.only_number(), "code 852508")
    await ann.waits_for("852508", new=True)
    await world.stop_bot()
    await world.start_bot()
    await ann.says("/history")

    await books_agree(world)


async def test_re_rental_without_its_phone(world: World, ann: Person) -> None:
    """The same holds for a number that is rented again."""
    number = await world.rent(ann)
    world.bloomsms.send_sms(number, "code 852508")
    await ann.waits_for("852508", new=True)
    await ann.clicks("Done")
    await ann.clicks("Rent again")
    card = await ann.waits_for("The same number as before", new=True)
    world.bloomsms.arm("altered", on="rerent", times=1, key="phone_number", value=None)
    await ann.clicks("Rent for $0.55")
    await ann.waits_until(lambda _: "+1 900 123 4567" in card.text)

    assert ["completed", "waiting"] == states(world.folder)
    await books_agree(world)


async def test_phone_of_another_country(world: World, ann: Person) -> None:
    """The card shows such a number as it is, with its flag, and says where it is from."""
    card = await world.choose(ann)
    world.bloomsms.arm("altered", key="phone_number", value="+447911123456")
    await ann.clicks("Rent for $0.55", message=card)
    await ann.waits_until(lambda _: "+44 7911 123456" in card.text)

    assert "This number is from 🇬🇧 United Kingdom, not from 🇺🇸 United States." in card.text
    assert "+447911123456" == (await ann.clicks("Copy number", message=card)).text


@pytest.mark.parametrize(
    ("price", "button"),
    [
        ("0.5499999999999999", "Rent for $0.55"),
        (0.55000000000000004, "Rent for $0.55"),
        ("$0.55", "Rent for $0.55"),
        ("0,45", "Rent for $0.45"),
        ("1,234.50", "Rent for $1,234.50"),
        ("1e-3", "Rent for $0.001"),
        ("0.1234561", "Rent for $0.123457"),
    ],
)
async def test_forms_of_prices(world: World, ann: Person, price: object, button: str) -> None:
    """A price is offered as what it is, in each form in which it may come."""
    world.bloomsms.arm("altered", on="services", key="price", value=price)
    card = await world.choose(ann, "WhatsApp · $")

    assert any(button in label for label in ann.labels(card))


@pytest.mark.parametrize("stock", [..., None, "12", "1000+", "9,800", 980.0, "many"], ids=str)
async def test_forms_of_stock(world: World, ann: Person, stock: object) -> None:
    """Unknown stock is not none: the service is offered, its stock said only where it is known."""
    world.bloomsms.arm("altered", on="services", key="stock", value=stock)
    await ann.says("/rent")
    await ann.clicks("United States")
    card = await ann.waits_for("What is the number for?")
    await ann.clicks("WhatsApp · $0.55", message=card)
    await ann.waits_until(lambda _: "Price: $0.55" in card.text)

    assert ("In stock" in card.text) is (stock not in (..., None, "many"))
    assert "None" not in card.text


async def test_rows_that_are_lost_are_logged(
    world: World, ann: Person, caplog: pytest.LogCaptureFixture
) -> None:
    """Where no row can be read the answer is unreadable, not "no stock"; the log says why."""
    world.bloomsms.arm("altered", on="services", key="price", value="soon")
    await ann.says("/rent")
    await ann.clicks("United States")
    await ann.waits_for("cannot be reached", new=True)

    lines = [record.getMessage() for record in caplog.records if is_logged(record)]
    assert any("rows cannot be read: an amount is not plausible" in line for line in lines)


async def test_balance_in_another_currency(world: World, ann: Person) -> None:
    """It is said and never shown as dollars, nothing is rented, and owners hear when that ends."""
    card = await world.choose(ann)
    world.bloomsms.arm("altered", on="balance", key="currency", value="EUR")
    await ann.says("/balance")
    shown = await ann.waits_for("125.50 EUR", new=True)
    await world.owner.waits_for("amounts in EUR instead of US dollars")
    renting = await ann.clicks("Rent for $0.55", message=card)
    await ann.says("/rent")
    menu = await ann.waits_for("Where should the number be from?", new=True)
    await ann.clicks("United States", message=menu)
    await ann.waits_for(CLOSED, new=True)
    world.bloomsms.disarm()
    await ann.says("/balance")
    await ann.waits_for("$125.50", new=True)
    await world.owner.waits_for("Renting is open")
    await ann.clicks("Rent for $0.55", message=card)
    await ann.waits_until(lambda _: "Waiting for the SMS" in card.text)

    assert "$" not in shown.text
    assert CLOSED in str(renting.text)
    assert 1 == world.bloomsms.count("rent")


async def test_other_number_while_renting_is_closed(world: World, ann: Person) -> None:
    """A number is not given back for another one that could not be rented."""
    await world.rent(ann)
    world.bloomsms.arm("altered", on="balance", key="balance", value="€125.50")
    await ann.says("/balance")
    await ann.waits_for("125.50 EUR", new=True)
    answer = await ann.clicks("Other number")

    assert CLOSED in str(answer.text)
    assert 0 == world.bloomsms.count("cancel")
    assert ["waiting"] == states(world.folder)


async def test_prices_in_another_currency(world: World, ann: Person) -> None:
    """Prices in euros are not offered as dollars."""
    world.bloomsms.arm("altered", on="services", key="price", value="€0.55")
    await ann.says("/rent")
    await ann.clicks("United States")
    await ann.waits_until(lambda p: "names amounts in EUR" in p.sees())
    await world.owner.waits_for("amounts in EUR instead of US dollars")

    assert "$" not in ann.sees()
    assert 0 == world.bloomsms.count("rent")


async def test_order_answered_in_another_currency(world: World, ann: Person) -> None:
    """The number is kept at the price shown, owners are told, and no further order leaves."""
    card = await world.choose(ann)
    world.bloomsms.arm("altered", on="rent", times=1, key="currency", value="EUR")
    await ann.clicks("Rent for $0.55", message=card)
    await ann.waits_until(lambda _: "Waiting for the SMS" in card.text)
    await world.owner.waits_for("amounts in EUR instead of US dollars")
    other = await world.choose(ann, "Telegram")
    answer = await ann.clicks("Rent for $", message=other)

    assert CLOSED in str(answer.text)
    assert 1 == world.bloomsms.count("rent")
    assert [550_000] == [row["price_micros"] for row in rows(world.folder, PRICE_MICROS)]


async def test_several_sms_in_one_answer(world: World, ann: Person) -> None:
    """Each of them is a message, in their order."""
    listed = [{"code": "111222", "full_text": "one"}, "two 333444", {"code": 555666}]
    number = await world.rent(ann)
    world.bloomsms.arm("altered", on="status", key="sms", value=listed)
    world.bloomsms.send_sms(number, "code 852508")
    await ann.waits_for("555666", new=True)
    told = [m.text for m in ann.messages if any(c in m.text for c in ("one", "two 3", "555666"))]

    assert ["one", "two", "555666"] == [
        next(word for word in ("one", "two", "555666") if word in text) for text in told[-3:]
    ]
    async with asyncio.timeout(5):
        while ["code_received"] != states(world.folder):
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    "code", ["Your code is 852508", "https://t.me/login/" + "x" * 300], ids=["sentence", "link"]
)
async def test_text_where_the_code_should_be(world: World, ann: Person, code: str) -> None:
    """It is told whole, and no button copies a part of it."""
    number = await world.rent(ann)
    sms = {"code": code, "full_text": None}
    world.bloomsms.arm("altered", on="status", key="sms", value=sms)
    world.bloomsms.send_sms(number, "code 852508")
    news = await world.news(ann)

    assert code in news.text
    assert [] == [label for label in ann.labels(news) if "Copy" in label]
