"""Every request that arrived, what became of it, and whether the window still had room for it."""

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

WINDOW_S: Final = 60.0


@dataclass(slots=True)
class Exchange:
    """One request. `arrived_at` is by the server's clock, in seconds since the epoch.

    Until it is answered, and for ever when it was hung up on, `status` is 0. The body of a
    streamed answer is not kept.
    """

    operation: str
    method: str
    path: str
    request_body: str
    arrived_at: float
    arrived_monotonic_s: float
    status: int = 0
    response_body: str = ""
    answered_monotonic_s: float | None = None


class Traffic:
    """The record of exchanges and a true sliding window over arrivals, refused ones included."""

    def __init__(self, limit: int, clock: Callable[[], float]) -> None:
        self.limit = limit
        self.exchanges: list[Exchange] = []
        self.over_limit = 0
        self._clock = clock
        self._window: deque[float] = deque()

    def arrive(self, operation: str, method: str, path: str, body: str) -> Exchange:
        now = self._clock()
        exchange = Exchange(operation, method, path, body, now, time.monotonic())
        self.exchanges.append(exchange)
        self._window.append(now)
        while self._window[0] <= now - WINDOW_S:
            self._window.popleft()
        return exchange

    def wait_s(self) -> int | None:
        """Whole seconds until the window has room again; None when the last arrival fits in it."""
        if len(self._window) <= self.limit:
            return None
        self.over_limit += 1
        if self.limit < 1:
            return math.ceil(WINDOW_S)
        return max(1, math.ceil(self._window[-self.limit] + WINDOW_S - self._clock()))

    def count(self, operation: str) -> int:
        return sum(exchange.operation == operation for exchange in self.exchanges)

    def busiest_minute(self) -> int:
        arrivals = sorted(exchange.arrived_at for exchange in self.exchanges)
        first, most = 0, 0
        for last, arrived_at in enumerate(arrivals):
            while arrivals[first] <= arrived_at - WINDOW_S:
                first += 1
            most = max(most, last - first + 1)
        return most


def answered(exchange: Exchange, status: int, body: str) -> None:
    exchange.status, exchange.response_body = status, body
    exchange.answered_monotonic_s = time.monotonic()
