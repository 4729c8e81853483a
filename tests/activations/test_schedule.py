"""Whom to ask next: the formulas of the rule, and what they lead to."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activations.schedule import (
    Candidate,
    accumulated_hazard,
    hazard,
    longest_gap_s,
    most_worthwhile,
    score,
)

AGES = st.floats(0, 5000)
SCALES = st.floats(15, 150)


@pytest.mark.parametrize(
    ("age_s", "expected"),
    [(0.0, 0.0), (7.0, 0.1), (35.0, 0.5), (70.0, 1.0), (140.0, 2**-3.5), (700.0, 10**-3.5)],
)
def test_hazard(age_s: float, expected: float) -> None:
    """Ever more likely up to the time scale, soon ever less beyond it."""
    assert pytest.approx(expected) == hazard(age_s)
    assert pytest.approx(expected) == hazard(age_s / 2, 35.0)


@settings(deadline=None)
@given(AGES, AGES, SCALES)
def test_the_accumulated_hazard_is_its_integral(one: float, other: float, scale_s: float) -> None:
    """Between two ages it grows by the area below the hazard, in time scales."""
    low, high = sorted((one, other))
    steps = 2000
    width = (high - low) / steps
    area = sum(hazard(low + (step + 0.5) * width, scale_s) for step in range(steps)) * width

    grown = accumulated_hazard(high, scale_s) - accumulated_hazard(low, scale_s)
    assert pytest.approx(area / scale_s, abs=2 * width / scale_s + 0.001) == grown


@settings(deadline=None)
@given(st.floats(0, 5000), st.floats(0.1, 1000), SCALES)
def test_score(asked_s: float, gap_s: float, scale_s: float) -> None:
    """The chance that an SMS lies there, squared, over how likely one is in a second of now."""
    age_s = asked_s + gap_s
    chance = accumulated_hazard(age_s, scale_s) - accumulated_hazard(asked_s, scale_s)

    expected = chance**2 / (hazard(age_s, scale_s) / scale_s)
    assert pytest.approx(expected, rel=1e-3) == score(Candidate(1, age_s, asked_s, scale_s))


@settings(deadline=None)
@given(AGES, st.floats(1, 100), SCALES, st.floats(0.5, 2))
def test_a_slower_service_is_the_same_in_slow_motion(
    asked_s: float, gap_s: float, scale_s: float, times: float
) -> None:
    """With all times twice as long a look is worth twice as much: an SMS lies twice as long."""
    usual = score(Candidate(1, asked_s + gap_s, asked_s, scale_s))
    slow = score(Candidate(1, times * (asked_s + gap_s), times * asked_s, times * scale_s))

    assert pytest.approx(times * usual, rel=1e-3) == slow


@settings(deadline=None)
@given(st.lists(st.tuples(AGES, AGES, SCALES), min_size=1, max_size=20), st.integers(0, 20))
def test_the_order_is_the_same_every_time(
    ages: list[tuple[float, float, float]], count: int
) -> None:
    """Whatever order the rows come in, the same numbers are asked about; equals by their id."""
    known = [
        Candidate(number, max(one, other), min(one, other), scale_s)
        for number, (one, other, scale_s) in enumerate(ages)
    ]
    equals = [replace(known[0], id=number, asked_at_age_s=0.0) for number in range(5)]

    assert most_worthwhile(known, count) == most_worthwhile(reversed(known), count)
    assert equals == most_worthwhile(reversed(equals), 5)


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
    assert max(gap for number in (50, 51, 52) for gap in found[number]) <= 25


@pytest.mark.parametrize("count", [1, 10, 50, 100])
def test_nobody_is_left_alone_for_too_long(count: int) -> None:
    """However old they are, nobody waits longer for a look than stated, but for its turn."""
    ages = [1200.0 + 10 * number for number in range(count - 1)] + [0.0]

    found = gaps(ages, 3000)

    assert (300.0 if count <= 50 else 6.0 * count) == longest_gap_s(count)
    assert longest_gap_s(count) + count >= max(max(gaps_of) for gaps_of in found.values())


def test_whoever_was_left_alone_goes_first() -> None:
    """Before all others, the longest first."""
    fresh = Candidate(1, 60.0, 50.0)
    left, longer = Candidate(2, 1000.0, 690.0), Candidate(3, 900.0, 580.0)

    assert [3, 2, 1] == [one.id for one in most_worthwhile([fresh, left, longer], 3)]


@pytest.mark.parametrize("shortest_gap_s", [5.0, 60.0, 1000.0])
def test_looks_may_be_rarer(shortest_gap_s: float) -> None:
    """With another shortest gap nobody is asked about sooner, and everybody is asked about then."""
    sooner, then = shortest_gap_s - 0.1, shortest_gap_s
    known = [Candidate(1, 50.0 + sooner, 50.0), Candidate(2, 50.0 + then, 50.0)]

    assert [2] == [one.id for one in most_worthwhile(known, 2, shortest_gap_s)]
