"""The page that Prometheus reads."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from activations.notes import Draft, NoteKind, Outcome
from storage.activations import ActivationRows
from storage.database import Database
from storage.figures import FigureRows
from storage.notes import NoteRows
from tests.made_up import ANN, OFFER, OLGA
from tests.moved_clock import MovedClock
from tests.storage import rows
from tests.web.visitor import Visitor, at_door
from web import metrics_room
from web.metrics import PrometheusMeters
from web.metrics_room import MetricsRoom, Readings

PREFIX = "bloomsms_bot_"


@pytest.fixture
def meters() -> PrometheusMeters:
    return PrometheusMeters()


class Counts:
    """What the request budget and the hints say."""

    used = 0
    pauses = 0
    hints = 0


@pytest.fixture
def counts() -> Counts:
    return Counts()


@pytest.fixture
async def visitor(
    database: Database, meters: PrometheusMeters, counts: Counts
) -> AsyncIterator[Visitor]:
    readings = Readings(
        FigureRows(database),
        lambda: (counts.used, 60),
        lambda: counts.pauses,
        lambda: counts.hints,
    )
    async with at_door([MetricsRoom(meters, readings)]) as visitor:
        yield visitor


async def samples(visitor: Visitor) -> dict[str, float]:
    """Our samples by name, with their labels' values behind it."""
    answer = await visitor.sends("GET", "/metrics")
    assert "text/plain; version=0.0.4; charset=utf-8" == answer.headers["Content-Type"]
    return {
        "/".join((sample.name.removeprefix(PREFIX), *_words(sample.labels))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def test_counted(visitor: Visitor, meters: PrometheusMeters) -> None:
    """Codes, deliveries and updates are counted as they happen."""
    meters.code_told(timedelta(seconds=12), timedelta(seconds=0.3))
    meters.code_told(None, timedelta(seconds=40))
    meters.note_settled(NoteKind.CODE, Outcome.SENT)
    meters.note_settled(NoteKind.CARD, Outcome.LATER)
    meters.note_settled(NoteKind.CARD, Outcome.LATER)
    meters.update_handled(0.02)
    found = await samples(visitor)

    assert (2, 40.3) == (
        found["code_delivery_seconds_count"],
        found["code_delivery_seconds_sum"],
    )
    assert (0, 1) == (
        found["code_delivery_seconds_bucket/0.25"],
        found["code_delivery_seconds_bucket/0.5"],
    )
    assert (1, 12) == (found["code_age_seconds_count"], found["code_age_seconds_sum"])
    assert (1, 2) == (found["deliveries_total/code/sent"], found["deliveries_total/card/later"])
    assert (0, 1) == (found["update_seconds_bucket/0.01"], found["update_seconds_bucket/0.025"])


async def test_read(
    visitor: Visitor, counts: Counts, database: Database, notes: NoteRows, clock: MovedClock
) -> None:
    """Budget, hints, activations and queues are what they are at that moment."""
    store = ActivationRows(database)
    await rows.waiting(store, clock)
    await rows.offered(store, clock, OFFER)
    await notes.add([Draft(NoteKind.OWNER_FUNDS, OLGA), Draft(NoteKind.LET_IN, ANN)], clock.now())
    counts.used, counts.pauses, counts.hints = 17, 2, 3
    found = await samples(visitor)

    assert (17, 60) == (found["requests_in_window"], found["requests_limit"])
    assert (2, 3) == (found["rate_limited_total"], found["hints_waiting"])
    assert (1, 1, 0) == tuple(
        found[f"activations/{state}"] for state in ("waiting", "intent", "expired")
    )
    assert (2, 0, 0) == tuple(
        found[f"notes_waiting/{queue}"] for queue in ("news/pending", "news/parked", "code/pending")
    )
    assert (0, 0) == (found["updates_waiting/pending"], found["updates_waiting/parked"])
    assert found["process_resident_memory_bytes"] > 1_000_000


async def test_read_again(
    visitor: Visitor, counts: Counts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What grew meanwhile is counted once; within a second the page is the same."""
    counts.pauses = 2
    assert 2 == (await samples(visitor))["rate_limited_total"]
    counts.pauses = 5
    assert 2 == (await samples(visitor))["rate_limited_total"]
    monkeypatch.setattr(metrics_room, "STAYS_FRESH_S", 0.0)

    assert 5 == (await samples(visitor))["rate_limited_total"]


async def test_no_person_and_no_secret(visitor: Visitor, meters: PrometheusMeters) -> None:
    """Each label is one of a few fixed words."""
    meters.note_settled(NoteKind.OWNER_ACCESS, Outcome.PARKED)
    answer = await visitor.sends("GET", "/metrics")
    labels = {
        label
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        for label in sample.labels
    }

    assert {"kind", "le", "outcome", "rank", "state", "status"} == labels


def _words(labels: dict[str, str]) -> list[str]:
    """The labels' values, by the labels' names."""
    return [labels[name] for name in sorted(labels)]
