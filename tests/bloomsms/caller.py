"""The client with what belongs to it: its budget, its log, and the outcomes it reported."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal

from bloomsms.budget import Budget, Lane
from bloomsms.client import BloomsmsClient
from bloomsms.errors import BloomsmsError
from bloomsms.models import StatusChange
from tests.bloomsms.kept_log import KeptLog

KEY = "sk_sandbox"
PRICE = Decimal("0.55")

Call = Callable[[BloomsmsClient], Awaitable[object]]

READS: dict[str, Call] = {
    "balance": lambda client: client.balance(),
    "countries": lambda client: client.countries(),
    "services": lambda client: client.services("187"),
    "prices": lambda client: client.prices("187", "wa"),
    "status": lambda client: client.activation("38496653"),
}
WRITES: dict[str, Call] = {
    "rent": lambda client: client.rent("wa", "187", PRICE),
    "rerent": lambda client: client.re_rent("38496653"),
    "cancel": lambda client: client.change("38496653", StatusChange.CANCEL),
    "complete": lambda client: client.change("38496653", StatusChange.COMPLETE),
    "another": lambda client: client.change("38496653", StatusChange.ANOTHER_SMS),
}


@dataclass
class Caller:
    client: BloomsmsClient
    budget: Budget
    log: KeptLog
    outcomes: list[BloomsmsError | None]

    @property
    def once(self) -> BloomsmsClient:
        """The client in a lane where nothing is tried twice."""
        return self.client.in_lane(Lane.POLLS)


@asynccontextmanager
async def calling(
    base_url: str,
    *,
    key: str = KEY,
    limit: int = 1000,
    time_s: Callable[[], float] = time.monotonic,
) -> AsyncIterator[Caller]:
    log, outcomes = KeptLog(), list[BloomsmsError | None]()
    budget = Budget(limit, log, time_s)
    async with BloomsmsClient(base_url, key, budget, outcomes.append) as client:
        yield Caller(client, budget, log, outcomes)


async def rented(client: BloomsmsClient) -> str:
    """A number rented just now; the emulated provider's first one is 38496653."""
    return (await client.rent("wa", "187", PRICE)).activation_id
