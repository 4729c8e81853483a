"""How a phone number looks: international where that is certain, else to the letter. Pure.

A number counts as being of a country only where its country code says so.
"""

from dataclasses import dataclass

import phonenumbers
from babel import Locale
from phonenumbers import PhoneNumber

from activations.model import Activation
from handlers import formats

# These codes are shared by countries that a person would tell apart.
SHARED_CODES = frozenset({1, 7})
WORLDWIDE = "001"
REGIONAL_A = ord("\N{REGIONAL INDICATOR SYMBOL LETTER A}")


@dataclass(frozen=True, slots=True)
class Phone:
    """A number to be shown and copied; `country` is where it is from, if that is not as asked."""

    shown: str
    copied: str
    country: str = ""

    @property
    def with_flag(self) -> str:
        return f"{formats.flag(self.country)} {self.shown}".strip()


def phone_of(activation: Activation) -> Phone | None:
    """The number of an activation; None while it is not known."""
    if activation.number is None or not activation.number.phone_number:
        return None
    return phone(activation.number.phone_number, activation.offer.country_name)


def phone(written: str, asked_country: str) -> Phone:
    """Shape: `written` is digits, after a plus if the provider wrote one."""
    asked = _region(asked_country)
    number = _international(written, asked)
    if number is None:
        return Phone(written, written)
    shown = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    copied = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return Phone(shown.replace("-", " "), copied, _country_name(_elsewhere(number, asked)))


def _international(written: str, asked: str) -> PhoneNumber | None:
    """The number with its country code, if there is no doubt about it."""
    if written.startswith("+"):
        return _parsed(written)
    if written.startswith("00"):
        number = _parsed("+" + written.removeprefix("00"))
        return number if number and (_is_valid(number) or _may_be_of(asked, number)) else None
    with_code, national = _parsed("+" + written), _parsed(written, asked) if asked else None
    found = [n for n in (with_code, national) if n and _may_be_of(asked, n)]
    if with_code in found and all(number == with_code for number in found):
        return with_code
    valid = [number for number in found if _is_valid(number)]
    return valid[0] if len(valid) == 1 else None


def _elsewhere(number: PhoneNumber, asked: str) -> str:
    """The region a number is of, if that is certainly not the one asked for; else empty."""
    code = number.country_code or 0
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(code, ())
    own = phonenumbers.region_code_for_number(number) if code in SHARED_CODES else None
    is_as_asked = asked in (own, "") if own else asked in (*regions, "")
    if is_as_asked or WORLDWIDE in regions or not regions:
        return ""
    return own or regions[0]


def _parsed(written: str, region: str | None = None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        return None


def _may_be_of(asked: str, number: PhoneNumber) -> bool:
    """Whether it has the country code that was asked for, and a length that exists there."""
    is_code = asked and number.country_code == phonenumbers.country_code_for_region(asked)
    return bool(is_code and phonenumbers.is_possible_number(number))


def _is_valid(number: PhoneNumber) -> bool:
    return bool(phonenumbers.is_valid_number(number))


def _region(country_name: str) -> str:
    """The two letters of a country, by its flag; empty when it has none."""
    letters = (ord(c) - REGIONAL_A for c in formats.flag(country_name))
    return "".join(chr(ord("A") + letter) for letter in letters)


def _country_name(region: str) -> str:
    return str(Locale("en").territories.get(region, ""))
