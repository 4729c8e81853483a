"""What the poller must know of the waiting numbers, without the rest of their rows."""

from datetime import datetime

from activations.model import Coded, State, Wait, Watched
from bloomsms.models import Sms
from storage.database import Database, to_time

MOST_WAITS = 1000
# The texts of earlier orders with this order's phone number, and of those whose number it re-rents.
TOLD_ELSEWHERE = """
with recursive earlier (id) as (
    select source_id from activations where id = ?1 and kind = 'again'
    union
    select source_id from activations join earlier using (id) where kind = 'again'
)
select distinct code, full_text from sms where activation_id in (
    select other.id from activations as other join activations as this
    on other.phone_number = this.phone_number and other.id < this.id
    where this.id = ?1 and length(this.phone_number) > 4
    union
    select id from earlier
)
"""


class WatchRows:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def watched(self) -> list[Watched]:
        """Every number that waits, oldest first."""
        rows = await self._database.rows(
            "select id, service_code, coalesce(waiting_since_ms, created_at_ms), asked_at_ms,"
            " expires_at_ms, provider_id is null or coalesce(phone_number, '') <> ''"
            " from activations where state = ? order by id",
            (State.WAITING.value,),
        )
        return [
            Watched(
                id=row[0],
                service_code=row[1],
                waiting_since=to_time(row[2]),
                asked_at=_time(row[3]),
                ends_at=_time(row[4]),
                is_shown=bool(row[5]),
            )
            for row in rows
        ]

    async def coded(self) -> list[Coded]:
        """Every number that has its code and is open, oldest first."""
        rows = await self._database.rows(
            "select id, coalesce(waiting_since_ms, created_at_ms), asked_at_ms, expires_at_ms,"
            " wish <> '' from activations where state = ? and provider_id is not null order by id",
            (State.CODE_RECEIVED.value,),
        )
        return [
            Coded(row[0], to_time(row[1]), _time(row[2]), _time(row[3]), bool(row[4]))
            for row in rows
        ]

    async def late_looks(self) -> dict[int, int]:
        """How many looks for a late code are left of each ended number, by its id, oldest first."""
        rows = await self._database.rows(
            "select id, late_looks_left from activations where late_looks_left > 0 order by id"
        )
        return {int(row[0]): int(row[1]) for row in rows}

    async def looked_late(self, activation_id: int) -> None:
        """One of these looks was made."""
        await self._database.write(
            "update activations set late_looks_left = late_looks_left - 1"
            " where id = ? and late_looks_left > 0",
            (activation_id,),
        )

    async def waits_after(self, sms_id: int) -> list[Wait]:
        """How long the SMS after this one were waited for, at most the last thousand, in order."""
        rows = await self._database.rows(
            "select sms.id, service_code, waited_ms from sms"
            " join activations on activations.id = activation_id"
            " where sms.id > ? and waited_ms is not null order by sms.id desc limit ?",
            (sms_id, MOST_WAITS),
        )
        return [Wait(row[0], row[1], row[2] / 1000) for row in reversed(rows)]


async def told_elsewhere(database: Database, activation_id: int) -> set[Sms]:
    """The SMS that earlier orders had on the phone number of this one."""
    rows = await database.rows(TOLD_ELSEWHERE, (activation_id,))
    return {Sms(row[0], row[1]) for row in rows}


def _time(ms: int | None) -> datetime | None:
    return None if ms is None else to_time(ms)
