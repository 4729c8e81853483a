"""A bot under test as a process of its own, with both emulators in this one."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.bloomsms_server import BloomsmsServer
from sandbox.telegram_server import TelegramServer

ROOT = Path(__file__).parent.parent.parent
OURS = ROOT / "bot.py"
ECHO = Path(__file__).parent / "echo_bot.py"
START_LIMIT_S = 60.0
END_LIMIT_S = 15.0
REQUESTS_PER_MINUTE = 6000
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / 2**20


@dataclass(frozen=True)
class Stand:
    """`start_s`: seconds from the start of the process to its first getUpdates."""

    telegram: TelegramServer
    bloomsms: BloomsmsServer
    process_id: int
    start_s: float

    @property
    def cpu_s(self) -> float:
        """Seconds of processor time that the bot has used so far, all its threads together."""
        fields = self._read("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * TICK_S

    @property
    def resident_mib(self) -> float:
        return int(self._read("statm").split()[1]) * PAGE_MIB

    def _read(self, name: str) -> str:
        return Path(f"/proc/{self.process_id}/{name}").read_text()


@asynccontextmanager
async def standing(
    program: Path, folder: Path, requests_per_minute: int = REQUESTS_PER_MINUTE
) -> AsyncIterator[Stand]:
    """Start the program on the folder's database and wait for its first getUpdates."""
    telegram = TelegramServer(flood_limits=False)
    bloomsms = BloomsmsServer(requests_per_minute=requests_per_minute, balance="1000")
    async with AsyncExitStack() as stack:
        for server in (telegram, bloomsms):
            await server.start()
            stack.push_async_callback(server.stop)
        variables = {
            "TELEGRAM_BOT_TOKEN": telegram.token,
            "TELEGRAM_BASE_URL": telegram.base_url,
            "BLOOMSMS_API_KEY": "sk_sandbox",
            "BLOOMSMS_BASE_URL": bloomsms.base_url,
            "BLOOMSMS_REQUESTS_PER_MINUTE": str(requests_per_minute),
            "DATABASE_PATH": str(folder / "bot.db"),
            "ACCESS": "public",
            "PATH": os.environ["PATH"],
        }
        log = stack.enter_context((folder / "bot.log").open("ab"))
        began_at_s = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(program), cwd=folder, env=variables, stdout=log, stderr=log
        )
        stack.push_async_callback(_end, process)
        await telegram.waits_until(_fetches, START_LIMIT_S)
        start_s = _fetches(telegram)[0] - began_at_s
        yield Stand(telegram, bloomsms, process.pid, start_s)


def _fetches(telegram: TelegramServer) -> list[float]:
    return [call.at_s for call in telegram.calls if call.method == "getUpdates"]


async def _end(process: asyncio.subprocess.Process) -> None:
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(END_LIMIT_S):
        await process.wait()
