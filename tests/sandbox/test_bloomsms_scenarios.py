"""Each scenario does what its line of meaning says, to the answer and to the books."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import pytest

from sandbox.bloomsms_server import BloomsmsServer
from sandbox.scenarios import SCENARIOS
from tests.sandbox.bloomsms_visitor import Clock, Visitor, visiting


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def visitor(clock: Clock) -> AsyncIterator[Visitor]:
    async with visiting(BloomsmsServer(clock=clock)) as visitor:
        yield visitor


@pytest.fixture
def server(visitor: Visitor) -> BloomsmsServer:
    return visitor.server


@pytest.mark.parametrize(
    ("scenario", "status", "code"),
    [
        ("rate_limited", 429, "RATE_LIMITED"),
        ("rate_limited_bare", 429, "RATE_LIMITED"),
        ("provider_error", 502, "PROVIDER_ERROR"),
        ("maintenance", 503, "MAINTENANCE"),
        ("out_of_stock", 400, "NO_NUMBERS_AVAILABLE"),
        ("insufficient_funds", 402, "INSUFFICIENT_FUNDS"),
        ("suspended", 403, "ACCOUNT_SUSPENDED"),
        ("invalid_key", 401, "INVALID_API_KEY"),
    ],
)
async def test_errors_do_nothing(visitor: Visitor, scenario: str, status: int, code: str) -> None:
    """An error scenario answers in the envelope and charges nothing."""
    visitor.server.arm(scenario)
    answer = await visitor.rent()

    assert (status, code) == (answer.status, answer.code)
    assert [] == visitor.server.charges


@pytest.mark.parametrize(
    ("scenario", "status", "charges"),
    [
        ("bad_gateway", 502, 0),
        ("bad_gateway_after", 502, 1),
        ("shield", 403, 0),
        ("html_ok", 200, 0),
    ],
)
async def test_pages(visitor: Visitor, scenario: str, status: int, charges: int) -> None:
    """A page stands where JSON belongs; only the "after" one has charged."""
    visitor.server.arm(scenario)
    answer = await visitor.rent()

    assert status == answer.status
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "<html>" in answer.text
    assert charges == len(visitor.server.charges)


@pytest.mark.parametrize(
    ("scenario", "charges"), [("hang_up_before", 0), ("hang_up_after_accept", 1)]
)
async def test_hang_up_gives_no_byte(visitor: Visitor, scenario: str, charges: int) -> None:
    """The client sees a closed connection, the exchange status 0, the books what was done."""
    visitor.server.arm(scenario, times=1)

    with pytest.raises(aiohttp.ServerDisconnectedError):
        await visitor.rent()
    assert charges == len(visitor.server.charges)
    assert (0, "") == (
        visitor.server.exchanges[0].status,
        visitor.server.exchanges[0].response_body,
    )
    assert 200 == (await visitor.rent()).status


async def test_cancel_answer_lost(visitor: Visitor, server: BloomsmsServer) -> None:
    """The number is cancelled although the answer never comes; other operations are untouched."""
    server.arm("cancel_answer_lost")
    one = await visitor.rented()

    with pytest.raises(aiohttp.ServerDisconnectedError):
        await visitor.patch(one, "cancel")
    assert "cancelled" == (await visitor.status(one)).data["activation_status"]


async def test_works_can_be_asked_for(visitor: Visitor, server: BloomsmsServer) -> None:
    """works=True lets an error answer come after the charge."""
    server.arm("provider_error", works=True)

    assert 502 == (await visitor.rent()).status
    assert 1 == len(server.charges)


async def test_retry_after_forms(visitor: Visitor, server: BloomsmsServer, clock: Clock) -> None:
    """Retry-After is seconds, an HTTP date, or absent."""
    server.arm("rate_limited", times=1, retry_after=7)
    server.arm("rate_limited", times=1, retry_after=90, as_date=True)
    server.arm("rate_limited_bare", times=1)
    seconds, date, bare = [(await visitor.get("/balance")).headers for _ in range(3)]

    assert "7" == seconds["Retry-After"]
    assert clock.now + 90 == parsedate_to_datetime(date["Retry-After"]).timestamp()
    assert "Retry-After" not in bare
    assert (3, 0) == (server.answered_429, server.over_limit)


@pytest.mark.parametrize(
    ("scenario", "params", "starts", "ends"),
    [
        ("empty", {}, "", ""),
        ("truncated", {}, '{"status": "success"', ""),
        ("array", {}, '[{"status"', "]"),
        ("huge", {"bytes": 300_000}, '{"status"', '"errors": null}'),
        ("drip", {"interval_s": 0.0001}, '{"status"', '"errors": null}'),
        ("slow", {"delay_s": 0.01}, '{"status"', '"errors": null}'),
        ("slow", {"delay_s": 0.01, "work_last": True}, '{"status"', '"errors": null}'),
    ],
)
async def test_strange_bodies_are_charged(
    visitor: Visitor, scenario: str, params: dict[str, Any], starts: str, ends: str
) -> None:
    """These answers are 200 and the number is rented."""
    visitor.server.arm(scenario, times=1, **params)
    answer = await visitor.rent()

    assert 200 == answer.status
    assert answer.text.startswith(starts)
    assert answer.text.endswith(ends)
    assert params.get("bytes", len(answer.text)) == len(answer.text)
    assert 1 == len(visitor.server.charges)


async def test_truncated_is_no_json(visitor: Visitor, server: BloomsmsServer) -> None:
    """Half of the answer cannot be parsed."""
    server.arm("truncated")

    with pytest.raises(ValueError, match=r"delimiter|Expecting|Unterminated"):
        _ = (await visitor.get("/services")).json


@pytest.mark.parametrize(
    ("params", "expected"),
    [({"key": "price", "value": "abc"}, "abc"), ({"key": "price"}, "absent")],
    ids=["replaced", "missing"],
)
async def test_altered(visitor: Visitor, params: dict[str, Any], expected: str) -> None:
    """A field of the true answer is replaced or missing, at every depth."""
    visitor.server.arm("altered", **params)
    listed = (await visitor.get("/services")).data["services"]

    assert expected == listed[0].get("price", "absent")
    assert expected == (await visitor.rent()).data.get("price", "absent")


async def test_statuses_on_demand(visitor: Visitor, server: BloomsmsServer) -> None:
    """A status word nobody knows, a refused cancel, a forgotten number; then all is well again."""
    one = await visitor.rented()
    server.arm("unknown_status", times=1, word="paused")
    server.arm("cancel_refused")
    server.arm("forgotten", times=1, on="complete")

    assert "paused" == (await visitor.status(one)).data["activation_status"]
    refused = await visitor.patch(one, "cancel")
    assert "2 minutes" in refused.json["errors"]["message"]
    assert 404 == (await visitor.patch(one, "complete")).status
    assert "waiting" == (await visitor.status(one)).data["activation_status"]
    server.disarm("cancel_refused")
    assert 200 == (await visitor.patch(one, "cancel")).status


@pytest.mark.parametrize(
    ("revives", "ends_as", "refunded"),
    [(False, "cancelled", True), (True, "code_received", False)],
)
async def test_late_code_after_cancel(
    visitor: Visitor, server: BloomsmsServer, *, revives: bool, ends_as: str, refunded: bool
) -> None:
    """The SMS comes only after the cancel; it undoes cancel and refund when told to."""
    server.arm("late_code", revives=revives)
    one = await visitor.rented()
    before = (await visitor.status(one)).data["sms"]
    await visitor.patch(one, "cancel")
    data = (await visitor.status(one)).data

    assert before is None
    assert data["sms"]["code"]
    assert ends_as == data["activation_status"]
    assert refunded == server.charges[0].refunded


async def test_late_code_after_expiry(
    visitor: Visitor, server: BloomsmsServer, clock: Clock
) -> None:
    """The SMS comes delay_s after the number's time was over."""
    server.arm("late_code", delay_s=30)
    one = await visitor.rented()
    server.expire(one)
    at_expiry = (await visitor.status(one)).data
    clock.now += 30

    assert ("cancelled", None) == (at_expiry["activation_status"], at_expiry["sms"])
    assert (await visitor.status(one)).data["sms"]["code"]


