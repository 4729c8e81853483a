"""How values look to people: money, phone numbers, flags, the time left, cut texts."""

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers import formats
from sandbox.telegram_markup import parse_html
from tests.made_up import NASTY
from tests.moved_clock import START

CATALOG = Path(__file__).parent.parent.parent / "sandbox" / "catalog.json"
TABLE = json.loads(CATALOG.read_text(encoding="utf-8"))
COUNTRIES: list[tuple[str, str]] = [(id_, name) for id_, name, _ in TABLE["countries"]]
# Not a country of its own: it may go without a flag, or under that of its country.
NO_COUNTRY = {"United States (virtual)"}

# Whole characters only: halves of surrogate pairs never come this far.
TEXTS = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("😀👍🏽🇺🇸é\u200d"), max_size=80
)


@pytest.mark.parametrize(
    ("dollars", "shown"),
    [
        ("0.55", "$0.55"),
        ("0.5", "$0.50"),
        ("1", "$1.00"),
        ("0", "$0.00"),
        ("0.00", "$0.00"),
        ("125.50", "$125.50"),
        ("1E+2", "$100.00"),
        ("0.555", "$0.555"),
        ("0.123456", "$0.123456"),
        ("0.000001", "$0.000001"),
        ("0.1000", "$0.10"),
        ("1234567.8", "$1,234,567.80"),
        ("-3.20", "-$3.20"),
    ],
)
def test_money(dollars: str, shown: str) -> None:
    """At least two decimals, as many as there are up to six, never rounded away."""
    assert shown == formats.money(Decimal(dollars))


@settings(deadline=None)
@given(st.decimals(min_value=-1_000_000, max_value=1_000_000, places=6))
def test_money_is_exact(dollars: Decimal) -> None:
    """What is shown is what it is."""
    shown = formats.money(dollars).replace("$", "").replace(",", "")

    assert dollars == Decimal(shown)


def code_of(flag: str) -> str:
    """The two letters that a flag stands for."""
    return "".join(chr(ord(c) - 0x1F1E6 + ord("A")) for c in flag)


@pytest.mark.parametrize(("country_id", "name"), COUNTRIES, ids=lambda value: value)
def test_every_country_has_a_flag(country_id: str, name: str) -> None:
    """Each country of the provider's list is shown with the flag of some country."""
    code = code_of(formats.flag(name))

    assert name in NO_COUNTRY or (len(code) == 2 and code.isascii() and code.isupper())
    assert formats.country(country_id, name).endswith(name)


def test_no_two_countries_share_a_flag() -> None:
    """All names of the list are of different countries."""
    flags = [formats.flag(name) for _, name in COUNTRIES if name not in NO_COUNTRY]

    assert len(flags) == len(set(flags))


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("United States", "US"),
        ("USA", "US"),
        ("usa", "US"),
        ("  United   States ", "US"),
        ("England", "GB"),
        ("United Kingdom", "GB"),
        ("Russian Federation", "RU"),
        ("Côte d'Ivoire", "CI"),
        ("Côte d’Ivoire", "CI"),
        ("Ivory Coast", "CI"),
        ("DR Congo", "CD"),
        ("Congo", "CG"),
        ("Bosnia & Herzegovina", "BA"),
        ("Bosnia and Herzegovina", "BA"),
        ("St. Lucia", "LC"),
        ("Saint Lucia", "LC"),
        ("Hong Kong", "HK"),
        ("Turkey", "TR"),
        ("Türkiye", "TR"),
        ("Czech Republic", "CZ"),
        ("Swaziland", "SZ"),
        ("Guinea", "GN"),
        ("Guinea-Bissau", "GW"),
        ("Papua New Guinea", "PG"),
        ("Equatorial Guinea", "GQ"),
        ("Niger", "NE"),
        ("Nigeria", "NG"),
        ("Dominica", "DM"),
        ("Dominican Republic", "DO"),
        ("Georgia", "GE"),
        ("North Macedonia", "MK"),
    ],
)
def test_flags_of_odd_names(name: str, code: str) -> None:
    """A country is known under its usual names, and not taken for its neighbour."""
    assert code == code_of(formats.flag(name))


@pytest.mark.parametrize("name", ["", "Atlantis", "world", "European Union", "x" * 1000, NASTY])
def test_no_flag(name: str) -> None:
    """A name that is no country's has no flag."""
    assert "" == formats.flag(name)


