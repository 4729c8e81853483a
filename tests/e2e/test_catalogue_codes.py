"""The catalogue's faults of codes and polling (lines 17 to 24): no code lost, none too often."""

import asyncio
import signal
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from sandbox.bloomsms_server import BloomsmsServer
from sandbox.person import Person
from tests.e2e.books import books_agree, copies, rows, states
from tests.e2e.conftest import World
from tests.e2e.program import Program

CROWD = 10
EACH = 2
MEBIBYTE_KB = 1024


async def crowd(world: World, people: int, each: int) -> list[str]:
    """Let so many people rent so many numbers each, all at once."""
    persons = [world.telegram.person(6000 + n, f"P{n}") for n in range(people)]
    walks = [_rent_several(world, person, each) for person in persons]
    await asyncio.gather(*walks)
    return list(world.bloomsms.activations)


async def _rent_several(world: World, person: Person, each: int) -> None:
    for _ in range(each):
        card = await world.choose(person)
        await person.clicks("Rent for $", message=card)

        def is_rented(_: Person, text: str = "Waiting for the SMS") -> bool:
            return text in card.text  # noqa: B023 - awaited before the next turn

        await person.waits_until(is_rented, timeout_s=30)


async def test_many_numbers_and_codes(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Line 17: with many waiting numbers each code comes once, to its owner, and without a 429."""
    world.telegram.flood.rules = None
    await world.bloomsms.stop()
    world.bloomsms = BloomsmsServer(requests_per_minute=6000, balance="1000")
    await world.bloomsms.start()
    await world.start_bot(bloomsms_requests_per_minute=6000)
    numbers = await crowd(world, CROWD, EACH)
    for place, number in enumerate(numbers):
        world.bloomsms.send_sms(number, f"code {500_000 + place}")
    await books_agree(world, caplog, limit=6000, patience_s=10)

    assert {1: CROWD * EACH} == copies(world)
    assert 0 == world.bloomsms.answered_429


@pytest.mark.parametrize(
    ("form", "shortest_s"),
    [("seconds", 2.8), ("date", 1.5), ("none", 4.5)],
    ids=["seconds", "date", "none"],
)
async def test_429_in_every_form(world: World, ann: Person, form: str, shortest_s: float) -> None:
    """Line 18: no request leaves before the time a 429 names, 5 s when it names none."""
    number = await world.rent(ann)
    if form == "none":
        world.bloomsms.arm("rate_limited_bare", on="status", times=1)
    else:
        is_date = form == "date"
        world.bloomsms.arm("rate_limited", on="status", times=1, retry_after=3, as_date=is_date)
    await world.bloomsms_answered(429)
    since = len(world.bloomsms.exchanges)
    refused = world.bloomsms.exchanges[since - 1]
    world.bloomsms.send_sms(number, "code 852508")
    await ann.waits_for("852508", new=True, timeout_s=15)
    after = world.bloomsms.exchanges[since]

    assert after.arrived_monotonic_s - refused.arrived_monotonic_s > shortest_s
    await books_agree(world)


async def test_silence_outlives_the_process(world: World, ann: Person) -> None:
    """Line 18: a bot that is started again within a silence that was asked for keeps it."""
    number = await world.rent(ann)
    world.bloomsms.arm("rate_limited", on="status", times=1, retry_after=3)
    await world.bloomsms_answered(429)
    since = len(world.bloomsms.exchanges)
    refused = world.bloomsms.exchanges[since - 1]
    await world.stop_bot()
    await world.start_bot()
    world.bloomsms.send_sms(number, "code 852508")
    await ann.waits_for("852508", new=True, timeout_s=15)

    after = world.bloomsms.exchanges[since]
    assert after.arrived_monotonic_s - refused.arrived_monotonic_s > 2.8
    assert 1 == world.bloomsms.answered_429
    await books_agree(world)


async def test_long_429_is_told_and_ends(world: World, ann: Person) -> None:
    """Line 18: during a long pause people are told within 3 s, and no tap makes a request leave."""
    card = await world.choose(ann)
    world.bloomsms.arm("rate_limited", on="balance", times=1, retry_after=300)
    await ann.says("/balance")
    await ann.waits_for("Many people are asking", new=True, timeout_s=3)
    since = len(world.bloomsms.exchanges)
    await ann.clicks("Rent for $0.55", message=card)
    await ann.waits_until(lambda _: "BloomSMS is busy" in card.text, timeout_s=3)

    assert since == len(world.bloomsms.exchanges)
    assert "Rent for" in "".join(ann.labels(card))
    await books_agree(world)


async def test_provider_was_down_while_codes_came(world: World, ann: Person) -> None:
    """Line 20: after an outage, codes that came meanwhile are told and ended numbers are said."""
    first = await world.rent(ann)
    expired_card = ann.last()
    await world.rent(ann, "Telegram · $0.45")
    second = list(world.bloomsms.activations)[1]
    port = int(world.bloomsms.base_url.split(":")[2].split("/")[0])
    await world.time_is_over()
    await world.bloomsms.stop()
    world.bloomsms.send_sms(second, "code 852508")
    world.bloomsms.expire(second)
    world.bloomsms.expire(first)
    await asyncio.sleep(1)
    await world.bloomsms.start(port=port)
    await ann.waits_for("852508", timeout_s=20)
    await ann.waits_until(lambda _: "Expired" in expired_card.text, timeout_s=20)
    asked = world.bloomsms.count("status")
    await asyncio.sleep(1.5)

    assert world.bloomsms.count("status") - asked <= 1
    assert ["completed", "expired"] == sorted(states(world.folder))
    await books_agree(world)


async def test_dripping_answer_holds_nobody_up(world: World, ann: Person) -> None:
    """Line 21: while one answer drips, others' numbers are asked about and people are served."""
    dripping = await world.rent(ann)
    world.bloomsms.arm("drip", on="status", only_for=dripping, interval_s=1.0)
    other = await world.rent(world.bob)
    world.bloomsms.send_sms(other, "code 852508")
    await world.bob.waits_for("852508", new=True, timeout_s=6)
    await ann.says("/balance")
    await ann.waits_for("Balance: $", new=True, timeout_s=3)
    world.bloomsms.disarm()
    world.bloomsms.send_sms(dripping, "code 313131")
    await ann.waits_for("313131", timeout_s=30)

    await books_agree(world)


async def test_dripping_order_ends_as_one_order(world: World, ann: Person) -> None:
    """Line 21: an order whose answer drips keeps nobody else from renting and is not repeated."""
    card = await world.choose(ann)
    world.bloomsms.arm("drip", on="rent", times=1, interval_s=0.02)
    await ann.clicks("Rent for $0.55", message=card)
    his = await world.choose(world.bob)
    await world.bob.clicks("Rent for $0.55", message=his)
    await world.bob.waits_until(lambda _: "Waiting for the SMS" in his.text, timeout_s=4)
    await ann.waits_until(lambda _: "Waiting for the SMS" in card.text)

    assert 2 == world.bloomsms.count("rent")
    await books_agree(world)


async def test_huge_answers(world: World, tmp_path: Path) -> None:
    """Line 22: 200 MB of an answer cost less than 50 MB of memory, and /start goes on at once."""
    program = Program(tmp_path, world.variables())
    await program.start()
    try:
        number = await world.rent(world.ann)
        assert program._process
        before_kb = _peak_kb(program._process.pid)
        world.bloomsms.arm("huge", on="services", times=3)
        world.bloomsms.arm("huge", on="status", times=2)
        await world.ann.says("/rent")
        await world.ann.clicks("Germany")
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        await world.bob.says("/start")
        await world.bob.waits_for("Hello", timeout_s=3)
        took_s = loop.time() - asked_at
        await world.ann.waits_for("cannot be reached", timeout_s=15)
        world.bloomsms.send_sms(number, "code 852508")
        await world.ann.waits_for("852508", timeout_s=20)

        assert took_s < 2
        assert _peak_kb(program._process.pid) - before_kb < 50 * MEBIBYTE_KB
        await books_agree(world)
    finally:
        await program.stop(signal.SIGKILL)


def _peak_kb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


async def test_ten_thousand_services(world: World) -> None:
    """Line 22: ten thousand services are paged and searched, and /start answers within a second."""
    services = [
        {"code": f"s{n}", "name": f"Service {n}", "price": "0.10", "stock": 5}
        for n in range(10_000)
    ]
    await world.bloomsms.stop()
    countries = [{"id": "187", "name": "United States"}]
    world.bloomsms = BloomsmsServer(countries=countries, services={"187": services})
    await world.bloomsms.start()
    await world.start_bot()
    await world.ann.says("/rent")
    await world.ann.clicks("United States")
    card = await world.ann.waits_for("What is the number for?")
    await world.ann.clicks("›", message=card)
    await world.ann.waits_until(lambda p: any("2/625" in label for label in p.labels(card)))
    loop = asyncio.get_running_loop()
    asked_at = loop.time()
    await world.bob.says("/start")
    await world.bob.waits_for("Hello")

    assert loop.time() - asked_at < 1
    world.nothing_was_refused()


async def test_outage_ends_nothing(world: World, ann: Person) -> None:
    """Line 23: without the provider renting says so at once, polls slow down, nothing expires."""
    number = await world.rent(ann)
    menu = await world.choose(ann)
    port = int(world.bloomsms.base_url.split(":")[2].split("/")[0])
    await world.bloomsms.stop()
    loop = asyncio.get_running_loop()
    asked_at = loop.time()
    await ann.clicks("Rent for $0.55", message=menu)
    await ann.waits_until(lambda _: "could not be reached" in menu.text)
    took_s = loop.time() - asked_at
    await asyncio.sleep(2)
    assert "waiting" in states(world.folder)
    await world.bloomsms.start(port=port)
    world.bloomsms.send_sms(number, "code 852508")
    await ann.waits_for("852508", new=True, timeout_s=30)

    assert took_s < 2
    assert 1 == world.bloomsms.count("rent")
    await books_agree(world)


async def test_503_slows_polls(world: World, ann: Person) -> None:
    """Line 23: while the provider answers 503 the looks become rarer, and codes come after it."""
    number = await world.rent(ann)
    world.bloomsms.arm("maintenance")
    await asyncio.sleep(1)
    since = world.bloomsms.count("status")
    await asyncio.sleep(4)
    asked = world.bloomsms.count("status") - since
    world.bloomsms.disarm()
    world.bloomsms.send_sms(number, "code 852508")
    await ann.waits_for("852508", timeout_s=30)

    assert asked <= 3
    await books_agree(world)


async def test_long_silence_refuses_orders_before_they_leave(world: World, ann: Person) -> None:
    """Line 23: while the provider is known to be silent, a tap is refused and no order leaves."""
    card = await world.choose(ann)
    assert world.house
    health = world.house.desk.health
    world.bloomsms.arm("bad_gateway_after")
    await ann.says("/balance")
    await ann.waits_for("cannot be reached", timeout_s=15)
    # The state that fifteen seconds of such answers lead to.
    health.condition = type(health.condition)("unreachable")
    await ann.clicks("Rent for $0.55", message=card)
    await asyncio.sleep(1)

    assert 0 == world.bloomsms.count("rent")
    assert Decimal("125.50") == world.bloomsms.balance


async def test_code_without_text(world: World, ann: Person) -> None:
    """Line 24: an SMS of which only the code is known is delivered."""
    number = await world.rent(ann)
    world.bloomsms.send_sms(number, None, code="852508")
    news = await ann.waits_for("852508", new=True)

    assert news.html.startswith("<code>852508</code>")
    await books_agree(world)


async def test_sms_without_code_and_text(world: World, ann: Person) -> None:
    """Line 24: an SMS of which nothing is known is told, once; its text comes when it is there."""
    number = await world.rent(ann)
    world.bloomsms.send_sms(number, None, code=None)
    await ann.waits_until(lambda p: p.last().text.startswith("An SMS came"), timeout_s=4)
    await ann.waits_until(lambda p: "Waiting for" not in p.sees(), timeout_s=4)
    news = ann.last()
    assert ["code_received"] == states(world.folder)
    sms = world.bloomsms.activations[number].sms
    sms[-1] = replace(sms[-1], full_text="code 852508")
    await ann.clicks("Done", message=news)
    await ann.waits_for("code 852508", new=True)

    assert [news] == [m for m in ann.messages if m.text.startswith("An SMS came")]
    await books_agree(world)


@pytest.mark.parametrize(
    "text",
    ["code 852508 <b>&amp;</code>", "ab" * 2500, "<a href='tg://user?id=1'>x</a> 4455"],
    ids=["tags", "5,000 characters", "mention"],
)
async def test_refused_markup_of_any_text(world: World, ann: Person, text: str) -> None:
    """Line 24: when Telegram refuses the markup of any SMS, its bare text comes, whole."""
    number = await world.rent(ann)
    description = "Bad Request: can't parse entities: Unsupported start tag"
    world.telegram.arm("error", method="sendMessage", times=1, status=400, description=description)
    world.bloomsms.send_sms(number, text)
    await ann.waits_until(lambda p: text[-4:] in p.last().text)

    assert all(len(m.text.encode("utf-16-le")) <= 2 * 4096 for m in ann.messages)
    await books_agree(world)


async def test_restarts_forget_no_number(world: World, tmp_path: Path) -> None:
    """Line 19: killed again and again, all numbers are watched and no minute is overfull."""
    program = Program(tmp_path, world.variables())
    await program.start()
    try:
        for person in (world.ann, world.bob):
            for _ in range(2):
                await world.rent(person)
        for _ in range(3):
            await program.stop(signal.SIGKILL)
            await program.start()
            await asyncio.sleep(1.2)
        for place, number in enumerate(world.bloomsms.activations):
            world.bloomsms.send_sms(number, f"code {50_000 + place}")
        await books_agree(world, patience_s=30)

        assert 4 == len(rows(tmp_path, "select * from sms"))
        assert 0 == world.bloomsms.answered_429
    finally:
        await program.stop(signal.SIGKILL)
