"""What becomes of a number rented from the emulated provider: its SMS, its end, its price."""

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from sandbox.bloomsms_server import BloomsmsServer
from tests.sandbox.bloomsms_visitor import Clock, Visitor, visiting


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def visitor(clock: Clock) -> AsyncIterator[Visitor]:
    async with visiting(BloomsmsServer(clock=clock)) as visitor:
        visitor.server.number_from(38496653)
        yield visitor


@pytest.fixture
def server(visitor: Visitor) -> BloomsmsServer:
    return visitor.server


async def test_rent(visitor: Visitor, server: BloomsmsServer, clock: Clock) -> None:
    """Renting answers as in the text and takes the price and one of the stock."""
    clock.now = 1_777_990_800.0
    answer = await visitor.rent()
    stock = (await visitor.get("/services?service=wa")).data["services"][0]["stock"]

    assert {
        "activation_id": "38496653",
        "phone_number": "+19001234567",
        "service": "wa",
        "country": "187",
        "price": "0.55",
        "currency": "USD",
        "expires_at": "2026-05-05T14:40:00+00:00",
        "new_balance": "124.95",
    } == answer.data
    assert 979 == stock
    assert Decimal("124.95") == server.balance


async def test_numbers_are_unique(visitor: Visitor, server: BloomsmsServer) -> None:
    """No two rentals share a number, and a number looks like its country's."""
    for country in ("187", "12", "16", "0", "187"):
        await visitor.rent(country=country)
    numbers = [one.phone_number for one in server.activations.values()]

    assert 5 == len(set(numbers))
    assert numbers[2].startswith("+44")


async def test_empty_account_and_shelf_and_limit() -> None:
    """Stock, the limit of open rentals and the funds each refuse with their own code."""
    async with visiting(BloomsmsServer(balance="0.60", max_open_rentals=1)) as visitor:
        (rented,) = [await visitor.rented()]
        limited = await visitor.rent()
        visitor.server.expire(rented)
        visitor.server.set_price("187", "wa", "0.61")
        poor = await visitor.rent()
        visitor.server.set_stock("187", "wa", 0)
        sold_out = await visitor.rent()

    assert "MAX_RENTALS_EXCEEDED" == limited.code
    assert (402, "INSUFFICIENT_FUNDS") == (poor.status, poor.code)
    assert "NO_NUMBERS_AVAILABLE" == sold_out.code


async def test_max_price_equal_to_the_price_rents(visitor: Visitor) -> None:
    """The comparison is exact: 0.55 is enough for 0.55."""
    body = {"service": "wa", "country": "187", "max_price": 0.55}

    assert 200 == (await visitor.call("POST", "/activations", json=body)).status


async def test_story_of_two_codes(visitor: Visitor, server: BloomsmsServer) -> None:
    """waiting, a code, waiting again without sms, the second code, completed."""
    one = await visitor.rented()
    seen = [(await visitor.status(one)).data]
    server.send_sms(one, "Your WhatsApp code is 852508")
    seen.append((await visitor.status(one)).data)
    await visitor.patch(one, "request_another_sms")
    seen.append((await visitor.status(one)).data)
    server.send_sms(one, "Code 123-456")
    seen.append((await visitor.status(one)).data)
    await visitor.patch(one, "complete")
    seen.append((await visitor.status(one)).data)

    first = {"code": "852508", "full_text": "Your WhatsApp code is 852508"}
    second = {"code": "123456", "full_text": "Code 123-456"}
    assert [
        ("waiting", None),
        ("code_received", first),
        ("waiting", None),
        ("code_received", second),
        ("completed", second),
    ] == [(data["activation_status"], data["sms"]) for data in seen]
    assert not server.charges[0].refunded


@pytest.mark.parametrize(
    ("text", "code", "expected"),
    [
        ("no digits", "auto", ""),
        ("123 then 4567", "auto", "4567"),
        ("123456789", "auto", ""),
        ("code 99", "X-99", "X-99"),
        ("code 5555", None, None),
        (None, None, None),
    ],
)
async def test_code_of_an_sms(
    visitor: Visitor, text: str | None, code: str | None, expected: str | None
) -> None:
    """The code is read out of the text unless it is given."""
    one = await visitor.rented()
    visitor.server.send_sms(one, text, code)

    assert {"code": expected, "full_text": text} == (await visitor.status(one)).data["sms"]


