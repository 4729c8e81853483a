"""Amounts: read in every form that is certain, exact, and never dollars that are none."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bloomsms.amounts import read_balance_amount, read_price
from bloomsms.errors import OtherCurrency, Unreadable
from bloomsms.wire import Json

HUNDREDTHS = st.integers(0, 10**8).map(lambda cents: Decimal(cents) / 100)


@pytest.mark.parametrize(
    ("written", "price"),
    [
        ("0.55", "0.55"),
        (Decimal("0.55"), "0.55"),
        (1, "1"),
        ("$0.55", "0.55"),
        ("$ 0.55", "0.55"),
        ("0.55$", "0.55"),
        ("0.55 USD", "0.55"),
        ("USD 0.55", "0.55"),
        ("usd0.55", "0.55"),
        ("US$0.55", "0.55"),
        ("US dollars 0.55", "0.55"),
        ("0,45", "0.45"),
        ("0,4", "0.4"),
        ("0,4500", "0.45"),
        ("1e-3", "0.001"),
        ("5E-1", "0.5"),
        (" 0.55 ", "0.55"),
        ("\u00a00.55\u2009", "0.55"),
        ("０．５５", "0.55"),  # noqa: RUF001 - full width
        ("1,234.50", "1234.5"),
        ("$1,234.50", "1234.5"),
        ("1 234.50", "1234.5"),
        ("1'234.50", "1234.5"),
        ("1.234,50", "1234.5"),
        ("12,345.", "12345"),
        (".5", "0.5"),
        ("5.", "5"),
        ("+0.55", "0.55"),
        ("-0", "0"),
    ],
    ids=str,
)
def test_forms(written: Json, price: str) -> None:
    """An amount is read with its sign of the dollar, its groups and its decimal comma."""
    assert Decimal(price) == read_price(written)


@pytest.mark.parametrize(
    "written",
    [
        "1,234", "0,455", "1234,567", "1,2,3", "1,23.4", "1,234,567", "12.345,678", "1. 5", "1 2",
        "0.55 each", "0.55/SMS", "a 5 b", "0x10", "1_000", "NaN", "Infinity", "$", "", " ", "--1",
        "0.55 0.60", "$0.55 EUR", "1e", "1e99999", "1e9", "-0.01", "9" * 300, None, True, [], {},
        Decimal("NaN"), Decimal("1e400"),
    ],
    ids=lambda written: str(written)[:12],
)  # fmt: skip
def test_what_is_no_price(written: Json) -> None:
    """What could be two amounts, or none, is none."""
    with pytest.raises(Unreadable):
        read_price(written)


@pytest.mark.parametrize(
    ("written", "price"),
    [
        ("0.5499999999999999", "0.55"),
        ("0.55000000000000004", "0.55"),
        (Decimal("0.30000000000000004"), "0.3"),
        ("0.1234561", "0.123457"),
        ("0.123456001", "0.123457"),
        ("0.1234560004", "0.123456"),
        ("0.0000000005", "0"),
        ("0.0000000015", "0.000001"),
        ("1000000", "1000000"),
    ],
    ids=str,
)
def test_rounding_of_prices(written: Json, price: str) -> None:
    """First half-even to nine decimals, then up: no more is shown than is paid, no less taken."""
    assert Decimal(price) == read_price(written)


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("124.94999999999999", "124.95"),
        ("-3.20", "-3.2"),
        ("-$3.20", "-3.2"),
        ("$-3.20", "-3.2"),
        ("\N{MINUS SIGN}3.20", "-3.2"),
        ("0.0000005", "0"),
        ("0.0000015", "0.000002"),
        ("-1e-17", "0"),
    ],
    ids=str,
)
def test_rounding_of_balances(written: Json, amount: str) -> None:
    """A balance is rounded to the nearest micro-dollar, and may be below zero."""
    assert (Decimal(amount), "USD") == read_balance_amount(written)


@pytest.mark.parametrize(
    ("written", "beside", "currency"),
    [
        ("€0.55", None, "EUR"),
        ("0,55 €", None, "EUR"),
        ("0.55 eur", "USD", "EUR"),
        ("RUB 55", None, "RUB"),
        ("55 руб.", None, "РУБ"),  # noqa: RUF001 - Cyrillic
        ("R$ 5", None, "R$"),
        ("16,250,000.00", "IDR", "IDR"),
        ("CA$5", None, "CA$"),
        ("₿0.1", None, "₿"),
        ("0.55", "EUR", "EUR"),
        ("0.55", " eur ", "EUR"),
        ("0.55", "€", "EUR"),
        ("0.55", "Credits", "CREDITS"),
        ("$0.55", "EUR", "EUR"),
        ("0.55", "x" * 99, "X" * 12),
    ],
)
def test_another_currency(written: Json, beside: Json, currency: str) -> None:
    """Another currency, in the amount or beside it, is told and is no price in dollars."""
    with pytest.raises(OtherCurrency) as caught:
        read_price(written, beside)

    assert currency == caught.value.currency
    assert currency == read_balance_amount(written, beside)[1]


@pytest.mark.parametrize("beside", [None, "", " ", "USD", "usd", "$", "US$", "US Dollar", 5, {}])
def test_dollars(beside: Json) -> None:
    """Dollars are dollars by every name, and where no currency is named."""
    assert Decimal("0.55") == read_price("0.55", beside)


@settings(deadline=None)
@given(st.text(max_size=30) | st.decimals() | st.integers() | st.floats().map(str))
def test_any_amount_is_plausible_or_unreadable(written: Json) -> None:
    """Nothing but Unreadable is raised, and what is read is whole micro-dollars."""
    try:
        price = read_price(written)
    except Unreadable:
        return

    assert 0 <= price <= 1_000_000
    assert price == round(price, 6)


@settings(deadline=None)
@given(HUNDREDTHS, st.sampled_from(["{}", "${}", "{} USD", "USD {}", " {} ", "{}0"]))
def test_every_way_to_write_an_amount_is_that_amount(amount: Decimal, form: str) -> None:
    """With two decimals, with or without commas between the thousands, it stays what it is."""
    wanted = min(amount, Decimal(1_000_000))

    assert wanted == read_price(form.format(f"{wanted:.2f}"))
    assert wanted == read_price(form.format(f"{wanted:,.2f}"))


@settings(deadline=None)
@given(HUNDREDTHS, HUNDREDTHS)
def test_remainders_of_floats_go(one: Decimal, other: Decimal) -> None:
    """What a server has added up as floats comes back as the sum."""
    total = min(one, Decimal(1000)) + min(other, Decimal(1000))
    drifted = float(min(one, Decimal(1000))) + float(min(other, Decimal(1000)))

    assert total == read_price(repr(drifted))
