"""Another bot on the same token: who comes second gives way, an echo after a kill is borne."""

import pytest
from telegram.error import Conflict

from handlers.rivals import Rivals
from tests.moved_clock import MovedClock

OTHER = Conflict("Conflict: terminated by other getUpdates request")
WEBHOOK = Conflict("Conflict: can't use getUpdates method while webhook is active")


@pytest.fixture
def rivals(clock: MovedClock) -> Rivals:
    return Rivals(clock)


def ended(rivals: Rivals, clock: MovedClock, held_s: float) -> bool:
    """A fetch that is ended with 409 after so long, and a pause; whether the bot goes on."""
    rivals.fetching()
    clock.move(held_s)
    goes_on = rivals.met(OTHER)
    clock.move(0.25)
    return goes_on


async def test_who_comes_second_gives_way(rivals: Rivals, clock: MovedClock) -> None:
    """Fetches that are held and ended for seconds, from the start, mean another bot was there."""
    went_on = [ended(rivals, clock, 0.25) for _ in range(7)]

    assert [True] * 6 + [False] == went_on
    assert rivals.found.is_set()


async def test_a_few_conflicts_are_borne(rivals: Rivals, clock: MovedClock) -> None:
    """A few conflicts are what a killed process leaves behind."""
    for _ in range(3):
        assert ended(rivals, clock, 0.25)
    clock.move(5)

    assert ended(rivals, clock, 3600)
    assert not rivals.found.is_set()


async def test_the_fetch_of_a_dead_process(rivals: Rivals, clock: MovedClock) -> None:
    """Being turned away at once for as long as a fetch is held may be the dead process's doing."""
    for _ in range(136):
        assert ended(rivals, clock, 0.0)

    assert not rivals.found.is_set()


async def test_turned_away_for_longer(rivals: Rivals, clock: MovedClock) -> None:
    """Whoever is turned away for longer than any fetch is held has a living rival."""
    for _ in range(150):
        ended(rivals, clock, 0.0)

    assert rivals.found.is_set()


@pytest.mark.parametrize("served_s", [0.6, 3600])
async def test_who_was_there_first_stays(
    rivals: Rivals, clock: MovedClock, served_s: float
) -> None:
    """A bot that has fetched in peace bears conflicts, however often they come."""
    assert ended(rivals, clock, served_s)
    for _ in range(500):
        assert ended(rivals, clock, 0.25)

    assert not rivals.found.is_set()


async def test_a_webhook_is_no_bot(rivals: Rivals, clock: MovedClock) -> None:
    """A conflict because a webhook is set is left to the library, and counts for nothing."""
    for _ in range(9):
        assert not rivals.met(WEBHOOK)
        clock.move(0.5)

    assert not rivals.found.is_set()


async def test_told_once_a_minute(
    rivals: Rivals, clock: MovedClock, caplog: pytest.LogCaptureFixture
) -> None:
    """The log is not filled with what goes on twice a second."""
    clock.move(20)
    for _ in range(240):
        rivals.met(OTHER)
        clock.move(0.5)

    assert 2 == caplog.text.count("another program")


@pytest.mark.parametrize("hours", [-720, -1, 1, 720])
async def test_a_clock_that_is_set(rivals: Rivals, clock: MovedClock, hours: int) -> None:
    """A step of the clock between two conflicts makes no other bot of what a kill left behind."""
    for _ in range(5):
        assert ended(rivals, clock, 0.05)
        clock.step(hours=hours)

    assert not rivals.found.is_set()
