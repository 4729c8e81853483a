"""How much of the request window each person has, so that nobody uses it up for all. Pure.

Source: docs/decisions/0002-request-budget.md.
"""

from collections import Counter, deque
from collections.abc import Callable


class Shares:
    """Counts the requests of each person: those that wait, are under way, or lie in the window.

    Shape: a person is an opaque number; None is nobody, who has no share and is not counted.
    Units: `time_s` is a monotonic clock; a request counts for `held_s` seconds after its end.
    """

    def __init__(self, held_s: float, time_s: Callable[[], float]) -> None:
        self._held_s = held_s
        self._time_s = time_s
        self._held: Counter[int] = Counter()
        self._ends: deque[tuple[float, int]] = deque()  # when an ended one counts no more

    def held_by(self, person: int | None) -> int:
        self._drop_old()
        return 0 if person is None else self._held[person]

    def take(self, person: int | None) -> None:
        """Count a request from now on, until `give_back` or some time after `end`."""
        if person is not None:
            self._held[person] += 1

    def give_back(self, person: int | None) -> None:
        """The request was not made."""
        if person is not None:
            self._drop(person)

    def end(self, person: int | None) -> None:
        """The request was answered, or given up on its way."""
        if person is not None:
            self._ends.append((self._time_s() + self._held_s, person))

    def frees_in_s(self, person: int | None) -> float:
        """Seconds until the person's oldest request counts no more, if none is under way."""
        ends = (at_s - self._time_s() for at_s, whose in self._ends if whose == person)
        return next(ends, self._held_s)

    def _drop_old(self) -> None:
        while self._ends and self._ends[0][0] <= self._time_s():
            self._drop(self._ends.popleft()[1])

    def _drop(self, person: int) -> None:
        self._held[person] -= 1
        if not self._held[person]:
            del self._held[person]
