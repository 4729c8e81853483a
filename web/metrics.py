"""What is counted, as Prometheus metrics; no label says anything about a person."""

from collections.abc import Sequence
from datetime import timedelta

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.process_collector import ProcessCollector

from activations.notes import NoteKind, Outcome

TOOK_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
AGE_S = (1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1200)
HANDLED_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class PrometheusMeters:
    """Meets the business's Meters; what is not counted but read is set at each scrape."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._took = self._histogram(
            "code_delivery_seconds", "From learning a code until Telegram has it.", TOOK_S
        )
        self._age = self._histogram(
            "code_age_seconds", "How long a number had waited when its code was learned.", AGE_S
        )
        self._handled = self._histogram(
            "update_seconds",
            "From taking an update until it is handled, waiting included.",
            HANDLED_S,
        )
        self._settled = self.counter(
            "deliveries",
            "Deliveries that were tried, by kind of note and outcome.",
            "kind",
            "outcome",
        )

    def gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(f"bloomsms_bot_{name}", meaning, labels, registry=self.registry)

    def counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"bloomsms_bot_{name}", meaning, labels, registry=self.registry)

    def code_told(self, age: timedelta | None, took: timedelta) -> None:
        self._took.observe(took.total_seconds())
        if age is not None:
            self._age.observe(age.total_seconds())

    def note_settled(self, kind: NoteKind, outcome: Outcome) -> None:
        self._settled.labels(kind.value, outcome.value).inc()

    def update_handled(self, took_s: float) -> None:
        self._handled.observe(took_s)

    def _histogram(self, name: str, meaning: str, buckets: Sequence[float]) -> Histogram:
        name = f"bloomsms_bot_{name}"
        return Histogram(name, meaning, buckets=buckets, registry=self.registry)
