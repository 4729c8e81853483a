"""Sums over all rows, for the owners' books."""

from activations.model import CHARGED, PAST_STATES
from activations.tally import Sum, Tally
from storage.database import Database, to_dollars

# What the provider took. A number whose id a later order has now was rented all the same.
RENTED = (
    "select count(*), coalesce(sum(coalesce(charged_micros, price_micros)), 0) from activations"
    " where (provider_id not null or (former_provider_id not null"
    f" and state in ({', '.join(repr(state.value) for state in sorted(PAST_STATES))})))"
)
CHARGED_ONLY = f"state = 'uncertain' and reason = '{CHARGED}'"


class LedgerRows:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def tally(self) -> Tally:
        sent, pending, parked, dead = [
            await self._count(
                f"select count(*) from notes where kind = 'code' and status in {words}"
            )
            for words in ("('sent')", "('pending', 'claimed')", "('parked')", "('dead')")
        ]
        return Tally(
            rented=await self._sum(RENTED),
            returned=await self._sum(f"{RENTED} and is_refund_confirmed"),
            unknown=await self._sum(
                "select count(*), coalesce(sum(offered_micros), 0) from activations"
                f" where state in ('renting', 'uncertain') and not ({CHARGED_ONLY})"
            ),
            nameless=await self._sum(
                "select count(*), coalesce(sum(offered_micros), 0) from activations"
                f" where {CHARGED_ONLY}"
            ),
            sms=await self._count("select count(*) from sms"),
            sms_sent=sent,
            sms_pending=pending,
            sms_parked=parked,
            sms_dead=dead,
            parked_updates=await self._count(
                "select count(*) from updates where status = 'parked'"
            ),
        )

    async def _count(self, sql: str) -> int:
        row = await self._database.row(sql)
        return int(row[0]) if row else 0

    async def _sum(self, sql: str) -> Sum:
        row = await self._database.row(sql)
        return Sum(int(row[0]), to_dollars(int(row[1]))) if row else Sum(0, to_dollars(0))
