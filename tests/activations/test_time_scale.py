"""The time scale follows what deliveries show, a step at a time."""

from datetime import timedelta

import pytest

from activations.model import Wait
from activations.schedule import TIME_SCALE_S
from activations.time_scale import TimeScales, probable_wait_s


def taught(*waits: tuple[str, float]) -> TimeScales:
    scales = TimeScales()
    for number, (service_code, seconds) in enumerate(waits, start=1):
        scales.learn(Wait(number, service_code, seconds))
    return scales


def test_nothing_is_known() -> None:
    """Without deliveries it is what it usually is."""
    assert TIME_SCALE_S == TimeScales().of("wa")
    assert 0 == TimeScales().last_id


@pytest.mark.parametrize(
    ("seconds", "times", "expected"),
    [
        (25.0, 1, 68.0),
        (25.0, 5, 60.0),
        (25.0, 200, 30.0),
        (100.0, 5, 80.0),
        (100.0, 200, 120.0),
        (0.0, 200, 15.0),
        (900.0, 200, 150.0),
    ],
)
def test_a_step_with_each_delivery(seconds: float, times: int, expected: float) -> None:
    """Two seconds toward 1.2 times the median, within 15 to 150 s."""
    assert pytest.approx(expected) == taught(*[("wa", seconds)] * times).of("wa")


def test_the_median_and_not_the_mean() -> None:
    """A few that took very long move nothing."""
    waits = [("wa", 50.0), ("wa", 50.0), ("wa", 1000.0)] * 50

    assert pytest.approx(60.0) == taught(*waits).of("wa")


def test_what_is_long_ago_is_forgotten() -> None:
    """The last hundred count."""
    assert pytest.approx(30.0) == taught(*[("wa", 90.0)] * 200, *[("wa", 25.0)] * 100).of("wa")


def test_each_service_by_its_own() -> None:
    """A service with twenty deliveries is judged by them, others by those of all."""
    scales = taught(*[("wa", 25.0)] * 100, *[("tg", 100.0)] * 19)
    assert scales.of("tg") == scales.of("unheard of") == pytest.approx(30.0)

    scales.learn(Wait(120, "tg", 100.0))

    assert pytest.approx(110.0) == scales.of("tg")
    assert pytest.approx(30.0) == scales.of("wa") == scales.of("unheard of")
    assert 120 == scales.last_id


@pytest.mark.parametrize(
    ("asked_after_s", "expected_s"),
    [(0.0, 40.0), (30.0, 50.0), (59.0, 59.667)],
    ids=["never asked", "asked", "asked just now"],
)
def test_a_wait(asked_after_s: float, expected_s: float) -> None:
    """An SMS seen after a minute came in the gap since the look before: two thirds into it."""
    waited_s = probable_wait_s(timedelta(seconds=60), timedelta(seconds=asked_after_s))

    assert pytest.approx(expected_s, abs=0.01) == waited_s
