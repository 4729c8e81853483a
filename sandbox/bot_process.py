"""The bot as a process of its own: started, stopped, killed and watched."""

import asyncio
import ctypes
import signal
import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path

_PROGRAM = Path(__file__).parent.parent / "bot.py"
# The bot promises to stop within five seconds.
_STOP_S = 6.0
_CHUNK_BYTES = 65_536
_KEPT_BYTES = 4_000
_ON_PARENTS_DEATH = 1


class BotState(StrEnum):
    """How the bot's process is."""

    STARTING = "starting"  # the process is there and has not fetched an update yet
    RUNNING = "running"  # it answers
    STOPPING = "stopping"  # it was asked to stop
    STOPPED = "stopped"  # it ended because somebody wanted it
    DIED = "died"  # it ended by itself


class BotProcess:
    """One `python bot.py` at a time, in a folder of its own so that no `.env` is read.

    `ended_by` is what the page tells about the end: `stop`, `kill`, or "" for its own doing;
    `last_words` the end of what the last process wrote.
    """

    def __init__(
        self, environment: Mapping[str, str], folder: Path, *, on_change: Callable[[], None]
    ) -> None:
        self.state = BotState.STOPPED
        self.exit_status: int | None = None
        self.ended_by = ""
        self.starts = 0
        self._environment = dict(environment)
        self._folder = folder
        self._on_change = on_change
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self._written = b""
        self._lock = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def last_words(self) -> str:
        return self._written.decode(errors="replace")

    async def start(self) -> None:
        """Harmless when it runs already."""
        async with self._lock:
            if self._process is not None:
                return
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                str(_PROGRAM),
                cwd=self._folder,
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )
            self.exit_status, self.ended_by, self._written = None, "", b""
            self.starts += 1
            self._become(BotState.STARTING)
            self._watch = asyncio.create_task(self._watch_until_end(self._process))

    async def stop(self) -> None:
        """Ask it to stop, insist after the time it promised; harmless when it does not run."""
        await self._end(signal.SIGTERM, "stop")

    async def kill(self) -> None:
        """End it as a power cut would."""
        await self._end(signal.SIGKILL, "kill")

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    def note_alive(self) -> None:
        """It was heard of: it fetched updates."""
        if self.state is BotState.STARTING:
            self._become(BotState.RUNNING)

    async def _end(self, signal_number: signal.Signals, reason: str) -> None:
        async with self._lock:
            if self._process is None or self._watch is None:
                return
            self.ended_by = reason
            self._become(BotState.STOPPING)
            self._process.send_signal(signal_number)
            done, _ = await asyncio.wait([self._watch], timeout=_STOP_S)
            if not done:
                self._process.kill()
                await self._watch

    async def _watch_until_end(self, process: asyncio.subprocess.Process) -> None:
        if process.stdout is not None:
            while chunk := await process.stdout.read(_CHUNK_BYTES):
                self._written = (self._written + chunk)[-_KEPT_BYTES:]
                sys.stderr.buffer.write(chunk)
                sys.stderr.flush()
        self.exit_status = await process.wait()
        self._process = None
        self._become(BotState.STOPPED if self.ended_by else BotState.DIED)

    def _become(self, state: BotState) -> None:
        self.state = state
        self._on_change()


def _die_with_parent() -> None:
    """Runs in the child: a sandbox that is killed leaves no bot behind."""
    ctypes.CDLL(None).prctl(_ON_PARENTS_DEATH, signal.SIGTERM)
