"""One guarded step of an activation's row, inside the caller's transaction."""

from decimal import Decimal

import aiosqlite

from activations.model import Activation, newly_charged
from storage.database import to_micros, to_ms
from storage.uses import count_use


async def update_row(db: aiosqlite.Connection, before: Activation, after: Activation) -> bool:
    """Write `after` if the row still stands as `before`; False when it does not.

    What the step charges is taken off the expected balance in the same transaction.
    """
    number = after.number
    cursor = await db.execute(
        "update activations set state = ?, changed_at_ms = ?, provider_id = ?,"
        " phone_number = coalesce(nullif(?, ''), phone_number),"  # what was learned stays
        " price_micros = ?, expires_at_ms = ?, waiting_since_ms = ?, rounds = ?, is_rearmed = ?,"
        " is_refund_confirmed = ?, is_refund_due = ?, reason = ?,"
        " wish = case when ? then '' else wish end"
        " where id = ? and state = ? and rounds = ?",
        (
            after.state.value,
            to_ms(after.changed_at),
            number.provider_id if number else None,
            number.phone_number if number else None,
            to_micros(number.price) if number else None,
            to_ms(number.expires_at) if number else None,
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
    await _charge(db, before, after)
    if before.number is None and after.number is not None:
        await count_use(db, after.offer)
    return True


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
