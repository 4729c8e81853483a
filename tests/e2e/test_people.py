"""Whose number, who may come in, and how much one may rent."""

from decimal import Decimal

import pytest

from sandbox.person import Person
from settings import AccessMode
from tests.e2e.conftest import ANN, World


async def test_another_persons_buttons(world: World, ann: Person) -> None:
    """Every button of another person's number does nothing and says so."""
    number = await world.rent(ann)
    world.bloomsms.send_sms(number, "code 852508")
    news = await ann.waits_for("852508", new=True)
    await world.bob.says("/start")
    mine = await world.bob.waits_for("Hello")
    before = len(world.bloomsms.exchanges)
    for verb in ("go", "lv", "re", "ca", "ot", "an", "dn", "ag"):
        answer = await world.bob.presses(f"1:{verb}:1", message=mine)

        assert "not yours" in (answer.text or "")
    assert "code_received" == world.bloomsms.activations[number].status
    assert {"balance"} >= {e.operation for e in world.bloomsms.exchanges[before:]}
    assert news.edits == 0


@pytest.mark.parametrize(
    "data",
    ["1:ca:0", "1:ca:-1", f"1:ca:{2**63}", "1:ca:1 or 1=1", "1:ca:", "1:go:999999", "1:ca:٣"],
    ids=lambda data: data[:20],
)
async def test_forged_ids_look_like_missing_ones(world: World, ann: Person, data: str) -> None:
    """An id that nobody could have is answered like one that does not exist."""
    await ann.says("/start")
    message = await ann.waits_for("Hello")
    answer = await ann.presses(data, message=message)

    assert "not yours" in (answer.text or "")
    world.nothing_was_refused()


@pytest.mark.parametrize("data", ["0:ca:1", "nonsense", "1:zz:1", "x" * 64], ids=lambda d: d[:9])
async def test_stale_buttons_lead_to_the_menu(world: World, ann: Person, data: str) -> None:
    """A button of another version is answered and leads to the menu."""
    await ann.says("/help")
    message = await ann.waits_for("How it works")
    answer = await ann.presses(data, message=message)

    assert "out of date" in (answer.text or "")
    await ann.waits_for("Hello")


async def test_private_bot_lets_nobody_in_unasked(world: World) -> None:
    """A stranger gets their id; owners get a card once; let in, the stranger is served."""
    await world.start_bot(access=AccessMode.PRIVATE)
    await world.ann.says("/start")
    told = await world.ann.waits_for("This bot is private")
    await world.owner.waits_for("would like to use the bot")
    await world.ann.says("/rent")
    await world.ann.waits_until(lambda p: 2 == p.sees().count("This bot is private"))
    knocks = [m for m in world.owner.messages if "would like" in m.text]
    await world.ann.presses("1:cs:0", message=told)

    assert str(ANN) in told.text
    assert 1 == len(knocks)
    assert 0 == world.bloomsms.count("countries")
    await world.owner.clicks("Let in")
    await world.ann.waits_for("You may use this bot now")
    await world.ann.says("/start")
    await world.ann.waits_for("Hello, Ann!")
    world.nothing_was_refused()


async def test_refused_stays_outside(world: World) -> None:
    """Somebody refused is not asked about again, and a forged Let in does nothing."""
    await world.start_bot(access=AccessMode.PRIVATE)
    await world.ann.says("/start")
    told = await world.ann.waits_for("private")
    await world.owner.clicks("Refuse")
    await world.owner.waits_for("may not")
    await world.ann.presses(f"1:in:{ANN}", message=told)
    await world.ann.says("/start")
    await world.ann.waits_until(lambda p: 3 == p.sees().count("This bot is private"))

    assert 1 == sum("Ann" in m.text for m in world.owner.messages)


async def test_names_are_shown_to_the_letter(world: World) -> None:
    """A person's name is never taken for markup."""
    await world.start_bot(access=AccessMode.PRIVATE)
    tom = world.telegram.person(3001, "Tom & Jerry <b>Ltd</b>")
    await tom.says("/start")
    card = await world.owner.waits_for("would like")

    assert "Tom & Jerry <b>Ltd</b>" in card.text
    world.nothing_was_refused()


async def test_limits_hold_for_people_and_not_for_owners(world: World) -> None:
    """Numbers at once, the price of one and the spending of a day are limited for people."""
    await world.start_bot(
        max_active_per_user=1, max_price_usd=Decimal("0.50"), daily_limit_usd=Decimal(1)
    )
    await world.ann.says("/rent")
    await world.ann.clicks("United States")
    await world.ann.clicks("WhatsApp · $0.55")
    await world.ann.waits_for("your limit for one is $0.50")
    await world.rent(world.ann, "Telegram · $0.45")
    await world.ann.says("/rent")
    await world.ann.clicks("United States")
    await world.ann.clicks("Telegram · $0.45")
    answer = await world.ann.clicks("Rent for $0.45")

    assert "1 open numbers at once" in (answer.text or "")
    assert 1 == world.bloomsms.count("rent")
    for _ in range(2):
        await world.rent(world.owner)
    assert 3 == world.bloomsms.count("rent")


async def test_daily_limit_leaves_out_what_came_back(world: World) -> None:
    """Money that came back does not count against a day's spending."""
    await world.start_bot(daily_limit_usd=Decimal("0.60"))
    await world.rent(world.ann)
    await world.ann.clicks("Cancel")
    await world.ann.waits_for("Cancelled")
    await world.rent(world.ann)
    await world.choose(world.ann)
    answer = await world.ann.clicks("Rent for $0.55")

    assert "limit of $0.60" in (answer.text or "")
    assert 2 == world.bloomsms.count("rent")


async def test_owner_page(world: World) -> None:
    """Owners see /admin with what waits for them; others are told that it is theirs alone."""
    await world.start_bot()
    world.bloomsms.send_sms(await world.rent(world.ann), "code 852508")
    await world.ann.waits_for("852508", new=True)
    await world.owner.says("/admin")
    page = await world.owner.waits_for("For owners")
    await world.ann.says("/admin")

    assert "of 60" in page.text
    assert "Numbers rented: 1 for $0.55" in page.text
    assert "SMS: 1, delivered: 1" in page.text
    await world.ann.waits_for("Only owners")
    world.nothing_was_refused()
