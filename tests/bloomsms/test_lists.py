"""Lists: their rows are taken in every form, stock is not made up, and what is lost is told."""

import logging
from collections.abc import Callable
from decimal import Decimal

import pytest

from bloomsms import answers
from bloomsms.errors import OtherCurrency, Unreadable
from bloomsms.lists import read_count
from bloomsms.models import Country, Service
from bloomsms.wire import Json

RUSSIA, USA = {"id": "0", "name": "Russia"}, {"id": "187", "name": "United States"}
WA = {"code": "wa", "name": "WhatsApp", "price": "0.55", "stock": 980}
TG = {"code": "tg", "name": "Telegram", "price": "0.45", "stock": 1200}

FORMS: dict[str, Callable[[Json, Json], Json]] = {
    "list": lambda one, other: [one, other],
    "numeric keys": lambda one, other: {"0": one, "2": other},
    "list in a list": lambda one, other: [[one, other]],
    "lists in a list": lambda one, other: [[one], [other]],
    "numeric keys in a list": lambda one, other: [{"0": one}, {"7": other}],
    "lists under numeric keys": lambda one, other: {"0": [one], "1": [other]},
}


@pytest.mark.parametrize("is_bare", [False, True], ids=["named", "bare"])
@pytest.mark.parametrize("form", FORMS)
def test_forms(form: str, *, is_bare: bool) -> None:
    """The rows of a list are taken however the list is made, in its order."""
    countries, services = FORMS[form](RUSSIA, USA), FORMS[form](WA, TG)

    assert [Country("0", "Russia"), Country("187", "United States")] == answers.read_countries(
        countries if is_bare else {"countries": countries}
    )
    assert ["wa", "tg"] == [
        service.code
        for service in answers.read_services(services if is_bare else {"services": services})
    ]


@pytest.mark.parametrize("is_bare", [False, True], ids=["named", "bare"])
def test_one_row_instead_of_a_list(*, is_bare: bool) -> None:
    """One row alone is a list of one."""
    assert [Country("187", "United States")] == answers.read_countries(
        USA if is_bare else {"countries": USA}
    )
    assert [Service("wa", "WhatsApp", Decimal("0.55"), 980)] == answers.read_services(
        WA if is_bare else {"services": WA}
    )


@pytest.mark.parametrize("rows", [[], [[]], {"0": []}], ids=str)
def test_an_empty_list(rows: Json) -> None:
    """Nothing on offer is an answer."""
    assert [] == answers.read_services({"services": rows})


def deep(row: Json, levels: int) -> Json:
    return deep([row], levels - 1) if levels else row


def test_a_list_too_deep() -> None:
    """Lists in lists in lists have an end."""
    assert ["wa"] == [service.code for service in answers.read_services(deep(WA, 5))]
    with pytest.raises(Unreadable):
        answers.read_services(deep(WA, 500))


@pytest.mark.parametrize(
    ("written", "stock"),
    [
        (980, 980), ("12", 12), (" 12 ", 12), ("1000+", 1000), ("9,800", 9800), ("9,800+", 9800),
        (Decimal("980.0"), 980), (Decimal("9.8E+2"), 980), ("980.0", 980), (0, 0), ("0", 0),
        (Decimal("0.0"), 0), (None, None), ("0+", None), ("", None), ("many", None), (-1, None),
        (True, None), (0.5, None), (Decimal("0.5"), None), ("1,23", None), ("9.800", None),
        (10**13, None), (Decimal("1e9999"), None), (Decimal("NaN"), None), ([], None), ({}, None),
    ],
    ids=str,
)  # fmt: skip
def test_counts(written: Json, stock: int | None) -> None:
    """A stock is read where it is certain; where it is not, it is unknown, which is not none."""
    assert stock == read_count(written)


@pytest.mark.parametrize(
    ("members", "may_be_had"),
    [({"stock": None}, True), ({}, True), ({"stock": "0"}, False), ({"stock": "1000+"}, True)],
    ids=str,
)
def test_what_may_be_had(members: dict[str, Json], *, may_be_had: bool) -> None:
    """Only a stock of none is sold out."""
    row = {"code": "wa", "name": "WhatsApp", "price": "0.55"} | members
    (service,) = answers.read_services([row])

    assert may_be_had is service.may_be_had


def test_rows_that_are_lost_are_told(caplog: pytest.LogCaptureFixture) -> None:
    """The log says how many rows cannot be read, and why, in one line."""
    rows = [WA, {"code": "a"}, {"code": "b"}, {"code": "c", "price": "+1900 5550123"}, {}, None]
    with caplog.at_level(logging.WARNING):
        found = answers.read_services({"services": rows})

    assert ["wa"] == [service.code for service in found]
    (line,) = caplog.messages
    assert line.startswith("services: 5 of 6 rows cannot be read: an amount is missing (2), ")
    assert "code is missing (1)" in line
    assert "no object (1)" in line
    assert "5550123" not in line


def test_nothing_is_told_where_nothing_is_lost(caplog: pytest.LogCaptureFixture) -> None:
    """A list that is whole needs no line in the log."""
    answers.read_services([WA, TG])

    assert [] == caplog.messages


@pytest.mark.parametrize("rows", [[{"code": "a"}], ["wa"], [None], [{}, {"price": "1"}]], ids=str)
def test_a_list_without_one_readable_row(rows: Json) -> None:
    """Where nothing can be read nothing is sold out: the answer is unreadable."""
    with pytest.raises(Unreadable, match="not one of the services can be read"):
        answers.read_services({"services": rows})


@pytest.mark.parametrize(
    "data",
    [
        {"services": [WA, TG | {"price": "€0.45"}]},
        {"services": [TG | {"currency": "EUR"}]},
        {"services": [WA, TG], "currency": "EUR"},
        {"services": [WA | {"currency": None}], "currency": "EUR"},
        [WA | {"currency": "EUR"}],
    ],
    ids=range(5),
)
def test_prices_in_another_currency(data: Json) -> None:
    """Where one price is in another currency, none is believed to be in dollars."""
    with pytest.raises(OtherCurrency) as caught:
        answers.read_services(data)

    assert "EUR" == caught.value.currency
