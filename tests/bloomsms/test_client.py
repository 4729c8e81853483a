"""The client over HTTP: each endpoint works, and each kind of failure is told apart."""

import asyncio
import json
from decimal import Decimal
from typing import Any

import pytest

from bloomsms import client as client_module
from bloomsms.budget import Lane
from bloomsms.client import BloomsmsClient
from bloomsms.errors import (
    BloomsmsError,
    ErrorCode,
    NotNoted,
    NotSent,
    OtherCurrency,
    OutcomeUnknown,
    RateLimited,
    Refused,
    Unreadable,
)
from bloomsms.models import Balance, Country, ProviderStatus, Sms, StatusChange
from bloomsms.version import VERSION
from sandbox.bloomsms_server import BloomsmsServer
from tests.bloomsms.caller import KEY, PRICE, READS, WRITES, Call, Caller, calling, rented
from tests.bloomsms.raw_server import RawServer, mute_server
from tests.bloomsms.samples import sample

# What makes an answer worthless, whatever was asked.
SPOILT: dict[str, dict[str, Any]] = {  # as each scenario takes them
    "hang_up_before": {},
    "hang_up_after_accept": {},
    "bad_gateway": {},
    "bad_gateway_after": {},
    "shield": {},
    "html_ok": {},
    "empty": {},
    "truncated": {},
    "array": {},
    "huge": {"bytes": 5 * 1024 * 1024},
}
# What may arrive instead of HTTP.
GARBAGE = {
    "nothing": (b"", False),
    "reset": (b"", True),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.6\r\n", False),
    "half a header": (b"HTTP/1.1 200 OK\r\nContent-Le", False),
    "header without end": (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000, False),
    "body cut off": (b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{", False),
    "body reset": (b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{", True),
    "broken chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", False),
    "broken gzip": (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
        False,
    ),
}


@pytest.fixture
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    # Half a second between two reads: it is not what is tested, and nobody wants to wait for it.
    monkeypatch.setattr(client_module, "PAUSE_BETWEEN_READS_S", 0.0)


@pytest.fixture
def _short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    # The limits are seconds to a minute and a quarter; the same rules hold for a hundredth of it.
    monkeypatch.setattr(client_module, "CONNECT_LIMIT_S", 0.05)
    monkeypatch.setattr(client_module, "READ_LIMIT_S", 0.1)
    monkeypatch.setattr(client_module, "WRITE_LIMIT_S", 0.1)


async def failure(call: Call, client: BloomsmsClient) -> BloomsmsError:
    with pytest.raises(BloomsmsError) as caught:
        await call(client)
    return caught.value


async def test_lists(client: BloomsmsClient) -> None:
    """Balance, countries, services and prices arrive as models."""
    assert Balance(Decimal("125.50"), "USD") == await client.balance()
    assert Country("0", "Russia") in await client.countries()
    assert (PRICE, 980) == next(
        (s.price, s.stock) for s in await client.services("187") if s.code == "wa"
    )
    assert [("187", "wa", PRICE)] == [
        (row.country_id, row.service_code, row.price) for row in await client.prices("187", "wa")
    ]


async def test_nested_prices() -> None:
    """The other known form of the prices is read over HTTP, too."""
    server = BloomsmsServer(prices_are_nested=True)
    await server.start()
    async with calling(server.base_url) as caller:
        (row,) = await caller.client.prices("187", "wa")
    await server.stop()

    assert ("187", "wa", PRICE, 980) == (row.country_id, row.service_code, row.price, row.stock)


async def test_the_life_of_a_number(client: BloomsmsClient, server: BloomsmsServer) -> None:
    """Renting, waiting, the code, another one, completing, renting again."""
    rental = await client.rent("wa", "187", PRICE)
    first = await client.activation(rental.activation_id)
    server.send_sms(rental.activation_id, "Your WhatsApp code is 852508")
    second = await client.activation(rental.activation_id)
    await client.change(rental.activation_id, StatusChange.ANOTHER_SMS)
    third = await client.activation(rental.activation_id)
    await client.change(rental.activation_id, StatusChange.COMPLETE)
    again = await client.re_rent(rental.activation_id)

    assert PRICE == rental.price
    assert (ProviderStatus.WAITING, None) == (first.status, first.sms)
    assert (ProviderStatus.CODE_RECEIVED, Sms("852508", "Your WhatsApp code is 852508")) == (
        second.status,
        second.sms,
    )
    assert ProviderStatus.WAITING is third.status
    assert rental.phone_number == again.phone_number
    assert rental.activation_id != again.activation_id
    assert 2 == len(server.charges)


async def test_a_cancelled_number(client: BloomsmsClient, server: BloomsmsServer) -> None:
    """A cancel returns quietly, and the money is back."""
    activation_id = await rented(client)
    await client.change(activation_id, StatusChange.CANCEL)

    assert ProviderStatus.CANCELLED is (await client.activation(activation_id)).status
    assert Decimal("125.50") == server.balance


async def test_what_a_rent_order_says(client: BloomsmsClient, server: BloomsmsServer) -> None:
    """The order carries service, country and the price limit as a JSON number."""
    await rented(client)

    order = server.exchanges[-1]
    assert {"service": "wa", "country": "187", "max_price": 0.55} == json.loads(order.request_body)


async def test_a_slash_at_the_end_of_the_address(server: BloomsmsServer) -> None:
    """The address may end in a slash."""
    async with calling(server.base_url + "/") as caller:
        await caller.client.balance()

    assert ["/api/v1/balance"] == [exchange.path for exchange in server.exchanges]


@pytest.mark.parametrize("name", [*READS, *WRITES])
async def test_a_wrong_key(server: BloomsmsServer, name: str) -> None:
    """A key that BloomSMS does not know is refused by every endpoint, after one request."""
    async with calling(server.base_url, key="sk_wrong") as caller:
        err = await failure((READS | WRITES)[name], caller.client)

    assert isinstance(err, Refused)
    assert ErrorCode.INVALID_API_KEY is err.code
    assert 1 == server.count(name)


@pytest.mark.parametrize(
    ("scenario", "code"),
    [
        ("out_of_stock", ErrorCode.NO_NUMBERS_AVAILABLE),
        ("insufficient_funds", ErrorCode.INSUFFICIENT_FUNDS),
        ("suspended", ErrorCode.ACCOUNT_SUSPENDED),
        ("invalid_key", ErrorCode.INVALID_API_KEY),
        ("maintenance", ErrorCode.MAINTENANCE),
    ],
)
async def test_a_refused_order(
    client: BloomsmsClient, server: BloomsmsServer, scenario: str, code: ErrorCode
) -> None:
    """An order that was read and turned down cost nothing and says why."""
    server.arm(scenario)

    err = await failure(WRITES["rent"], client)

    assert isinstance(err, Refused)
    assert (code, 1, []) == (err.code, server.count("rent"), server.charges)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda client: client.rent("nosuch", "187", PRICE), ErrorCode.SERVICE_NOT_FOUND),
        (lambda client: client.rent("wa", "99999", PRICE), ErrorCode.INVALID_PARAMETER),
        (
            lambda client: client.rent("wa", "187", Decimal("0.54")),
            ErrorCode.NO_NUMBERS_AVAILABLE,
        ),
        (lambda client: client.activation("1"), ErrorCode.ACTIVATION_NOT_FOUND),
        (lambda client: client.activation("../balance"), ErrorCode.OTHER),
    ],
    ids=["service", "country", "price", "activation", "path"],
)
async def test_refusals_as_they_come(
    client: BloomsmsClient, server: BloomsmsServer, call: Call, code: ErrorCode
) -> None:
    """What the provider refuses by itself is told apart, and asked for once."""
    err = await failure(call, client)

    assert isinstance(err, Refused)
    assert (code, 1) == (err.code, len(server.exchanges))


