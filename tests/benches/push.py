"""From the SMS to the message: how soon a code arrives, found by polls and told by a webhook.

The bot is a process of its own between both emulators, with one number and the usual limit of 60
requests a minute. It asks for another SMS after each code.
"""

import asyncio
import random
import signal
import tempfile
import time
from pathlib import Path

from sandbox.telegram_server import TelegramServer
from tests.benches.table import Table
from tests.e2e.conftest import World
from tests.e2e.door import HOOK, free_port, variables
from tests.e2e.program import Program

SAMPLES = 20
# The SMS comes so long after it was asked for: it meets every phase of the polls, and asking for
# another one leaves enough requests to the looks.
ASKED_BEFORE_S = (4.0, 8.0)
LATEST_S = 60.0


def measure() -> Table:
    """Takes about four minutes."""
    ways = [_row(way, asyncio.run(_latencies(way))) for way in ("poll", "webhook")]
    return Table(
        title="A code, from the SMS to the message",
        columns=("found by", "codes", "p50, ms", "p99, ms"),
        rows=tuple(ways),
        note="One waiting number, 60 requests a minute, both services on this machine.",
    )


def _row(way: str, latencies_s: list[float]) -> tuple[str, ...]:
    ordered = sorted(latencies_s)
    p50, p99 = (ordered[min(len(ordered) - 1, int(len(ordered) * q))] for q in (0.5, 0.99))
    return way, str(len(ordered)), f"{p50 * 1000:.0f}", f"{p99 * 1000:.0f}"


async def _latencies(way: str) -> list[float]:
    """Units: seconds from the SMS until Telegram got the message."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        world = World(Path(folder))
        await world.open()
        program = Program(Path(folder), world.variables() | _door(world, way))
        await program.start()
        try:
            return await _measured(world)
        finally:
            await program.stop(signal.SIGKILL)
            await world.close()


def _door(world: World, way: str) -> dict[str, str]:
    if way != "webhook":
        return {}
    port = free_port()
    world.bloomsms.webhook_url = f"http://127.0.0.1:{port}{HOOK}"
    return variables(port)


async def _measured(world: World) -> list[float]:
    dice = random.Random(1)
    number = await world.rent(world.ann)
    latencies_s = []
    for turn in range(SAMPLES):
        await asyncio.sleep(dice.uniform(*ASKED_BEFORE_S))
        code = str(100_001 + turn * 7)
        sent_at_s = time.monotonic()
        world.bloomsms.send_sms(number, f"Your code is {code}")
        latencies_s.append(await _told_at_s(world.telegram, code) - sent_at_s)
        news = await world.ann.waits_for(code)
        await world.ann.clicks("Another SMS", message=news)
        await _waits_again(world, number)
    return latencies_s


async def _told_at_s(telegram: TelegramServer, code: str) -> float:
    found: list[float] = []

    def is_told(_server: object) -> bool:
        calls = (c for c in telegram.calls if c.method == "sendMessage")
        found.extend(c.at_s for c in calls if code in str(c.parameters.get("text")))
        return bool(found)

    await telegram.waits_until(is_told, LATEST_S)
    return found[0]


async def _waits_again(world: World, number: str) -> None:
    async with asyncio.timeout(LATEST_S):
        while world.bloomsms.activations[number].status != "waiting":
            await asyncio.sleep(0.02)