@pytest.mark.parametrize(
    ("country_id", "name", "shown"),
    [
        ("187", "United States", "🇺🇸 United States"),
        ("any", "Any country", "🌐 Any country"),
        ("99", "Atlantis", "Atlantis"),
    ],
)
def test_country(country_id: str, name: str, shown: str) -> None:
    """Flag and name; any country has a globe."""
    assert shown == formats.country(country_id, name)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (1200, "20 min"),
        (1199, "20 min"),
        (1185, "19 min 45 s"),
        (855, "14 min 15 s"),
        (840.1, "14 min 15 s"),
        (61, "1 min 15 s"),
        (60, "1 min"),
        (59, "1 min"),
        (45, "45 s"),
        (1, "15 s"),
        (0, "0 s"),
        (-100, "0 s"),
        (3600, "60 min"),
        (3601, "1 h 1 min"),
        (7200, "2 h"),
        (5399, "1 h 30 min"),
        (86399, "1 day"),
        (86400, "1 day"),
        (90000, "1 day 1 h"),
        (2 * 86400 + 5, "2 days 1 h"),
        (10 * 86400 - 1, "10 days"),
        (20 * 86400 + 7200, "20 days"),
        (5259452 * 60, "3652 days"),
    ],
)
def test_time_left(seconds: float, shown: str) -> None:
    """Rounded up to a quarter of a minute, so that a card need not change more often."""
    assert shown == formats.time_left(START, START + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("minutes", "full"),
    [(0, 10), (0.1, 10), (2, 9), (10, 5), (19.9, 1), (20, 0), (30, 0), (-5, 10)],
)
def test_bar(minutes: float, full: int) -> None:
    """Ten cells in all, of which as many are full as time is left."""
    end = START + timedelta(minutes=20)

    assert "▰" * full + "▱" * (10 - full) == formats.bar(
        START + timedelta(minutes=minutes), START, end
    )


def test_a_bar_of_no_time() -> None:
    """An end before the beginning is an empty bar, not an error."""
    assert "▱" * 10 == formats.bar(START, START, START - timedelta(minutes=5))


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        ("WhatsApp", 8, "WhatsApp"),
        ("WhatsApp", 7, "WhatsA…"),
        ("😀😀😀", 6, "😀😀😀"),
        ("😀😀😀", 5, "😀😀…"),
        ("😀😀😀", 4, "😀…"),
        ("", 5, ""),
    ],
)
def test_clip(text: str, limit: int, shown: str) -> None:
    """A text is cut with … and never in the middle of a character."""
    assert shown == formats.clip(text, limit)


@settings(deadline=None)
@given(TEXTS, st.integers(2, 50))
def test_clipped_texts_fit(text: str, limit: int) -> None:
    """As Telegram counts, in UTF-16 units, a clipped text fits; one that fits is not touched."""
    shown = formats.clip(text, limit)

    assert len(shown.encode("utf-16-le")) // 2 <= limit
    assert text == shown or text.startswith(shown.removesuffix("…"))
    assert (text == shown) is (len(text.encode("utf-16-le")) // 2 <= limit)


@settings(deadline=None)
@given(TEXTS, st.integers(2, 50))
def test_pieces(text: str, limit: int) -> None:
    """Pieces together are the text, each fits, and there is at least one."""
    found = formats.pieces(text, limit)

    assert text == "".join(found)
    assert all(len(piece.encode("utf-16-le")) // 2 <= limit for piece in found)
    assert 1 <= len(found) <= 1 + len(text)


@settings(deadline=None)
@given(TEXTS)
def test_lengths(text: str) -> None:
    """Lengths are counted in UTF-16 units."""
    assert len(text.encode("utf-16-le")) == 2 * formats.utf16_length(text)


@pytest.mark.parametrize(
    "outside",
    [
        NASTY,
        "<#> Your code: 123_456 *",
        "a < b & c > d",
        "&lt;b&gt; &amp; &#60;",
        "</code></b>",
        '<a href="tg://user?id=1">you</a>',
        'O\'Brien "quoted"',
        "日本語 Ελλάδα \u202eright to left",
        "line\nline\ttab",
    ],
)
def test_escaped_text_is_shown_to_the_letter(outside: str) -> None:
    """What people see is what came, and nothing of it is markup."""
    marked = parse_html(formats.escape(outside))

    assert (outside, []) == (marked.text, marked.entities)


@settings(deadline=None)
@given(TEXTS)
def test_any_text_can_be_shown(text: str) -> None:
    """Whatever comes is valid markup that shows it, but for what no screen can show."""
    visible = "".join(c for c in text if c in "\n\t" or ord(c) >= 32)

    assert visible == parse_html(formats.escape(text)).text


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("Ann", "Smith"), "Ann Smith"),
        (("Ann", None), "Ann"),
        ((None, "Smith"), "Smith"),
        ((None, None), ""),
        (("", ""), ""),
        (("  ", None), ""),
        ((5, ["x"]), ""),
        ((NASTY, None), NASTY),
        (("A\ud83d", None), "A\ufffd"),
        (("\ud83d\ude00", None), "😀"),
        (("x" * 300, None), "x" * 300),
    ],
    ids=lambda value: ascii(value)[:20],
)
def test_names(parts: tuple[object, ...], expected: str) -> None:
    """A name is what there is of it, and can be stored and sent."""
    assert expected == formats.name(*parts)
