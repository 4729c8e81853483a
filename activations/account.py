"""The account's balance at the provider, asked for once by all who ask at once."""

from datetime import timedelta

from activations.keeping import Memory
from activations.ports import Clock, Provider
from activations.shelf import Shelf
from bloomsms.models import Balance

BALANCE_AGE = timedelta(seconds=0.5)


class Account:
    def __init__(self, provider: Provider, clock: Clock) -> None:
        self._provider = provider
        self._balances = Shelf(self._fetch, Memory(), clock)

    async def balance(self) -> Balance:
        """The balance of now. Errors: Refusal."""
        return await self._balances.take("", BALANCE_AGE, BALANCE_AGE)

    async def _fetch(self, _key: str) -> Balance:
        return await self._provider.balance()
