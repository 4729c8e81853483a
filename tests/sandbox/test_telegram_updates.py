from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.telegram_refusals import Refusal
from sandbox.telegram_updates import UpdateQueue

if TYPE_CHECKING:
    from collections.abc import Coroutine


@pytest.fixture
def queue() -> UpdateQueue:
    return UpdateQueue(first_id=100)


def add(queue: UpdateQueue, count: int) -> list[int | None]:
    return [queue.add("message", {"message_id": number}) for number in range(count)]


async def take(queue: UpdateQueue, **given: Any) -> list[int]:
    updates = await queue.take(**{"offset": 0, "limit": 100, "timeout_s": 0, **given})
    return [update["update_id"] for update in updates]


async def begun(poll: Coroutine[None, None, list[int]]) -> asyncio.Task[list[int]]:
    """Let a poll that was made begin to wait."""
    task = asyncio.create_task(poll)
    for _ in range(3):
        await asyncio.sleep(0)
    return task


async def test_updates_stay_until_they_are_confirmed(queue: UpdateQueue) -> None:
    """A higher offset forgets; the same call again gives the same updates."""
    assert [100, 101, 102] == add(queue, 3)

    assert [100, 101] == await take(queue, limit=2)
    assert [100, 101, 102] == await take(queue)
    assert [102] == await take(queue, offset=102)
    assert [] == await take(queue, offset=103)


async def test_a_negative_offset_keeps_the_last(queue: UpdateQueue) -> None:
    """All before the last n are forgotten."""
    add(queue, 3)

    assert [102] == await take(queue, offset=-1)
    assert [102] == await take(queue)


async def test_a_poll_waits_for_an_update(queue: UpdateQueue) -> None:
    """It ends as soon as there is one, not at its time-out."""
    poll = await begun(take(queue, timeout_s=30))
    assert not poll.done()

    add(queue, 1)

    assert [100] == await asyncio.wait_for(poll, 1)


async def test_a_poll_ends_at_its_time_out(queue: UpdateQueue) -> None:
    """Nothing came: an empty answer."""
    assert [] == await take(queue, timeout_s=0.01)


async def test_a_second_poll_ends_the_first(queue: UpdateQueue) -> None:
    """The first is refused with 409, the second waits on."""
    first = await begun(take(queue, timeout_s=30))
    second = await begun(take(queue, timeout_s=30))

    with pytest.raises(Refusal) as refused:
        await first
    assert 409 == refused.value.error_code
    add(queue, 1)
    assert [100] == await second


async def test_only_kinds_that_were_asked_for_come(queue: UpdateQueue) -> None:
    """By default all but three; a list is exact."""
    assert queue.add("message_reaction", {}) is None
    queue.allowed = ["message_reaction"]
    assert queue.add("message", {}) is None
    assert 100 == queue.add("message_reaction", {})


async def test_a_closed_queue_does_not_wait(queue: UpdateQueue) -> None:
    """Open polls end, later ones do not begin."""
    poll = await begun(take(queue, timeout_s=30))

    queue.close()

    assert [] == await poll
    assert [] == await take(queue, timeout_s=30)
