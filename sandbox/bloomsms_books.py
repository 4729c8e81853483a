"""The provider's books: balance, charges and the numbers given out, moved on by the clock alone.

Nothing happens by itself. Whoever reads calls settle() first, and then every SMS that was due has
come and every number whose time is over has ended, each at its own moment and in that order.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Final

from sandbox.bloomsms_catalog import Catalog
from sandbox.bloomsms_envelope import Refused

WAITING: Final = "waiting"
CODE_RECEIVED: Final = "code_received"
COMPLETED: Final = "completed"
CANCELLED: Final = "cancelled"
_OPEN: Final = frozenset({WAITING, CODE_RECEIVED})
_ID_STEP = 47
_FIRST_NUMBER, _NUMBER_STEP = 1234567, 7919


@dataclass(frozen=True, slots=True)
class Sms:
    """`at` is when it came or will come, in seconds since the epoch."""

    code: str | None
    full_text: str | None
    at: float


@dataclass(slots=True)
class Charge:
    activation_id: str
    amount: Decimal
    refunded: bool = False


@dataclass(slots=True)
class Activation:
    """A number given out. `sms` holds what came, oldest first; `coming` what has a time to come."""

    activation_id: str
    phone_number: str
    service: str
    country: str
    price: Decimal
    charge: Charge
    expires_at: datetime
    status: str = WAITING
    sms: list[Sms] = field(default_factory=list)
    coming: list[Sms] = field(default_factory=list)
    sms_after_end: Sms | None = None
    end_is_undone: bool = False
    gets_sms_by_itself: bool = True
    seen: int = 0

    @property
    def is_open(self) -> bool:
        return self.status in _OPEN

    @property
    def current_sms(self) -> Sms | None:
        """The newest SMS since another one was asked for."""
        return self.sms[-1] if len(self.sms) > self.seen else None


class Books:
    def __init__(
        self,
        catalog: Catalog,
        *,
        balance: Decimal,
        lifetime_s: float,
        max_open_rentals: int,
        expired_status: str,
        clock: Callable[[], float],
    ) -> None:
        self.catalog = catalog
        self.balance = balance
        self.charges: list[Charge] = []
        self.on_sms: Callable[[Activation, Sms], None] | None = None
        self.activations: dict[str, Activation] = {}
        self._lifetime = timedelta(seconds=lifetime_s)
        self._max_open_rentals = max_open_rentals
        self._expired_status = expired_status
        self._clock = clock
        self.number_from(_unused_id())
        self._numbers: Iterator[int] = count(_FIRST_NUMBER, _NUMBER_STEP)

    def number_from(self, first_id: int) -> None:
        self._ids: Iterator[int] = count(first_id, _ID_STEP)

    def settle(self) -> None:
        now = self._clock()
        for activation in self.activations.values():
            if activation.is_open or activation.coming:
                self._settle_one(activation, now)

    def rent(self, service: str, country: str) -> Activation:
        """Give out a new number: its price leaves the balance, one leaves the stock.

        Errors: Refused for the stock, the limit of open rentals and the funds, in this order.
        """
        offer = self.catalog.offers(country)[service]
        if offer.stock < 1:
            raise Refused("NO_NUMBERS_AVAILABLE", "No numbers available.")
        activation = self._give(self._new_number(country), service, country, offer.price)
        self.catalog.change(country, service, stock=offer.stock - 1)
        return activation

    def rent_again(self, known: Activation) -> Activation:
        """The same number under a new id at today's price; the stock is not touched."""
        price = self.catalog.offers(known.country)[known.service].price
        return self._give(known.phone_number, known.service, known.country, price)

    def cancel(self, activation: Activation) -> None:
        self._must_be_open(activation)
        if activation.sms:
            raise Refused("INVALID_PARAMETER", "Cannot cancel after an SMS was received.")
        self._end(activation, CANCELLED, self._clock())
        self.settle()

    def complete(self, activation: Activation) -> None:
        self._must_be_open(activation)
        if not activation.sms:
            raise Refused("INVALID_PARAMETER", "Cannot complete before an SMS was received.")
        self._end(activation, COMPLETED, self._clock())

    def request_another_sms(self, activation: Activation) -> None:
        self._must_be_open(activation)
        if activation.status != CODE_RECEIVED:
            raise Refused("INVALID_PARAMETER", "Already waiting for an SMS.")
        activation.status = WAITING
        activation.seen = len(activation.sms)

    def deliver(self, activation: Activation, sms: Sms) -> None:
        """A number that has ended keeps its status when an SMS comes, unless its end is undone."""
        activation.sms.append(sms)
        if activation.end_is_undone and not activation.is_open:
            self._undo_end(activation)
        elif activation.status == WAITING:
            activation.status = CODE_RECEIVED
        if self.on_sms is not None:
            self.on_sms(activation, sms)

    def expire(self, activation: Activation) -> None:
        activation.expires_at = datetime.fromtimestamp(self._clock(), UTC)
        self.settle()

    def _settle_one(self, activation: Activation, now: float) -> None:
        ends_at = activation.expires_at.timestamp()
        if activation.is_open:
            self._deliver_due(activation, min(now, ends_at))
            if ends_at <= now:
                status = COMPLETED if activation.sms else self._expired_status
                self._end(activation, status, ends_at)
        self._deliver_due(activation, now)

    def _deliver_due(self, activation: Activation, until: float) -> None:
        due = sorted((sms for sms in activation.coming if sms.at <= until), key=lambda sms: sms.at)
        activation.coming = [sms for sms in activation.coming if sms.at > until]
        for sms in due:
            self.deliver(activation, sms)

    def _end(self, activation: Activation, status: str, at: float) -> None:
        activation.status = status
        activation.coming = []
        if activation.sms:
            return
        self.balance += activation.charge.amount
        activation.charge.refunded = True
        if late := activation.sms_after_end:
            activation.coming = [Sms(late.code, late.full_text, at + late.at)]

    def _undo_end(self, activation: Activation) -> None:
        activation.status = CODE_RECEIVED
        if activation.charge.refunded:
            self.balance -= activation.charge.amount
            activation.charge.refunded = False

    def _give(self, phone_number: str, service: str, country: str, price: Decimal) -> Activation:
        if sum(one.is_open for one in self.activations.values()) >= self._max_open_rentals:
            raise Refused("MAX_RENTALS_EXCEEDED", "Active rental limit reached.")
        if self.balance < price:
            raise Refused("INSUFFICIENT_FUNDS", "Insufficient balance.")
        charge = Charge(str(next(self._ids)), price)
        activation = Activation(
            activation_id=charge.activation_id,
            phone_number=phone_number,
            service=service,
            country=country,
            price=price,
            charge=charge,
            expires_at=datetime.fromtimestamp(self._clock(), UTC) + self._lifetime,
        )
        self.balance -= price
        self.charges.append(charge)
        self.activations[activation.activation_id] = activation
        return activation

    def _new_number(self, country: str) -> str:
        """The step shares no factor with ten, so that no number comes twice in ten million."""
        mask = self.catalog.countries[country].phone_mask
        places = mask.count("#")
        digits = str(next(self._numbers) % 10**places).zfill(places)
        return "+" + mask.rstrip("#") + digits

    def _must_be_open(self, activation: Activation) -> None:
        if not activation.is_open:
            raise Refused("INVALID_PARAMETER", f"Activation is already {activation.status}.")


def _unused_id() -> int:
    """Microseconds since 1970: no run before this one has come so far with its ids."""
    return time.time_ns() // 1000
