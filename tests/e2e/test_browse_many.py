"""Many people browse: lists are fetched once for all, and nobody waits for a slow one."""

import asyncio
import sqlite3

from sandbox.person import Person
from sandbox.telegram_chats import Message
from tests.e2e.conftest import World

PEOPLE = 100


async def browses(person: Person, country: str = "United States") -> Message:
    """Walk to the list of services."""
    await person.says("/rent")
    card = await person.waits_for("Where should the number be from?", new=True)
    await person.clicks(country, message=card)
    await person.waits_until(lambda _: "What is the number for?" in card.text)
    return card


def asked(world: World) -> dict[str, int]:
    return {name: world.bloomsms.count(name) for name in ("countries", "services")}


async def asks_for_services(world: World, times: int) -> None:
    async with asyncio.timeout(10):
        while world.bloomsms.count("services") < times:
            await asyncio.sleep(0.01)


async def restarted_after(world: World, seconds: int) -> None:
    """As if the bot had been down for so long."""
    await world.stop_bot()
    with sqlite3.connect(world.folder / "bot.db") as db:
        db.execute("update lists set asked_at_ms = asked_at_ms - ?", (seconds * 1000,))
    db.close()
    await world.start_bot()


async def test_a_hundred_people_cost_two_requests(world: World) -> None:
    """A hundred people who browse the same country share one list of each kind."""
    world.telegram.flood.rules = None
    people = [world.telegram.person(3000 + n, f"Person {n}") for n in range(PEOPLE)]
    await world.start_bot()
    await asyncio.gather(*(browses(person) for person in people))

    assert {"countries": 1, "services": 1} == asked(world)


async def test_a_restart_forgets_no_list(world: World) -> None:
    """The next process shows what this one fetched, also while the provider is away."""
    await world.start_bot()
    await browses(world.ann)
    before = asked(world)
    await world.bloomsms.stop()
    await restarted_after(world, 300)
    await browses(world.bob)

    assert before == asked(world)
    world.nothing_was_refused()


async def test_old_prices_are_shown_while_new_ones_come(world: World) -> None:
    """Nobody waits for newer prices; the confirm card has the newest, and then the list too."""
    await world.start_bot()
    await browses(world.ann)
    world.bloomsms.set_price("187", "wa", "0.66")
    world.bloomsms.arm("slow", on="services", times=1, delay_s=1)
    await restarted_after(world, 61)
    card = await browses(world.ann)
    shown_at_once = world.ann.labels(card)
    await asks_for_services(world, 2)
    await world.ann.clicks("WhatsApp · $0.55", message=card)
    await world.ann.waits_until(lambda _: "In stock" in card.text)
    confirming = world.ann.labels(card)
    shown_then = world.bob.labels(await browses(world.bob))

    assert any("WhatsApp · $0.55" in label for label in shown_at_once)
    assert any("Rent for $0.66" in label for label in confirming)
    assert any("WhatsApp · $0.66" in label for label in shown_then)
    assert {"countries": 1, "services": 2} == asked(world)
    world.nothing_was_refused()


async def test_a_slow_list_holds_nobody_up(world: World, ann: Person) -> None:
    """While one country's prices do not come, another country is browsed."""
    world.bloomsms.arm("slow", on="services", times=1, delay_s=30)
    await ann.says("/rent")
    card = await ann.waits_for("Where should the number be from?", new=True)
    await ann.clicks("Canada", message=card)
    await asks_for_services(world, 1)
    await browses(world.bob)

    assert "Where should the number be from?" in card.text
    world.nothing_was_refused()
