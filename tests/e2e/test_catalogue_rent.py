"""The catalogue's faults of renting and money (lines 1 to 16): told, paid once, kept."""

import asyncio
import signal
from decimal import Decimal
from pathlib import Path

import pytest

from sandbox.bloomsms_server import BloomsmsServer
from sandbox.person import Person
from tests.e2e.books import books_agree, paid, rows, states
from tests.e2e.conftest import World
from tests.e2e.program import Program

PRICE = Decimal("0.55")


async def test_unresolvable_address(
    world: World, ann: Person, caplog: pytest.LogCaptureFixture
) -> None:
    """Line 2: an order whose host has no address costs nothing, and the same button works again."""
    card = await world.choose(ann)
    assert world.house
    client = world.house.client
    client._base_url = "http://no-such-host.invalid/api/v1"
    await ann.clicks("Rent for $0.55", message=card)
    await ann.waits_until(lambda _: "Nothing was charged; press again" in card.text)
    client._base_url = world.bloomsms.base_url
    await ann.clicks("Rent for $0.55", message=card)
    await ann.waits_until(lambda _: "Waiting for the SMS" in card.text)

    assert 1 == world.bloomsms.count("rent")
    assert ["waiting"] == states(world.folder)
    await books_agree(world, caplog)


async def test_late_success_of_an_order(world: World, ann: Person) -> None:
    """Line 3: an answer that comes late is waited for, and its number is the person's."""
    card = await world.choose(ann)
    world.bloomsms.arm("slow", on="rent", delay_s=6, times=1)
    await ann.clicks("Rent for $0.55", message=card)
    await ann.waits_until(lambda _: "Renting the number" in card.text)
    await ann.waits_until(lambda _: "Waiting for the SMS" in card.text)
    world.bloomsms.send_sms(world.only_number(), "code 852508")
    await ann.waits_for("852508", new=True)

    assert 1 == world.bloomsms.count("rent")
    await books_agree(world)


@pytest.mark.parametrize("works", [True, False], ids=["charged", "not charged"])
async def test_502_is_settled_by_the_balance(
    world: World, ann: Person, caplog: pytest.LogCaptureFixture, *, works: bool
) -> None:
    """Line 4: after a 502 the balance tells whether the order was charged; nothing is repeated."""
    await world.settled_balance()
    card = await world.choose(ann)
    world.bloomsms.arm("provider_error", on="rent", times=1, works=works)
    await ann.clicks("Rent for $0.55", message=card)
    await ann.waits_for("The outcome is unknown", new=True)
    if not works:
        world.lost_long_ago()
    await ann.waits_for("did charge" if works else "never took effect", timeout_s=20)

    assert 1 == world.bloomsms.count("rent")
    assert ["uncertain" if works else "refused"] == states(world.folder)
    assert paid(world) == (PRICE if works else 0)
    await books_agree(world, caplog)


ALTERED: dict[str, tuple[str, object]] = {
    "no id": ("activation_id", ...),
    "null id": ("activation_id", None),
    "list as id": ("activation_id", []),
}


@pytest.mark.parametrize(("key", "value"), ALTERED.values(), ids=ALTERED)
async def test_order_answered_without_what_matters(
    world: World, ann: Person, key: str, value: object
) -> None:
    """Line 5: an answer to an order without its id leaves it unknown, not repeated."""
    card = await world.choose(ann)
    world.bloomsms.arm("altered", on="rent", times=1, key=key, value=value)
    await ann.clicks("Rent for $0.55", message=card)
    await ann.waits_for("The outcome is unknown", new=True)

    assert 1 == world.bloomsms.count("rent")
    assert ["uncertain"] == states(world.folder)
    await books_agree(world)


@pytest.mark.parametrize("price", ["abc", "-1", 1e9, None, [], "0." + "1" * 5000, "NaN"], ids=str)
async def test_bad_price_of_an_order(world: World, ann: Person, price: object) -> None:
    """Line 5: a price that cannot be is not written down; the price shown is."""
    card = await world.choose(ann)
    world.bloomsms.arm("altered", on="rent", times=1, key="price", value=price)
    await ann.clicks("Rent for $0.55", message=card)
    await ann.waits_until(lambda _: "Waiting for the SMS" in card.text)

    assert [550_000] == [row["price_micros"] for row in rows(world.folder) if row["provider_id"]]
    await books_agree(world)


