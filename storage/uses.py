"""How often each country and service was rented, by everybody and by each person.

Counted as it happens: with a long history there would be too much to count for a menu.
"""

from collections import Counter
from collections.abc import Mapping

import aiosqlite

from activations.model import Offer
from storage.database import Database

EVERYBODY = 0  # nobody's id at Telegram
OWN_WEIGHT = 10


async def count_use(db: aiosqlite.Connection, offer: Offer) -> None:
    """Count one number more, inside the caller's transaction."""
    await db.executemany(
        "insert into uses (user_id, kind, ref, times) values (?, ?, ?, 1)"
        " on conflict do update set times = times + 1",
        [
            (user_id, kind, ref)
            for user_id in (EVERYBODY, offer.user_id)
            for kind, ref in (("country", offer.country_id), ("service", offer.service_code))
        ],
    )


async def read_uses(database: Database, user_id: int) -> Mapping[str, Mapping[str, int]]:
    """By `country` and `service`; one's own weigh tenfold."""
    counts: dict[str, Counter[str]] = {"country": Counter(), "service": Counter()}
    for row in await database.rows(
        "select kind, ref, case user_id when ? then times else times * ? end as weight"
        " from uses where user_id in (?, ?)",
        (EVERYBODY, OWN_WEIGHT - 1, EVERYBODY, user_id),
    ):
        counts[row["kind"]][row["ref"]] += row["weight"]
    return counts
