"""What the poller must know of the waiting numbers, without the rest of their rows."""

from activations.model import State, Wait, Watched
from storage.database import Database, to_time

MOST_WAITS = 1000


class WatchRows:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def watched(self) -> list[Watched]:
        """Every number that waits, oldest first."""
        rows = await self._database.rows(
            "select id, service_code, coalesce(waiting_since_ms, created_at_ms), asked_at_ms,"
            " provider_id is null or coalesce(phone_number, '') <> ''"
            " from activations where state = ? order by id",
            (State.WAITING.value,),
        )
        return [
            Watched(
                id=row[0],
                service_code=row[1],
                waiting_since=to_time(row[2]),
                asked_at=None if row[3] is None else to_time(row[3]),
                is_shown=bool(row[4]),
            )
            for row in rows
        ]

    async def waits_after(self, sms_id: int) -> list[Wait]:
        """How long the SMS after this one were waited for, at most the last thousand, in order."""
        rows = await self._database.rows(
            "select sms.id, service_code, waited_ms from sms"
            " join activations on activations.id = activation_id"
            " where sms.id > ? and waited_ms is not null order by sms.id desc limit ?",
            (sms_id, MOST_WAITS),
        )
        return [Wait(row[0], row[1], row[2] / 1000) for row in reversed(rows)]
