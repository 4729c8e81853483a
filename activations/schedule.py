"""Which waiting number to ask about next. Pure.

Source: docs/decisions/0005-whom-to-ask-next.md: ask where the chance that an SMS lies there is
largest, weighed with how long it may have been lying.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

TIME_SCALE_S = 70.0
NEWBORN_SHARE = 3 / 14  # of the time scale: 15 s of 70
NEWBORN_HAZARD = 0.15
SHORTEST_GAP_S = 1.0
ROUNDING_S = 1e-6


@dataclass(frozen=True, slots=True)
class Candidate:
    """A number as the rule sees it.

    Units: seconds since it began to wait, now and when it was last asked about (0 when never).
    """

    id: int
    age_s: float
    asked_at_age_s: float


def hazard(age_s: float, scale_s: float = TIME_SCALE_S) -> float:
    """How likely an SMS comes just now, up to a factor."""
    if age_s < NEWBORN_SHARE * scale_s:
        return NEWBORN_HAZARD
    return 1.0 if age_s < scale_s else math.pow(age_s / scale_s, -2.5)


def accumulated_hazard(age_s: float, scale_s: float = TIME_SCALE_S) -> float:
    """The integral of `hazard` from 0 to `age_s`."""
    newborn_s = NEWBORN_SHARE * scale_s
    newborn = NEWBORN_HAZARD * min(age_s, newborn_s)
    steady = max(0.0, min(age_s, scale_s) - newborn_s)
    if age_s <= scale_s:
        return newborn + steady
    return newborn + steady + scale_s * (1 - math.pow(age_s / scale_s, -1.5)) / 1.5


def score(candidate: Candidate, scale_s: float = TIME_SCALE_S) -> float:
    """What asking now is worth; the largest goes first."""
    age_s = max(candidate.age_s, 0.0)
    gained = accumulated_hazard(age_s, scale_s) - accumulated_hazard(
        max(candidate.asked_at_age_s, 0.0), scale_s
    )
    return gained * gained / hazard(age_s, scale_s)


def most_worthwhile(candidates: Iterable[Candidate], count: int) -> Sequence[Candidate]:
    """The numbers to ask about now, best first; none that was asked a moment ago."""
    due = [
        c
        for c in candidates
        if c.asked_at_age_s <= 0 or c.age_s - c.asked_at_age_s >= SHORTEST_GAP_S - ROUNDING_S
    ]
    return sorted(due, key=score, reverse=True)[:count]
