"""What the business needs from outside; each Protocol is met by one object that bot.py builds."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol, TypeVar

from activations.model import Activation, Card, Offer, State, Wait, Watched
from activations.notes import Delivery, Draft, Note, NoteKind, Outcome
from activations.tally import Tally
from bloomsms.models import (
    ActivationStatus,
    Balance,
    Country,
    Rental,
    Service,
    Sms,
    StatusChange,
)
from people.model import Usage

T = TypeVar("T")


class Clock(Protocol):
    """Two clocks that their types keep apart: the wall gives a datetime, the other a timedelta."""

    def now(self) -> datetime:
        """The wall clock, which may be set at any time: for what is stored or shown."""
        ...

    def monotonic(self) -> timedelta:
        """Time since an arbitrary moment of this process: for waits, ages and deadlines."""
        ...


class Provider(Protocol):
    """BloomSMS as people's requests see it. Errors: see bloomsms/client.py."""

    async def balance(self) -> Balance: ...
    async def countries(self) -> list[Country]: ...
    async def services(self, country_id: str) -> list[Service]: ...
    async def rent(self, service_code: str, country_id: str, max_price: Decimal) -> Rental: ...
    async def re_rent(self, activation_id: str) -> Rental: ...
    async def activation(self, activation_id: str) -> ActivationStatus: ...
    async def change(self, activation_id: str, new_status: StatusChange) -> None: ...


Step = tuple[Activation, Activation, Sequence[Draft]]  # before, after, and what is told of it


class AccountStore(Protocol):
    """What the account should hold at the provider; outlives the process."""

    async def expected(self) -> tuple[Decimal, datetime] | None:
        """The expected balance and the time of the reading it began from; None when unknown."""
        ...

    async def begin(self, balance: Decimal, read_at: datetime) -> None:
        """Expect what was read, and compare from here on."""
        ...

    async def shift(self, difference: Decimal, read_at: datetime) -> None:
        """Expect so much more or less, and compare from that reading on."""
        ...

    async def conclude(self, returned: Decimal, steps: Sequence[Step], now: datetime) -> None:
        """Write rows, their notes and the money that came back in one commit."""
        ...

    async def forget(self) -> None: ...


class Store(Protocol):
    """Activations as rows. Each method is one commit; times are aware UTC."""

    async def offer(self, offer: Offer, now: datetime) -> Activation | None:
        """Write an INTENT; None when an INSTEAD of the same source is under way or done."""
        ...

    async def get(self, activation_id: int) -> Activation | None: ...

    async def begin(
        self,
        activation: Activation,
        check: Callable[[Usage], None],
        card: Card | None,
        now: datetime,
    ) -> bool:
        """INTENT → RENTING, and make `card` this activation's only.

        Shape: False when the row is not an INTENT any more. `check` sees the usage with this
        activation counted; what it raises takes the step back.
        """
        ...

    async def record(
        self,
        before: Activation,
        after: Activation,
        drafts: Sequence[Draft],
        now: datetime,
        sms: Sms | None = None,
        waited_s: float | None = None,
    ) -> bool:
        """Write what changed, with its SMS and notes, if the row is still as `before` has it.

        Shape: False, and nothing written, when it is not, or when the SMS is known already.
        `waited_s` is how long the SMS was probably waited for.
        """
        ...

    async def mark_wish(self, activation_id: int, wish: StatusChange | None) -> None: ...
    async def mark_asked(self, activation_id: int, now: datetime) -> None: ...
    async def place_card(self, activation_id: int, card: Card) -> None: ...
    async def drop_card(self, card: Card) -> None: ...
    async def mark_shown(self, activation_id: int, shown: str) -> None: ...

    async def in_states(self, states: frozenset[State]) -> list[Activation]:
        """Everybody's rows in these states, oldest first."""
        ...

    async def unfinished_swaps(self) -> list[Activation]:
        """INTENT rows of the kind INSTEAD."""
        ...

    async def page_of(
        self, user_id: int, states: frozenset[State], offset: int, limit: int
    ) -> list[Activation]:
        """One person's rows in these states, newest first."""
        ...

    async def count_of(self, user_id: int, states: frozenset[State]) -> int: ...

    async def ended_since(self, since: datetime) -> list[Activation]:
        """Rows that were cancelled or expired since then and had a number."""
        ...

    async def awaiting_return(self) -> list[Activation]:
        """Ended rows whose money should come back and was not seen yet, oldest first."""
        ...

    async def by_provider_ids(self, provider_ids: Sequence[str]) -> list[Activation]:
        """Everybody's rows with these numbers, in no order; at most 500 are asked for at once."""
        ...

    async def unclosed(self, now: datetime) -> list[Activation]:
        """Rows with a code that are to be looked at again: their time is over, or for a wish."""
        ...

    async def usage(self, user_id: int) -> Mapping[str, Mapping[str, int]]:
        """How often each `country` id and `service` code was rented; one's own count tenfold."""
        ...