async def test_code_without_digits(visitor: Visitor, server: BloomsmsServer, clock: Clock) -> None:
    """The text is there and the code empty, for SMS that come by themselves and by hand."""
    server.arm("code_without_digits")
    server.arm("code_after", seconds=1)
    one = await visitor.rented()
    clock.now += 1
    by_itself = (await visitor.status(one)).data["sms"]
    server.send_sms(one, "Your code is 1234")
    by_hand = (await visitor.status(one)).data["sms"]

    assert ("", True) == (by_itself["code"], "WhatsApp" in by_itself["full_text"])
    assert {"code": "", "full_text": "Your code is 1234"} == by_hand


async def test_times_on_and_order(visitor: Visitor, server: BloomsmsServer) -> None:
    """Scenarios strike in the order they were armed, as often and where they were told."""
    server.arm("maintenance", times=1)
    server.arm("provider_error", times=2, on="balance")
    statuses = [
        (await visitor.get(path)).status
        for path in ("/balance", "/countries", "/balance", "/balance", "/balance")
    ]

    assert [503, 200, 502, 502, 200] == statuses


@pytest.mark.parametrize(
    ("name", "options"),
    [("storm", {}), ("slow", {"seconds": 1}), ("cancel_refused", {"on": "rent"})],
    ids=["name", "param", "place"],
)
def test_a_slip_in_arming_is_told(name: str, options: dict[str, Any]) -> None:
    """A scenario, a param or an operation that does not exist is a ValueError."""
    with pytest.raises(ValueError, match=name):
        BloomsmsServer().arm(name, **options)


def test_each_scenario_has_one_line_of_meaning() -> None:
    """A page or a person can list what each one does."""
    assert all(one.meaning.endswith(".") and "\n" not in one.meaning for one in SCENARIOS.values())


@pytest.mark.parametrize(
    ("scenario", "params"),
    [
        ("slow", {"delay_s": 40}),
        ("silent", {}),
        ("drip", {"interval_s": 5}),
        ("huge", {"bytes": 2_000_000_000}),
    ],
)
async def test_stop_is_prompt(scenario: str, params: dict[str, Any]) -> None:
    """The server stops within a second although requests are in flight, read or not."""
    server = BloomsmsServer()
    await server.start()
    server.arm(scenario, **params)
    async with aiohttp.ClientSession() as session:
        headers = {"Authorization": "Bearer sk_sandbox"}
        url = f"{server.base_url}/balance"
        all_in = asyncio.Event()
        server.on_change.append(lambda: all_in.set() if server.count("balance") == 3 else None)
        asking = [asyncio.ensure_future(session.get(url, headers=headers)) for _ in range(3)]
        await all_in.wait()
        started_s = time.monotonic()
        await server.stop()
        took_s = time.monotonic() - started_s
        for answer in asking:
            with suppress(aiohttp.ClientError):
                (await answer).close()

    assert took_s < 1
