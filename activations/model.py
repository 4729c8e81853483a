"""An activation: one number for one service, from the offer to its end. Pure.

The diagram is in docs/states.md.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from bloomsms.models import Sms as Sms  # the rooms that know activations know their SMS
from bloomsms.models import StatusChange

# A number that was read as waiting past its end for so long is given up.
GRACE_AFTER_EXPIRY = timedelta(minutes=10)
# What a number lives when the provider does not say.
USUAL_LIFETIME = timedelta(minutes=20)
# Why an UNCERTAIN order is still watched, or is over; `Activation.reason` holds one of these.
CHARGED = "charged"  # the balance shows that it was charged; its number is unknown
NOT_CHARGED = "not_charged"  # the balance shows that it never took effect
RETURNED = "returned"  # it was charged, and the money came back
COSTS_NOTHING = "costs_nothing"  # it never took effect or its money came back: nobody can tell
CLOSED_BY_OWNER = "closed_by_owner"
FOUND = "found"  # the provider named its number after all
# An offer older than this is asked for again instead of rented.
OFFER_LIFETIME = timedelta(minutes=15)
# Nothing cheaper is ordered: a limit of 0 may mean "no limit" to the provider.
LEAST_PRICE = Decimal("0.000001")


class IdHeldError(Exception):
    """The provider named an id that is another activation's, so the row was not written."""


class State(StrEnum):
    """Where an activation stands with us."""

    INTENT = "intent"  # a confirm card is shown, nothing was asked for
    RENTING = "renting"  # the order left or is about to
    UNCERTAIN = "uncertain"  # the order's outcome is unknown; never repeated
    WAITING = "waiting"  # the number is ours, no (further) code yet
    CODE_RECEIVED = "code_received"  # a code is there
    COMPLETED = "completed"  # used and closed
    CANCELLED = "cancelled"  # given back at the person's wish
    EXPIRED = "expired"  # its time is over
    REFUSED = "refused"  # the provider said no to the order
    WITHDRAWN = "withdrawn"  # the offer was left, or went stale


TRANSITIONS = MappingProxyType(
    {
        State.INTENT: frozenset({State.RENTING, State.WITHDRAWN}),
        State.RENTING: frozenset({State.WAITING, State.REFUSED, State.INTENT, State.UNCERTAIN}),
        State.UNCERTAIN: frozenset({State.WAITING, State.REFUSED}),
        State.WAITING: frozenset(
            {State.CODE_RECEIVED, State.COMPLETED, State.CANCELLED, State.EXPIRED}
        ),
        State.CODE_RECEIVED: frozenset({State.COMPLETED, State.WAITING, State.EXPIRED}),
        State.COMPLETED: frozenset[State](),
        State.CANCELLED: frozenset[State](),
        State.EXPIRED: frozenset[State](),
        State.REFUSED: frozenset[State](),
        State.WITHDRAWN: frozenset[State](),
    }
)

# A number in these states is in its person's hands.
OPEN_STATES = frozenset({State.WAITING, State.CODE_RECEIVED})
# These count against the limit of numbers at once: they hold a number, or may.
HELD_STATES = OPEN_STATES | {State.RENTING, State.UNCERTAIN}
# What stands in these states has cost money, or may have.
PAID_STATES = HELD_STATES | {State.COMPLETED}
# What a person finds in the history.
PAST_STATES = frozenset({State.COMPLETED, State.CANCELLED, State.EXPIRED})
EVER_RENTED_STATES = OPEN_STATES | PAST_STATES
# What /numbers and /history list.
IN_HAND_STATES = OPEN_STATES | {State.RENTING}
HISTORY_STATES = PAST_STATES | {State.UNCERTAIN}


class Kind(StrEnum):
    """How the number is got."""

    FRESH = "fresh"  # any number of the service and country
    AGAIN = "again"  # the number of an earlier activation
    INSTEAD = "instead"  # a fresh one, once an earlier one is given back


@dataclass(frozen=True, slots=True)
class Offer:
    """What a confirm card proposes. Names are outside strings; `price` is also the most paid."""

    user_id: int
    service_code: str
    service_name: str
    country_id: str
    country_name: str
    price: Decimal
    kind: Kind = Kind.FRESH
    source_id: int | None = None  # the activation that AGAIN and INSTEAD start from


