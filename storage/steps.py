"""One guarded step of an activation's row, inside the caller's transaction."""

from decimal import Decimal

import aiosqlite

from activations.model import OPEN_STATES, Activation, Number, State, newly_charged
from storage.database import Value, to_micros, to_ms
from storage.holders import hold_id
from storage.sequence import NEXT, NOW
from storage.uses import count_use

# How often a number that ended is looked at for a late code.
LATE_LOOKS = 3
ENDED_WITHOUT_DONE = (State.CANCELLED, State.EXPIRED)


UPDATE = (
    "update activations set state = ?, changed_at_ms = ?,"
    " phone_number = coalesce(nullif(?, ''), phone_number),"  # what was learned stays
    " price_micros = ?,"
    " charged_micros = ?, expires_at_ms = ?, given_service = ?, given_country = ?,"
    " is_other_phone = ?, waiting_since_ms = ?, rounds = ?, is_rearmed = ?,"
    " is_refund_confirmed = ?, is_refund_due = ?, reason = ?, is_before_owners = ?,"
    f" changed_seq = case when ? then ({NOW}) else changed_seq end,"
    " wish = case when ? then '' else wish end,"
    " last_change = case when ? then '' else last_change end,"
    " is_change_accepted = case when ? then 0 else is_change_accepted end,"
    " late_looks_left = coalesce(?, late_looks_left)"
    " where id = ? and state = ? and rounds = ?"
)


async def update_row(db: aiosqlite.Connection, before: Activation, after: Activation) -> bool:
    """Write `after` if the row still stands as `before`; False when it does not.

    What the step charges is taken off the expected balance in the same transaction.

    Errors: IdHeldError when another row has the number's provider id.
    """
    if after.state is not before.state:
        await db.execute(NEXT)
    cursor = await db.execute(UPDATE, _values(before, after))
    if cursor.rowcount != 1:
        return False
    provider_id = _provider_id(after)
    if provider_id is not None and provider_id != _provider_id(before):
        await hold_id(db, after, provider_id)
    await _charge(db, before, after)
    if before.number is None and after.number is not None:
        await count_use(db, after.offer)
    return True


def _values(before: Activation, after: Activation) -> tuple[Value, ...]:
    """What UPDATE needs."""
    is_moved = after.state is not before.state
    is_next_round = after.rounds != before.rounds
    return (
        after.state.value,
        to_ms(after.changed_at),
        *_number_columns(after.number),
        to_ms(after.waiting_since) if after.waiting_since else None,
        after.rounds,
        int(after.is_rearmed),
        int(after.is_refund_confirmed),
        int(after.is_refund_due),
        after.reason,
        int(after.is_before_owners),
        int(is_moved),
        int(is_moved),
        int(is_next_round),
        int(is_next_round),
        LATE_LOOKS if _is_end(before, after) else None,
        before.id,
        before.state.value,
        before.rounds,
    )


def _is_end(before: Activation, after: Activation) -> bool:
    is_ended = before.state in OPEN_STATES and after.state in ENDED_WITHOUT_DONE
    return is_ended and after.number is not None


def _provider_id(activation: Activation) -> str | None:
    return activation.number.provider_id if activation.number else None


def _number_columns(number: Number | None) -> tuple[str | int | None, ...]:
    if number is None:
        return (None, None, None, None, "", "", 0)
    return (
        number.phone_number,
        to_micros(number.price),
        None if number.charged is None else to_micros(number.charged),
        to_ms(number.expires_at),
        number.given_service,
        number.given_country,
        int(number.is_other_phone),
    )


async def _charge(db: aiosqlite.Connection, before: Activation, after: Activation) -> None:
    """Take what the step charges off what the account should hold.

    What a lost order took before the balance was read is in that reading already. No reading that
    counts falls between an order and its answer.
    """
    if charged := newly_charged(before, after):
        is_answered = before.state is State.RENTING
        await db.execute(
            "update account set expected_micros = expected_micros - ? where ? or read_seq < ?",
            (to_micros(charged), int(is_answered), before.changed_seq),
        )


async def move_expected(db: aiosqlite.Connection, change: Decimal) -> None:
    """Change what the account should hold, if that is known."""
    if change:
        await db.execute(
            "update account set expected_micros = expected_micros + ?", (to_micros(change),)
        )
