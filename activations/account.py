"""The account's balance at the provider, asked for once by all who ask at once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from activations.keeping import Memory
from activations.ports import Clock, Provider
from activations.shelf import Shelf
from bloomsms.models import Balance as Balance

BALANCE_AGE = timedelta(seconds=0.5)
# Where the balance only stands beside something else, one of this age does.
GLANCE_AGE = timedelta(seconds=10)
# And an older one until the new one is there: a provider that hangs holds up no menu.
OLDEST_GLANCE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Glance:
    """A balance that was read a little while ago."""

    balance: Balance
    at: timedelta  # by the monotonic clock
    version: int


class Account:
    """Shape: `version` gives a number that changes whenever we know that money moved."""

    def __init__(self, provider: Provider, clock: Clock, version: Callable[[], int]) -> None:
        self._provider = provider
        self._clock = clock
        self._version = version
        self._balances = Shelf(self._fetch, Memory(), clock)
        self._seen: Glance | None = None
        self._is_asking = False

    @property
    def version(self) -> int:
        """Changes whenever we know that money moved."""
        return self._version()

    async def balance(self) -> Balance:
        """The balance of now. Errors: Refusal."""
        if self._seen and self._seen.version != self._version():
            await self._balances.forget("")
        return await self._balances.take("", BALANCE_AGE, BALANCE_AGE)

    def glance(self) -> Balance | None:
        """The balance as it was seen lately; None when money may have moved since."""
        seen = self._seen
        if seen is None or seen.version != self._version():
            return None
        return seen.balance if self._clock.monotonic() - seen.at <= OLDEST_GLANCE else None

    @property
    def is_glance_old(self) -> bool:
        """Whether the next glance should show a newer balance, and nobody is asking for it."""
        seen = self._seen
        if self._is_asking:
            return False
        return seen is None or self._clock.monotonic() - seen.at > GLANCE_AGE

    async def _fetch(self, _key: str) -> Balance:
        asked_at, version = self._clock.monotonic(), self._version()
        self._is_asking = True
        try:
            balance = await self._provider.balance()
        finally:
            self._is_asking = False
        self._seen = Glance(balance, asked_at, version)
        return balance
