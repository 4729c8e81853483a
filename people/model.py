"""A person, as far as the bot must know one."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Standing(StrEnum):
    """What the owners decided about a person."""

    NEW = "new"  # nobody was asked yet
    ASKED = "asked"  # the owners were asked
    LET_IN = "let_in"  # may use a private bot
    TURNED_AWAY = "turned_away"  # may not, and is not asked about again


@dataclass(frozen=True, slots=True)
class Person:
    """`user_id` is Telegram's and also the private chat's id; `name` is an outside string."""

    user_id: int
    name: str
    standing: Standing


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a person may rent, and with which standing at all; None means no limit.

    Units: US dollars; `daily` covers any 24 hours and leaves out money that came back.
    """

    max_active: int | None = None
    max_price: Decimal | None = None
    daily: Decimal | None = None
    standings: frozenset[Standing] = frozenset(Standing)


@dataclass(frozen=True, slots=True)
class Usage:
    """What a person's limits are compared with, as it stands at one moment.

    Units: `spent` is in US dollars, in 24 hours and without refunds.
    """

    held: int  # numbers in hand
    spent: Decimal
    standing: Standing = Standing.NEW  # also of a person without a row


NO_LIMITS = Limits()
