"""Taps and texts live, against the barest bot of the same library in the same run."""

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.benches.crowd import Crowd, Pace
from tests.benches.stand import ECHO, OURS, standing
from tests.benches.table import Table

PEOPLE = 300
PER_S = 100
SECONDS = 6
AT_ONCE = 600
LATENCY_S = 0.05
HANG_S = 30.0
# The menu, help, settings, two pages of countries, the numbers in hand and the history.
TAPS = ("1:he", "1:m", "1:se", "1:cs:0", "1:cs:1", "1:ns:0", "1:hi:0")
A_COUNTRY = "1:ss:187:0"

COLUMNS = (
    "bot and what it does",
    "latency to Telegram",
    "p50, ms",
    "p99, ms",
    "CPU, ms an update",
    "updates a second, all at once",
)


@dataclass(frozen=True)
class Case:
    """One bot on one day; no taps means texts."""

    name: str
    program: Path
    taps: tuple[str, ...]
    latency_s: float = 0.0
    is_provider_hanging: bool = False


CASES = (
    Case("bare: repeats a text", ECHO, ()),
    Case("bare: answers a press and edits", ECHO, TAPS),
    Case("ours: a tap", OURS, TAPS),
    Case(
        "ours: a tap, while one provider call hangs for 30 s", OURS, TAPS, is_provider_hanging=True
    ),
    Case("bare: answers a press and edits", ECHO, TAPS, LATENCY_S),
    Case("ours: a tap", OURS, TAPS, LATENCY_S),
)


def measure() -> Table:
    rows = tuple(_row(case, *asyncio.run(_measured(case))) for case in CASES)
    note = (
        f"{PEOPLE} people; p50, p99 and CPU at {PER_S} updates a second for {SECONDS} s,"
        f" then {AT_ONCE} updates at once. From the update to the call that shows its answer."
        " CPU is the bot's alone."
    )
    return Table("Taps", COLUMNS, rows, note)


async def _measured(case: Case) -> tuple[Pace, Pace]:
    with tempfile.TemporaryDirectory() as folder:
        async with standing(case.program, Path(folder)) as stand:
            crowd = Crowd(stand, PEOPLE, case.taps)
            await crowd.gather()
            if case.latency_s:
                stand.telegram.arm("slow", delay_s=case.latency_s)
            if case.is_provider_hanging:
                stand.bloomsms.arm("slow", on="services", delay_s=HANG_S, times=1)
                await crowd.asks(A_COUNTRY)
            return await crowd.act(PER_S * SECONDS, PER_S), await crowd.act(AT_ONCE)


def _row(case: Case, even: Pace, at_once: Pace) -> tuple[str, ...]:
    return (
        case.name,
        f"{case.latency_s * 1000:.0f} ms",
        f"{even.p50_ms:.1f}",
        f"{even.p99_ms:.1f}",
        f"{even.cpu_ms:.2f}",
        f"{at_once.per_s:.0f}",
    )
