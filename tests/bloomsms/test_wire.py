"""The wire: endpoints become requests, answers become data or an error that says what to do."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bloomsms import wire
from bloomsms.errors import BloomsmsError, ErrorCode, RateLimited, Refused, Unreadable
from bloomsms.models import StatusChange
from bloomsms.wire import Request
from tests.bloomsms.samples import data_of, invented, sample

SENT = "Wed, 21 Oct 2026 07:28:00 GMT"

# The table of the API text.
CODES = {
    "INVALID_API_KEY": 401,
    "INSUFFICIENT_FUNDS": 402,
    "ACCOUNT_SUSPENDED": 403,
    "ACTIVATION_NOT_FOUND": 404,
    "SERVICE_NOT_FOUND": 404,
    "NO_NUMBERS_AVAILABLE": 400,
    "MAX_RENTALS_EXCEEDED": 400,
    "INVALID_PARAMETER": 422,
    "RATE_LIMITED": 429,
    "PROVIDER_ERROR": 502,
    "MAINTENANCE": 503,
}


def failure(code: object, message: object = "Why not.") -> bytes:
    errors = {"code": code, "message": message}
    return json.dumps({"status": "error", "data": None, "errors": errors}).encode()


def problem(http_status: int, body: bytes, **headers: str) -> BloomsmsError:
    """What reading this answer raises."""
    with pytest.raises(BloomsmsError) as caught:
        wire.read_envelope(http_status, headers, body)
    return caught.value


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (wire.balance(), Request("GET", "/balance")),
        (wire.countries(), Request("GET", "/countries")),
        (wire.services("187"), Request("GET", "/services", {"country": "187"})),
        (
            wire.prices("0", "wa"),
            Request("GET", "/prices", {"country": "0", "service": "wa"}),
        ),
        (
            wire.rent("wa", "187", Decimal("0.55")),
            Request(
                "POST",
                "/activations",
                body=b'{"service": "wa", "country": "187", "max_price": 0.55}',
            ),
        ),
        (wire.activation("38496653"), Request("GET", "/activations/38496653")),
        (
            wire.change("38496653", StatusChange.CANCEL),
            Request("PATCH", "/activations/38496653", body=b'{"status": "cancel"}'),
        ),
        (
            wire.change("38496653", StatusChange.COMPLETE),
            Request("PATCH", "/activations/38496653", body=b'{"status": "complete"}'),
        ),
        (
            wire.change("38496653", StatusChange.ANOTHER_SMS),
            Request("PATCH", "/activations/38496653", body=b'{"status": "request_another_sms"}'),
        ),
        (wire.re_rent("38496653"), Request("POST", "/activations/38496653/re-rent")),
    ],
    ids=lambda value: f"{value.method} {value.path}" if isinstance(value, Request) else "",
)
def test_requests(request_: Request, expected: Request) -> None:
    """Each endpoint's request is as the API text has it."""
    assert expected == request_


@pytest.mark.parametrize(
    ("method", "is_read"), [("GET", True), ("POST", False), ("PATCH", False), ("PUT", False)]
)
def test_only_a_get_is_a_read(method: str, *, is_read: bool) -> None:
    """Nothing but a GET may be repeated."""
    assert is_read is Request(method, "/x").is_read


@pytest.mark.parametrize(
    ("activation_id", "path"),
    [
        ("../balance", "/activations/..%2Fbalance"),
        ("1?status=cancel", "/activations/1%3Fstatus%3Dcancel"),
        ("1#x", "/activations/1%23x"),
        ("ä 1", "/activations/%C3%A4%201"),
    ],
)
def test_an_odd_id_stays_one_part_of_the_path(activation_id: str, path: str) -> None:
    """An id of the provider's cannot lead to another endpoint."""
    assert path == wire.activation(activation_id).path
    assert path + "/re-rent" == wire.re_rent(activation_id).path


@settings(deadline=None)
@given(st.decimals(min_value=0, max_value=1_000_000, places=6))
def test_the_price_limit_survives_the_wire(price: Decimal) -> None:
    """The limit in the request is to the micro-dollar the price that was shown."""
    body = wire.rent("wa", "187", price).body or b""

    assert price == json.loads(body, parse_float=Decimal)["max_price"]


def test_success_hands_out_its_data() -> None:
    """A success envelope is opened."""
    assert {"balance": "125.50", "currency": "USD"} == data_of(sample("balance.json"))


def test_numbers_stay_exact() -> None:
    """Amounts never pass through binary fractions."""
    assert Decimal("0.1") == data_of(b'{"status": "success", "data": 0.1, "errors": null}')


@pytest.mark.parametrize("code", [code for code in CODES if code != "RATE_LIMITED"])
def test_each_documented_code(code: str) -> None:
    """Each code of the table is told apart, with its reason and its HTTP status."""
    err = problem(CODES[code], failure(code))

    assert isinstance(err, Refused)
    assert (ErrorCode[code], code, "Why not.", CODES[code]) == (
        err.code,
        err.word,
        err.reason,
        err.http_status,
    )


