"""What the provider's answers mean: frozen facts, exact money, aware UTC times."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

ANY_COUNTRY = "any"
DEFAULT_COUNTRY = "187"
LONGEST_COUNTRY_CODE = 3
DOLLARS = "USD"


class ProviderStatus(StrEnum):
    """Where the provider says an activation stands."""

    WAITING = "waiting"  # no SMS yet
    CODE_RECEIVED = "code_received"  # an SMS is there
    COMPLETED = "completed"  # closed after use
    CANCELLED = "cancelled"  # closed without use, money returned
    EXPIRED = "expired"  # its time is over
    UNKNOWN = "unknown"  # a word that nobody documented: look again later


class StatusChange(StrEnum):
    """What an activation can be told to become."""

    CANCEL = "cancel"
    COMPLETE = "complete"
    ANOTHER_SMS = "request_another_sms"


@dataclass(frozen=True, slots=True)
class Balance:
    amount: Decimal
    currency: str

    @property
    def is_in_dollars(self) -> bool:
        return self.currency == DOLLARS


@dataclass(frozen=True, slots=True)
class Country:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Service:
    """A service as one country offers it; `price` is what renting costs now.

    `stock` is None when the provider does not say it in a way that can be read.
    """

    code: str
    name: str
    price: Decimal
    stock: int | None

    @property
    def may_be_had(self) -> bool:
        """Whether it is in stock, or may be."""
        return self.stock is None or self.stock > 0


@dataclass(frozen=True, slots=True)
class PriceRow:
    """One row of the undocumented `/prices` answer, as far as it could be read."""

    country_id: str
    service_code: str
    price: Decimal
    stock: int | None


@dataclass(frozen=True, slots=True)
class Changed:
    """Which activation the answer to a change names, as far as it does."""

    activation_id: str | None = None
    phone_number: str | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """When a refusal that holds only for now ends: at a time, or after some time.

    Shape: one of `at` and `after` is there; `is_since_rented` counts `after` from the renting.
    """

    at: datetime | None = None
    after: timedelta | None = None
    is_since_rented: bool = False


@dataclass(frozen=True, slots=True)
class Rental:
    """A number that was just rented: its id alone makes it one.

    What the answer left out is None; `phone_number` is then empty, as it is where it was masked.
    `currency` is US dollars unless the answer names another.
    """

    activation_id: str
    phone_number: str
    price: Decimal | None
    expires_at: datetime | None
    service: str | None = None
    country: str | None = None
    currency: str = DOLLARS


@dataclass(frozen=True, slots=True)
class Sms:
    """One message; `code` is empty when the provider recognised none, both when it has no text."""

    code: str
    full_text: str

    @property
    def is_blank(self) -> bool:
        """Whether nothing of it is known but that it came."""
        return not self.code and not self.full_text.strip()


@dataclass(frozen=True, slots=True)
class ActivationStatus:
    """The answer to a look at one activation; `word` is the status as it was sent.

    `sms` is the newest; those that the answer lists before it are `earlier_sms`, in its order.
    """

    status: ProviderStatus
    word: str
    sms: Sms | None
    phone_number: str | None = None
    activation_id: str | None = None
    earlier_sms: tuple[Sms, ...] = ()


@dataclass(frozen=True, slots=True)
class SmsReceived:
    """The webhook's `sms.received`. It is unsigned: a hint to look, never the truth.

    `service` is the service's code, empty when it cannot be read.
    """

    activation_id: str
    sms: Sms | None
    service: str = ""


def is_other_country(asked_id: str, named: str) -> bool:
    """Whether `named`, an id or a name, is certainly another country than the one asked for.

    Shape: False for "any", and where a name stands beside an id: the two cannot be compared.
    """
    asked, other = asked_id.strip().casefold(), named.strip().casefold()
    if not other or ANY_COUNTRY in (asked, other):
        return False
    if asked.isdecimal() and other.isdecimal():
        return int(asked) != int(other)
    return asked != other and _is_short(asked) and _is_short(other)


def _is_short(text: str) -> bool:
    """Whether it looks like a country's code of two or three letters."""
    return text.isalpha() and len(text) <= LONGEST_COUNTRY_CODE