@pytest.mark.parametrize("price", ["abc", "-1", 1e9, None, "9" * 5000], ids=lambda p: str(p)[:9])
async def test_bad_price_in_a_list(world: World, ann: Person, price: object) -> None:
    """Line 5: prices that cannot be are not offered; a person is told that there is no answer."""
    world.bloomsms.arm("altered", on="services", key="price", value=price)
    await ann.says("/rent")
    await ann.clicks("United States")
    told = await ann.waits_for("BloomSMS cannot be reached", new=True)

    assert "went wrong" not in told.text
    assert 0 == world.bloomsms.count("rent")


async def test_balance_as_a_number(world: World, ann: Person) -> None:
    """Line 5: a balance that comes as a number is shown like any other."""
    world.bloomsms.arm("altered", on="balance", key="balance", value=125.5)
    await ann.says("/balance")

    await ann.waits_for("$125.50")


GARBLED = ["html_ok", "empty", "truncated"]


@pytest.mark.parametrize("scenario", GARBLED)
async def test_garbled_looks(world: World, ann: Person, scenario: str) -> None:
    """Line 5: looks at a number that cannot be read lose nothing; its code comes after."""
    number = await world.rent(ann)
    world.bloomsms.arm(scenario, on="status", times=1)
    world.bloomsms.send_sms(number, "code 852508")
    await ann.waits_for("852508", new=True)

    await books_agree(world)


@pytest.mark.parametrize("scenario", [*GARBLED, "hang_up_after_accept"])
@pytest.mark.parametrize("operation", ["cancel", "complete", "another"])
async def test_garbled_changes(world: World, ann: Person, scenario: str, operation: str) -> None:
    """Line 5: whatever a change is answered with, nobody sees an error and the books agree."""
    number = await world.rent(ann)
    card = ann.last()
    if operation != "cancel":
        world.bloomsms.send_sms(number, "code 852508")
        await ann.waits_for("852508", new=True)
    label = {"cancel": "Cancel", "complete": "Done", "another": "Another SMS"}[operation]
    pressed = ann.last()
    world.bloomsms.arm(scenario, on=operation, times=1)
    await ann.clicks(label, message=pressed)
    ended = {"cancel": "cancelled", "complete": "completed", "another": "waiting"}[operation]
    if world.bloomsms.activations[number].status == ended:
        words = {"cancel": "Cancelled", "complete": "Completed", "another": "Waiting for another"}
        await ann.waits_until(lambda _: words[operation] in card.text)

    assert "went wrong" not in ann.sees()
    await books_agree(world)


async def test_end_that_is_long_past(world: World, ann: Person) -> None:
    """Line 5: an end that cannot be does not end a number that the provider calls waiting."""
    card = await world.choose(ann)
    past = "2020-01-01T00:00:00Z"
    world.bloomsms.arm("altered", on="rent", times=1, key="expires_at", value=past)
    await ann.clicks("Rent for $0.55", message=card)
    await ann.waits_until(lambda _: "+1 900 123 4567" in card.text)
    async with asyncio.timeout(10):
        while world.bloomsms.count("status") < 2:
            await asyncio.sleep(0.05)
    await asyncio.sleep(0.5)
    assert ["waiting"] == states(world.folder)
    world.bloomsms.send_sms(world.only_number(), "code 852508")
    await ann.waits_for("852508", new=True)

    await books_agree(world)