def test_the_table_is_whole() -> None:
    """There is a member for each documented code, and one for all others."""
    assert {*CODES, "OTHER"} == {code.value for code in ErrorCode}


def test_the_sample_of_an_error() -> None:
    """The error of the API text is read."""
    err = problem(402, sample("error.json"))

    assert "INSUFFICIENT_FUNDS (402): Insufficient balance." == str(err)


@pytest.mark.parametrize(
    ("http_status", "body"),
    [
        (429, failure("RATE_LIMITED")),
        (429, b""),
        (429, b"<html>slow down</html>"),
        (429, failure("MAINTENANCE")),
        (200, failure("RATE_LIMITED")),
        (503, failure("RATE_LIMITED")),
    ],
    ids=["envelope", "empty", "page", "other code", "with 200", "with 503"],
)
def test_too_many_requests(http_status: int, body: bytes) -> None:
    """The status or the code is enough to know that the limit is used up."""
    err = problem(http_status, body, **{"retry-after": "7"})

    assert isinstance(err, RateLimited)
    assert 7.0 == err.wait_s


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("TEAPOT", "TEAPOT"),
        ("OTHER", "OTHER"),
        ("invalid_api_key", "invalid_api_key"),
        (42, "42"),
        (418_000, "…"),
        ("X" * 50, "X" * 40),
        ("A\nB", "A B"),
        ({"a": 1}, "{'a': 1}"),
    ],
)
def test_an_unknown_code(code: object, word: str) -> None:
    """A code outside of the table is kept as a short word in one line."""
    err = problem(400, failure(code))

    assert isinstance(err, Refused)
    assert (ErrorCode.OTHER, word) == (err.code, err.word)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("Cancel is allowed\n2 minutes\tafter", "Cancel is allowed 2 minutes after"),
        ("Your code 852508 is in", "Your code … is in"),
        ("x" * 500, "x" * 120),
        (None, ""),
        ("", ""),
        (["why"], "['why']"),
    ],
    ids=["lines", "digits", "long", "null", "empty", "list"],
)
def test_the_reason_is_short_and_safe(message: object, reason: str) -> None:
    """The provider's message comes in one short line without anything that may be a code."""
    err = problem(400, failure("INVALID_PARAMETER", message))

    assert isinstance(err, Refused)
    assert reason == err.reason


@pytest.mark.parametrize(("code", "message"), [("\ud800", "x"), ("X", "\ud800")])
def test_half_a_character_in_an_error(code: str, message: str) -> None:
    r"""An error with `\ud800` in it, which JSON may hold, is an error like others."""
    assert isinstance(problem(400, failure(code, message)), Refused)


@pytest.mark.parametrize("body", [b"", b"<html>", b"Unauthorized"], ids=["empty", "page", "text"])
def test_401_needs_no_envelope(body: bytes) -> None:
    """Whatever comes with a 401, the key is refused."""
    err = problem(401, body)

    assert isinstance(err, Refused)
    assert ErrorCode.INVALID_API_KEY is err.code


@pytest.mark.parametrize(
    ("http_status", "body"),
    [
        (502, invented("bad_gateway.html")),
        (403, invented("bad_gateway.html")),
        (200, invented("bad_gateway.html")),
        (200, b""),
        (200, sample("balance.json")[:40]),
        (200, b"\x1f\x8b\x08\x00\xff"),
        (200, b"[1, 2]"),
        (200, b'"success"'),
        (200, b"null"),
        (200, b"{}"),
        (200, b'{"data": {"balance": "1"}}'),
        (200, b'{"status": "error", "data": null, "errors": null}'),
        (200, b'{"status": "error", "data": null, "errors": {"message": "no code"}}'),
        (200, b'{"status": "error", "data": null, "errors": ["list"]}'),
        (200, b'{"status": "Success", "data": 1}'),
        (200, b"[" * 200_000),
        (200, b'{"a":' * 200_000),
        (500, sample("balance.json")),
        (302, sample("balance.json")),
        (307, sample("error.json")),
        (199, sample("balance.json")),
        (404, b'{"status": "error", "data": null, "errors": {"code": ""}}'),
    ],
    ids=range(22),
)
def test_what_is_no_envelope(http_status: int, body: bytes) -> None:
    """A page, half an answer, another shape or an answer without a verdict cannot be read."""
    assert isinstance(problem(http_status, body), Unreadable)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (b"NaN", None),
        (b"-Infinity", None),
        (b"1e99999999999999999999", None),
        (b"7" * 5000, None),
        (b"7", 7),
        (b"0.1", Decimal("0.1")),
        (b'"caf\xe9"', "caf\N{REPLACEMENT CHARACTER}"),
        (b'"two\nlines"', "two\nlines"),
    ],
    ids=range(8),
)
def test_one_odd_value_costs_only_itself(written: bytes, expected: object) -> None:
    """An answer with one value that is none is read: the id beside it was paid for."""
    body = b'{"status": "success", "data": {"activation_id": "1", "price": ' + written + b"}}"

    assert {"activation_id": "1", "price": expected} == data_of(body)


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("https://www.bloomsms.com/api/v1/activations?key=sk_1", "www.bloomsms.com"),
        ("http://user:sk_1@10.0.0.7:8080/38496653", "10.0.0.7"),
        ("//login.example", "login.example"),
        ("/login", "the same host"),
        ("", "the same host"),
        ("https://[::1", "?"),
        ("https://a b\x1b/", "a?b?"),
    ],
    ids=range(7),
)
def test_where_a_redirect_points(location: str, host: str) -> None:
    """Of a redirect's target the host is told, and nothing else."""
    assert host == wire.redirect_host({"location": location})


