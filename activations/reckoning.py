"""What a reading of the account's balance proves about orders and returns. Pure.

Source: docs/decisions/0009-uncertain-orders.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

# Beyond so many different sums nothing is concluded: there is no one explanation any more.
MOST_SUMS = 20_000

Prices = Mapping[int, Decimal]  # by the activation's id


@dataclass(frozen=True, slots=True)
class Proof:
    """What is certain, by id; whatever stands in none of the three may still be either."""

    charged: frozenset[int] = frozenset()
    free: frozenset[int] = frozenset()
    returned: frozenset[int] = frozenset()


def prove(difference: Decimal, unknown: Prices, due: Prices) -> Proof | None:
    """Explain by how much a reading differs from what was expected.

    Each `unknown` order took its price or nothing; each `due` price came back or did not.

    Shape: None when no choice of them explains the difference. Returns of equal amounts cannot be
    told apart: as many as certainly came count for the first of `due`, in its order.
    Units: US dollars; a negative difference is money that is missing.
    """
    losses = {id_: -price for id_, price in unknown.items()}
    sums = _sums([*losses.values(), *due.values()])
    if sums is None:
        return Proof()
    if difference not in sums:
        return None
    charged: set[int] = set()
    free: set[int] = set()
    for id_, loss in losses.items():
        others = _sums([*(v for k, v in losses.items() if k != id_), *due.values()]) or set()
        can_be_free, can_be_charged = difference in others, difference - loss in others
        if can_be_free is not can_be_charged:
            (free if can_be_free else charged).add(id_)
    returned = _certainly_returned(difference, list(losses.values()), due)
    return Proof(frozenset(charged), frozenset(free), frozenset(returned))


def _certainly_returned(difference: Decimal, losses: Sequence[Decimal], due: Prices) -> list[int]:
    found: list[int] = []
    by_price = sorted(due.items(), key=lambda item: item[1])  # stable: the order within stays
    for price, group in groupby(by_price, key=lambda item: item[1]):
        ids = [id_ for id_, _ in group]
        rest = [amount for amount in due.values() if amount != price]
        others = _sums([*losses, *rest]) or set()
        fewest = next(n for n in range(len(ids) + 1) if difference - n * price in others)
        found += ids[:fewest]
    return found


def _sums(amounts: Iterable[Decimal]) -> set[Decimal] | None:
    """The sums of all choices among `amounts`; None when there are too many."""
    sums = {Decimal(0)}
    for amount in amounts:
        sums |= {one + amount for one in sums}
        if len(sums) > MOST_SUMS:
            return None
    return sums