async def test_empty_account_is_told_to_owners_once(world: World, ann: Person) -> None:
    """Line 6: however often people tap, owners hear of an empty account once."""
    card = await world.choose(ann)
    world.bloomsms.arm("insufficient_funds", on="rent")
    for _ in range(3):
        await ann.clicks("Rent for $0.55", message=card)
        await ann.waits_until(lambda _: "not available now" in card.text)
        await ann.clicks("Try again", message=card)
    await world.owner.waits_for("too low")

    assert 1 == sum("too low" in m.text for m in world.owner.messages)
    assert ["refused"] * 3 == states(world.folder)[:3]
    await books_agree(world)


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("SERVICE_NOT_FOUND", "does not offer this service"),
        ("INVALID_PARAMETER", "combination of service and country"),
        ("MAX_RENTALS_EXCEEDED", "Too many numbers are open"),
        ("NO_NUMBERS_AVAILABLE", "no number left"),
    ],
)
async def test_each_refusal_has_its_sentence(
    world: World, ann: Person, code: str, sentence: str
) -> None:
    """Line 7: each refusal is a sentence of its own; nothing was charged, nothing is repeated."""
    card = await world.choose(ann)
    world.bloomsms.arm("out_of_stock", on="rent", times=1, code=code, message="No.")
    await ann.clicks("Rent for $0.55", message=card)
    await ann.waits_until(lambda _: "Nothing was charged" in card.text)

    assert sentence in card.text
    assert 1 == world.bloomsms.count("rent")
    assert 0 == paid(world)
    await books_agree(world)


@pytest.mark.parametrize("scenario", ["invalid_key", "suspended"])
async def test_refused_key_slows_polls(world: World, ann: Person, scenario: str) -> None:
    """Line 7: while the account is refused polls slow down, owners are told once, codes survive."""
    number = await world.rent(ann)
    world.bloomsms.arm(scenario)
    await world.owner.waits_for("Nobody can rent")
    since = len(world.bloomsms.exchanges)
    await asyncio.sleep(4)
    asked = len(world.bloomsms.exchanges) - since
    world.bloomsms.send_sms(number, "code 852508")
    world.bloomsms.disarm()
    await ann.waits_for("852508", timeout_s=40)

    assert asked <= 4
    assert 1 == sum("Nobody can rent" in m.text for m in world.owner.messages)
    await books_agree(world)


async def test_refused_key_stops_renting(world: World, ann: Person) -> None:
    """Line 7: while the provider is known to refuse the key, no tap makes an order leave."""
    card = await world.choose(ann)
    world.bloomsms.arm("invalid_key")
    await ann.says("/balance")
    await world.owner.waits_for("INVALID_API_KEY")
    answer = await ann.clicks("Rent for $0.55", message=card)
    await asyncio.sleep(0.5)

    assert "does not accept this bot" in f"{answer.text} {card.text}"
    assert 0 == world.bloomsms.count("rent")


async def test_twenty_taps_rent_once(world: World, ann: Person) -> None:
    """Line 9: twenty taps in a second, and the same query again, rent one number."""
    card = await world.choose(ann)
    await ann.clicks_times("Rent for $0.55", 20)
    await ann.replays(same_query=True, wait_answer=False)
    await ann.waits_until(lambda _: "Waiting for the SMS" in card.text)

    assert 1 == world.bloomsms.count("rent")
    assert PRICE == paid(world)
    await books_agree(world)


async def test_killed_while_the_order_is_under_way(world: World, tmp_path: Path) -> None:
    """Line 10: killed while an order is answered, it is told as unknown and never sent again."""
    program = Program(tmp_path, world.variables())
    await program.start()
    try:
        card = await world.choose(world.ann)
        world.bloomsms.arm("slow", on="rent", delay_s=3, times=1)
        await world.ann.clicks("Rent for", message=card)
        async with asyncio.timeout(10):
            while not world.bloomsms.count("rent"):
                await asyncio.sleep(0.01)
        await program.stop(signal.SIGKILL)
        await program.start()
        await world.ann.waits_for("The outcome is unknown", new=True, timeout_s=15)
        await world.owner.waits_for("outcome of an order is unknown")
        await world.ann.waits_until(lambda _: "outcome is unknown" in card.text)
        await world.ann.replays(wait_answer=False)
        await world.ann.says("/help")
        await world.ann.waits_for("How it works", new=True)

        assert 1 == world.bloomsms.count("rent")
        assert ["uncertain"] == states(tmp_path)
        await books_agree(world)
    finally:
        await program.stop(signal.SIGKILL)