async def test_cancel_refunds(visitor: Visitor, server: BloomsmsServer) -> None:
    """A cancel before an SMS gives the price back; a second one is refused."""
    one = await visitor.rented()
    answer = await visitor.patch(one, "cancel")

    assert ("cancelled", "0.55") == (
        answer.data["activation_status"],
        answer.data["refund_amount"],
    )
    assert Decimal("125.50") == server.balance
    assert server.charges[0].refunded
    assert 422 == (await visitor.patch(one, "cancel")).status
    assert Decimal("125.50") == server.balance


@pytest.mark.parametrize("word", ["complete", "request_another_sms", "explode", None])
async def test_waiting_number_takes_only_a_cancel(visitor: Visitor, word: str | None) -> None:
    """Before a code every other word is 422 and changes nothing."""
    one = await visitor.rented()
    answer = await visitor.patch(one, word)

    assert (422, "INVALID_PARAMETER") == (answer.status, answer.code)
    assert "waiting" == visitor.server.activations[one].status


async def test_cancel_after_a_code_is_refused(visitor: Visitor) -> None:
    """With an SMS there the cancel is refused, also while another one is awaited."""
    one = await visitor.rented()
    visitor.server.send_sms(one, "1234")
    with_code = await visitor.patch(one, "cancel")
    await visitor.patch(one, "request_another_sms")
    again = await visitor.patch(one, "cancel")

    assert [422, 422] == [with_code.status, again.status]
    assert Decimal("124.95") == visitor.server.balance


@pytest.mark.parametrize("word", ["cancelled", "expired"])
async def test_expiry_refunds(clock: Clock, word: str) -> None:
    """A number without an SMS ends with its time, is refunded, and its status is configurable."""
    async with visiting(BloomsmsServer(clock=clock, lifetime_s=60, expired_status=word)) as visitor:
        one = await visitor.rented()
        clock.now += 59
        before = visitor.server.balance
        clock.now += 1
        status = (await visitor.status(one)).data["activation_status"]

        assert word == status
        assert (Decimal("124.95"), Decimal("125.50")) == (before, visitor.server.balance)


async def test_expiry_after_a_code_is_paid(visitor: Visitor, clock: Clock) -> None:
    """A number that had its SMS ends completed and stays charged; a later SMS is kept."""
    one = await visitor.rented()
    visitor.server.send_sms(one, "1111")
    clock.now += 1200
    visitor.server.send_sms(one, "2222")
    data = (await visitor.status(one)).data

    assert ("completed", "2222") == (data["activation_status"], data["sms"]["code"])
    assert not visitor.server.charges[0].refunded


async def test_rerent(visitor: Visitor, server: BloomsmsServer) -> None:
    """The same number comes back under a new id, charged, without country and currency."""
    one = await visitor.rented()
    await visitor.patch(one, "cancel")
    data = (await visitor.call("POST", f"/activations/{one}/re-rent")).data

    assert {
        "activation_id",
        "phone_number",
        "service",
        "price",
        "expires_at",
        "new_balance",
    } == set(data)
    assert ("38496700", "+19001234567", "124.95") == (
        data["activation_id"],
        data["phone_number"],
        data["new_balance"],
    )
    assert [True, False] == [charge.refunded for charge in server.charges]
    assert "187" == server.activations["38496700"].country


async def test_sms_come_by_themselves_in_time(clock: Clock) -> None:
    """With a delay range every wait gets one SMS inside that range, without a background task."""
    async with visiting(BloomsmsServer(clock=clock, sms_delay_s=(5, 20))) as visitor:
        one = await visitor.rented()
        clock.now += 4.9
        early = (await visitor.status(one)).data["sms"]
        clock.now += 15.2
        sms = (await visitor.status(one)).data["sms"]
        await visitor.patch(one, "request_another_sms")
        clock.now += 20
        second = (await visitor.status(one)).data

        assert early is None
        assert sms["code"] in sms["full_text"]
        assert "code_received" == second["activation_status"]
        assert 2 == len(visitor.server.activations[one].sms)


async def test_timed_sms(clock: Clock) -> None:
    """no_code and code_after decide about the numbers rented while they are armed."""
    async with visiting(BloomsmsServer(clock=clock, sms_delay_s=(5, 5))) as visitor:
        visitor.server.arm("no_code", times=1)
        none = await visitor.rented()
        visitor.server.arm("code_after", times=1, seconds=100)
        later = await visitor.rented()
        usual = await visitor.rented()
        counts = []
        for _ in range(2):
            clock.now += 50
            known = visitor.server.activations
            counts.append([len(known[one].sms) for one in (none, later, usual)])

    assert [[0, 0, 1], [0, 1, 1]] == counts
