"""Run the benches: `python -m tests.benches.run [part of a name]`, or `make bench` for all.

Each module named in BENCHES has `def measure() -> Table`. When all of them ran, the tables are
written to docs/benchmarks.md.
"""

import importlib
import os
import platform
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from tests.benches.table import Table, to_markdown

BENCHES: tuple[str, ...] = ("code_latency", "taps", "push", "footprint", "history")
PAGE = Path(__file__).parent.parent.parent / "docs" / "benchmarks.md"
COMMAND = "make bench"


def main(wanted: str) -> int:
    """Shape: the exit status."""
    chosen = [name for name in BENCHES if wanted in name]
    parts = [_preface()]
    for name in chosen:
        parts.append(to_markdown(_measured(name)))
        sys.stdout.write(parts[-1] + "\n")
        sys.stdout.flush()
    if chosen and len(chosen) == len(BENCHES):
        PAGE.write_text("\n".join(parts))
    return 0 if chosen else 1


def _measured(name: str) -> Table:
    table: Table = importlib.import_module(f"tests.benches.{name}").measure()
    return table


def _preface() -> str:
    lines = [
        "# Benchmarks",
        "",
        f"Measured by `{COMMAND}` on {datetime.now(UTC):%d %B %Y}.",
        f"Machine: {_processor()}, {os.cpu_count()} cores, {_memory_gib():.1f} GiB of memory.",
        f"Python {platform.python_version()} on {platform.system()} {platform.release()}.",
    ]
    return "\n".join(lines) + "\n"


def _processor() -> str:
    """The name that Linux gives the processor, else the architecture's."""
    named = [line.partition(":")[2].strip() for line in _cpuinfo() if line.startswith("model name")]
    return named[0] if named else platform.machine()


def _cpuinfo() -> Iterator[str]:
    path = Path("/proc/cpuinfo")
    if path.exists():
        yield from path.read_text().splitlines()


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
