"""The page that Prometheus reads: what was counted, and what is read from the rows just then."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from aiohttp import web
from prometheus_client import Gauge
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from activations.model import State
from web.metrics import PrometheusMeters

# Whoever asks within this gets the page of the one before.
STAYS_FRESH_S = 1.0
NOTE_STATUSES = ("pending", "claimed", "parked")
NOTE_RANKS = {0: "code", 1: "news", 2: "card"}
UPDATE_STATUSES = ("pending", "parked")


class Figures(Protocol):
    """How many rows of each kind there are."""

    async def activations(self) -> Mapping[str, int]: ...
    async def notes(self) -> Mapping[tuple[str, int], int]: ...
    async def updates(self) -> Mapping[str, int]: ...


@dataclass(frozen=True)
class Readings:
    """What is read at each scrape. Shape: `requests` gives those in the window, and the limit."""

    figures: Figures
    requests: Callable[[], tuple[int, int]]
    pauses: Callable[[], int]
    hints_waiting: Callable[[], int]


class MetricsRoom:
    def __init__(self, meters: PrometheusMeters, readings: Readings) -> None:
        self._registry = meters.registry
        self._readings = readings
        self._turn = asyncio.Lock()
        self._page = b""
        self._read_at_s = -STAYS_FRESH_S
        gauge = meters.gauge
        self._requests = gauge("requests_in_window", "Requests to BloomSMS in the last 60 s.")
        self._limit = gauge("requests_limit", "Requests to BloomSMS allowed in any 60 s.")
        self._pauses = meters.counter("rate_limited", "Answers 429 of BloomSMS.")
        self._pauses_seen = 0
        self._hints = gauge("hints_waiting", "Webhook hints that wait for their look.")
        self._states = gauge("activations", "Activations by state.", "state")
        self._notes = gauge("notes_waiting", "Notes in the outbox.", "status", "rank")
        self._updates = gauge("updates_waiting", "Updates in the inbox.", "status")

    def is_at(self, method: str, path: str) -> bool:
        return path == "/metrics" and method in ("GET", "HEAD")

    async def answer(self, _request: web.BaseRequest) -> web.Response:
        async with self._turn:
            if time.monotonic() - self._read_at_s >= STAYS_FRESH_S:
                await self._read()
                self._page = generate_latest(self._registry)
                self._read_at_s = time.monotonic()
        return web.Response(body=self._page, headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    async def _read(self) -> None:
        readings, figures = self._readings, self._readings.figures
        used, limit = readings.requests()
        self._requests.set(used)
        self._limit.set(limit)
        self._pauses.inc((pauses := readings.pauses()) - self._pauses_seen)
        self._pauses_seen = pauses
        self._hints.set(readings.hints_waiting())
        _set(self._states, await figures.activations(), [state.value for state in State])
        _set(self._updates, await figures.updates(), UPDATE_STATUSES)
        notes = await figures.notes()
        for status in NOTE_STATUSES:
            for rank, word in NOTE_RANKS.items():
                self._notes.labels(status, word).set(notes.get((status, rank), 0))


def _set(gauge: Gauge, counts: Mapping[str, int], words: Iterable[str]) -> None:
    """Set a value for each of `words`, also when there are none."""
    for word in words:
        gauge.labels(word).set(counts.get(word, 0))
