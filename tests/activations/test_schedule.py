"""Whom to ask next: the formulas of the rule, and what they lead to."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activations.schedule import (
    Candidate,
    accumulated_hazard,
    hazard,
    most_worthwhile,
    score,
)

AGES = st.floats(0, 5000)
SCALES = st.floats(15, 150)


@pytest.mark.parametrize(
    ("age_s", "expected"),
    [
        (0.0, 0.15),
        (14.9, 0.15),
        (15.1, 1.0),
        (69.9, 1.0),
        (70.0, 1.0),
        (140.0, 2**-2.5),
        (700.0, 10**-2.5),
    ],
)
def test_hazard(age_s: float, expected: float) -> None:
    """Few at first, then steadily, then ever fewer beyond the time scale."""
    assert pytest.approx(expected) == hazard(age_s)


@pytest.mark.parametrize("scale_s", [70.0, 15.0, 150.0])
def test_hazard_of_a_newborn(scale_s: float) -> None:
    """In the first 0.214 of the time scale, 15 s of 70 s, an SMS is unlikely."""
    assert 0.15 == hazard(0.2 * scale_s, scale_s)
    assert 0.0321 * scale_s == pytest.approx(
        accumulated_hazard(0.214 * scale_s, scale_s), rel=0.001
    )
    assert (0.0321 + 0.7857) * scale_s == pytest.approx(
        accumulated_hazard(scale_s, scale_s), rel=0.001
    )


@settings(deadline=None)
@given(AGES, AGES, SCALES)
def test_the_accumulated_hazard_is_its_integral(one: float, other: float, scale_s: float) -> None:
    """Between two ages it grows by the area below the hazard."""
    low, high = sorted((one, other))
    steps = 2000
    width = (high - low) / steps
    area = sum(hazard(low + (step + 0.5) * width, scale_s) for step in range(steps)) * width

    grown = accumulated_hazard(high, scale_s) - accumulated_hazard(low, scale_s)
    assert pytest.approx(area, abs=2 * width + 0.001) == grown


@settings(deadline=None)
@given(AGES, AGES)
def test_score(one: float, other: float) -> None:
    """What accumulated since the last look, squared, over how likely an SMS is just now."""
    asked_s, age_s = sorted((one, other))
    gained = accumulated_hazard(age_s) - accumulated_hazard(asked_s)

    assert pytest.approx(gained**2 / hazard(age_s)) == score(Candidate(1, age_s, asked_s))


def test_ages_below_zero() -> None:
    """A clock that was set back makes a number fresh, not an error."""
    assert 0.0 == score(Candidate(1, -5.0, -10.0))


@settings(deadline=None)
@given(AGES, st.floats(1, 100), st.floats(1, 100))
def test_the_longer_ago_the_better(asked_s: float, gap_s: float, more_s: float) -> None:
    """Of two numbers of the same age the one that was asked about longer ago goes first."""
    age_s = asked_s + gap_s + more_s
    recent, earlier = Candidate(1, age_s, asked_s + more_s), Candidate(2, age_s, asked_s)

    assert [2, 1] == [one.id for one in most_worthwhile([recent, earlier], 2)]


def test_fresh_before_old() -> None:
    """After the same gap a fresh number is worth more than one of half an hour ago."""
    fresh, old = Candidate(1, 30.0, 25.0), Candidate(2, 1800.0, 1795.0)

    assert [1, 2] == [one.id for one in most_worthwhile([old, fresh], 2)]


@pytest.mark.parametrize(
    ("age_s", "asked_at_age_s", "is_due"),
    [(0.0, 0.0, True), (0.3, 0.0, True), (10.0, 9.5, False), (10.0, 9.0, True), (5.0, -1.0, True)],
    ids=["newborn", "never asked", "a moment ago", "a second ago", "asked in an earlier round"],
)
def test_nobody_is_asked_twice_in_a_second(
    age_s: float, asked_at_age_s: float, *, is_due: bool
) -> None:
    """A second lies between two looks at a number; the first look comes at once."""
    assert is_due is bool(most_worthwhile([Candidate(1, age_s, asked_at_age_s)], 1))


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_no_more_than_wanted(count: int) -> None:
    """At most so many as there is room for."""
    candidates = [Candidate(number, 30.0 + number, 0.0) for number in range(3)]

    assert min(count, 3) == len(most_worthwhile(candidates, count))


def gaps(ages_s: list[float], seconds: int) -> dict[int, list[float]]:
    """The gaps between looks at each number when one look a second goes to the best.

    Those of age 0 were never asked about, the others just now.
    """
    last = dict.fromkeys(range(len(ages_s)), 0.0)
    found: dict[int, list[float]] = {number: [] for number in last}
    for second in range(1, seconds + 1):
        candidates = [
            Candidate(number, age_s + second, age_s + last[number])
            for number, age_s in enumerate(ages_s)
        ]
        (best,) = most_worthwhile(candidates, 1)
        found[best.id].append(second - last[best.id])
        last[best.id] = second
    return found


def test_one_number_is_asked_about_every_second() -> None:
    """Alone, a number has the whole budget."""
    assert {0: [1.0] * 60} == gaps([0.0], 60)


def test_the_forgotten_do_not_starve_the_fresh() -> None:
    """With 50 numbers nobody will hear from, three fresh ones get most looks of a minute."""
    found = gaps([900.0 + number for number in range(50)] + [0.0, 0.0, 0.0], 120)

    assert 60 <= sum(len(found[number]) for number in (50, 51, 52))
    assert max(gap for number in (50, 51, 52) for gap in found[number]) <= 15


def test_nobody_is_dropped() -> None:
    """Also the oldest numbers are asked about again and again."""
    found = gaps([600.0 + 10 * number for number in range(50)], 600)

    assert math.inf > max(max(gaps_of) for gaps_of in found.values())
    assert 3 <= min(len(gaps_of) for gaps_of in found.values())
