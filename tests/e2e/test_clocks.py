"""A wall clock that is set while the bot runs: lines 43 to 45 of the faults."""

from datetime import datetime, timedelta, tzinfo
from typing import Self

import pytest

from tests.e2e.books import books_agree, states
from tests.e2e.conftest import World
from tests.e2e.door import at_open_door

STEPS = [timedelta(seconds=-30), timedelta(hours=-1), timedelta(hours=1), timedelta(days=-30)]
STEPS += [timedelta(days=14), timedelta(days=60)]


class SetClock(datetime):
    """The wall clock as it was set."""

    by = timedelta()

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return super().now(tz) + cls.by


@pytest.fixture
def clock_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> type[SetClock]:
    monkeypatch.setattr(SetClock, "by", timedelta())
    monkeypatch.setattr("activations.clock.datetime", SetClock)
    return SetClock


@pytest.mark.parametrize("step", STEPS, ids=str)
async def test_set_while_a_number_waits(
    world: World, clock_of_the_machine: type[SetClock], step: timedelta
) -> None:
    """The code comes as fast as ever, for a number from before and for one from after."""
    ann = world.ann
    await world.start_bot()
    first = await world.rent(ann)
    clock_of_the_machine.by = step
    world.bloomsms.send_sms(first, "code 852508")
    await ann.waits_for("852508", new=True, timeout_s=5)
    second = await world.rent(ann, "Telegram · $0.45")
    world.bloomsms.send_sms(second, "code 771204")
    await ann.waits_for("771204", new=True, timeout_s=5)

    assert ["code_received", "code_received"] == states(world.folder)
    await books_agree(world)


@pytest.mark.parametrize("step", STEPS, ids=str)
async def test_set_right_after_a_restart(
    world: World, clock_of_the_machine: type[SetClock], step: timedelta
) -> None:
    """What was stored under a wrong clock holds nothing back once it is right."""
    ann = world.ann
    clock_of_the_machine.by = step
    await world.start_bot()
    number = await world.rent(ann)
    await world.stop_bot()
    world.bloomsms.send_sms(number, "code 852508")
    clock_of_the_machine.by = timedelta()
    await world.start_bot()
    await ann.waits_for("852508", new=True, timeout_s=10)

    assert ["code_received"] == states(world.folder)
    await books_agree(world)


async def test_health_while_the_clock_is_set(
    world: World, clock_of_the_machine: type[SetClock]
) -> None:
    """Steps make nothing stand still."""
    async with at_open_door(world) as visitor:
        await world.rent(world.ann)
        for step in STEPS:
            clock_of_the_machine.by = step
            answer = await visitor.sends("GET", "/healthz")

            assert 200 == answer.status, answer.text
