"""A database that is older than its newest order: a restored backup, or a file that was lost."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

import aiosqlite

from activations.model import State
from activations.notes import Draft
from storage.database import Database, UnusableDatabaseError, to_dollars, to_ms
from storage.newest_order import NewestOrder
from storage.notes import insert_drafts


@dataclass(frozen=True, slots=True)
class Counted:
    """How many orders were begun; `lost` is the newest one, which a restored copy does not have."""

    begun: int
    lost: int | None
    expected: Decimal | None  # what the account should have held by this database


async def count_order(db: aiosqlite.Connection) -> int:
    """Count an order in the caller's transaction; its number, which only rises."""
    rows = await db.execute_fetchall(
        "update order_count set begun = begun + 1 where id = 1 returning begun"
    )
    return int(next(iter(rows))[0])


async def read_count(database: Database) -> Counted:
    (row,) = await database.rows("select * from order_count")
    expected = row["expected_micros"]
    return Counted(row["begun"], row["lost"], None if expected is None else to_dollars(expected))


async def close_if_restored(
    database: Database,
    newest: NewestOrder,
    drafts: Sequence[Draft],
    is_spending: Callable[[str], bool],
    now: datetime,
) -> bool:
    """Close renting if the file knows a newer order; True when that is so since just now.

    Kept presses that spend, offers and the expected balance go in the same commit.
    Errors: UnusableDatabaseError when `drafts` reach no owner, who would have to open it again.
    """
    counted, number = await read_count(database), newest.read()
    if number is None and not drafts:
        await open_renting(database)  # the file was removed: that is how to go on without an owner
    elif not drafts and (counted.lost is not None or _is_newer(number, counted)):
        raise UnusableDatabaseError(_no_owner(database, newest))
    if number is None or not _is_newer(number, counted):
        await newest.write(counted.begun)
        return False
    if number == counted.lost:
        return False
    async with database.transaction() as db:
        await _withdraw(db, is_spending, now)
        await db.execute(
            "update order_count set lost = ?, expected_micros ="
            " coalesce((select expected_micros from account), expected_micros)",
            (number,),
        )
        await db.execute("delete from account")
        words = {"lost": str(number)}
        await insert_drafts(db, [replace(draft, words=words) for draft in drafts], now)
    return True


async def open_renting(database: Database) -> None:
    """Count on from the newest order that was lost."""
    await database.write(
        "update order_count set begun = max(begun, lost), lost = null, expected_micros = null"
        " where lost is not null"
    )


async def _withdraw(
    db: aiosqlite.Connection, is_spending: Callable[[str], bool], now: datetime
) -> None:
    kept = await db.execute_fetchall(
        "select update_id, body from updates where status = 'pending'"
    )  # fmt: skip
    await db.executemany(
        "update updates set status = 'done', body = '' where update_id = ?",
        [(row[0],) for row in kept if is_spending(row[1])],
    )
    await db.execute(
        "update activations set state = ?, changed_at_ms = ? where state = ?",
        (State.WITHDRAWN.value, to_ms(now), State.INTENT.value),
    )


def _is_newer(number: int | None, counted: Counted) -> bool:
    return number is not None and number > counted.begun


def _no_owner(database: Database, newest: NewestOrder) -> str:
    return (
        f"The database {database.path} is older than its newest order, as after restoring a"
        " backup: set ADMIN_IDS, so that an owner can check it and open renting again, or remove"
        f" {newest.path} to go on without a check."
    )
