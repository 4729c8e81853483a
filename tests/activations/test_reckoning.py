"""What a reading of the balance proves, against trying every possibility."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activations.reckoning import Proof, prove

AMOUNTS = st.lists(st.sampled_from(["0.45", "0.55", "1.00"]).map(Decimal), max_size=4)


def subsets(ids: range) -> Iterator[frozenset[int]]:
    return (frozenset(chosen) for n in range(len(ids) + 1) for chosen in combinations(ids, n))


def stories(
    difference: Decimal, unknown: dict[int, Decimal], due: dict[int, Decimal]
) -> list[tuple[frozenset[int], frozenset[int]]]:
    """Every choice of charged and returned that explains the difference."""
    return [
        (charged, returned)
        for charged in subsets(range(len(unknown)))
        for returned in subsets(range(100, 100 + len(due)))
        if difference == sum(due[i] for i in returned) - sum(unknown[i] for i in charged)
    ]


@given(
    lost=AMOUNTS,
    owed=AMOUNTS,
    difference=st.sampled_from(["-1.10", "-0.55", "-0.45", "0", "0.10", "0.55", "1", "9"]),
)
def test_only_what_every_story_tells(
    lost: list[Decimal], owed: list[Decimal], difference: str
) -> None:
    """Charged, free and returned is what all explanations have in common, and all of that."""
    unknown, due = dict(enumerate(lost)), dict(enumerate(owed, start=100))
    told = stories(Decimal(difference), unknown, due)

    proof = prove(Decimal(difference), unknown, due)

    assert (proof is None) == (not told)
    if proof is None:
        return
    assert proof.charged == {i for i in unknown if all(i in charged for charged, _ in told)}
    assert proof.free == {i for i in unknown if all(i not in charged for charged, _ in told)}
    for price in set(owed):
        of_price = [i for i in due if due[i] == price]
        fewest = min(sum(due[i] == price for i in returned) for _, returned in told)
        assert set(of_price[:fewest]) == proof.returned & set(of_price)


@pytest.mark.parametrize("count", [60, 2000])
def test_many_equal_returns(count: int) -> None:
    """A busy day of equal prices is worked out, however long it was."""
    due = dict.fromkeys(range(count), Decimal("0.55"))

    proof = prove(Decimal("0.55") * 40, {}, due)

    assert proof == Proof(returned=frozenset(range(40)))


@pytest.mark.parametrize(
    "due",
    [
        {n: Decimal(2**n) for n in range(40)},
        {n: Decimal(1000 + n) / 100 + n for n in range(4000)},
    ],
    ids=["wide", "many"],
)
def test_too_many_different_sums(due: dict[int, Decimal]) -> None:
    """Where everything explains everything nothing is concluded, and soon."""
    assert Proof() == prove(Decimal(5), {-1: Decimal("0.55")}, due)


def test_prices_in_cents() -> None:
    """A day of many different prices is worked out in no time that anybody would notice."""
    due = {n: Decimal(30 + n) / 100 for n in range(80)}
    unknown = {-n: Decimal(40 + n) / 100 for n in range(1, 11)}

    assert prove(Decimal(0), unknown, due) == Proof()
