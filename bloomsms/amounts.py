"""Amounts of money as the provider writes them, pure: US dollars, or said to be something else.

An amount is first rounded half-even to nine decimals, which takes away the remainders of floats.
"""

import re
import unicodedata
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal

from bloomsms.currencies import currency_of, currency_word
from bloomsms.errors import OtherCurrency, Unreadable
from bloomsms.models import DOLLARS
from bloomsms.wire import Json, excerpt

HIGHEST = Decimal(1_000_000)
HIGHEST_IN_OTHERS = Decimal(10**12)  # some count in thousands what is a dollar
LONGEST = 200
NINE_DECIMALS = Decimal("1e-9")
MICRO = Decimal("1e-6")

# Where the figures of an amount begin and end; what stands around them is its currency.
FIGURES = re.compile(r"[+-]?[\d.,'][\d.,' ]*(?:e[+-]?\d{1,4}\b)?", re.IGNORECASE | re.ASCII)
PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,4})?", re.IGNORECASE | re.ASCII)
# `0,45`; not `1,234`, which may be a thousand or one and a bit.
DECIMAL_COMMA = re.compile(r"[+-]?\d+,(?!\d{3}$)\d+", re.ASCII)
COMMA_GROUPS = re.compile(r"[+-]?[1-9]\d{0,2}([,' ])\d{3}(\1\d{3})*\.\d*", re.ASCII)
POINT_GROUPS = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+,(?!\d{3}$)\d+", re.ASCII)


def read_price(value: Json, currency: Json = None) -> Decimal:
    """What something costs, rounded up to whole micro-dollars.

    Errors: OtherCurrency when the amount or `currency` beside it says so; Unreadable.
    """
    amount, word = read_amount(value, currency)
    if word != DOLLARS:
        raise OtherCurrency(word)
    if amount < 0:
        raise Unreadable("an amount is not plausible", excerpt(str(value)))
    return _rounded(abs(amount), MICRO, ROUND_CEILING)


def read_balance_amount(value: Json, currency: Json = None) -> tuple[Decimal, str]:
    """What an account holds, to whole micro-units, and of which currency.

    Errors: Unreadable.
    """
    amount, word = read_amount(value, currency)
    return _rounded(amount, MICRO, ROUND_HALF_EVEN), word


def read_amount(value: Json, currency: Json = None) -> tuple[Decimal, str]:
    """An amount with nine decimals, and its currency; that is US dollars where none is named."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise Unreadable("an amount is missing")
    written = str(value)
    if len(written) > LONGEST:
        raise Unreadable("an amount is not plausible", excerpt(written))
    figures, word = _parts(written)
    word = currency_of(currency) if word == DOLLARS else word
    amount, highest = _number(figures), HIGHEST if word == DOLLARS else HIGHEST_IN_OTHERS
    if amount is None or abs(amount) > highest:
        raise Unreadable("an amount is not plausible", excerpt(written))
    return _rounded(amount, NINE_DECIMALS, ROUND_HALF_EVEN), word


def _rounded(amount: Decimal, unit: Decimal, rounding: str) -> Decimal:
    """To the unit; as it was written where that changes nothing."""
    rounded = amount.quantize(unit, rounding)
    return amount if rounded == amount else rounded


def _parts(written: str) -> tuple[str, str]:
    """The figures, and the currency that is written before or behind them."""
    text = " ".join(unicodedata.normalize("NFKC", written).replace("\N{MINUS SIGN}", "-").split())
    found = FIGURES.search(text)
    if found is None:
        raise Unreadable("an amount is not plausible", excerpt(written))
    before, behind = text[: found.start()].strip(), text[found.end() :].strip()
    sign = "-" if before.startswith("-") else ""
    named = [part for part in (before.removeprefix("-").strip(), behind) if part]
    word = DOLLARS if not named else currency_word(named[0]) if len(named) == 1 else None
    if word is None:
        raise Unreadable("an amount is not plausible", excerpt(written))
    return sign + found[0].strip(), word


def _number(figures: str) -> Decimal | None:
    if PLAIN.fullmatch(figures):
        return Decimal(figures)
    if DECIMAL_COMMA.fullmatch(figures):
        return Decimal(figures.replace(",", "."))
    if COMMA_GROUPS.fullmatch(figures):
        return Decimal(re.sub(r"[,' ]", "", figures))
    if POINT_GROUPS.fullmatch(figures):
        return Decimal(figures.replace(".", "").replace(",", "."))
    return None
