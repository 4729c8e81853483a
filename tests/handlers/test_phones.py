"""Phone numbers as people see them: international where that is certain, else to the letter."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from activations.model import State
from handlers import card_texts, keyboards, pages
from handlers.phones import Phone, phone, phone_of
from tests.made_up import NUMBER, OFFER, WAITING, in_state
from tests.moved_clock import START

CATALOG = Path(__file__).parent.parent.parent / "sandbox" / "catalog.json"
COUNTRIES = json.loads(CATALOG.read_text())["countries"]
US, UK = "United States", "United Kingdom"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("+19001234567", "+1 900 123 4567"),
        ("+447700123456", "+44 7700 123456"),
        ("+79001234567", "+7 900 123 45 67"),
        ("+5511912345678", "+55 11 91234 5678"),
        ("+4915112345678", "+49 1511 2345678"),
        ("+0000", "+0000"),
        ("+999123456789", "+999123456789"),
    ],
)
def test_international(written: str, shown: str) -> None:
    """A number as its country writes it; one of no country stays as it is."""
    assert shown == phone(written, "Any country").shown


@pytest.mark.parametrize(
    ("written", "asked", "shown", "copied"),
    [
        ("19001234567", US, "+1 900 123 4567", "+19001234567"),
        ("0019001234567", US, "+1 900 123 4567", "+19001234567"),
        ("2025550123", US, "+1 202 555 0123", "+12025550123"),
        ("447911123456", UK, "+44 7911 123456", "+447911123456"),
        ("00447911123456", UK, "+44 7911 123456", "+447911123456"),
        ("07911123456", UK, "+44 7911 123456", "+447911123456"),
        ("7911123456", "England", "+44 7911 123456", "+447911123456"),
        ("89111234567", "Russia", "+7 911 123 45 67", "+79111234567"),
        ("081234567890", "Indonesia", "+62 812 3456 7890", "+6281234567890"),
    ],
)
def test_certain(written: str, asked: str, shown: str, copied: str) -> None:
    """Without a plus it is international where it fits the country that was asked for."""
    assert Phone(shown, copied) == phone(written, asked)


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("79111234567", UK),
        ("447911123456", US),
        ("447911123456", "Any country"),
        ("447911123456", "Atlantis"),
        ("9001234567", US),
        ("1234567890", US),
        ("12345", US),
        ("0004", US),
        ("4915112345678", "Germany"),
    ],
)
def test_not_certain(written: str, asked: str) -> None:
    """Where it could be another number it is shown and copied to the letter."""
    assert Phone(written, written) == phone(written, asked)


@pytest.mark.parametrize(
    ("written", "asked", "country"),
    [
        ("+447911123456", US, UK),
        ("00447911123456", US, UK),
        ("+14165550123", US, "Canada"),
        ("12025550123", "Canada", US),
        ("+77012345678", "Russia", "Kazakhstan"),
        ("+19001234567", UK, US),
        ("+19001234567", "Canada", ""),  # its code alone fits both
        ("+447911123456", "England", ""),
        ("+447911123456", "Any country", ""),
        ("+447911123456", "Atlantis", ""),
        ("+88216123456", US, ""),
        ("+390612345678", "Vatican City", ""),
    ],
)
def test_another_country_than_asked(written: str, asked: str, country: str) -> None:
    """A country is said where the number is certainly not of the one that was asked for."""
    assert country == phone(written, asked).country


@pytest.mark.parametrize("row", COUNTRIES, ids=lambda row: row[1])
def test_phones_of_the_world(row: list[str]) -> None:
    """A number of any country keeps its digits and is of that country."""
    written = "+" + row[2].replace("#", "2")
    found = phone(written, row[1])

    assert written == "+" + "".join(c for c in found.shown if c.isdecimal()) == found.copied
    assert "-" not in found.shown
    assert not found.country


def card_of(phone_number: str) -> str:
    number = replace(NUMBER, phone_number=phone_number)
    return card_texts.card(replace(WAITING, number=number), START)


def test_the_card_of_a_foreign_number() -> None:
    """The card shows the flag and says where the number is from; so do lists and news."""
    text = card_of("+447911123456")
    ended = replace(in_state(State.COMPLETED), number=replace(NUMBER, phone_number="+447911123456"))
    (news,) = card_texts.code_messages(ended, ended.sms[0])

    assert "<code>+44 7911 123456</code>" in text
    assert "This number is from 🇬🇧 United Kingdom, not from 🇺🇸 United States." in text
    assert "🇬🇧 +44 7911 123456" in pages.history([ended])
    assert "🇬🇧 +44 7911 123456" in news


def test_the_card_of_an_ordinary_number() -> None:
    """Nothing is said where the number is as it was asked for."""
    assert "from" not in card_of("+19001234567")


def test_a_number_that_is_not_shown_yet() -> None:
    """The card says so and has nothing to copy; other texts leave it out."""
    waiting = replace(WAITING, number=replace(NUMBER, phone_number=""))
    markup = keyboards.card(waiting)
    done = replace(in_state(State.COMPLETED), number=replace(NUMBER, phone_number=""))

    assert "number not shown yet" in card_of("")
    assert "I keep asking" in card_of("")
    assert markup
    assert "Copy" not in str(markup.to_dict())
    assert "Cancel" in str(markup.to_dict())
    assert phone_of(done) is None
    assert "\n\n" not in pages.history([done]).partition("\n\n")[2]


def test_without_a_number() -> None:
    """An offer has no phone number."""
    assert phone_of(in_state(State.INTENT)) is None
    assert OFFER.country_name in card_texts.card(in_state(State.RENTING), START)