@pytest.mark.parametrize("works_last", [True, False], ids=["not done", "done"])
async def test_killed_during_a_cancel(world: World, tmp_path: Path, *, works_last: bool) -> None:
    """Line 11: killed during a cancel, what the provider says afterwards is what is shown."""
    program = Program(tmp_path, world.variables())
    await program.start()
    try:
        number = await world.rent(world.ann)
        card = world.ann.last()
        world.bloomsms.arm("slow", on="cancel", delay_s=2, times=1, work_last=works_last)
        await world.ann.clicks("Cancel", message=card)
        async with asyncio.timeout(10):
            while not world.bloomsms.count("cancel"):
                await asyncio.sleep(0.01)
        await program.stop(signal.SIGKILL)
        await program.start()
        await world.ann.waits_until(lambda _: "Cancelled" in card.text, timeout_s=20)

        assert "cancelled" == world.bloomsms.activations[number].status
        assert ["cancelled"] == states(tmp_path)
        assert 0 == paid(world)
        await books_agree(world)
    finally:
        await program.stop(signal.SIGKILL)


async def test_killed_at_the_expiry(world: World, tmp_path: Path) -> None:
    """Line 11: a number that ended while the bot was dead is told as ended, its money returned."""
    await world.bloomsms.stop()
    world.bloomsms = BloomsmsServer(lifetime_s=10)
    await world.bloomsms.start()
    program = Program(tmp_path, world.variables())
    await program.start()
    try:
        number = await world.rent(world.ann)
        card = world.ann.last()
        await program.stop(signal.SIGKILL)
        async with asyncio.timeout(15):
            while world.bloomsms.activations[number].is_open:
                await asyncio.sleep(0.1)
        await program.start()
        await world.ann.waits_until(lambda _: "Expired" in card.text, timeout_s=15)

        assert "$0.55 went back" in card.text
        await books_agree(world)
    finally:
        await program.stop(signal.SIGKILL)


async def test_cancel_that_a_code_undoes(world: World, ann: Person) -> None:
    """Line 12: cancel succeeds while the number turns out to have a code: the code is shown."""
    world.bloomsms.arm("late_code", delay_s=0.0, revives=True)
    await world.rent(ann)
    card = ann.last()
    await ann.clicks("Cancel", message=card)
    await world.news(ann)
    await ann.waits_until(lambda _: "Code received" in card.text)

    assert ["code_received"] == states(world.folder)
    assert PRICE == paid(world)
    await books_agree(world)


async def test_cancel_refused_because_of_a_code(world: World, ann: Person) -> None:
    """Line 12: a cancel that is refused because the code is there shows the code."""
    number = await world.rent(ann)
    world.bloomsms.arm("bad_gateway", on="status", times=1)
    world.bloomsms.send_sms(number, "code 852508")
    await ann.clicks("Cancel")
    await ann.waits_for("852508", new=True)

    assert 1 == sum(m.html.startswith("<code>852508</code>") for m in ann.messages)
    await books_agree(world)


async def test_cancel_that_got_lost_before_it_was_done(world: World, ann: Person) -> None:
    """Line 13: a cancel that was lost on its way is told as not confirmed and can be repeated."""
    await world.rent(ann)
    card = ann.last()
    world.bloomsms.arm("hang_up_before", on="cancel", times=1)
    await ann.clicks("Cancel", message=card)
    await ann.waits_for("has not confirmed it yet", new=True)
    await ann.clicks("Cancel", message=card)
    await ann.waits_until(lambda _: "Cancelled" in card.text)

    assert 2 == world.bloomsms.count("cancel")
    assert 0 == paid(world)
    await books_agree(world)


async def test_cancel_that_got_lost_is_told_as_not_done(world: World, ann: Person) -> None:
    """Line 13: once looks show that a lost cancel did nothing, the card stops saying otherwise."""
    await world.rent(ann)
    card = ann.last()
    world.bloomsms.arm("hang_up_before", on="cancel", times=1)
    await ann.clicks("Cancel", message=card)
    await ann.waits_for("has not confirmed it yet", new=True)

    looks = world.bloomsms.count("status")
    async with asyncio.timeout(20):
        while world.bloomsms.count("status") < looks + 7:
            await asyncio.sleep(0.1)

    assert [""] == [row["wish"] for row in rows(world.folder) if row["provider_id"]]


async def test_cancel_after_the_code(world: World, ann: Person) -> None:
    """Line 13: a cancel pressed twice or after the code changes nothing and is explained."""
    number = await world.rent(ann)
    card = ann.last()
    data = next(b.callback_data for r in card.keyboard for b in r if "Cancel" in b.text) or ""
    world.bloomsms.send_sms(number, "code 852508")
    await ann.waits_for("852508", new=True)
    for _ in range(2):
        await ann.presses(data, message=card)
    await ann.waits_until(lambda p: "code is there already" in p.sees())

    assert 0 == world.bloomsms.count("cancel")
    await books_agree(world)


