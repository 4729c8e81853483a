"""Whether somebody outside still answers."""

import pytest

from activations.pulse import Pulse
from tests.moved_clock import MovedClock


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def pulse(clock: MovedClock) -> Pulse:
    return Pulse(clock)


def test_never_heard_of(pulse: Pulse) -> None:
    """Before the first answer nothing is well."""
    assert (None, False) == (pulse.last_at, pulse.is_well)


def test_answered(pulse: Pulse, clock: MovedClock) -> None:
    """An answer is well and its time is known."""
    pulse.beat()

    assert (clock.monotonic(), True) == (pulse.last_at, pulse.is_well)


def test_silent_for_long(pulse: Pulse, clock: MovedClock) -> None:
    """Longer than any call takes, silence is a fault by itself."""
    pulse.beat()
    clock.move(90)
    assert pulse.is_well
    clock.move(1)

    assert not pulse.is_well


def test_failing(pulse: Pulse, clock: MovedClock) -> None:
    """One failure is a hiccup; failing for a while is a fault, until the next answer."""
    pulse.beat()
    pulse.miss()
    clock.move(14)
    pulse.miss()
    assert pulse.is_well
    clock.move(1)
    assert not pulse.is_well
    pulse.beat()

    assert pulse.is_well
