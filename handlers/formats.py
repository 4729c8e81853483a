"""How values look to people: money, flags, the time left. Pure."""

import math
from datetime import datetime, timedelta
from decimal import Decimal
from html import escape as escape_html

from babel.numbers import format_currency

from handlers import country_names

ANYWHERE_FLAG = "🌐"
BAR_CELLS = 10
STEP_S = 15


def escape(outside: str) -> str:
    """An outside string as Telegram's HTML shows it to the letter."""
    visible = "".join(c for c in outside if c in "\n\t" or ord(c) >= 32)  # noqa: PLR2004 - ASCII controls
    return escape_html(visible, quote=False)


def name(*parts: object) -> str:
    """A person's name, of the parts that Telegram gave; empty where it has none."""
    words = " ".join(part for part in parts if isinstance(part, str)).strip()
    # A half surrogate pair can be neither stored nor sent.
    return words.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def money(dollars: Decimal) -> str:
    """US dollars with two decimals, or as many as there are, up to six."""
    return format_currency(
        dollars, "USD", format="¤#,##0.00####", locale="en_US", currency_digits=False
    )


def flag(country_name: str) -> str:
    """The flag of a country by its English name; empty when the name is nobody's."""
    code = country_names.code_of(country_name)
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
