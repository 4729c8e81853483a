"""Phone numbers as the provider writes them, pure: digits where they are certain."""

import re
import unicodedata

from bloomsms.wire import Json

LONGEST = 60
DIGITS = re.compile(r"\+?\d{4,20}", re.ASCII)
TEL = re.compile(r"tel:(//)?", re.IGNORECASE)
SPACES = ("Zs", "Zl", "Zp", "Cc")
# More than one point or dash, or a wide gap, may stand for digits that are hidden.
HIDDEN = re.compile(r"[.-] ?[.-]| {3}")
# A zero that is dialled at home only, as in +44 (0)20.
TRUNK_ZERO = re.compile(r"^(\+\d{1,3}) ?\(0\)")


def read_phone(value: Json) -> str:
    """The number as it was written, without what only separates its digits.

    Shape: digits, after a plus where one was written; empty when the number is missing, masked or
    not certain for another reason. No plus is added: `handlers` knows where that is certain.
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    written = str(value) if len(str(value)) <= LONGEST else ""
    text = TEL.sub("", unicodedata.normalize("NFKC", written).strip(), count=1)
    plain = "".join(_plain(c) for c in text).strip()
    plain = TRUNK_ZERO.sub(r"\1", plain)
    digits = "" if HIDDEN.search(plain) else re.sub(r"[ .()-]", "", plain)
    return digits if DIGITS.fullmatch(digits) else ""


def _plain(character: str) -> str:
    """One kind of space, of dash and of digit; marks that cannot be seen are gone."""
    category = unicodedata.category(character)
    if category in SPACES:
        return " "
    if category == "Pd" or character == "\N{MINUS SIGN}":
        return "-"
    return "" if category == "Cf" else str(unicodedata.decimal(character, character))
