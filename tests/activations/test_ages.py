"""Ages by the monotonic clock: what a stored time says is bounded by what is plausible."""

from datetime import timedelta

import pytest

from activations.ages import FirstSight, NumberAges
from tests.moved_clock import START, MovedClock

LENGTH = timedelta(minutes=20)
HOUR = timedelta(hours=1)


def seconds(age: timedelta) -> float:
    return age.total_seconds()


@pytest.mark.parametrize("step_s", [-30 * 86_400, -3600, -1, 0, 1, 3600, 30 * 86_400])
def test_no_step_changes_an_age(clock: MovedClock, step_s: float) -> None:
    """How long a number waits and when its time is over do not depend on the wall clock."""
    ages = NumberAges(clock)
    ages.see(1, START, None, START + LENGTH)
    clock.move(60)
    clock.step(step_s)
    ages.see(1, START, None, START + LENGTH)
    waited, early = ages.waited(1), ages.is_over(1)
    clock.move(19 * 60)

    assert (60, False, True) == (seconds(waited), early, ages.is_over(1))
    assert ages.is_exact(1)


@pytest.mark.parametrize("step_s", [-3600, 3600])
def test_a_step_just_before_first_sight(clock: MovedClock, step_s: float) -> None:
    """What is new since all numbers were last seen began since then."""
    ages = NumberAges(clock)
    ages.keep_only([])
    clock.move(0.2)
    since = clock.now()
    clock.step(step_s)
    clock.move(0.1)
    ages.see(1, since, None, since + LENGTH)

    assert 0.3 >= seconds(ages.waited(1))
    assert (False, False) == (ages.is_exact(1), ages.is_over(1))


@pytest.mark.parametrize(("ago_s", "expected_s"), [(300, 300), (-3600, 0), (30 * 86_400, 1200)])
def test_after_a_restart(clock: MovedClock, ago_s: float, expected_s: float) -> None:
    """A number of an earlier process is as old as its row says, within what a number lives."""
    ages = NumberAges(clock)
    since = START - timedelta(seconds=ago_s)
    ages.see(1, since, since + timedelta(seconds=60), since + LENGTH)

    assert expected_s == seconds(ages.waited(1))
    assert not ages.is_exact(1)
    assert (ago_s >= 1200) == ages.is_over(1)


def test_another_round(clock: MovedClock) -> None:
    """A number that waits for one more SMS is young again, and its end stays."""
    ages = NumberAges(clock)
    ages.see(1, START, None, START + LENGTH)
    clock.move(60)
    ages.asked(1, clock.monotonic())
    since = clock.move(60)
    ages.see(1, since, None, START + LENGTH)
    clock.move(5)

    assert (5, 0) == (seconds(ages.waited(1)), seconds(ages.waited_when_asked(1)))
    clock.move(18 * 60)
    assert ages.is_over(1)


def test_unheard_of(clock: MovedClock) -> None:
    """Of a number that was not seen nothing is claimed."""
    ages = NumberAges(clock)
    ages.asked(1, clock.monotonic())

    assert (0, 0) == (seconds(ages.waited(1)), seconds(ages.waited_when_asked(1)))
    assert ages.last_asked(1) is None
    assert not ages.is_over(1)
    assert not ages.is_exact(1)


@pytest.mark.parametrize("step_s", [-3600, 0, 3600])
def test_certain_and_probable(clock: MovedClock, step_s: float) -> None:
    """Two hours of a stored age may be the clock's error; what passes here is certain."""
    sights = FirstSight(clock)
    ages = [sights.certain_age("young", START - HOUR), sights.probable_age("old", START - 4 * HOUR)]
    clock.move(60)
    clock.step(step_s)
    ages += [sights.certain_age("young", START), sights.certain_age("old", START)]

    assert [0, 4 * 3600, 60, 2 * 3600 + 60] == [seconds(age) for age in ages]
