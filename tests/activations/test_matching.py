"""Which answers are about another number than the one that was asked about."""

from dataclasses import replace

import pytest

from activations.matching import contradiction, is_other_phone, other_country, other_service
from activations.model import State
from bloomsms.models import Changed, Country, Rental
from tests.made_up import OFFER, RENTAL, WAITING, in_state, seen

KNOWN = [Country("0", "Russia"), Country("187", "United States"), Country("cy", "Cyprus")]


@pytest.mark.parametrize(
    ("known", "named"),
    [
        ("+19001234567", None),
        ("+19001234567", ""),
        ("+19001234567", "+19001234567"),
        ("+19001234567", "19001234567"),
        ("+19001234567", "0019001234567"),
        ("+19001234567", "9001234567"),
        ("+19001234567", "+9001234567"),  # as our reader writes a national form
        ("+19001234567", "(900) 123-4567"),
        ("+19001234567", "+1.900.123.4567"),
        ("+19001234567", "tel:+1 900\N{NO-BREAK SPACE}123\N{NON-BREAKING HYPHEN}4567"),
        ("+19001234567", "234567"),
        ("+19001234567", "4567"),  # too short to compare
        ("+19001234567", "+1900***4567"),
        ("+19001234567", "1900XXX4567"),
        ("+19001234567", "soon"),
        ("+19001234567", "+1 900 123 4567 ext. 9"),
        ("+79161234567", "89161234567"),
        ("+37061234567", "861234567"),
        ("+4915112345678", "015112345678"),
        ("+36201234567", "06201234567"),
        ("015112345678", "+4915112345678"),
        ("+19001234567", "\N{ARABIC-INDIC DIGIT ONE}9001234567"),
        (None, "+19001234567"),
    ],
)
def test_phones_that_agree(known: str | None, named: str | None) -> None:
    """A national form agrees with its international one; what cannot be read, with anything."""
    assert not is_other_phone(known, named)


@pytest.mark.parametrize(
    ("known", "named"),
    [
        ("+19001234567", "+19001234568"),
        ("+19001234567", "+29001234567"),
        ("+19001234567", "9001234568"),
        ("+19001234567", "+19001234"),
        ("+79161234567", "89161234568"),
        ("+4915112345678", "015112345679"),
        ("9001234567", "+19001234568"),
    ],
)
def test_phones_that_differ(known: str, named: str) -> None:
    """Another digit is another number."""
    assert is_other_phone(known, named)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (Changed(), None),
        (Changed("38496653"), None),
        (Changed(" 38496653 "), None),
        (Changed("  "), None),
        (Changed("38496653", "+19001234567"), None),
        (Changed("38496654"), "another id"),
        (Changed("38496654", "+19001234567"), "another id"),
        (Changed("38496653", "+19009999999"), "another phone number"),
        (Changed(None, "+19009999999"), "another phone number"),
    ],
    ids=str,
)
def test_contradictions(names: Changed, expected: str | None) -> None:
    """An answer contradicts by its id or by its phone number, whichever it names."""
    looked = replace(seen(), activation_id=names.activation_id, phone_number=names.phone_number)

    assert expected == contradiction(WAITING, names)
    assert expected == contradiction(WAITING, looked)


def test_nothing_to_contradict() -> None:
    """Of an order whose number is not known anything may be said."""
    assert contradiction(in_state(State.UNCERTAIN), Changed("1", "+19009999999")) is None


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        (None, ""), ("wa", ""), (" WA ", ""), ("whatsapp", ""), ("tg", "tg"), (" TG2", "TG2"),
    ],
)  # fmt: skip
def test_another_service(named: str | None, expected: str) -> None:
    """Codes and names are compared in any letter case."""
    assert expected == other_service(OFFER, replace(RENTAL, service=named))


@pytest.mark.parametrize(
    ("asked", "named", "expected"),
    [
        ("187", None, ""),
        ("187", "187", ""),
        ("187", " UNITED states", ""),
        ("187", "any", ""),
        ("any", "0", ""),
        ("187", "USA", ""),  # a name beside an id tells nothing
        ("187", "Atlantis", ""),
        ("187", "0", "0"),
        ("187", "99", "99"),
        ("187", " Russia ", "Russia"),
        ("187", "CY", "CY"),
        ("us", "ru", "ru"),
    ],
)
def test_another_country(asked: str, named: str | None, expected: str) -> None:
    """A country is another one where its id or a known name says so; "any" contradicts nothing."""
    offer = replace(OFFER, country_id=asked)

    assert expected == other_country(offer, _rented_in(named), KNOWN)


def _rented_in(country: str | None) -> Rental:
    return replace(RENTAL, country=country)
