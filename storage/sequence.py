"""The order in which states changed and balances were read: a number that only rises.

A stored time cannot tell it: the clock may be set between the two.
"""

from storage.database import Database

NEXT = "update sequence set value = value + 1 where id = 1"  # inside the transaction that uses it
NOW = "select value from sequence where id = 1"


async def next_number(database: Database) -> int:
    """A number above all that were given out before, and below all later ones."""
    rows = await database.write(f"{NEXT} returning value")
    return int(rows[0][0])
