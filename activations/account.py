"""The account's balance at the provider, asked for at most once in a few seconds."""

from datetime import datetime, timedelta

from activations.errors import refusal_of
from activations.ports import Clock, Provider
from bloomsms.errors import BloomsmsError
from bloomsms.models import Balance

BALANCE_AGE = timedelta(seconds=3)


class Account:
    def __init__(self, provider: Provider, clock: Clock) -> None:
        self._provider = provider
        self._clock = clock
        self._known: tuple[datetime, Balance] | None = None

    async def balance(self) -> Balance:
        """The balance as of the last seconds. Errors: Refusal."""
        if self._known and self._clock.now() - self._known[0] <= BALANCE_AGE:
            return self._known[1]
        try:
            balance = await self._provider.balance()
        except BloomsmsError as err:
            raise refusal_of(err) from err
        self._known = (self._clock.now(), balance)
        return balance
