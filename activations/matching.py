"""Whether an answer is about the number that was asked about. Pure.

Ids are compared to the letter, phone numbers by their digits. What is missing, masked or
unreadable contradicts nothing.
"""

from activations.model import Activation, Offer
from bloomsms.models import (
    ANY_COUNTRY,
    ActivationStatus,
    Changed,
    Country,
    Rental,
    is_other_country,
)

# A shorter run of digits is no phone number that could be compared.
FEWEST_DIGITS = 6
# Besides zeros, what is dialled before a national number.
TRUNK_PREFIX = "8"
PUNCTUATION = frozenset("+-.()/ \N{NO-BREAK SPACE}\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{EN DASH}")
SCHEME = "tel:"

Answer = ActivationStatus | Changed


def contradiction(activation: Activation, answer: Answer) -> str | None:
    """What shows that the answer is about another number; None when nothing does."""
    number = activation.number
    if number is None:
        return None
    if is_other_id(number.provider_id, answer.activation_id):
        return "another id"
    if is_other_phone(number.phone_number, answer.phone_number):
        return "another phone number"
    return None


def is_other_id(asked: str, named: str | None) -> bool:
    return bool(named and named.strip()) and str(named).strip() != asked.strip()


def is_other_phone(known: str | None, named: str | None) -> bool:
    """Whether both can be read and neither is the other's national form."""
    one, other = _digits(known), _digits(named)
    if one is None or other is None:
        return False
    return not (_is_form_of(one, other) or _is_form_of(other, one))


def other_service(offer: Offer, rental: Rental) -> str:
    """The service that the answer names, where it is another than the one asked for."""
    named = _plain(rental.service)
    is_same = named in (_plain(offer.service_code), _plain(offer.service_name))
    return "" if not named or is_same else str(rental.service).strip()


def other_country(offer: Offer, rental: Rental, known: list[Country]) -> str:
    """The country that the answer names, where it certainly is another than the one asked for."""
    named = _plain(rental.country)
    if not named or ANY_COUNTRY in (named, _plain(offer.country_id)):
        return ""
    if named in (_plain(offer.country_id), _plain(offer.country_name)):
        return ""
    is_known = any(named in (_plain(one.id), _plain(one.name)) for one in known)
    is_other = is_known or is_other_country(offer.country_id, named)
    return str(rental.country).strip() if is_other else ""


def _is_form_of(national: str, whole: str) -> bool:
    """Whether the international form ends in the national one, its trunk prefix left out."""
    forms = [national, national.lstrip("0")]
    forms += [form[1:] for form in forms if form.startswith(TRUNK_PREFIX)]
    return any(len(form) >= FEWEST_DIGITS and whole.endswith(form) for form in forms)


def _digits(phone: str | None) -> str | None:
    """The digits of a phone number; None when it holds anything else or too few of them."""
    text = (phone or "").strip().lower().removeprefix(SCHEME)
    digits = [c for c in text if c not in PUNCTUATION]
    if len(digits) < FEWEST_DIGITS or not all(c.isdecimal() for c in digits):
        return None
    return "".join(str(int(c)) for c in digits)


def _plain(text: str | None) -> str:
    return (text or "").strip().casefold()
