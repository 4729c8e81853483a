"""kill -9 at every point of a rental: what the person sees, what is paid, what is kept."""

import asyncio
import os
from pathlib import Path

import pytest

from tests.crash.story import CancelStory, Story

AT_ONCE = 2
# These wishes spend nothing and are passed on beside the person's lane: one that was lost with the
# process is pressed again. No other press may need it.
MAY_BE_PRESSED_AGAIN: set[str] = set()


async def faults_of(story: Story) -> list[str]:
    """What was wrong in the end, or what the person waited for in vain."""
    in_vain: list[str] = []
    try:
        await story.play()
    except* (AssertionError, TimeoutError) as err:
        in_vain = [f"{cause}" or type(cause).__name__ for cause in err.exceptions]
    return in_vain or story.faults()


@pytest.mark.parametrize(("kind", "fewest"), [(Story, 40), (CancelStory, 10)])
async def test_killed_at_every_point(tmp_path: Path, kind: type[Story], fewest: int) -> None:
    """Wherever it is killed: one charge at most, nothing forgotten, the code told, no dead card.

    The variable CRASH_ONLY narrows the points down to those whose name holds it.
    """
    calm = kind(tmp_path / "calm")

    assert [] == await faults_of(calm)
    assert fewest <= len(calm.points)

    only = os.environ.get("CRASH_ONLY", "")
    points = [point for point in calm.points if only in point]
    turns = asyncio.Semaphore(AT_ONCE)
    wrong: dict[str, list[str]] = {}
    again: dict[str, list[str]] = {}
    reached = 0

    async def kill(number: int, point: str) -> None:
        nonlocal reached
        async with turns:
            story = kind(tmp_path / str(number), point)
            if faults := await faults_of(story):
                wrong[point] = faults
        if story.pressed_again:
            again[point] = story.pressed_again
        reached += story.was_killed

    async with asyncio.TaskGroup() as group:
        for number, point in enumerate(points):
            group.create_task(kill(number, point))

    assert {} == wrong
    assert points
    assert reached >= min(fewest, len(points))
    assert {label for labels in again.values() for label in labels} <= MAY_BE_PRESSED_AGAIN, again
