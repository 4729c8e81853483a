"""Every line the bot logs in any test, at every level, held against every secret of any world."""

import logging
import re
from collections.abc import Iterable
from pathlib import Path

from logs import TALKATIVE, HidingFormatter

# Shorter ones are also other figures: ports, counts, parts of a time.
SHORTEST_SECRET = 6
WORD = re.compile(r"[\w-]+")
DIGITS = re.compile(r"\d+")
BETWEEN_DIGITS = re.compile(r"(?<=\d)[ -](?=\d)")


class LogWatch(logging.Handler):
    """Remembers distinct lines as the bot's formatter writes them, and what none of them may hold.

    Keys and tokens are for the formatter to hide, which knows those of its process only: they are
    looked for in the logs of processes.
    """

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(HidingFormatter(()))
        self._lines: set[str] = set()
        self._lines_of_processes: set[str] = set()
        self._numbers_and_codes: set[str] = set()
        self._keys: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        if is_logged(record):
            self._lines.add(self.format(record))

    def reads(self, folder: Path) -> None:
        """Take in what bots of their own process have logged below the folder."""
        for path in folder.rglob("bot.log"):
            self._lines_of_processes.update(path.read_text(errors="replace").splitlines())

    def guards(self, numbers_and_codes: Iterable[str], keys: Iterable[str]) -> None:
        for secret in numbers_and_codes:
            digits = "".join(DIGITS.findall(secret))
            self._numbers_and_codes |= {s for s in (secret, digits) if len(s) >= SHORTEST_SECRET}
        self._keys.update(keys)

    def leaks(self) -> list[str]:
        """Shape: the lines that hold a secret, sorted."""
        found = {line for line in self._lines | self._lines_of_processes if self._tells(line)}
        return sorted(
            found | {line for line in self._lines_of_processes for key in self._keys if key in line}
        )

    def _tells(self, line: str) -> bool:
        joined = BETWEEN_DIGITS.sub("", line)
        words = {*WORD.findall(line), *DIGITS.findall(line), *DIGITS.findall(joined)}
        return not words.isdisjoint(self._numbers_and_codes)


def is_logged(record: logging.LogRecord) -> bool:
    """Emulators log nothing of the bot's; some libraries are silenced by logs.set_up."""
    for name, least in TALKATIVE.items():
        if record.name == name or record.name.startswith(name + "."):
            return record.levelno >= least
    return not record.name.startswith(("aiohttp.server", "sandbox"))


WATCH = LogWatch()
