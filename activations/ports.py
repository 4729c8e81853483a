"""What the business needs from outside; each Protocol is met by one object that bot.py builds."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol, TypeVar

from activations.model import Activation, Card, Offer, State
from activations.notes import Delivery, Draft, Note
from activations.tally import Tally
from bloomsms.models import (
    ActivationStatus,
    Balance,
    Changed,
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
    async def change(self, activation_id: str, new_status: StatusChange) -> Changed: ...


Step = tuple[Activation, Activation, Sequence[Draft]]  # before, after, and what is told of it


class AccountStore(Protocol):
    """What the account should hold at the provider; outlives the process."""

    async def expected(self) -> tuple[Decimal, int] | None:
        """The expected balance and the number of the reading it began from; None when unknown."""
        ...

    async def next_reading(self) -> int:
        """The number of a reading that is made now: `Activation.changed_seq` counts on with it."""
        ...

    async def begin(self, balance: Decimal, read_seq: int, now: datetime) -> None:
        """Expect what was read, and compare from here on."""
        ...

    async def shift(self, difference: Decimal, read_seq: int, now: datetime) -> None:
        """Expect so much more or less, and compare from that reading on."""
        ...

    async def conclude(self, returned: Decimal, steps: Sequence[Step], now: datetime) -> None:
        """Write rows, their notes and the money that came back in one commit."""
        ...

    async def forget(self) -> None: ...


class Store(Protocol):
    """Activations as rows. Each method is one commit; times are aware UTC."""

    async def offer(
        self, offer: Offer, now: datetime, check: Callable[[Usage], None] | None = None
    ) -> Activation | None:
        """Write an INTENT; None when an INSTEAD of the same source is under way or done.

        Shape: `check` sees the usage without this offer; what it raises keeps it unwritten.
        """
        ...

    async def get(self, activation_id: int) -> Activation | None: ...
    async def by_token(self, token: str) -> Activation | None: ...

    async def from_before(self, activation_id: int) -> Activation | None:
        """The row, if it was open already when buttons began to carry tokens."""
        ...

    async def shown_at(self, card: Card) -> Activation | None:
        """Whose card this message is."""
        ...

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
        Errors: IdHeldError when another row has the number's provider id; nothing is written.
        """
        ...

    async def mark_wish(self, activation_id: int, wish: StatusChange | None) -> None: ...

    async def mark_change(
        self,
        activation_id: int,
        wish: StatusChange | None,
        last: StatusChange | None,
        *,
        is_accepted: bool,
    ) -> None:
        """Write what was asked of the provider and what is known of its answer."""
        ...

    async def mark_accepted(self, activation_id: int, change: StatusChange) -> None:
        """The provider accepted the last change; without effect in a later round."""
        ...

    async def told_elsewhere(self, activation_id: int) -> set[Sms]:
        """The SMS that earlier orders had on the same phone number."""
        ...

    async def is_word_told(self, words: Mapping[str, str]) -> bool:
        """Whether owners were told of this status word."""
        ...

    async def mark_asked(self, activation_id: int, now: datetime) -> None: ...
    async def learn_phone(
        self, activation: Activation, phone_number: str, now: datetime, *, is_other: bool
    ) -> None:
        """Write a phone number that was not known yet, with a notification for the card.

        Shape: `is_other` when the same number was ordered again, and this is another one.
        """
        ...

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

    async def tell_mismatch(
        self, activation_id: int, drafts: Sequence[Draft], now: datetime
    ) -> None:
        """Keep these notes, once for each activation, also after a restart."""
        ...

    async def duplicates(self) -> list[Activation]:
        """Rows that lost their provider id to an older one and were not told of, oldest first."""
        ...

    async def tell_duplicates(self, drafts: Sequence[Draft], now: datetime) -> None:
        """Keep these notes; none of the duplicates is left to be told of."""
        ...

    async def close_if_restored(
        self, drafts: Sequence[Draft], is_spending: Callable[[str], bool], now: datetime
    ) -> bool:
        """Close renting if this database has lost its newest order; True when it is so just now.

        Offers and kept updates that `is_spending` finds are withdrawn in the same commit.
        """
        ...

    async def lost_order(self) -> int | None:
        """The newest order, which this database does not have; None while renting is open."""
        ...

    async def expected_when_closed(self) -> Decimal | None:
        """What the account should have held by a database that closed renting."""
        ...

    async def open_renting(self) -> None: ...

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


class Outbox(Protocol):
    """Notes as rows."""

    async def add(self, drafts: Sequence[Draft], now: datetime) -> None: ...

    async def claim_due(
        self, now: datetime, user_id: int | None = None, *, codes_only: bool = False
    ) -> Note | None:
        """Take the most urgent note whose turn has come, so that no other pass can.

        Shape: only that person's notes when `user_id` is given. A claim holds until `settle` or
        `release_claims`.
        """
        ...

    async def settle(self, note: Note, delivery: Delivery, now: datetime, delay: timedelta) -> None:
        """Write down what became of it; after LATER it is due again when `delay` has passed."""
        ...

    async def unpark(self, user_id: int, now: datetime) -> None:
        """Make due what waited for this person to write again."""
        ...

    async def claimed_ids(self) -> set[int]: ...

    async def mark_pieces(self, note: Note, sent: int) -> None:
        """Telegram has so many pieces of the note's text."""
        ...

    async def release_claims(self, now: datetime, note_id: int | None = None) -> None:
        """Make due what was claimed and not settled: all of a process before this one, or one."""
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
