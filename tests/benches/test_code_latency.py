"""The promises about code latency, in virtual time and with the same draws every time."""

import random

import pytest

from tests.benches.arrivals import BASE, QUICK, SLOW, Arrivals
from tests.benches.code_latency import LOOKS_EACH_S, ours, ours_among_dead
from tests.benches.virtual_house import Town, mean, quantile
from tests.jumping_loop import jump_through


@pytest.mark.parametrize(("arrivals", "rho"), [(BASE, 0.357), (QUICK, 0.182), (SLOW, 0.478)])
def test_the_models_are_the_ones_meant(arrivals: Arrivals, rho: float) -> None:
    """They are as unequal as the arrivals that the rule was chosen for."""
    assert rho == pytest.approx(arrivals.rho, abs=0.002)


def test_the_bound() -> None:
    """Alone, half of the pace; with many, what a few looks at each can reach at best."""
    rho = BASE.rho

    assert pytest.approx(1 / (2 * 0.85)) == BASE.bound_s(1, 0.85)
    assert pytest.approx((1 + 4 * rho) / (2 * 0.85)) == BASE.bound_s(5, 0.85)
    assert (1 + 99 * rho) / (2 * 0.85) * 1.05 < BASE.bound_s(100, 0.85)


@pytest.mark.parametrize(
    ("arrivals", "count", "seconds", "times"),
    [(BASE, 50, 2500.0, 1.2), (SLOW, 50, 1800.0, 1.2), (QUICK, 20, 1000.0, 1.5)],
    ids=lambda value: value.name if isinstance(value, Arrivals) else None,
)
def test_codes_ring_nearly_as_soon_as_they_can(
    arrivals: Arrivals, count: int, seconds: float, times: float
) -> None:
    """The mean latency is within a fifth of the bound; with quick deliveries, within a half.

    Nothing goes over the window, and people hardly wait.
    """
    outcome = ours(arrivals, count, seconds, warm_up_s=300.0)

    assert times * arrivals.bound_s(count, LOOKS_EACH_S) >= mean(outcome.latencies_s)
    assert 0 == outcome.over
    assert 0.5 >= quantile(outcome.people_s, 0.95)


def test_the_fresh_among_the_dead() -> None:
    """Fifty numbers that nobody will hear from do not make three fresh ones wait."""
    outcome = ours_among_dead(meetings=5)

    assert 15 == len(outcome.latencies_s)
    assert 5.0 >= mean(outcome.latencies_s)


def test_kills_earn_no_refusal() -> None:
    """Killed five times within two minutes, it never goes over the window and drops nobody."""

    async def story() -> tuple[int, int, int]:
        town = Town(BASE, random.Random(1))
        town.settle(30)
        await town.live(70.0, 30)
        for _ in range(5):
            town.house = await town.house.killed()
            await town.live(20.0, 30)
        before = len(town.ears.latencies_s)
        await town.live(200.0, 30)
        return town.server.over, before, len(town.ears.latencies_s)

    over, before, after = jump_through(story)

    assert 0 == over
    assert before < after
