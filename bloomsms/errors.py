"""What can go wrong with a request, told apart by what the caller may do next."""

from enum import StrEnum

from bloomsms.models import Pause


class ErrorCode(StrEnum):
    """Why the provider refused, in its own words (its table of error codes)."""

    INVALID_API_KEY = "INVALID_API_KEY"  # missing or wrong bearer token
    INSUFFICIENT_FUNDS = "INSUFFICIENT_FUNDS"  # the account's balance is too low
    ACCOUNT_SUSPENDED = "ACCOUNT_SUSPENDED"  # the account is disabled
    ACTIVATION_NOT_FOUND = "ACTIVATION_NOT_FOUND"  # no such activation
    SERVICE_NOT_FOUND = "SERVICE_NOT_FOUND"  # no such service
    NO_NUMBERS_AVAILABLE = "NO_NUMBERS_AVAILABLE"  # out of stock, or none below max_price
    MAX_RENTALS_EXCEEDED = "MAX_RENTALS_EXCEEDED"  # too many numbers open on the account
    INVALID_PARAMETER = "INVALID_PARAMETER"  # missing or wrong parameter
    RATE_LIMITED = "RATE_LIMITED"  # too many requests
    PROVIDER_ERROR = "PROVIDER_ERROR"  # the provider's own supplier failed
    MAINTENANCE = "MAINTENANCE"  # temporarily unavailable
    OTHER = "OTHER"  # a code that is not in the table


class BloomsmsError(Exception):
    """Anything that kept a request from giving its answer."""


class NotSent(BloomsmsError):  # noqa: N818 - named for the consequence, as the whole tree is
    """The request certainly never left; the same call may be made again."""


class NotNoted(NotSent):
    """The request log could not be written, so the request was not made: a fault of ours."""


class RateLimited(NotSent):
    """The request was not made, or was turned away unread, because of the request limit.

    Units: `wait_s` is how many seconds are left until the next attempt makes sense.
    """

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"the request limit is used up for {wait_s:.0f} s")
        self.wait_s = wait_s


class OutcomeUnknown(BloomsmsError):  # noqa: N818 - see NotSent
    """A write left and no trustworthy answer came: it may or may not have happened. Never retry."""


class Refused(BloomsmsError):  # noqa: N818 - see NotSent
    """The provider read the request and said no; nothing happened.

    Shape: `code` is OTHER for a code outside the table, `word` is the code as it was sent,
    `reason` the provider's message, short and free of line breaks; both are outside strings.
    `pause` says when to try again, where the provider does.
    """

    def __init__(
        self,
        code: ErrorCode,
        word: str,
        reason: str,
        http_status: int,
        pause: Pause | None = None,
    ) -> None:
        super().__init__(f"{word} ({http_status}): {reason}")
        self.code = code
        self.word = word
        self.reason = reason
        self.http_status = http_status
        self.pause = pause


class Unreadable(BloomsmsError):  # noqa: N818 - see NotSent
    """An answer came that is not what the API text promises, or none came to a read.

    Shape: `excerpt` is at most 120 printable characters of it.
    """

    def __init__(self, problem: str, excerpt: str = "") -> None:
        super().__init__(f"{problem}: {excerpt}" if excerpt else problem)
        self.problem = problem
        self.excerpt = excerpt


class Mismatched(Unreadable):
    """An answer about one number names another one; the service itself is there."""


class OtherCurrency(Unreadable):
    """An amount in another currency than US dollars; `currency` is its name or sign."""

    def __init__(self, currency: str) -> None:
        super().__init__("another currency than US dollars", currency)
        self.currency = currency