async def test_a_refused_cancel_says_why(client: BloomsmsClient, server: BloomsmsServer) -> None:
    """The provider's reason reaches the caller."""
    activation_id = await rented(client)
    server.arm("cancel_refused")

    with pytest.raises(Refused) as caught:
        await client.change(activation_id, StatusChange.CANCEL)

    assert "Cancel is allowed 2 minutes after renting" == caught.value.reason


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("scenario", SPOILT)
async def test_a_write_without_a_trustworthy_answer(
    caller: Caller, server: BloomsmsServer, name: str, scenario: str
) -> None:
    """It may have happened: the outcome is unknown, and it is never repeated."""
    await rented(caller.client)
    asked_before = server.count(name)
    server.arm(scenario, **SPOILT[scenario])

    err = await failure(WRITES[name], caller.client)

    assert isinstance(err, OutcomeUnknown)
    assert 1 == server.count(name) - asked_before


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize("scenario", SPOILT)
async def test_a_read_without_a_readable_answer(
    caller: Caller, server: BloomsmsServer, name: str, scenario: str
) -> None:
    """A look that shows nothing is Unreadable; a poll is not repeated by the client."""
    await rented(caller.client)
    server.arm(scenario, **SPOILT[scenario])

    err = await failure(READS[name], caller.once)

    assert isinstance(err, Unreadable)
    assert 1 == server.count(name)


