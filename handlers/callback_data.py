"""What buttons carry: a version, a verb and ids, at most 64 bytes; never a price.

A button about an activation carries its token, in version 2. Before that it carried the row's id.

An outside id that does not fit is carried as a digest and found again among those on offer.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2s

from activations.errors import NotFound, OutOfStock

VERSION = "1"
NEWER_VERSION = "2"  # of what is about an activation
LONGEST_DATA = 64
LARGEST_ID = 2**53
TOKEN = re.compile(r"[A-Za-z0-9_-]{16,24}", re.ASCII)
PLAIN_REF = re.compile(r"[A-Za-z0-9_.-]{1,18}", re.ASCII)


class Verb(StrEnum):
    """What a press asks for; the parts that follow it are in brackets."""

    MENU = "m"  # the main menu, in place
    MENU_BELOW = "mb"  # the main menu in a message of its own
    COUNTRIES = "cs"  # [page]
    SERVICES = "ss"  # [country, page]
    OFFER = "of"  # [country, service]
    RENT = "go"  # [token]
    LEAVE = "lv"  # [token] back from a confirm card
    RETRY = "re"  # [token] the same wish at the price of now
    NUMBERS = "ns"  # [page]
    CANCEL = "ca"  # [token]
    OTHER = "ot"  # [token]
    ANOTHER = "an"  # [token]
    DONE = "dn"  # [token]
    AGAIN = "ag"  # [token]
    HISTORY = "hi"  # [page]
    BALANCE = "ba"
    SETTINGS = "se"
    HELP = "he"
    CLOSE = "cl"  # take the message away
    STILL = "st"  # the page label: nothing happens
    LET_IN = "in"  # [user]
    TURN_AWAY = "aw"  # [user]
    SETTLE = "sl"  # [token] an owner closes an uncertain order
    OPEN = "op"  # [lost order] an owner opens renting again
    ADMIN = "ad"  # the owners' page


ABOUT_AN_ACTIVATION = frozenset(
    {
        Verb.RENT,
        Verb.LEAVE,
        Verb.RETRY,
        Verb.CANCEL,
        Verb.OTHER,
        Verb.ANOTHER,
        Verb.DONE,
        Verb.AGAIN,
        Verb.SETTLE,
    }
)


class StalePressError(Exception):
    """The data is of another version, or nobody's."""


@dataclass(frozen=True, slots=True)
class Press:
    """A press, unpacked. The parts are still outside strings."""

    verb: Verb
    parts: tuple[str, ...]
    has_token: bool = False  # else what is about an activation names it by its id

    def token(self) -> str:
        """An activation's. Errors: NotFound, as for a token that does not exist."""
        text = self._part(0)
        if not TOKEN.fullmatch(text):
            raise NotFound
        return text

    def id(self, position: int = 0) -> int:
        """A positive id. Errors: NotFound, as for an id that does not exist."""
        text = self._part(position)
        if not re.fullmatch(r"[1-9]\d{0,15}", text, re.ASCII) or int(text) > LARGEST_ID:
            raise NotFound
        return int(text)

    def ref(self, position: int = 0) -> str:
        return self._part(position)

    def page(self, position: int = 0) -> int:
        """A page from 0 on; nonsense is the first one."""
        text = self._part(position)
        return int(text) if re.fullmatch(r"\d{1,4}", text, re.ASCII) else 0

    def _part(self, position: int) -> str:
        return self.parts[position] if position < len(self.parts) else ""


def pack(verb: Verb, *parts: str | int) -> str:
    """Errors: ValueError when it would not fit; the callers' parts always do."""
    version = NEWER_VERSION if verb in ABOUT_AN_ACTIVATION else VERSION
    data = ":".join((version, verb.value, *(str(part) for part in parts)))
    if len(data.encode()) > LONGEST_DATA:
        raise ValueError(f"callback data of {len(data.encode())} bytes")
    return data


def unpack(data: object) -> Press:
    """Errors: StalePressError."""
    version, _, rest = str(data).partition(":")
    word, *parts = rest.split(":")
    if word not in {verb.value for verb in Verb}:
        raise StalePressError
    verb, has_token = Verb(word), version == NEWER_VERSION
    if version != VERSION and not (has_token and verb in ABOUT_AN_ACTIVATION):
        raise StalePressError
    return Press(verb, tuple(parts), has_token)


def pattern(verb: Verb) -> str:
    """The regular expression of one verb's data, for a handler."""
    versions = VERSION
    if verb in ABOUT_AN_ACTIVATION:
        versions += NEWER_VERSION
    return rf"^[{versions}]:{verb.value}(:|$)"


def ref(outside_id: str) -> str:
    """A short, safe stand-in for an id of the provider's."""
    if PLAIN_REF.fullmatch(outside_id):
        return outside_id
    return "~" + blake2s(outside_id.encode(), digest_size=8).hexdigest()


def resolve(reference: str, outside_ids: Iterable[str]) -> str:
    """The id that `reference` stands for. Errors: OutOfStock when it is not on offer any more."""
    for outside_id in outside_ids:
        if ref(outside_id) == reference:
            return outside_id
    raise OutOfStock
