"""What a person holds and spent, read in the transaction that is to add to it."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import aiosqlite

from activations.model import IN_HAND_STATES, PAID_STATES
from people.model import Usage
from storage.database import around_ms, marks, state_words, to_dollars
from storage.users import standing_of

DAY = timedelta(days=1)
# How long an uncertain order counts as holding a number.
UNCERTAIN_HOLDS = timedelta(minutes=30)


async def usage_of(db: aiosqlite.Connection, user_id: int, now: datetime) -> Usage:
    """What the person holds and spent, an activation just begun included."""
    held = await _scalar(
        db,
        f"select count(*) from activations where user_id = ? and (state in"
        f" ({marks(IN_HAND_STATES)}) or (state = 'uncertain' and changed_at_ms between ? and ?))",
        (user_id, *state_words(IN_HAND_STATES), *around_ms(now, UNCERTAIN_HOLDS)),
    )
    spent_micros = await _scalar(
        db,
        "select coalesce(sum(coalesce(price_micros, offered_micros)), 0) from activations"
        " where user_id = ? and created_at_ms between ? and ?"
        f" and (state in ({marks(PAID_STATES)})"
        " or (state in ('expired', 'cancelled') and not is_refund_confirmed))",
        (user_id, *around_ms(now, DAY), *state_words(PAID_STATES)),
    )
    return Usage(held, to_dollars(spent_micros), await standing_of(db, user_id))


async def _scalar(db: aiosqlite.Connection, sql: str, values: Iterable[str | int]) -> int:
    rows = list(await db.execute_fetchall(sql, values))
    return int(rows[0][0])