@pytest.mark.parametrize("http_status", [200, 201, 202, 299])
def test_any_2xx_may_hold_success(http_status: int) -> None:
    """A success is one with each HTTP status that says so."""
    assert {"balance": "125.50", "currency": "USD"} == data_of(sample("balance.json"), http_status)


def test_the_excerpt_of_a_page() -> None:
    """An unreadable answer is told by its first words, in one line, with digits hidden."""
    err = problem(502, invented("bad_gateway.html"))

    assert isinstance(err, Unreadable)
    assert "the answer is not JSON" == err.problem
    assert err.excerpt.startswith("<!DOCTYPE html> <html><head><title>… Bad gateway</title>")
    assert f"{err.problem}: {err.excerpt}" == str(err)


@settings(deadline=None)
@given(st.binary(max_size=2000))
def test_excerpts_are_short_and_printable(body: bytes) -> None:
    """Whatever the bytes are, at most 120 printable characters of them are told, and no code."""
    excerpt = wire.excerpt(body)

    assert len(excerpt) <= 120
    assert excerpt.isprintable()
    assert not any(excerpt[at : at + 3].isdecimal() for at in range(len(excerpt) - 2))


@settings(deadline=None)
@given(st.integers(100, 599), st.binary(max_size=300))
def test_any_bytes_are_data_or_an_error(http_status: int, body: bytes) -> None:
    """Nothing that a stranger sends raises anything but our three errors for answers."""
    with suppress(RateLimited, Refused, Unreadable):
        wire.read_envelope(http_status, {}, body)


@pytest.mark.parametrize(
    ("value", "date", "wait_s"),
    [
        ("30", SENT, 30.0),
        (" 30 ", SENT, 30.0),
        ("0", SENT, 0.0),
        ("1.5", SENT, 1.5),
        ("300", SENT, 300.0),
        ("999999999", SENT, 3600.0),
        ("Wed, 21 Oct 2026 07:28:30 GMT", SENT, 30.0),
        ("Wed, 21 Oct 2026 07:33:00 GMT", SENT, 300.0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", SENT, 1.0),
        ("Wed, 21 Oct 2026 07:00:00 GMT", SENT, 1.0),
        ("Thu, 22 Oct 2026 07:28:00 GMT", SENT, 3600.0),
        ("Wed, 21 Oct 2026 07:28:30 GMT", "", 5.0),
        ("Wed, 21 Oct 2026 07:28:30 GMT", "yesterday", 5.0),
        ("Wed, 21 Oct 2026 07:28:30 -0000", SENT, 5.0),
        ("", SENT, 5.0),
        ("soon", SENT, 5.0),
        ("-5", SENT, 5.0),
        ("1e3", SENT, 5.0),
        ("30, 30", SENT, 5.0),
        ("Wed, 41 Oct 2026 07:28:30 GMT", SENT, 5.0),
    ],
)
def test_retry_after(value: str, date: str, wait_s: float) -> None:
    """Seconds and dates are understood, at most an hour; anything else is 5 s."""
    assert wait_s == wire.retry_after_s({"Retry-After": value, "Date": date})


def test_retry_after_by_our_own_clock() -> None:
    """A date is compared with the given time, if there is one."""
    now = datetime(2026, 10, 21, 7, 28, 20, tzinfo=UTC)

    assert 10.0 == wire.retry_after_s({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT"}, now)


def test_no_retry_after() -> None:
    """A 429 that does not say how long means 5 s."""
    assert 5.0 == wire.retry_after_s({})


@pytest.mark.parametrize(
    "value",
    ["Wed, 21 Oct 99999999999999999999 07:28:00 GMT", "Wed, 21 Oct 2026 07:28:00 +99999999999999"],
    ids=["year", "offset"],
)
def test_retry_after_beyond_all_bounds(value: str) -> None:
    """A date that no calendar has is 5 s, too."""
    assert 5.0 == wire.retry_after_s({"Retry-After": value, "Date": SENT})
