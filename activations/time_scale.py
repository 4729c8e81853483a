"""How fast each service delivers, learned from our own deliveries. Pure.

Source: docs/decisions/0005-whom-to-ask-next.md.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median

from activations.model import Wait
from activations.schedule import TIME_SCALE_S

SHORTEST_S = 15.0
LONGEST_S = 150.0
STEP_S = 2.0
# The most likely age of an SMS, as the schedule draws it, lies beyond the median.
OF_THE_MEDIAN = 1.2
# The last deliveries that count, and how many a service needs to be judged by its own.
REMEMBERED = 100
ENOUGH = 20
# An SMS came somewhere in the gap before the look that saw it: later rather than sooner, because
# most are seen while they still become more likely.
INTO_THE_GAP = 2 / 3


@dataclass
class _Scale:
    waits_s: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    value_s: float = TIME_SCALE_S

    def learn(self, seconds: float) -> None:
        self.waits_s.append(seconds)
        aim_s = min(max(OF_THE_MEDIAN * median(self.waits_s), SHORTEST_S), LONGEST_S)
        self.value_s += min(max(aim_s - self.value_s, -STEP_S), STEP_S)


class TimeScales:
    """Moves each time scale a step with each delivery; the same deliveries lead to the same."""

    def __init__(self) -> None:
        self.last_id = 0
        self._of_all = _Scale()
        self._of_service: dict[str, _Scale] = {}

    def learn(self, wait: Wait) -> None:
        self.last_id = max(self.last_id, wait.id)
        self._of_all.learn(wait.seconds)
        self._of_service.setdefault(wait.service_code, _Scale()).learn(wait.seconds)

    def of(self, service_code: str) -> float:
        """The service's own scale, or that of all while it has too few deliveries.

        Units: seconds.
        """
        own = self._of_service.get(service_code)
        return own.value_s if own and len(own.waits_s) >= ENOUGH else self._of_all.value_s


def probable_wait_s(waited: timedelta, waited_when_asked: timedelta) -> float:
    """How long a number probably waited for the SMS that was seen now for the first time.

    Shape: how long it had waited by now, and when it was asked about before that.
    """
    return (waited_when_asked + (waited - waited_when_asked) * INTO_THE_GAP).total_seconds()