@pytest.mark.usefixtures("_no_pauses")
@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize("scenario", [*SPOILT, "provider_error"])
async def test_a_read_is_tried_three_times(
    caller: Caller, server: BloomsmsServer, name: str, scenario: str
) -> None:
    """What a person waits for is asked for again, and the third answer counts."""
    await rented(caller.client)
    server.arm(scenario, times=2, **SPOILT.get(scenario, {}))

    await READS[name](caller.client)

    assert 3 == server.count(name)


@pytest.mark.usefixtures("_no_pauses")
async def test_a_read_ends_after_three_times(caller: Caller, server: BloomsmsServer) -> None:
    """Three worthless answers are enough."""
    server.arm("bad_gateway")

    err = await failure(READS["balance"], caller.client)

    assert isinstance(err, Unreadable)
    assert 3 == server.count("balance")


@pytest.mark.usefixtures("_no_pauses")
@pytest.mark.parametrize("scenario", ["maintenance", "invalid_key", "suspended", "rate_limited"])
async def test_a_clear_no_is_not_asked_again(
    caller: Caller, server: BloomsmsServer, scenario: str
) -> None:
    """A refusal that stands is believed at once."""
    server.arm(scenario)

    await failure(READS["balance"], caller.client)

    assert 1 == server.count("balance")


@pytest.mark.parametrize("works", [False, True], ids=["nothing done", "charged"])
async def test_a_failure_behind_the_provider(
    caller: Caller, server: BloomsmsServer, *, works: bool
) -> None:
    """502 PROVIDER_ERROR says nothing about the order: unknown, and not repeated."""
    server.arm("provider_error", works=works)

    err = await failure(WRITES["rent"], caller.client)

    assert isinstance(err, OutcomeUnknown)
    assert (1, int(works)) == (server.count("rent"), len(server.charges))


async def test_an_unknown_code_with_a_5xx(caller: Caller, server: BloomsmsServer) -> None:
    """A code nobody knows, sent with a server's own failure, leaves an order unknown."""
    body = b'{"status": "error", "data": null, "errors": {"code": "OVERLOAD", "message": "x"}}'
    head = b"HTTP/1.1 500 Oops\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with RawServer(head + body).running() as raw, calling(f"http://{raw.address}") as other:
        write = await failure(WRITES["rent"], other.client)
        read = await failure(READS["balance"], other.once)

    assert isinstance(write, OutcomeUnknown)
    assert isinstance(read, Refused)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("activation_id", None),
        ("activation_id", ""),
        ("data", []),
        ("data", None),
        ("status", "pending"),
    ],
)
async def test_a_rental_that_cannot_be_read(
    caller: Caller, server: BloomsmsServer, key: str, value: object
) -> None:
    """A success without an id was paid for all the same: unknown."""
    server.arm("altered", key=key, value=value)

    err = await failure(WRITES["rent"], caller.client)

    assert isinstance(err, OutcomeUnknown)
    assert (1, 1) == (server.count("rent"), len(server.charges))


@pytest.mark.parametrize("price", [None, "abc", "-1", 1e9, True])
async def test_a_bad_price_does_not_lose_the_number(
    caller: Caller, server: BloomsmsServer, price: object
) -> None:
    """A rental whose price cannot be read is a rental without one."""
    server.arm("altered", key="price", value=price)

    rental = await caller.client.rent("wa", "187", PRICE)

    assert ("38496653", None) == (rental.activation_id, rental.price)


@pytest.mark.parametrize("name", [*READS, *WRITES])
@pytest.mark.parametrize("garbage", GARBAGE)
async def test_what_is_no_http(name: str, garbage: str) -> None:
    """Garbage on the line is no answer: nothing for a read, an unknown outcome for a write."""
    says, is_reset = GARBAGE[garbage]
    async with (
        RawServer(says, is_reset=is_reset).running() as raw,
        calling(f"http://{raw.address}") as caller,
    ):
        err = await failure((READS | WRITES)[name], caller.once)

    assert isinstance(err, Unreadable if name in READS else OutcomeUnknown)
    assert 1 == len(raw.heard)


