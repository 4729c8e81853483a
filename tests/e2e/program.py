"""The bot as a process of its own, to be stopped in every way there is."""

import asyncio
import os
import resource
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


class Program:
    """`python bot.py` with these variables and nothing else of ours in its environment."""

    def __init__(
        self, folder: Path, variables: dict[str, str], script: Path = ROOT / "bot.py"
    ) -> None:
        self._folder = folder
        self._script = script
        self._variables = variables
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        environment = {
            name: value
            for name, value in os.environ.items()
            if name in {"PATH", "HOME", "LANG", "VIRTUAL_ENV"} or name.startswith("COV")
        }
        with self.log_path.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                str(self._script),
                cwd=self._folder,
                env=environment | self._variables,
                stdout=log,
                stderr=log,
            )

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def log_path(self) -> Path:
        return self._folder / "bot.log"

    @property
    def log(self) -> str:
        return self.log_path.read_text()

    def resident_bytes(self) -> int:
        """The memory it takes up now."""
        assert self._process

        pages = Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]
        return int(pages) * resource.getpagesize()

    async def stop(self, how: signal.Signals = signal.SIGTERM, limit_s: float = 10) -> int:
        """End it and wait for that; the exit status."""
        assert self._process

        if self._process.returncode is None:
            self._process.send_signal(how)
        return await self.ended(limit_s)

    async def ended(self, limit_s: float = 10) -> int:
        assert self._process

        async with asyncio.timeout(limit_s):
            return await self._process.wait()