@dataclass(frozen=True, slots=True)
class Number:
    """What the provider gave for the money; its id is the number in hand.

    Shape: `phone_number` as the provider wrote it, without separators; empty while not known.
    """

    provider_id: str
    phone_number: str
    price: Decimal  # what the person pays: never above the price shown
    expires_at: datetime
    charged: Decimal | None = None  # what the provider says it took; None: it did not say
    given_service: str = ""  # as the provider names it, where it is not the one asked for
    given_country: str = ""  # see given_service
    is_other_phone: bool = False  # the same number was asked for, and another one came
    is_id_passed_on: bool = False  # a later activation has its provider id now


@dataclass(frozen=True, slots=True)
class Card:
    """The message that shows an activation."""

    chat_id: int
    message_id: int


@dataclass(frozen=True, slots=True)
class Activation:
    """One row. `id` is ours; `number` is there once rented; times are aware UTC."""

    id: int
    offer: Offer
    state: State
    created_at: datetime
    changed_at: datetime  # of the state
    number: Number | None = None
    card: Card | None = None
    waiting_since: datetime | None = None
    asked_at: datetime | None = None  # when the provider was last asked about it
    rounds: int = 1  # how many SMS were asked for
    is_rearmed: bool = True  # seen waiting since the last SMS was asked for
    wish: StatusChange | None = None  # passed on to the provider, not confirmed yet
    is_refund_confirmed: bool = False  # the provider says that it ended without a code
    is_refund_due: bool = False  # its money should come back; no balance has shown it yet
    reason: str = ""  # why it was refused or is uncertain
    card_shown: str = ""  # a digest of what the card shows
    sms: tuple[Sms, ...] = ()  # oldest first
    older_sms: int = 0  # so many of them came in earlier rounds
    last_change: StatusChange | None = None  # asked of the provider in this round, and not refused
    is_change_accepted: bool = False
    is_before_owners: bool = False  # owners were asked to look after the order
    # Of the state: the order in which states and balances came.
    changed_seq: int = field(default=0, compare=False)
    token: str = ""  # what its buttons carry: an id may be given anew, a token is not

    @property
    def user_id(self) -> int:
        return self.offer.user_id

    @property
    def is_cancel_asked(self) -> bool:
        return self.wish is StatusChange.CANCEL

    @property
    def is_cancel_accepted(self) -> bool:
        return self.last_change is StatusChange.CANCEL and self.is_change_accepted

    def has_asked_for(self, change: StatusChange) -> bool:
        """Whether the provider was asked for it and did not refuse, as far as is known."""
        return change in (self.wish, self.last_change)

    @property
    def price(self) -> Decimal:
        """What the person paid, or would pay."""
        return self.number.price if self.number else self.offer.price

    @property
    def taken(self) -> Decimal:
        """What the order took from the account, as far as that is known, or would take."""
        charged = self.number.charged if self.number else None
        return self.offer.price if charged is None else charged

    @property
    def is_overcharged(self) -> bool:
        """Whether the provider took more than the price that was shown."""
        return self.taken > self.offer.price

    @property
    def is_charge_known(self) -> bool:
        """Whether the account's expected balance has its price taken off."""
        return self.number is not None or self.is_charged_without_number

    @property
    def is_charged_without_number(self) -> bool:
        return self.state is State.UNCERTAIN and self.reason == CHARGED

    @property
    def last_sms(self) -> Sms | None:
        return self.sms[-1] if self.sms else None

    @property
    def round_sms(self) -> tuple[Sms, ...]:
        """Those of the present round."""
        return self.sms[self.older_sms :]


def newly_charged(before: Activation, after: Activation) -> Decimal:
    """What the step from `before` to `after` takes off the account's expected balance."""
    is_new = after.is_charge_known and not before.is_charge_known
    return after.taken if is_new else Decimal(0)


@dataclass(frozen=True, slots=True)
class Watched:
    """A number that waits, as far as it must be known to say whom to ask next."""

    id: int
    service_code: str
    waiting_since: datetime
    asked_at: datetime | None
    ends_at: datetime | None = None
    is_shown: bool = True  # whether its phone number is known


@dataclass(frozen=True, slots=True)
class Coded:
    """A number with a code, as far as it must be known to say when to ask."""

    id: int
    since: datetime
    asked_at: datetime | None
    ends_at: datetime | None
    has_wish: bool


@dataclass(frozen=True, slots=True)
class Wait:
    """How long one SMS was probably waited for. `id` is the SMS's; later ones have larger ones."""

    id: int
    service_code: str
    seconds: float


def may_become(state: State, new_state: State) -> bool:
    return new_state in TRANSITIONS[state]