@pytest.mark.parametrize("status", [b"301 Moved", b"302 Found", b"307 Temporary", b"308 Permanent"])
async def test_a_redirect_is_not_followed(server: BloomsmsServer, status: bytes) -> None:
    """An order goes where it was sent and nowhere else."""
    to = server.base_url.encode() + b"/activations"
    says = b"HTTP/1.1 " + status + b"\r\nLocation: " + to + b"\r\nContent-Length: 0\r\n\r\n"
    async with RawServer(says).running() as raw, calling(f"http://{raw.address}") as caller:
        err = await failure(WRITES["rent"], caller.client)

    assert isinstance(err, OutcomeUnknown)
    assert [] == server.exchanges


@pytest.mark.parametrize("name", ["balance", "rent", "cancel"])
async def test_a_redirect_is_told(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """A redirect is no answer, also with an envelope in it; the log names the host it points to."""
    to = b"https://sk_1@www.example.org/38496653"
    body = b'{"status": "error", "errors": {"code": "NO_NUMBERS_AVAILABLE"}}'
    head = b"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: %d\r\n\r\n" % (to, len(body))
    async with RawServer(head + body).running() as raw, calling(f"http://{raw.address}") as caller:
        err = await failure((READS | WRITES)[name], caller.once)

    assert isinstance(err, Unreadable if name in READS else OutcomeUnknown)
    assert "302 to www.example.org" in caplog.text
    assert [] == [part for part in ("sk_1", "38496653") if part in caplog.text]


def headed(*headers: bytes) -> bytes:
    """A rental, behind these headers."""
    body = sample("rent.json")
    lines = [b"HTTP/1.1 200 OK", *headers, b"Content-Length: %d" % len(body)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


@pytest.mark.parametrize(
    "headers",
    [
        [b"Set-Cookie: a=" + b"x" * 8_500],
        [b"Content-Security-Policy: " + b"x" * 64 * 1024],
        [b"Set-Cookie: a%d=%s" % (n, b"x" * 300) for n in range(200)],
    ],
    ids=["8.3 KB", "64 KB", "many"],
)
async def test_long_headers(headers: list[bytes]) -> None:
    """A paid answer is read behind headers of up to 64 KB."""
    async with (
        RawServer(headed(*headers)).running() as raw,
        calling(f"http://{raw.address}") as caller,
    ):
        rental = await caller.client.rent("wa", "187", PRICE)

    assert "38496653" == rental.activation_id


async def test_headers_without_end() -> None:
    """Behind a longer header an order's outcome is unknown, and it is not repeated."""
    says = headed(b"Set-Cookie: a=" + b"x" * 80 * 1024)
    async with RawServer(says).running() as raw, calling(f"http://{raw.address}") as caller:
        err = await failure(WRITES["rent"], caller.client)

    assert isinstance(err, OutcomeUnknown)
    assert 1 == len(raw.heard)


@pytest.mark.parametrize("name", [*READS, *WRITES])
async def test_it_says_who_it_is(name: str) -> None:
    """Every request names the bot and its version: some shields refuse a library's name."""
    async with RawServer(b"").running() as raw, calling(f"http://{raw.address}") as caller:
        await failure((READS | WRITES)[name], caller.once)

    assert f"User-Agent: bloomsms-bot/{VERSION}\r\n".encode() in raw.heard[0]


async def test_currencies_are_told(server: BloomsmsServer) -> None:
    """The listener hears the currency of the balance, each list and each order."""
    heard: list[tuple[str, str]] = []
    async with (
        calling(server.base_url) as caller,
        BloomsmsClient(
            server.base_url,
            KEY,
            caller.budget,
            caller.outcomes.append,
            lambda *said: heard.append(said),
        ) as client,
    ):
        await client.balance()
        await client.services("187")
        number = await rented(client)
        server.arm("altered", key="currency", value="EUR")
        await client.balance()
        await rented(client)
        await client.re_rent(number)
        server.disarm()
        server.arm("altered", key="price", value="€0.55")
        err = await failure(READS["services"], client)

    assert isinstance(err, OtherCurrency)
    assert [
        ("balance", "USD"), ("services 187", "USD"), ("order", "USD"), ("balance", "EUR"),
        ("order", "EUR"), ("order", "USD"), ("services 187", "EUR"),
    ] == heard  # fmt: skip
    assert 2 == server.count("services")


@pytest.mark.usefixtures("_no_pauses")
@pytest.mark.parametrize("name", [*READS, *WRITES])
async def test_nobody_listens(server: BloomsmsServer, name: str) -> None:
    """A refused connection means that nothing left."""
    await server.stop()
    async with calling(server.base_url) as caller:
        err = await failure((READS | WRITES)[name], caller.client)

    assert NotSent is type(err)


@pytest.mark.parametrize("name", WRITES)
async def test_the_other_end_speaks_no_tls(server: BloomsmsServer, name: str) -> None:
    """Without a secure connection nothing left."""
    async with calling(server.base_url.replace("http://", "https://")) as caller:
        err = await failure(WRITES[name], caller.client)

    assert NotSent is type(err)
    assert [] == server.exchanges


@pytest.mark.usefixtures("_short_limits")
async def test_connecting_takes_too_long() -> None:
    """A connection that does not come about in time carried nothing."""
    async with mute_server() as address, calling(f"https://{address}") as caller:
        err = await failure(WRITES["rent"], caller.client)

    assert NotSent is type(err)


async def test_an_address_that_is_none() -> None:
    """A malformed address carried nothing."""
    async with calling("http://[::1") as caller:
        err = await failure(WRITES["rent"], caller.client)

    assert NotSent is type(err)


async def test_a_closed_client(server: BloomsmsServer) -> None:
    """A client that was never opened sends nothing."""
    async with calling(server.base_url) as caller:
        other = BloomsmsClient(server.base_url, "sk", caller.budget, caller.outcomes.append)
        err = await failure(WRITES["rent"], other)

    assert NotSent is type(err)
    assert [] == server.exchanges


async def test_closing_what_was_never_opened(server: BloomsmsServer) -> None:
    """Closing is harmless at any time."""
    async with calling(server.base_url) as caller:
        other = BloomsmsClient(server.base_url, "sk", caller.budget, caller.outcomes.append)
        await other.__aexit__(None, None, None)

    assert [] == caller.outcomes


@pytest.mark.parametrize("name", [*READS, *WRITES])
async def test_a_request_that_cannot_be_noted(
    caller: Caller, server: BloomsmsServer, name: str
) -> None:
    """Without a note in the request log nothing leaves."""
    caller.log.problem = OSError("disk full")

    err = await failure((READS | WRITES)[name], caller.once)

    assert NotNoted is type(err)
    assert isinstance(err, NotSent)
    assert [] == server.exchanges


@pytest.mark.usefixtures("_short_limits")
@pytest.mark.parametrize(
    ("scenario", "params"), [("silent", {}), ("drip", {"interval_s": 0.04})], ids=["silent", "drip"]
)
@pytest.mark.parametrize("name", ["balance", "countries", "rent"])
async def test_an_answer_that_never_ends(
    caller: Caller,
    server: BloomsmsServer,
    scenario: str,
    params: dict[str, Any],  # as the scenario takes them
    name: str,
) -> None:
    """Silence and a dripping body both end within the limit of the whole call."""
    server.arm(scenario, **params)

    err = await failure((READS | WRITES)[name], caller.once)

    assert isinstance(err, Unreadable if name in READS else OutcomeUnknown)
    assert 1 == server.count(name)


@pytest.mark.usefixtures("_no_pauses")
async def test_all_tries_of_a_read_end_in_time(
    caller: Caller, server: BloomsmsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However slow each try is, the reading person hears within the limit of all."""
    monkeypatch.setattr(client_module, "READS_LIMIT_S", 0.1)  # 25 s is too long for a test
    server.arm("silent")

    err = await failure(READS["balance"], caller.client)

    assert "no answer in time" == str(err)


async def test_a_late_answer_is_an_answer(caller: Caller, server: BloomsmsServer) -> None:
    """An order that takes its time is waited for."""
    server.arm("slow", delay_s=0.05)

    assert "38496653" == await rented(caller.client)


@pytest.mark.parametrize("name", ["balance", "rent"])
async def test_429_pauses_everybody(caller: Caller, server: BloomsmsServer, name: str) -> None:
    """After a 429 nothing more leaves, in no lane, for as long as it says."""
    server.arm("rate_limited", times=1, retry_after=30)

    first = await failure((READS | WRITES)[name], caller.client)
    second = await failure(WRITES["rent"], caller.client)
    third = await failure(READS["status"], caller.once)

    assert isinstance(first, RateLimited)
    assert 30.0 == first.wait_s
    assert [True, True] == [
        isinstance(err, RateLimited) and 29 < err.wait_s <= 30 for err in (second, third)
    ]
    assert 1 == len(server.exchanges)


@pytest.mark.parametrize(
    ("scenario", "params", "wait_s"),
    [
        ("rate_limited_bare", {}, 5.0),
        ("rate_limited", {"retry_after": 300}, 300.0),
        ("rate_limited", {"retry_after": "soon"}, 5.0),
        ("rate_limited", {"retry_after": 120, "as_date": True}, 120.0),
    ],
    ids=["bare", "long", "nonsense", "date"],
)
async def test_how_long_a_429_lasts(
    caller: Caller,
    server: BloomsmsServer,
    scenario: str,
    params: dict[str, Any],  # as the scenario takes them
    wait_s: float,
) -> None:
    """Retry-After is kept as seconds or as a date, and is 5 s when it does not say."""
    server.arm(scenario, **params)

    err = await failure(READS["balance"], caller.client)

    assert isinstance(err, RateLimited)
    assert wait_s == pytest.approx(err.wait_s, abs=1.0)
    assert wait_s == pytest.approx(caller.budget.pause_left_s, abs=1.1)


async def test_after_the_pause_it_goes_on(server: BloomsmsServer) -> None:
    """When the pause is over, requests go again."""
    passed_s = 0.0
    async with calling(server.base_url, time_s=lambda: passed_s) as caller:
        server.arm("rate_limited", times=1, retry_after=30)
        await failure(READS["balance"], caller.client)
        passed_s = 30.0

        assert Decimal("125.50") == (await caller.client.balance()).amount


async def test_the_window_is_kept(server: BloomsmsServer) -> None:
    """Beyond the limit nothing leaves: the caller learns how long it takes."""
    async with calling(server.base_url, limit=10) as caller:
        for _ in range(7):
            await caller.once.balance()
        err = await failure(READS["balance"], caller.once)

    assert isinstance(err, RateLimited)
    assert 7 == len(server.exchanges)


async def test_every_request_is_counted(caller: Caller, server: BloomsmsServer) -> None:
    """Also when a kept connection turns out closed: nothing is repeated behind our back."""
    await caller.once.balance()
    server.arm("hang_up_before", times=1)
    await failure(READS["balance"], caller.once)
    await caller.once.balance()

    assert 3 == len(server.exchanges) == caller.budget.used == len(caller.log.entries)
    assert [] == [entry for entry in caller.log.entries if entry[1] is None]


async def test_outcomes_are_reported(caller: Caller, server: BloomsmsServer) -> None:
    """Whoever watches the provider's health hears of each request once."""
    await caller.once.balance()
    server.arm("maintenance", times=1)
    await failure(READS["balance"], caller.once)
    server.arm("html_ok", times=1)
    await failure(WRITES["rent"], caller.once)

    assert [type(None), Refused, Unreadable] == [type(outcome) for outcome in caller.outcomes]


async def test_lanes_share_the_session_and_the_budget(caller: Caller) -> None:
    """The client in another lane is the same client."""
    await caller.once.balance()
    await caller.client.balance()

    assert 2 == caller.budget.used


async def test_a_turn_may_be_given_up_sooner(server: BloomsmsServer) -> None:
    """Whoever cannot wait as long as is usual in a lane says so."""
    async with calling(server.base_url, limit=4) as caller:
        await caller.client.balance()
        async with asyncio.timeout(2):
            err = await failure(
                READS["balance"], caller.client.in_lane(Lane.UPKEEP, turn_limit_s=0.01)
            )

    assert isinstance(err, RateLimited)
    assert 1 == len(server.exchanges)


async def test_the_log_shows_no_secret(
    caller: Caller, server: BloomsmsServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the key nor an activation's id is in what a failing client logs."""
    caplog.set_level("DEBUG", "bloomsms")
    activation_id = await rented(caller.client)
    server.arm("rate_limited")
    await failure(lambda client: client.activation(activation_id), caller.client)

    assert "429" in caplog.text
    assert [] == [secret for secret in ("sk_sandbox", activation_id) if secret in caplog.text]
