"""The wall clock is set while the bot runs, as a process: nobody who waits for a code notices."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.books import books_agree, rows
from tests.e2e.conftest import World
from tests.e2e.door import free_port, opens, variables
from tests.e2e.program import ROOT, Program
from tests.web.visitor import visiting

HOUR, DAY = 3600, 86_400
CODE = "Your WhatsApp code: 852508"
# A quarter of a second between polls, and the time of a busy machine.
SOON_S = 8.0


class Bot(Program):
    """The bot on a wall clock of its own."""

    def __init__(self, world: World, folder: Path, **more: str) -> None:
        self.port = free_port()
        self._step = folder / "clock"
        self.sets_clock(0)
        own = {"PYTHONPATH": str(ROOT), "CLOCK_STEP": str(self._step)}
        script = Path(__file__).with_name("stepped_bot.py")
        super().__init__(
            folder, world.variables() | variables(self.port) | own | more, script=script
        )

    def sets_clock(self, seconds: float) -> None:
        """So far from the true time it is from now on."""
        new = self._step.with_suffix(".new")
        new.write_text(str(seconds))
        new.replace(self._step)

    async def health(self) -> tuple[int, dict[str, Any]]:
        async with visiting(self.port) as visitor:
            answer = await visitor.sends("GET", "/healthz")
        return answer.status, json.loads(answer.text)

    async def is_open(self) -> None:
        """The process that was just started lets anybody in."""
        async with visiting(self.port) as visitor:
            await opens(visitor)

    async def is_well(self) -> None:
        async with asyncio.timeout(20):
            while (await self.health())[0] != 200:
                await asyncio.sleep(0.2)


@pytest.fixture
async def bot(world: World, tmp_path: Path) -> AsyncIterator[Bot]:
    """Not started yet."""
    bot = Bot(world, tmp_path)
    yield bot
    if bot.log_path.exists():
        await bot.stop(signal.SIGKILL)


def times_told(world: World) -> int:
    return sum(m.html.startswith("<code>852508</code>") for m in world.ann.messages)


@pytest.mark.parametrize("step", [-30 * DAY, -HOUR, -30, -1, 30, HOUR, 60 * DAY])
async def test_codes_come_through_a_step(world: World, bot: Bot, step: int) -> None:
    """A number that waits and one rented afterwards get their codes; /help is answered."""
    await bot.start()
    first = await world.rent(world.ann)
    await bot.is_well()
    bot.sets_clock(step)
    await world.ann.says("/help")
    await world.ann.waits_for("How it works", new=True)
    await asyncio.sleep(1.2)
    world.bloomsms.send_sms(first, CODE)
    await world.ann.waits_until(lambda _: times_told(world) == 1, SOON_S)
    second = await world.rent(world.ann)
    world.bloomsms.send_sms(second, CODE)
    await world.ann.waits_until(lambda _: times_told(world) == 2, SOON_S)
    await bot.is_well()
    status, told = await bot.health()

    assert (200, {"ok": True, "late": []}) == (status, told["passes"])
    assert ["code_received"] * 2 == [
        row["state"] for row in rows(world.folder) if row["provider_id"]
    ]
    assert "missed" not in bot.log
    assert "Traceback" not in bot.log
    await books_agree(world)


async def test_set_back_just_at_the_start(world: World, tmp_path: Path) -> None:
    """A clock that is set back while the passes are started holds none of them up."""
    bot = Bot(world, tmp_path, CLOCK_STEP_AT_START=str(-HOUR))
    await bot.start()
    try:
        number = await world.rent(world.ann)
        world.bloomsms.send_sms(number, CODE)
        await world.ann.waits_until(lambda _: times_told(world) == 1, SOON_S)
        await bot.is_well()
    finally:
        await bot.stop(signal.SIGKILL)


@pytest.mark.parametrize("is_restarted", [False, True], ids=["running", "restarted"])
async def test_what_was_stored_while_the_clock_was_ahead(
    world: World, bot: Bot, *, is_restarted: bool
) -> None:
    """Put right by two hours, a code and a message that wait for Telegram go out at once."""
    await bot.start()
    number = await world.rent(world.ann)
    bot.sets_clock(7125)
    world.telegram.arm("bad_gateway", method="sendMessage")
    world.bloomsms.send_sms(number, CODE)
    await world.bob.says("/help")
    await world.telegram.waits_until(lambda t: len(t.refused(armed=True)) > 2)
    if is_restarted:
        await bot.stop(signal.SIGKILL)
    bot.sets_clock(0)
    world.telegram.disarm()
    if is_restarted:
        await bot.start()
    await world.ann.waits_until(lambda _: times_told(world) == 1, SOON_S)
    await world.bob.waits_for("How it works", timeout_s=15)

    await books_agree(world)


async def ask_for_the_balance(world: World, times: int) -> None:
    """Two people in turn, as far as the limit allows; what each saw last is not shown again."""
    for _ in range(times):
        for person in (world.ann, world.bob):
            await person.says("/balance")
        await asyncio.sleep(0.7)


@pytest.mark.parametrize("step", [-30 * DAY, -HOUR, HOUR, 60 * DAY])
async def test_a_restart_after_a_step_keeps_to_the_limit(
    world: World, tmp_path: Path, step: int
) -> None:
    """The requests of the last minute count, whatever time it is said to be."""
    limit = 15
    bot = Bot(world, tmp_path, BLOOMSMS_REQUESTS_PER_MINUTE=str(limit))
    await bot.start()
    try:
        await world.rent(world.ann)
        await ask_for_the_balance(world, 4)
        for turn in (1, 2):
            bot.sets_clock(step * turn)
            await bot.stop(signal.SIGKILL)
            await bot.start()
            await bot.is_open()
            await ask_for_the_balance(world, 4)

        assert limit - 4 <= world.bloomsms.busiest_minute() <= limit
        assert 0 == world.bloomsms.answered_429
    finally:
        await bot.stop(signal.SIGKILL)
