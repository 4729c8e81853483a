"""How values look to people: money, phone numbers, flags, the time left. Pure."""

import math
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from html import escape as escape_html

import phonenumbers
from babel import Locale
from babel.numbers import format_currency

ANYWHERE_FLAG = "🌐"
BAR_CELLS = 10
STEP_S = 15

# What the provider calls a country, where the CLDR has another English name.
OTHER_NAMES = {
    "usa": "US", "united states of america": "US", "uk": "GB", "england": "GB",
    "great britain": "GB", "scotland": "GB", "russian federation": "RU", "czech republic": "CZ",
    "ivory coast": "CI", "cote d'ivoire": "CI", "cote d ivoire": "CI", "dr congo": "CD",
    "democratic republic of the congo": "CD", "congo": "CG", "republic of the congo": "CG",
    "congo (dem. republic)": "CD", "dcongo": "CD", "burma": "MM", "myanmar": "MM",
    "hong kong": "HK", "macau": "MO", "macao": "MO", "turkey": "TR", "korea": "KR",
    "north macedonia": "MK", "macedonia": "MK", "bosnia": "BA", "bosnia and herzegovina": "BA",
    "viet nam": "VN", "swaziland": "SZ", "east timor": "TL", "cabo verde": "CV",
    "palestine": "PS", "uae": "AE", "salvador": "SV", "papua new guinea": "PG",
    "saint lucia": "LC", "saint kitts and nevis": "KN", "saint vincent": "VC",
    "saint vincent and the grenadines": "VC", "antigua and barbuda": "AG",
    "trinidad and tobago": "TT", "sao tome and principe": "ST", "reunion": "RE",
    "guinea bissau": "GW", "lao people's": "LA", "papua": "PG", "central african": "CF",
    "dominican": "DO", "argentinas": "AR", "virgin islands": "VI", "vatican": "VA",
    "syrian arab republic": "SY", "tanzania, united republic of": "TZ",
    "moldova, republic of": "MD",
    "netherland": "NL", "the netherlands": "NL", "holland": "NL", "bahamas, the": "BS",
    "gambia, the": "GM", "brunei darussalam": "BN", "curacao": "CW", "timor leste": "TL",
}  # fmt: skip


def escape(outside: str) -> str:
    """An outside string as Telegram's HTML shows it to the letter."""
    visible = "".join(c for c in outside if c in "\n\t" or ord(c) >= 32)  # noqa: PLR2004 - ASCII controls
    return escape_html(visible, quote=False)


def money(dollars: Decimal) -> str:
    """US dollars with two decimals, or as many as there are, up to six."""
    return format_currency(
        dollars, "USD", format="¤#,##0.00####", locale="en_US", currency_digits=False
    )


def phone(number: str) -> str:
    """A number as people read it: `+19001234567` becomes `+1 900 123 4567`."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    shown = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return shown.replace("-", " ")


def flag(country_name: str) -> str:
    """The flag of a country by its English name; empty when the name is nobody's."""
    code = _codes().get(_plain(country_name), "")
    return "".join(chr(0x1F1E6 + ord(letter) - ord("A")) for letter in code)


def country(country_id: str, name: str) -> str:
    """A country with its flag; not escaped."""
    shown = ANYWHERE_FLAG if country_id == "any" else flag(name)
    return f"{shown} {name}".strip()


def time_left(now: datetime, end: datetime) -> str:
    """Rounded up to a quarter of a minute, as `14 min 15 s`; to a minute or an hour, if longer."""
    if end - now > timedelta(hours=1):
        return _long_time(end - now)
    seconds = STEP_S * math.ceil(max(0.0, (end - now).total_seconds()) / STEP_S)
    minutes, seconds = divmod(seconds, 60)
    if not minutes:
        return f"{seconds} s"
    return f"{minutes} min {seconds:02} s" if seconds else f"{minutes} min"


def _long_time(left: timedelta) -> str:
    """More than an hour, as `1 h 30 min`, `2 days 5 h` or `3652 days`."""
    hours, minutes = divmod(math.ceil(left.total_seconds() / 60), 60)
    if hours < 24:  # noqa: PLR2004 - hours of a day
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(math.ceil(left.total_seconds() / 3600), 24)
    shown = "1 day" if days == 1 else f"{days} days"
    return f"{shown} {hours} h" if hours and days < 10 else shown  # noqa: PLR2004 - hours say little


def bar(now: datetime, start: datetime, end: datetime) -> str:
    """What is left of the time, as ten cells; the last one stays until the very end."""
    whole = max(end - start, timedelta(seconds=1))
    left = min(max((end - now) / whole, 0.0), 1.0)
    full = math.ceil(left * BAR_CELLS)
    return "▰" * full + "▱" * (BAR_CELLS - full)


def clip(text: str, limit: int) -> str:
    """At most `limit` UTF-16 units, which is how Telegram counts, with … where it was cut."""
    if utf16_length(text) <= limit:
        return text
    kept = text.encode("utf-16-le")[: 2 * (limit - 1)].decode("utf-16-le", "ignore")
    return kept + "…"


def pieces(text: str, limit: int) -> list[str]:
    """The whole text in pieces of at most `limit` UTF-16 units; at least one, maybe empty."""
    found = []
    while utf16_length(text) > limit:
        head = text.encode("utf-16-le")[: 2 * limit].decode("utf-16-le", "ignore")
        found.append(head)
        text = text[len(head) :]
    return [*found, text]


def utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@cache
def _codes() -> dict[str, str]:
    """Plain English country names to their two-letter codes."""
    territories = Locale("en").territories
    codes = {_plain(name): code for code, name in territories.items() if _is_country(code)}
    return {**codes, **{_plain(name): code for name, code in OTHER_NAMES.items()}}


def _is_country(code: str) -> bool:
    return len(code) == 2 and code.isalpha() and code not in {"ZZ", "XA", "XB", "EU", "EZ", "UN"}  # noqa: PLR2004 - ISO 3166 alpha-2


def _plain(name: str) -> str:
    """For comparing only: lower case, one spelling of "and", apostrophes and saints."""
    plain = (
        name.casefold()
        .replace("&", "and")
        .replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
        .replace("st. ", "saint ")
    )
    return " ".join(plain.split())
