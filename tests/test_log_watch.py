"""The watch over all log lines sees what it should."""

import logging
from pathlib import Path

import pytest

from tests.log_watch import LogWatch


@pytest.fixture
def watch() -> LogWatch:
    watch = LogWatch()
    watch.guards({"852508", "19001234567", "G-331122"}, {"123:token"})
    return watch


def says(watch: LogWatch, line: str, name: str = "activations.poller") -> None:
    watch.emit(logging.LogRecord(name, logging.DEBUG, "x.py", 1, line, (), None))


@pytest.mark.parametrize(
    "line",
    [
        "the code is 852508", "SMS 'code852508'", "to +1 900 123 4567", "to +19001234567.",
        "331122 came", "it is G-331122",
    ],
)  # fmt: skip
def test_a_secret_is_seen(watch: LogWatch, line: str) -> None:
    """Codes and numbers are found wherever they stand, in either writing."""
    says(watch, line)

    assert [line] == watch.leaks()


@pytest.mark.parametrize("line", ["took 1852508 ms", "id 8525089", "fetch of 852 bytes", "1 900"])
def test_other_figures_are_none(watch: LogWatch, line: str) -> None:
    """A figure that only holds the same digits is another one."""
    says(watch, line)

    assert [] == watch.leaks()


def test_emulators_may_say_what_they_like(watch: LogWatch) -> None:
    """Only the bot's own lines are looked at, as far as its setup lets them out."""
    says(watch, "852508", "sandbox.page")
    says(watch, "852508", "httpx")

    assert [] == watch.leaks()


def test_processes(watch: LogWatch, tmp_path: Path) -> None:
    """What a bot of its own process logged is looked through for keys as well."""
    (tmp_path / "bot.log").write_text("fine\nposting to /bot123:token/getMe\n852508\n")
    watch.reads(tmp_path)

    assert ["852508", "posting to /bot123:token/getMe"] == watch.leaks()
