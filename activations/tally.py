"""The bot's own books in figures, to be held against the provider's. Pure."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Sum:
    """So many of something, and their money in US dollars."""

    count: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Tally:
    """Each charge is a number rented or an order without one; each SMS is told or on its way."""

    rented: Sum
    returned: Sum  # of those rented: the money's return is confirmed
    unknown: Sum  # orders that left and whose outcome is not known, those under way included
    nameless: Sum  # charged orders whose number is not known
    sms: int  # that the provider had for a known number
    sms_sent: int  # Telegram has it
    sms_pending: int  # on its way
    sms_parked: int  # until its person writes again
    sms_dead: int  # can never be delivered
    parked_updates: int  # failed three times
