"""When numbers get their SMS: the arrival models, and what no schedule can beat. Pure.

Source: the square-root law (Cho & Garcia-Molina 2003; Azar et al. 2018): asking each number at a
rate proportional to the root of its hazard is best while the hazards stand still.
"""

import math
import random
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

LIFETIME_S = 1200.0
GRID_S = 2.0
# Longer gaps between two looks do not occur in a best schedule for as many numbers as are measured.
WIDEST_GAP = 200  # steps of the grid
# With more looks at each number than this the hazards stand still between two of them, and the grid
# would be too coarse.
MANY_LOOKS = 6.0
DAMPED_STEPS = 4


@dataclass(frozen=True)
class Fate:
    """What becomes of one number if nobody looks. Units: seconds of its age; None: no SMS."""

    sms_s: float | None
    ends_s: float


@dataclass(frozen=True)
class Arrivals:
    """A share of the numbers get an SMS: asked for some seconds after renting, then on its way.

    Of the others a part is cancelled after some minutes; the rest expires.
    """

    name: str
    asked_from_s: float
    asked_to_s: float
    median_s: float  # of the time on the way, which is lognormal
    spread: float
    share: float = 0.7
    cancelled_share: float = 0.5
    cancelled_from_s: float = 60.0
    cancelled_to_s: float = 300.0

    def draw(self, rng: random.Random) -> Fate:
        if rng.random() < self.share:
            asked_s = rng.uniform(self.asked_from_s, self.asked_to_s)
            sms_s = asked_s + rng.lognormvariate(math.log(self.median_s), self.spread)
            return Fate(sms_s if sms_s < LIFETIME_S else None, LIFETIME_S)
        if rng.random() < self.cancelled_share:
            return Fate(None, rng.uniform(self.cancelled_from_s, self.cancelled_to_s))
        return Fate(None, LIFETIME_S)

    def draw_old(self, rng: random.Random) -> tuple[Fate, float]:
        """A number met among the waiting ones, and its age."""
        while True:
            fate = self.draw(rng)
            waits_s = fate.ends_s if fate.sms_s is None else fate.sms_s
            if rng.random() * LIFETIME_S < waits_s:
                return fate, rng.random() * waits_s

    @cached_property
    def came(self) -> list[float]:
        """The share of numbers whose SMS came by each age of the grid."""
        ages = [step * GRID_S for step in range(int(LIFETIME_S / GRID_S) + 1)]
        return [self.share * self._arrived(age_s) for age_s in ages]

    @cached_property
    def waiting(self) -> list[float]:
        """The share of numbers that still wait at each age of the grid."""
        width_s = self.cancelled_to_s - self.cancelled_from_s
        left = []
        for step, came in enumerate(self.came):
            given_up = min(1.0, max(0.0, (step * GRID_S - self.cancelled_from_s) / width_s))
            left.append(
                self.share - came + (1 - self.share) * (1 - self.cancelled_share * given_up)
            )
        return left

    @property
    def waits_s(self) -> float:
        """How long a number waits on average."""
        return sum(self._middle(self.waiting)) * GRID_S

    @property
    def rho(self) -> float:
        """How unequal the hazards of the waiting numbers are: 1 when all are the same."""
        hazards = zip(self.came[1:], self.came, self._middle(self.waiting), strict=False)
        roots = sum(math.sqrt((after - before) / GRID_S * left) for after, before, left in hazards)
        return (roots * GRID_S) ** 2 / (self.came[-1] * self.waits_s)

    def bound_s(self, count: int, looks_each_s: float) -> float:
        """No schedule of so many looks a second has a lower mean latency with `count` waiting.

        With few looks at each number it is the one for which latency and rentals fit together: a
        number whose SMS lies unseen takes the place of a fresh one.
        """
        standing_s = (1 + (count - 1) * self.rho) / (2 * looks_each_s)
        if looks_each_s * self.waits_s / count > MANY_LOOKS:
            return standing_s
        lain_s = standing_s
        for _ in range(DAMPED_STEPS):
            held_s = self.waits_s + self.share * lain_s
            lain_s = (lain_s + self._bound_by_looks_s(looks_each_s * held_s / count)) / 2
        return max(standing_s, lain_s)

    def _bound_by_looks_s(self, looks: float) -> float:
        """The least mean latency when a number gets so many looks on average: Lagrange's dual."""
        low, high, best_s = 1e-3, 1e4, 0.0
        for _ in range(14):
            price = math.sqrt(low * high)
            lain_s, made = self._best_looks(price)
            best_s = max(best_s, (lain_s + price * (made - looks)) / self.came[-1])
            low, high = (price, high) if made > looks else (low, price)
        return best_s

    def _best_looks(self, price: float) -> tuple[float, float]:
        """The best ages for looks at one number, when one costs `price` seconds of lying.

        Shape: the seconds an SMS lies, and the looks, both on average over all numbers.
        """
        came, waiting = self.came, self.waiting
        last = len(came) - 1
        moment = [0.0]  # of the arrivals up to each age
        for step in range(last):
            moment.append(moment[-1] + (came[step + 1] - came[step]) * (step + 0.5))
        worth, lain, made = [0.0] * (last + 1), [0.0] * (last + 1), [0.0] * (last + 1)
        for now in range(last - 1, -1, -1):
            before, moved = came[now], moment[now]
            best = math.inf
            for then in range(now + 1, min(last, now + WIDEST_GAP) + 1):
                new = came[then] - before
                lying_s = (then * new - moment[then] + moved) * GRID_S
                asked = 0.0 if then == last else waiting[then] + new
                total = lying_s + price * asked + worth[then]
                if total < best:
                    best, choice = total, (lying_s + lain[then], asked + made[then])
                elif total > 4 * best + 1:
                    break
            worth[now], (lain[now], made[now]) = best, choice
        return lain[0], made[0]

    def _arrived(self, age_s: float) -> float:
        """The chance that an SMS has come by then, given that one comes."""
        steps = 60
        width_s = (self.asked_to_s - self.asked_from_s) / steps
        ways = [age_s - self.asked_from_s - (step + 0.5) * width_s for step in range(steps)]
        scale = self.spread * math.sqrt(2)
        return (
            sum(
                (1 + math.erf(math.log(way / self.median_s) / scale)) / 2 for way in ways if way > 0
            )
            / steps
        )

    @staticmethod
    def _middle(values: list[float]) -> list[float]:
        return [(one + other) / 2 for one, other in pairwise(values)]


# The spread was found by halving, so that the base has the rho it is known for, 0.357; then the
# last moment of asking for the quick ones (0.182), and the median for the slow ones (0.478).
BASE = Arrivals("base", 5.0, 60.0, 20.0, 0.923)
QUICK = Arrivals("quick", 3.0, 29.7, 8.0, 0.923)
SLOW = Arrivals("slow", 5.0, 60.0, 36.8, 0.923)
