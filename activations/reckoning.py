"""What a reading of the account's balance proves about orders and returns. Pure.

Source: docs/decisions/0009-uncertain-orders.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from math import gcd

# Where the sums of all prices, counted in their common unit, or the work of adding them up would be
# more than this, nothing is concluded: there is no one explanation any more, and nobody may wait.
MOST_SUMS = 200_000
MOST_WORK = 100_000_000
MICROS = 1_000_000

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
    lost = {id_: _micros(price) for id_, price in unknown.items()}
    owed = {id_: _micros(price) for id_, price in due.items()}
    # Had all orders been charged, so much more would be missing: what is not must be explained by
    # prices that were not taken or that came back.
    spared = _micros(difference) + sum(lost.values())
    unit = gcd(*lost.values(), *owed.values()) or 1
    amounts = [*lost.values(), *owed.values()]
    size = sum(amounts) // unit
    if size > MOST_SUMS or size * len(amounts) * (len(lost) + len(set(owed.values()))) > MOST_WORK:
        return Proof()
    if not _is_sum(spared, amounts, unit):
        return None
    charged: set[int] = set()
    free: set[int] = set()
    for id_, price in lost.items():
        others = [amount for other, amount in lost.items() if other != id_] + [*owed.values()]
        can_be_free, can_be_charged = (
            _is_sum(spared - price, others, unit),
            _is_sum(spared, others, unit),
        )
        if can_be_free is not can_be_charged:
            (free if can_be_free else charged).add(id_)
    returned = _certainly_returned(spared, [*lost.values()], owed, unit)
    return Proof(frozenset(charged), frozenset(free), frozenset(returned))


def _certainly_returned(
    spared: int, lost: Sequence[int], owed: Mapping[int, int], unit: int
) -> list[int]:
    found: list[int] = []
    by_price = sorted(owed.items(), key=lambda item: item[1])  # stable: the order within stays
    for price, group in groupby(by_price, key=lambda item: item[1]):
        ids = [id_ for id_, _ in group]
        others = _sums([*lost, *(amount for amount in owed.values() if amount != price)], unit)
        fewest = next(n for n in range(len(ids) + 1) if _has(others, spared - n * price, unit))
        found += ids[:fewest]
    return found


def _is_sum(wanted: int, amounts: Iterable[int], unit: int) -> bool:
    return _has(_sums(amounts, unit), wanted, unit)


def _sums(amounts: Iterable[int], unit: int) -> int:
    """The sums of all choices among `amounts`, each as the bit of its number of units."""
    sums = 1
    for amount in amounts:
        sums |= sums << (amount // unit)
    return sums


def _has(sums: int, wanted: int, unit: int) -> bool:
    return wanted >= 0 and wanted % unit == 0 and bool(sums >> (wanted // unit) & 1)


def _micros(dollars: Decimal) -> int:
    return int(dollars * MICROS)