@pytest.mark.parametrize("scenario", ["hang_up_after_accept", "bad_gateway_after", "truncated"])
async def test_lost_answer_of_a_second_rental(world: World, ann: Person, scenario: str) -> None:
    """Line 14: a lost answer to renting the same number again is unknown and not repeated."""
    number = await world.rent(ann)
    world.bloomsms.send_sms(number, "code 852508")
    await ann.waits_for("852508", new=True)
    await ann.clicks("Done")
    await ann.clicks("Rent again")
    await ann.waits_for("The same number as before", new=True)
    world.bloomsms.arm(scenario, on="rerent", times=1)
    await ann.clicks("Rent for $0.55")
    await ann.waits_for("The outcome is unknown", new=True)
    await ann.replays()

    assert 1 == world.bloomsms.count("rerent")
    assert 2 == len(world.bloomsms.charges)
    assert ["completed", "uncertain"] == states(world.folder)
    await books_agree(world)


async def test_unknown_status_word(world: World, ann: Person) -> None:
    """Line 15: owners see a status word that nobody knows, once; the number is kept."""
    number = await world.rent(ann)
    world.bloomsms.arm("unknown_status", word="on_hold", times=6)
    await world.owner.waits_for("on_hold")
    world.bloomsms.send_sms(number, "code 852508")
    await ann.waits_for("852508", new=True, timeout_s=20)

    assert 1 == sum("on_hold" in m.text for m in world.owner.messages)
    assert ["code_received"] == states(world.folder)
    await books_agree(world)


async def test_forgotten_number_is_not_asked_about_for_ever(world: World, ann: Person) -> None:
    """Line 15: a number that is unknown all of a sudden is told as over and left alone."""
    await world.rent(ann)
    card = ann.last()
    await world.time_is_over()
    world.bloomsms.arm("forgotten")
    await ann.waits_until(lambda _: "not confirmed yet" in card.text)
    asked = world.bloomsms.count("status")
    await asyncio.sleep(2)

    assert asked == world.bloomsms.count("status")
    assert ["expired"] == states(world.folder)


@pytest.mark.parametrize("restarts", [False, True], ids=["running", "restarted"])
async def test_return_of_a_lost_charge_is_told(
    world: World, ann: Person, *, restarts: bool
) -> None:
    """Line 16: the return of a lost order's money is told as promised, also after a restart."""
    await world.settled_balance()
    card = await world.choose(ann)
    world.bloomsms.arm("hang_up_after_accept", on="rent", times=1)
    await ann.clicks("Rent for $0.55", message=card)
    await ann.waits_for("did charge", new=True, timeout_s=20)
    if restarts:
        await world.stop_bot()
        await world.start_bot()
        await world.settled_balance()
    assert world.house
    world.bloomsms.expire(world.only_number())
    # The next look at the balance is a minute away.
    world.reads_the_balance()

    await ann.waits_for("money for that order came back", timeout_s=6)
    await books_agree(world)


async def test_owners_see_money_that_did_not_come_back(world: World, ann: Person) -> None:
    """Line 16: owners see the sum whose return nobody confirmed."""
    await world.rent(ann)
    card = ann.last()
    await world.time_is_over()
    world.bloomsms.arm("forgotten")
    await ann.waits_until(lambda _: "not confirmed yet" in card.text)
    await world.owner.says("/admin")
    page = await world.owner.waits_for("For owners", new=True)

    assert "$0.55" in page.text


async def test_open_limit_of_the_account(world: World) -> None:
    """Line 7: the account's own limit of open numbers is told, and nothing is charged."""
    await world.bloomsms.stop()
    world.bloomsms = BloomsmsServer(max_open_rentals=0)
    await world.bloomsms.start()
    await world.start_bot()
    card = await world.choose(world.ann)
    await world.ann.clicks("Rent for $0.55", message=card)
    await world.ann.waits_until(lambda _: "Too many numbers are open" in card.text)

    assert 0 == paid(world)
    await books_agree(world)
