"""Whether the provider reckons in US dollars, by what its answers name."""

from datetime import timedelta

from activations.ports import Clock
from bloomsms.models import DOLLARS

BALANCE = "balance"
# Where only a price or an order named another currency, a balance in dollars counts after so long.
DOUBTED_FOR = timedelta(minutes=10)


class CurrencyWatch:
    """Remembers each place that named another currency, until it or the balance says otherwise."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # By place: the currency, and when it was named last.
        self._others: dict[str, tuple[str, timedelta]] = {}

    @property
    def other(self) -> str:
        """The currency that stands in the way; empty when all is in dollars."""
        return next((currency for currency, _ in self._others.values()), "")

    @property
    def of_balance(self) -> str:
        """The other currency that the balance is in; empty when it is in dollars."""
        return self._others.get(BALANCE, ("", timedelta()))[0]

    def note(self, place: str, currency: str) -> None:
        """Take note of what a place named; the places are those of bloomsms/client.py."""
        now = self._clock.monotonic()
        if currency != DOLLARS:
            self._others[place] = (currency, now)
        elif place == BALANCE and BALANCE in self._others:
            self._others.clear()
        elif place == BALANCE:
            young = {p: o for p, o in self._others.items() if now - o[1] < DOUBTED_FOR}
            self._others = young
        else:
            self._others.pop(place, None)
