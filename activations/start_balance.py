"""Whether orders and refunds of our own explain a balance that is not the expected one."""

from dataclasses import dataclass
from decimal import Decimal

from activations.model import State
from activations.ports import Store
from activations.reckoning import Prices, prove


@dataclass(frozen=True, slots=True)
class OpenSums:
    """What open orders may have taken, and what numbers that ended may have brought back."""

    unknown: Prices
    due: Prices

    def explain(self, difference: Decimal) -> bool:
        """Units: US dollars; a negative difference is money that is missing."""
        return prove(difference, self.unknown, self.due) is not None


async def open_sums(store: Store) -> OpenSums:
    """As they stand now: a waiting number may have ended while the bot was down."""
    uncertain = await store.in_states(frozenset({State.UNCERTAIN}))
    waiting = await store.in_states(frozenset({State.WAITING}))
    charged = [a for a in uncertain if a.is_charged_without_number]
    ended = [*await store.awaiting_return(), *charged, *(a for a in waiting if not a.sms)]
    return OpenSums(
        unknown={a.id: a.taken for a in uncertain if not a.is_charged_without_number},
        due={a.id: a.taken for a in ended},
    )
