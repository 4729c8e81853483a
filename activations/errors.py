"""Refusals that a person can be told: each class is one sentence in handlers/texts.py."""

from datetime import datetime, timedelta
from decimal import Decimal

from activations.model import Activation
from bloomsms.errors import BloomsmsError, ErrorCode, OtherCurrency, RateLimited, Refused
from bloomsms.models import StatusChange


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """The wish cannot be met; nothing was paid for it."""


class NotFound(Refusal):
    """No such activation, or somebody else's: the two look alike on purpose."""


class GoneAlready(Refusal):
    """The activation is past the point where the wish makes sense."""

    def __init__(self, activation: Activation) -> None:
        super().__init__(activation.state.value)
        self.activation = activation


class OfferStale(Refusal):
    """The offer is too old or stands in another message; one with the price of now is due."""

    def __init__(self, activation: Activation) -> None:
        super().__init__("offer too old, or in another message")
        self.activation = activation


class RentingClosed(Refusal):
    """The database has lost orders; nothing is rented until an owner has looked after it."""


class OutOfStock(Refusal):
    """The service is not on offer in that country now."""


class NotAllowed(Refusal):
    """The person may not rent: the owners let people in and turn them away."""


class TooDear(Refusal):
    """The price is above what this person may pay for one number."""

    def __init__(self, price: Decimal, limit: Decimal) -> None:
        super().__init__("price above the limit")
        self.price = price
        self.limit = limit


class TooMany(Refusal):
    """The person holds as many numbers as allowed."""

    def __init__(self, limit: int) -> None:
        super().__init__("too many numbers at once")
        self.limit = limit


class SpentToday(Refusal):
    """The price would pass what the person may spend in a day."""

    def __init__(self, limit: Decimal) -> None:
        super().__init__("daily limit")
        self.limit = limit


class ProviderSaysNo(Refusal):
    """The provider refused; `reason` is an outside string."""

    def __init__(self, code: ErrorCode, reason: str) -> None:
        super().__init__(code.value)
        self.code = code
        self.reason = reason


class WishRefused(ProviderSaysNo):
    """The provider refused to change a number; the wish stays with the person to try again.

    Shape: `word` is the error code as it was sent, an outside string as `reason` is; `wait` and
    `retry_at` say when to try again, None where the provider does not.
    """

    def __init__(
        self, wish: StatusChange, err: Refused, wait: timedelta | None, retry_at: datetime | None
    ) -> None:
        super().__init__(err.code, err.reason)
        self.wish = wish
        self.word = err.word
        self.wait = wait
        self.retry_at = retry_at


class ProviderBusy(Refusal):
    """The request limit is used up; worth another try after `wait_s` seconds."""

    def __init__(self, wait_s: float) -> None:
        super().__init__("request limit")
        self.wait_s = wait_s


class ProviderAway(Refusal):
    """The provider cannot be reached or cannot be understood."""


class NotInDollars(Refusal):
    """The provider names another currency than US dollars; `currency` is an outside string."""

    def __init__(self, currency: str) -> None:
        super().__init__(currency)
        self.currency = currency


class NotConfirmed(Refusal):
    """The wish was passed on, and the provider has not confirmed it yet."""

    def __init__(self, activation: Activation) -> None:
        super().__init__(activation.state.value)
        self.activation = activation


def refusal_of(err: BloomsmsError) -> Refusal:
    """What a person is told of an error of the provider's."""
    if isinstance(err, Refused):
        return ProviderSaysNo(err.code, err.reason)
    if isinstance(err, RateLimited):
        return ProviderBusy(err.wait_s)
    if isinstance(err, OtherCurrency):
        return NotInDollars(err.currency)
    return ProviderAway()
