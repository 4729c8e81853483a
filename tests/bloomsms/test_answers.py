"""Answers become models: documented and observed forms are read, all else is told apart."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bloomsms import answers
from bloomsms.errors import Unreadable
from bloomsms.models import (
    ActivationStatus,
    Balance,
    Changed,
    Country,
    PriceRow,
    ProviderStatus,
    Rental,
    Service,
    Sms,
    SmsReceived,
)
from bloomsms.wire import Json
from tests.bloomsms.samples import data_of, invented, sample

READERS: list[Callable[[Json], object]] = [
    answers.read_balance,
    answers.read_countries,
    answers.read_services,
    answers.read_prices,
    answers.read_rental,
    answers.read_activation,
]
NAMES = (
    "activation_id", "activation_status", "balance", "code", "cost", "count", "countries",
    "country", "currency", "data", "event", "expires_at", "full_text", "id", "name", "new_balance",
    "phone_number", "price", "prices", "service", "services", "sms", "stock",
)  # fmt: skip
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals()
    | st.text(max_size=20)
    | st.sampled_from(["0.55", "1e9", "-1", "+19001234567", "waiting", "2026-05-05T14:20:00Z", ""])
)
ANYTHING: st.SearchStrategy[Json] = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), inner, max_size=6)
    ),
    max_leaves=15,
)


def rental(**members: object) -> Json:
    return {"activation_id": "1", "phone_number": "+19001234567", **members}


def status(**members: object) -> Json:
    return {"activation_id": "1", "activation_status": "waiting", **members}


def told(read: Callable[[Json], object], data: Json) -> str:
    """The excerpt in an Unreadable; empty when the data was read."""
    try:
        read(data)
    except Unreadable as err:
        return err.excerpt
    return ""


def test_balance() -> None:
    """The balance of the API text is read."""
    assert Balance(Decimal("125.50"), "USD") == answers.read_balance(
        data_of(sample("balance.json"))
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("balance_as_number.json", Balance(Decimal("125.50"), "USD")),
        ("balance_overdrawn.json", Balance(Decimal("-3.20"), "USD")),
    ],
)
def test_odd_balances(name: str, expected: Balance) -> None:
    """A balance may be a number or below zero, and its currency may be missing."""
    assert expected == answers.read_balance(data_of(invented(name)))


@pytest.mark.parametrize("balance", [None, "", "abc", "1e9", "-1e9", True, [], "1,234", "1" * 300])
def test_a_balance_that_cannot_be(balance: object) -> None:
    """No made-up amount becomes a balance."""
    with pytest.raises(Unreadable):
        answers.read_balance({"balance": balance})


def test_countries() -> None:
    """The countries of the API text are read in their order."""
    assert [Country("0", "Russia"), Country("187", "United States")] == answers.read_countries(
        data_of(sample("countries.json"))
    )


def test_odd_countries() -> None:
    """Ids may be numbers and names hold anything; a row without either is left out."""
    assert [
        Country("0", "Russia"),
        Country("27", "Côte d'Ivoire"),
        Country("31", "Tom & Jerry <b>Ltd</b>"),
    ] == answers.read_countries(data_of(invented("countries_odd_rows.json")))


def test_services() -> None:
    """The services of the API text are read in their order."""
    assert [
        Service("wa", "WhatsApp", Decimal("0.55"), 980),
        Service("tg", "Telegram", Decimal("0.45"), 1200),
    ] == answers.read_services(data_of(sample("services.json")))


def test_odd_services() -> None:
    """A bare list is read; only rows with a code and a plausible price come through."""
    assert [
        Service("wa", "WhatsApp", Decimal("0.55"), 980),
        Service("7", "7", Decimal(1), 3),
        Service("gone", "Without stock", Decimal("0.1"), None),
        Service("free", "Free", Decimal(0), 5),
        Service("fine", "Six decimals", Decimal("0.000001"), 5),
        Service("x5", "Too fine", Decimal("0.000001"), 5),
        Service("x9", "Half a number", Decimal(1), None),
        Service("x10", "Below zero", Decimal(1), None),
        Service("x11", "Truth", Decimal(1), None),
    ] == answers.read_services(data_of(invented("services_odd_rows.json")))


def test_a_price_of_5000_digits() -> None:
    """One price beyond all bounds costs its own row, not the list."""
    rows = [
        {"code": "wa", "name": "WhatsApp", "price": Decimal("0." + "5" * 5000), "stock": 1},
        {"code": "tg", "name": "Telegram", "price": "9" * 5000, "stock": 1},
        {"code": "fb", "name": "Facebook", "price": "0.3", "stock": 1},
    ]

    assert ["fb"] == [service.code for service in answers.read_services({"services": rows})]


@pytest.mark.parametrize("rows", [None, {}, "many", 3, {"services": {"wa": 1}}])
@pytest.mark.parametrize("read", [answers.read_countries, answers.read_services])
def test_a_list_that_is_none(read: Callable[[Json], object], rows: Json) -> None:
    """Where the list should stand, nothing else will do."""
    with pytest.raises(Unreadable):
        read(rows if isinstance(rows, dict) and rows else {"countries": rows, "services": rows})


def test_long_names_are_cut() -> None:
    """A name is at most 200 characters long."""
    rows = [{"id": "1", "name": "x" * 201}]

    assert [Country("1", "x" * 200)] == answers.read_countries(rows)


@pytest.mark.parametrize("country_id", ["x" * 201, "a\nb", "\u202e", "\ud800", " "])
def test_ids_that_are_none(country_id: str) -> None:
    """An id is printable and of a sensible length."""
    rows = [{"id": country_id, "name": "Nowhere"}, {"id": "187", "name": "United States"}]

    assert ["187"] == [country.id for country in answers.read_countries(rows)]


def test_prices_as_rows() -> None:
    """A list of rows under any name is read."""
    assert [PriceRow("0", "wa", Decimal("0.21"), 17)] == answers.read_prices(
        data_of(invented("prices_rows.json"))
    )


def test_prices_as_nested_objects() -> None:
    """Objects country → service → row are read; a stock that is none is left open."""
    assert [
        PriceRow("0", "wa", Decimal("0.21"), 17),
        PriceRow("0", "tg", Decimal("0.3"), None),
        PriceRow("187", "wa", Decimal("0.55"), None),
    ] == answers.read_prices(data_of(invented("prices_nested.json")))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"price": "1"}, PriceRow("", "", Decimal(1), None)),
        ({"wa": {"price": "1"}}, PriceRow("", "wa", Decimal(1), None)),
        ([{"service": 7, "country": 0, "cost": 1}], PriceRow("0", "7", Decimal(1), None)),
    ],
    ids=["bare", "service only", "numbers"],
)
def test_prices_in_part(data: Json, expected: PriceRow) -> None:
    """What a row does not say is empty."""
    assert [expected] == answers.read_prices(data)


@pytest.mark.parametrize(
    "data",
    [None, [], {}, 7, {"wa": "0.55"}, {"a": {"b": {"c": {"d": {"e": {"price": "1"}}}}}}],
    ids=["null", "list", "object", "number", "bare prices", "too deep"],
)
def test_prices_that_cannot_be_read(data: Json) -> None:
    """Where no row is found, the caller is told, so that it takes the price in /services."""
    with pytest.raises(Unreadable, match="no price found"):
        answers.read_prices(data)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "rent.json",
            Rental(
                "38496653",
                "+19001234567",
                Decimal("0.55"),
                datetime(2026, 5, 5, 14, 20, tzinfo=UTC),
                "wa",
                "187",
            ),
        ),
        (
            "re_rent.json",
            Rental(
                "38496700",
                "+19001234567",
                Decimal("0.55"),
                datetime(2026, 5, 5, 14, 40, tzinfo=UTC),
                "wa",
            ),
        ),
    ],
)
def test_rentals(name: str, expected: Rental) -> None:
    """The rentals of the API text are read."""
    assert expected == answers.read_rental(data_of(sample(name)))


def test_the_least_a_rental_needs() -> None:
    """An id is enough; what cannot be read besides is left open."""
    assert Rental("38496653", "19001234567", None, None) == answers.read_rental(
        data_of(invented("rent_least.json"))
    )


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        rental(activation_id=None),
        rental(activation_id=""),
        rental(activation_id=True),
        rental(activation_id=1.5),
        rental(activation_id="3849\N{REPLACEMENT CHARACTER}653"),
        rental(activation_id=Decimal("1e999999")),
        rental(activation_id=Decimal("NaN")),
        [rental(), rental()],
        [[[[[[rental()]]]]]],
    ],
    ids=range(12),
)
def test_a_rental_without_an_id(data: Json) -> None:
    """Without an id there is no number to speak of."""
    with pytest.raises(Unreadable):
        answers.read_rental(data)


ODD: list[Json] = [None, "", "soon", "+1900***4567", True, [], {}, "\ud800", Decimal("NaN")]
WHOLE = Rental("1", "+19001234567", Decimal("0.55"), datetime(2026, 5, 5, 14, 20, tzinfo=UTC))


@pytest.mark.parametrize("value", ODD, ids=str)
@pytest.mark.parametrize(
    ("key", "left_out"),
    [
        ("phone_number", {"phone_number": ""}),
        ("price", {"price": None}),
        ("expires_at", {"expires_at": None}),
        ("new_balance", {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_id_is_a_number_in_hand(key: str, left_out: dict[str, Any], value: Json) -> None:
    """If another field of a rental cannot be read, it is one, and all the rest of it is read."""
    data = rental(price="0.55", expires_at="2026-05-05T14:20:00Z") | {key: value}

    assert replace(WHOLE, **left_out) == answers.read_rental(data)


@pytest.mark.parametrize("key", ["service", "country"])
@pytest.mark.parametrize("value", ["", None, {}, [], 5.5, True, "x" * 5000])
def test_what_else_an_order_names(key: str, value: Json) -> None:
    """A service or country that cannot be read leaves the number what it is."""
    data = rental(price="0.55", expires_at="2026-05-05T14:20:00Z") | {key: value}

    assert WHOLE == answers.read_rental(data)


@pytest.mark.parametrize(
    "activation_id",
    ["38496653", 38496653, Decimal("38496653.0"), Decimal("3.8496653E+7"), " 38496653 "],
)
def test_ids_as_they_come(activation_id: Json) -> None:
    """An id is the same one as text and as any number."""
    assert "38496653" == answers.read_rental(rental(activation_id=activation_id)).activation_id


@pytest.mark.parametrize("data", [[rental()], {"0": rental()}, [[rental()]]], ids=range(3))
def test_a_rental_inside_a_list(data: Json) -> None:
    """One rental in a list of one is that rental."""
    assert "1" == answers.read_rental(data).activation_id


@pytest.mark.parametrize(
    ("members", "price", "currency"),
    [
        ({"price": "0.55"}, Decimal("0.55"), "USD"),
        ({"price": "0.55", "currency": "usd"}, Decimal("0.55"), "USD"),
        ({"price": "0.55", "currency": "EUR"}, None, "EUR"),
        ({"price": "€0.55"}, None, "EUR"),
        ({"price": None, "currency": "eur"}, None, "EUR"),
        ({"price": "abc"}, None, "USD"),
    ],
    ids=range(6),
)
def test_the_currency_of_a_rental(
    members: dict[str, str], price: Decimal | None, currency: str
) -> None:
    """A price in another currency is no price in dollars; which one it is, is told."""
    found = answers.read_rental(rental(**members))

    assert (price, currency) == (found.price, found.currency)


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("2026-05-05T14:20:00Z", datetime(2026, 5, 5, 14, 20, tzinfo=UTC)),
        ("2026-05-05T16:20:00+02:00", datetime(2026, 5, 5, 14, 20, tzinfo=UTC)),
        ("2026-05-05T14:20:00", datetime(2026, 5, 5, 14, 20, tzinfo=UTC)),
        ("2026-05-05 14:20:00.250", datetime(2026, 5, 5, 14, 20, 0, 250_000, tzinfo=UTC)),
        ("in 20 minutes", None),
        (1_777_990_000, None),
        (None, None),
    ],
)
def test_times(time: object, expected: datetime | None) -> None:
    """Times are aware UTC whatever offset they came with; what is none is left open."""
    assert expected == answers.read_rental(rental(expires_at=time)).expires_at


@pytest.mark.parametrize(
    "time",
    [
        "9999-12-31T23:59:59-01:00",
        "9999-12-31T23:59:59.999999+00:00",
        "0001-01-01T00:00:00+01:00",
        "1970-01-01T00:00:00Z",
    ],
)
def test_a_time_that_cannot_be(time: str) -> None:
    """A number that "never" expires, or did long ago, was rented all the same."""
    found = answers.read_rental(rental(expires_at=time))

    assert ("1", None) == (found.activation_id, found.expires_at)


TELEGRAM = {"code": "tg", "name": "Telegram", "price": "0.45", "stock": 1200}


@pytest.mark.parametrize(
    ("read", "data"),
    [
        (answers.read_rental, rental(price="\ud800")),
        (answers.read_services, [TELEGRAM, {"code": "wa", "name": "x", "price": "\ud800"}]),
    ],
    ids=["rental", "services"],
)
def test_half_a_character_in_a_price(read: Callable[[Json], object], data: Json) -> None:
    r"""A price of `\ud800`, which JSON may hold, is a price that cannot be read, nothing worse."""
    read(data)


@pytest.mark.parametrize("read", READERS[:3] + READERS[4:])
def test_half_a_character_instead_of_data(read: Callable[[Json], object]) -> None:
    r"""A `\ud800` where an object should be is Unreadable."""
    with pytest.raises(Unreadable):
        read("\ud800")


def test_activation() -> None:
    """The status of the API text is read."""
    assert ActivationStatus(
        ProviderStatus.CODE_RECEIVED,
        "code_received",
        Sms("852508", "Your WhatsApp code is 852508"),
        "+19001234567",
        "38496653",
    ) == answers.read_activation(data_of(sample("activation.json")))


@pytest.mark.parametrize("number", [None, "", "soon", 7, ["+19001234567"], "+1900***4567"])
def test_activation_without_its_number(number: Json) -> None:
    """A status counts also when the number beside it cannot be read."""
    seen = answers.read_activation(status(phone_number=number))

    assert (ProviderStatus.WAITING, None) == (seen.status, seen.phone_number)


@pytest.mark.parametrize("word", ["waiting", "code_received", "completed", "cancelled", "expired"])
def test_known_statuses(word: str) -> None:
    """Each known word is told apart, however it is written."""
    seen = answers.read_activation(status(activation_status=f" {word.upper()} "))

    assert word == seen.status.value


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("Canceled", ProviderStatus.CANCELLED),
        ("CANCEL", ProviderStatus.CANCELLED),
        ("Refunded", ProviderStatus.CANCELLED),
        ("timeout", ProviderStatus.EXPIRED),
        ("Timed Out", ProviderStatus.EXPIRED),
        ("time-out", ProviderStatus.EXPIRED),
        ("EXPIRE", ProviderStatus.EXPIRED),
        ("finished", ProviderStatus.COMPLETED),
        ("Complete", ProviderStatus.COMPLETED),
        ("done", ProviderStatus.COMPLETED),
        ("RECEIVED", ProviderStatus.CODE_RECEIVED),
        ("sms_received", ProviderStatus.CODE_RECEIVED),
        ("Code Received", ProviderStatus.CODE_RECEIVED),
        ("Pending", ProviderStatus.WAITING),
        ("STATUS_WAIT_CODE", ProviderStatus.WAITING),
    ],
)
def test_other_words_for_a_status(word: str, meaning: ProviderStatus) -> None:
    """What other providers of the kind write is understood, in any letter case."""
    seen = answers.read_activation(status(activation_status=word))

    assert (meaning, word) == (seen.status, seen.word)


def test_an_unknown_status() -> None:
    """A word nobody knows is kept, and means no more than that."""
    assert ActivationStatus(
        ProviderStatus.UNKNOWN, "On_Hold", None, None, "38496653"
    ) == answers.read_activation(data_of(invented("activation_unknown_status.json")))


@pytest.mark.parametrize("word", [None, "", "  ", 5, ["waiting"]])
def test_no_status(word: object) -> None:
    """An answer without a status says nothing."""
    with pytest.raises(Unreadable):
        answers.read_activation(status(activation_status=word))


@pytest.mark.parametrize("word", [None, "", 5, ["waiting"]])
def test_no_status_beside_an_sms(word: object) -> None:
    """An SMS or a phone number is read also where the status cannot be."""
    seen = answers.read_activation(status(activation_status=word, sms="Hello"))
    shown = answers.read_activation(status(activation_status=word, phone_number="+19001234567"))

    assert (ProviderStatus.UNKNOWN, "", Sms("", "Hello")) == (seen.status, seen.word, seen.sms)
    assert (ProviderStatus.UNKNOWN, "+19001234567") == (shown.status, shown.phone_number)


@pytest.mark.parametrize(
    ("sms", "expected"),
    [
        (None, None),
        ("852508", Sms("", "852508")),
        ([], None),
        ({}, None),
        ({"code": "", "full_text": "  "}, None),
        ({"code": None, "full_text": None}, None),
        ({"code": "852508"}, Sms("852508", "")),
        ({"code": 852508, "full_text": 5}, Sms("852508", "")),
        ({"code": " 852508 ", "full_text": " text "}, Sms("852508", " text ")),
        ({"full_text": "Hello"}, Sms("", "Hello")),
        ({"code": ["x"], "full_text": "Hello"}, Sms("", "Hello")),
        ({"code": "1" * 300, "full_text": "x" * 30_000}, Sms("", "x" * 20_000 + " […]")),
        ({"code": "", "full_text": "\ufeffHello"}, Sms("", "\ufeffHello")),
    ],
    ids=range(13),
)
def test_sms(sms: Json, expected: Sms | None) -> None:
    """A message counts with a code or with a text; blanks alone are none."""
    assert expected == answers.read_activation(status(sms=sms)).sms


def test_several_sms() -> None:
    """The last one listed is the newest; the others are kept in their order."""
    seen = answers.read_activation(status(sms=[{"code": "1"}, "two", {"code": "3"}]))

    assert (Sms("1", ""), Sms("", "two")) == seen.earlier_sms
    assert Sms("3", "") == seen.sms


def test_an_sms_without_a_code() -> None:
    """A text in which the provider saw no code is a message."""
    seen = answers.read_activation(data_of(invented("activation_text_only.json")))

    assert Sms("", "<#> Your code: 123_456 *") == seen.sms


def test_halves_of_characters_in_an_sms() -> None:
    """Halves of surrogate pairs become replacement characters, whole pairs stay."""
    seen = answers.read_activation(data_of(invented("activation_lone_surrogate.json")))

    assert Sms("12\ufffd34", "😀 \ufffd end") == seen.sms


@settings(deadline=None)
@given(st.text(st.characters(), max_size=50), st.text(st.characters(), max_size=50))
def test_every_sms_can_be_stored(code: str, text: str) -> None:
    """Whatever characters an SMS holds, it can be written as UTF-8, and good ones stay."""
    seen = answers.read_activation(status(sms={"code": code, "full_text": text}))
    sms = seen.sms or Sms("", "")

    assert bool(code.strip() or text.strip()) is (seen.sms is not None)
    assert sms == Sms(sms.code.encode().decode(), sms.full_text.encode().decode())


def test_webhook() -> None:
    """The webhook of the API text is read."""
    assert SmsReceived(
        "123456789", Sms("852508", "Your WhatsApp code: 852508"), "wa"
    ) == answers.read_webhook(sample("webhook.json"))


@pytest.mark.parametrize("service", ["null", "7.5", '""', '{"code": "wa"}', '"%s"' % ("x" * 201)])
def test_webhook_without_a_readable_service(service: str) -> None:
    """The service is of use only sometimes: without it the hint is read all the same."""
    data = f'{{"activation_id": 7, "service": {service}}}'
    body = f'{{"event": "sms.received", "data": {data}}}'.encode()

    assert SmsReceived("7", None, "") == answers.read_webhook(body)


def test_another_event() -> None:
    """An event that nobody documented is none of ours."""
    assert answers.read_webhook(invented("webhook_other_event.json")) is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"nonsense",
        b'{"event": "sms.received"}',
        b'{"event": "sms.received", "data": {"sms": {"code": "1"}}}',
    ],
)
def test_a_webhook_that_cannot_be_read(body: bytes) -> None:
    """A forged or broken body raises Unreadable."""
    with pytest.raises(Unreadable):
        answers.read_webhook(body)


@pytest.mark.parametrize("read", READERS)
@settings(deadline=None)
@given(data=ANYTHING)
def test_any_shape_is_a_model_or_unreadable(read: Callable[[Json], object], data: Json) -> None:
    """No shape of data raises anything but Unreadable, which tells little of it."""
    assert len(told(read, data)) <= 120


@settings(deadline=None)
@given(ANYTHING)
def test_any_webhook_is_a_hint_or_unreadable(data: Json) -> None:
    """No webhook body raises anything but Unreadable."""
    body = json.dumps({"event": "sms.received", "data": data}, default=str).encode()

    assert len(told(answers.read_webhook, body)) <= 120


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (None, Changed()),
        ([], Changed()),
        ("cancelled", Changed()),
        ({}, Changed()),
        ({"activation_id": 38496653}, Changed("38496653")),
        ({"activation_id": " 7 ", "phone_number": "+1 900 123 4567"}, Changed("7", "+19001234567")),
        ({"activation_id": True, "phone_number": "+1900***4567"}, Changed()),
        ({"activation_id": "", "phone_number": None}, Changed()),
    ],
    ids=str,
)
def test_what_a_change_names(data: Json, expected: Changed) -> None:
    """The answer to a change is documented nowhere: what it names is read, and nothing raises."""
    assert expected == answers.read_change(data)


@pytest.mark.parametrize(
    ("asked", "named", "is_there"),
    [
        ("187", {"country": "187"}, True),
        ("187", {"country": 187}, True),
        ("187", {"country_id": " 0187 "}, True),
        ("187", {}, True),
        ("187", {"country": None}, True),
        ("187", {"country": "United States"}, True),
        ("any", {"country": "0"}, True),
        ("187", {"country": "any"}, True),
        ("US", {"country": "us"}, True),
        ("187", {"country": "0"}, False),
        ("187", {"country": None, "country_id": "0"}, False),
        ("187", {"country": 12}, False),
        ("187", {"country_id": "36"}, False),
        ("us", {"country": "RU"}, False),
    ],
    ids=str,
)
def test_services_of_another_country(asked: str, named: dict[str, Json], *, is_there: bool) -> None:
    """A row that names another country than asked is left out, as one that cannot be read."""
    row = {"code": "wa", "name": "WhatsApp", "price": "0.55", "stock": 980}
    rows = [row | named, row | {"code": "tg"}]

    found = answers.read_services({"services": rows}, asked)
    assert is_there is ("wa" in [service.code for service in found])


@pytest.mark.parametrize("data", [[{"activation_id": "7"}], {"0": {"activation_id": "7"}}])
def test_a_change_answered_by_a_list_of_one(data: Json) -> None:
    """What it names is read in every form that other answers are read in."""
    assert "7" == answers.read_change(data).activation_id
