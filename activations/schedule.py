"""Which waiting number to ask about next. Pure.

Source: docs/decisions/0005-whom-to-ask-next.md: ask where an SMS probably lies already and would
otherwise lie longest.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# The age at which an SMS is most likely, until deliveries tell better.
TIME_SCALE_S = 70.0
# How steeply it becomes unlikely beyond that age.
FALL = 3.5
SHORTEST_GAP_S = 1.0
# Whoever was not asked about for so long goes first; with many numbers it takes longer, so that no
# more than about a fifth of the looks is spent on them.
LONGEST_GAP_S = 300.0
LONGEST_GAP_FOR_EACH_S = 6.0
ROUNDING_S = 1e-6
# A number whose digits are not known yet is of no use: so soon it is asked about again at first,
# then after a part of its age, so that one which is never shown costs others little.
UNSHOWN_GAP_S = 5.0
UNSHOWN_GAP_OF_AGE = 0.25


@dataclass(frozen=True, slots=True)
class Candidate:
    """A number as the rule sees it.

    Units: seconds since it began to wait, now and when it was last asked about (0 when never).
    """

    id: int
    age_s: float
    asked_at_age_s: float
    scale_s: float = TIME_SCALE_S

    @property
    def gap_s(self) -> float:
        return self.age_s - max(self.asked_at_age_s, 0.0)


def hazard(age_s: float, scale_s: float = TIME_SCALE_S) -> float:
    """How likely an SMS comes just now, compared with the most likely age."""
    age = age_s / scale_s
    return age if age < 1 else age**-FALL


def accumulated_hazard(age_s: float, scale_s: float = TIME_SCALE_S) -> float:
    """The integral of `hazard` from 0 to `age_s`, in time scales."""
    age = age_s / scale_s
    return age**2 / 2 if age < 1 else 0.5 + (1 - age ** (1 - FALL)) / (FALL - 1)


def score(candidate: Candidate) -> float:
    """What asking now is worth; the largest goes first.

    The chance that an SMS lies there, times how long it would go on lying: in the best series of
    looks the next one is that chance over the hazard of now away.
    """
    age_s, scale_s = candidate.age_s, candidate.scale_s
    if candidate.gap_s <= ROUNDING_S:
        return 0.0
    chance = accumulated_hazard(age_s, scale_s) - accumulated_hazard(
        age_s - candidate.gap_s, scale_s
    )
    return chance**2 * scale_s / hazard(age_s, scale_s)


def longest_gap_s(count: int) -> float:
    """How long nobody of so many numbers is left alone, but for the few that are due before it."""
    return max(LONGEST_GAP_S, LONGEST_GAP_FOR_EACH_S * count)


def worth_showing(candidates: Iterable[Candidate]) -> Sequence[Candidate]:
    """Of numbers whose digits are not known yet, those to ask about now."""
    return [c for c in candidates if c.gap_s >= max(UNSHOWN_GAP_S, UNSHOWN_GAP_OF_AGE * c.age_s)]


def most_worthwhile(
    candidates: Iterable[Candidate], count: int, shortest_gap_s: float = SHORTEST_GAP_S
) -> Sequence[Candidate]:
    """The numbers to ask about now, best first; none that was asked less than the gap ago.

    Shape: before all others those that were left alone for too long, the longest first.
    """
    known = list(candidates)
    longest_s = max(longest_gap_s(len(known)), shortest_gap_s)

    def rank(candidate: Candidate) -> tuple[float, float, int]:
        gap_s = candidate.gap_s
        return (-gap_s if gap_s > longest_s else 0.0, -score(candidate), candidate.id)

    due = [c for c in known if c.asked_at_age_s <= 0 or c.gap_s >= shortest_gap_s - ROUNDING_S]
    return sorted(due, key=rank)[:count]
