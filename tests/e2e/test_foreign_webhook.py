"""A webhook that another program sets while the bot polls, and one it changes."""

import signal
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from sandbox.person import Person
from tests.e2e.conftest import World
from tests.e2e.program import Program

OTHER = "https://example.org/other"


async def set_by_another(world: World, url: str = OTHER) -> None:
    """Another program calls setWebhook."""
    address = f"{world.telegram.base_url}/bot{world.telegram.token}/setWebhook"
    async with aiohttp.ClientSession() as session, session.post(address, json={"url": url}):
        pass


def helped(times: int) -> Callable[[Person], bool]:
    return lambda person: times == sum("How it works" in m.text for m in person.messages)


async def test_removed_again(world: World, ann: Person) -> None:
    """The bot hears on, what waited included, and owners are told once."""
    for number in range(3):
        await set_by_another(world)
        await ann.says("/help")
        await ann.waits_until(helped(number + 1))
    await world.owner.waits_for("changed this bot's webhook")

    assert world.house
    assert not world.house.rivals.found.is_set()
    assert 1 == sum("changed this bot's webhook" in m.text for m in world.owner.messages)
    removals = [c for c in world.telegram.calls if c.method == "deleteWebhook"]
    assert not any(call.parameters.get("drop_pending_updates") for call in removals)


async def test_a_removal_that_fails(world: World, ann: Person) -> None:
    """Removing it is tried again, with pauses."""
    world.telegram.arm("error", method="deleteWebhook", times=3)
    await set_by_another(world)
    await ann.says("/help")
    await ann.waits_for("How it works", timeout_s=15)

    assert world.house
    assert not world.house.rivals.found.is_set()


@pytest.mark.parametrize("log_format", ["console", "json"])
async def test_the_fourth_time(world: World, tmp_path: Path, log_format: str) -> None:
    """A fourth one in ten minutes is another bot on the token: the process says so and ends."""
    program = Program(tmp_path, world.variables() | {"LOG_FORMAT": log_format})
    await program.start()
    try:
        for number in range(3):
            await world.ann.says("/help")
            await world.ann.waits_until(helped(number + 1), timeout_s=15)
            await set_by_another(world)
            await world.telegram.waits_until(lambda t: t.chats.webhook is None)
        await world.ann.says("/settings")
        await world.ann.waits_for("Your id", timeout_s=15)
        await set_by_another(world)
        status = await program.ended(limit_s=15)

        assert 2 == status
        assert "another bot" in program.log.splitlines()[-1]
        assert "Traceback" not in program.log
        assert world.telegram.chats.webhook
    finally:
        await program.stop(signal.SIGKILL)
