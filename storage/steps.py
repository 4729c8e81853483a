"""One guarded step of an activation's row, inside the caller's transaction."""

from decimal import Decimal

import aiosqlite

from activations.model import Activation, Number, newly_charged
from storage.database import to_micros, to_ms
from storage.holders import hold_id
from storage.uses import count_use


async def update_row(db: aiosqlite.Connection, before: Activation, after: Activation) -> bool:
    """Write `after` if the row still stands as `before`; False when it does not.

    What the step charges is taken off the expected balance in the same transaction.

    Errors: IdHeldError when another row has the number's provider id.
    """
    cursor = await db.execute(
        "update activations set state = ?, changed_at_ms = ?, phone_number = ?,"
        " price_micros = ?, charged_micros = ?, expires_at_ms = ?, given_service = ?,"
        " given_country = ?, is_other_phone = ?, waiting_since_ms = ?, rounds = ?, is_rearmed = ?,"
        " is_refund_confirmed = ?, is_refund_due = ?, reason = ?,"
        " wish = case when ? then '' else wish end"
        " where id = ? and state = ? and rounds = ?",
        (
            after.state.value,
            to_ms(after.changed_at),
            *_number_columns(after.number),
            to_ms(after.waiting_since) if after.waiting_since else None,
            after.rounds,
            int(after.is_rearmed),
            int(after.is_refund_confirmed),
            int(after.is_refund_due),
            after.reason,
            int(after.state is not before.state),
            before.id,
            before.state.value,
            before.rounds,
        ),
    )
    if cursor.rowcount != 1:
        return False
    provider_id = _provider_id(after)
    if provider_id is not None and provider_id != _provider_id(before):
        await hold_id(db, after, provider_id)
    await _charge(db, before, after)
    if before.number is None and after.number is not None:
        await count_use(db, after.offer)
    return True


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

    What an order took before the balance was read is in that reading already.
    """
    if charged := newly_charged(before, after):
        await db.execute(
            "update account set expected_micros = expected_micros - ? where read_at_ms <= ?",
            (to_micros(charged), to_ms(before.changed_at)),
        )


async def move_expected(db: aiosqlite.Connection, change: Decimal) -> None:
    """Change what the account should hold, if that is known."""
    if change:
        await db.execute(
            "update account set expected_micros = expected_micros + ?", (to_micros(change),)
        )
