"""How the turns of calls are counted."""

import pytest

from handlers.pace import OVERALL_BURST, OVERALL_MOST_OWED, OVERALL_PER_S, Bucket


def test_turns_follow_each_other() -> None:
    """After the burst each further call waits a turn longer than the one before."""
    bucket = Bucket(2, 1.0)
    waits = []
    for _ in range(4):
        waits.append(bucket.wait_s(100.0))
        bucket.take(100.0)

    assert [0.0, 0.0, 1.0, 2.0] == waits


def test_a_rush_is_soon_forgotten() -> None:
    """Ten thousand answers in a minute silence cards and news for seconds, not for minutes."""
    bucket = Bucket(OVERALL_BURST, OVERALL_PER_S, OVERALL_MOST_OWED)
    for number in range(10_000):
        bucket.take(100.0 + number * 0.006)

    assert pytest.approx(5.0, abs=0.1) == bucket.wait_s(160.0)
