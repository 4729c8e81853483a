"""Notes: what somebody is to be told, kept as rows until Telegram has accepted it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bloomsms.models import Sms


class NoteKind(StrEnum):
    """What is told, and to whom."""

    CODE = "code"  # the person: an SMS, as a new message
    CARD = "card"  # the person: the activation's card, brought up to date
    UNCERTAIN = "uncertain"  # the person: the order's outcome is unknown
    SETTLED = "settled"  # the person: what became of an uncertain order
    SENTENCE = "sentence"  # the person: an answer that Telegram did not take at once
    LET_IN = "let_in"  # the person: an owner opened the door
    TURNED_AWAY = "turned_away"  # the person: an owner refused or removed them
    OWNER_UNCERTAIN = "owner_uncertain"  # an owner: somebody's order is uncertain
    OWNER_UNSETTLED = "owner_unsettled"  # an owner: an order that nothing has settled in time
    OWNER_FUNDS = "owner_funds"  # an owner: the account is empty
    OWNER_PROVIDER = "owner_provider"  # an owner: the provider's condition changed
    OWNER_PARKED = "owner_parked"  # an owner: an update could not be handled
    OWNER_WORD = "owner_word"  # an owner: the provider uses a status word nobody knows
    OWNER_HINTS = "owner_hints"  # an owner: the webhook fell silent, or works again
    OWNER_UNCLAIMED = "owner_unclaimed"  # an owner: a number may be of more than one order
    OWNER_MISMATCH = "owner_mismatch"  # an owner: an answer about one number named another
    OWNER_HELD = "owner_held"  # an owner: an order was answered with another number's id
    OWNER_DIFFERENT = "owner_different"  # an owner: another service or country than ordered
    OWNER_OVERCHARGED = "owner_overcharged"  # an owner: more was taken than was shown
    OWNER_DUPLICATES = "owner_duplicates"  # an owner: rows that shared an id, found at the start
    DUPLICATE = "duplicate"  # the person: the order's number turned out to be another order's
    OWNER_RESTORED = "owner_restored"  # an owner: the database lost orders, renting is closed
    OWNER_BALANCE = "owner_balance"  # an owner: at the start the balance was not as expected
    OWNER_WEBHOOK = "owner_webhook"  # an owner: another program changed the bot's webhook
    OWNER_ACCESS = "owner_access"  # an owner: somebody knocks at a private bot


# Codes go before news, news before cards.
RANK_OF_CODES, RANK_OF_NEWS, RANK_OF_CARDS = 0, 1, 2
RANK: Mapping[NoteKind, int] = {NoteKind.CODE: RANK_OF_CODES, NoteKind.CARD: RANK_OF_CARDS}


@dataclass(frozen=True, slots=True)
class Draft:
    """A note to be kept. A CODE draft's SMS is the one recorded in the same commit."""

    kind: NoteKind
    user_id: int
    activation_id: int | None = None
    words: Mapping[str, str] = field(default_factory=dict)  # outside strings the text needs


@dataclass(frozen=True, slots=True)
class Note:
    """A kept note, claimed for delivery. `attempts` counts this one.

    Shape: of a text in several pieces the first `pieces_sent` are with Telegram already.

    Units: `created_at` is aware UTC: when what it tells was learned.
    """

    id: int
    kind: NoteKind
    user_id: int
    activation_id: int | None
    sms: Sms | None
    words: Mapping[str, str]
    attempts: int
    created_at: datetime
    pieces_sent: int = 0


class Outcome(StrEnum):
    """What became of a delivery."""

    SENT = "sent"  # Telegram has it
    LATER = "later"  # try again after a while
    PARKED = "parked"  # the person cannot be reached until they write again
    DEAD = "dead"  # can never be delivered


@dataclass(frozen=True, slots=True)
class Delivery:
    """Units: `retry_after_s` is meant for LATER; None leaves the delay to the outbox."""

    outcome: Outcome
    retry_after_s: float | None = None


def code_and_card(user_id: int, activation_id: int) -> tuple[Draft, ...]:
    return (Draft(NoteKind.CODE, user_id, activation_id), card(user_id, activation_id))


def card(user_id: int, activation_id: int) -> Draft:
    return Draft(NoteKind.CARD, user_id, activation_id)


def to_owners(
    kind: NoteKind,
    owner_ids: Iterable[int],
    activation_id: int | None = None,
    **words: str,
) -> list[Draft]:
    return [Draft(kind, owner_id, activation_id, words) for owner_id in sorted(owner_ids)]
