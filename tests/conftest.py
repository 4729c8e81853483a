"""What every test may ask for, and what holds for all of them together."""

import logging
import os
from collections.abc import Iterator

import pytest

from logs import TALKATIVE
from tests.log_watch import WATCH
from tests.moved_clock import MovedClock

os.environ["PTB_TIMEDELTA"] = "true"  # as bot.py does; without it flood waits raise a warning


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest tests first, so that nobody waits for them alone in the end."""
    items.sort(key=lambda item: "test_kills" not in item.nodeid)


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture(autouse=True)
def _all_lines_are_watched() -> Iterator[None]:
    """The least severe level, whatever the test before set up."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.DEBUG)
    root.addHandler(WATCH)
    yield
    root.removeHandler(WATCH)
    root.setLevel(level)


@pytest.fixture(scope="session", autouse=True)
def _libraries_talk_as_in_service() -> None:
    """What logs.set_up silences tells secrets by design, and takes its time."""
    for name, least in TALKATIVE.items():
        logging.getLogger(name).setLevel(least)


@pytest.fixture(scope="session", autouse=True)
def _no_line_tells_a_secret() -> Iterator[None]:
    """After the whole suite: no line of any test holds a token, key, number or code."""
    yield
    assert [] == WATCH.leaks()