class Ledger(Protocol):
    async def tally(self) -> Tally:
        """All rows in figures; a moment may pass between two of them."""
        ...


class Lists(Protocol[T]):
    """Fetched lists of one kind as rows, by key: a cache, so writing never fails."""

    async def read(self, key: str) -> tuple[datetime, list[T]] | None:
        """When it was asked for, and what came."""
        ...

    async def keep(self, key: str, asked_at: datetime, found: Sequence[T]) -> None: ...
    async def forget(self, key: str) -> None: ...


class Watchlist(Protocol):
    """The waiting numbers as the poller sees them."""

    async def watched(self) -> list[Watched]:
        """Every number that waits, oldest first."""
        ...

    async def waits_after(self, sms_id: int) -> list[Wait]:
        """How long the SMS after this one were waited for, at most the last thousand, in order."""
        ...


class Outbox(Protocol):
    """Notes as rows."""

    async def add(self, drafts: Sequence[Draft], now: datetime) -> None: ...

    async def claim_due(
        self,
        now: datetime,
        lease: timedelta,
        user_id: int | None = None,
        *,
        codes_only: bool = False,
    ) -> Note | None:
        """Take the most urgent note whose turn has come, so that nobody else can.

        Shape: only that person's notes when `user_id` is given.
        Units: the claim lapses at `now + lease`.
        """
        ...

    async def settle(self, note: Note, delivery: Delivery, due_at: datetime) -> None: ...

    async def unpark(self, user_id: int, now: datetime) -> None:
        """Make due what waited for this person to write again."""
        ...

    async def mark_pieces(self, note: Note, sent: int) -> None:
        """Telegram has so many pieces of the note's text."""
        ...

    async def release_claims(self, now: datetime) -> None:
        """Make due what a process that is gone had claimed."""
        ...


class Messenger(Protocol):
    async def deliver(self, note: Note, activation: Activation | None) -> Delivery:
        """Tell it. Never raises for what Telegram may answer."""
        ...


class HintTaker(Protocol):
    """Whoever is told that a number has an SMS, by somebody who need not be believed."""

    def take(self, provider_id: str, service_code: str) -> None:
        """Keep a hint that this number has an SMS; cheap, never raises, bounded."""
        ...


class Meters(Protocol):
    """What is counted for whoever watches the bot. Each call is cheap and never raises."""

    def code_told(self, age: timedelta | None, took: timedelta) -> None:
        """Telegram took a code.

        Units: `age` of the waiting when the code was learned, None when unknown; `took` from then
        until it was accepted.
        """
        ...

    def note_settled(self, kind: NoteKind, outcome: Outcome) -> None: ...

    def update_handled(self, took_s: float) -> None: ...


class NoMeters:
    """Nobody watches."""

    def code_told(self, age: timedelta | None, took: timedelta) -> None:
        """Count nothing."""

    def note_settled(self, kind: NoteKind, outcome: Outcome) -> None:
        """Count nothing."""

    def update_handled(self, took_s: float) -> None:
        """Count nothing."""


NO_METERS = NoMeters()
