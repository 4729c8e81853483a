"""Menus: every button answers, long lists can be reached, odd names show exactly."""

import asyncio
from functools import partial

from sandbox.bloomsms_server import BloomsmsServer
from sandbox.person import Person
from sandbox.telegram_chats import Message
from tests.e2e.conftest import World

ODD = ["Tom & Jerry <b>Ltd</b>", '«Вконтакте» "x"', "微信 & 支付宝", "O'Reilly > all", "أهلا"]


async def pages_through(person: Person) -> set[str]:
    """Every label that paging with › shows, from the first page on."""
    seen = set(person.labels())
    while "›" in person.labels():
        shown = person.labels()
        await person.clicks("›")
        await person.waits_until(partial(shows_other_than, shown))
        seen |= set(person.labels())
    return seen


def shows(screen: Message, words: str, _person: Person) -> bool:
    return words in screen.text


def shows_other_than(shown: list[str], person: Person) -> bool:
    return person.labels() != shown


async def test_every_country_and_service_can_be_reached(world: World) -> None:
    """190 countries and 300 services are reached by paging, odd names to the letter."""
    names = [f"Country {n}" for n in range(185)] + ODD
    services = [
        {"code": f"s{n}", "name": name, "price": "0.10", "stock": 5}
        for n, name in enumerate([f"Service {n}" for n in range(295)] + ODD)
    ]
    await world.bloomsms.stop()
    countries = [{"id": str(n), "name": name} for n, name in enumerate(names)]
    world.bloomsms = BloomsmsServer(countries=countries, services={"0": services})
    await world.bloomsms.start()
    await world.start_bot()
    await world.ann.says("/rent")
    await world.ann.waits_for("Where should")
    seen_countries = await pages_through(world.ann)
    await world.ann.says("country 0")
    found = await world.ann.waits_for("countries with", new=True)
    await world.ann.clicks("Country 0", message=found)
    await world.ann.waits_for("What is the number for?")
    seen_services = await pages_through(world.ann)

    assert set(names) <= seen_countries
    assert 300 == len({label for label in seen_services if "$0.10" in label})
    assert {f"{name} · $0.10" for name in ODD} <= {
        label.removesuffix(" · 5") for label in seen_services
    }
    world.nothing_was_refused()


async def test_every_menu_button_answers(world: World, ann: Person) -> None:
    """Every button of the main menu leads somewhere and back, also when pressed twice."""
    await ann.says("/start")
    screen = await ann.waits_for("Hello, Ann!")
    for label, words in {
        "Rent a number": "Where should",
        "My numbers": "no open numbers",
        "Balance": "Balance: $125.50",
        "History": "Nothing here yet",
        "Settings": "Your id",
        "Help": "How it works",
    }.items():
        await ann.clicks_times(label, 2)
        await ann.waits_until(partial(shows, screen, words))
        await ann.clicks("Back")
        await ann.waits_until(lambda _: "Hello, Ann!" in screen.text)
    await ann.clicks("Close")
    await ann.waits_until(lambda p: not [m for m in p.messages if m.from_bot and not m.deleted])
    world.nothing_was_refused()


async def test_commands(world: World, ann: Person) -> None:
    """Every command of the list answers, and an unknown one shows the menu."""
    for command, words in {
        "/rent": "Where should",
        "/numbers": "no open numbers",
        "/history": "Nothing here yet",
        "/balance": "$125.50",
        "/settings": "Numbers at once: 5",
        "/help": "How it works",
        "/nonsense": "Hello",
    }.items():
        await ann.says(command)
        await ann.waits_for(words, new=True)
    world.nothing_was_refused()


async def test_command_list(world: World, ann: Person) -> None:
    """The command list is registered; an owner who wrote sees one more."""
    await world.owner.says("/start")
    await world.owner.waits_for("Hello")
    lists = [call.parameters for call in world.telegram.calls if call.method == "setMyCommands"]

    assert "admin" not in str(lists[0]["commands"])
    assert "admin" in str(lists[-1]["commands"])
    world.nothing_was_refused()


async def test_the_menu_waits_for_no_provider(world: World, ann: Person) -> None:
    """A balance that was seen lately is shown at once, though the provider hangs."""
    await ann.says("/start")
    await ann.waits_for("$125.50")
    world.bloomsms.arm("slow", on="balance", delay_s=30)
    await asyncio.sleep(0.6)
    asked = world.bloomsms.count("balance")
    for _ in range(3):
        await ann.says("/start")
        await ann.waits_for("$125.50", new=True, timeout_s=1)

    assert asked == world.bloomsms.count("balance")


async def test_the_menu_shows_what_was_paid(world: World, ann: Person) -> None:
    """Right after an order the menu shows the balance after it."""
    await ann.says("/start")
    await ann.waits_for("$125.50")
    await world.rent(ann)
    await ann.says("/start")

    await ann.waits_for("$124.95", new=True)
