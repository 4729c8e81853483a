"""The number of the newest order, in a small file beside the database.

A restored backup knows an older one; only a file that is no part of the backup can tell.
"""

import asyncio
import logging
import os
import re
from pathlib import Path

LARGEST = 2**53
LONGEST_TEXT = 32

log = logging.getLogger(__name__)


class NewestOrder:
    def __init__(self, database_path: Path) -> None:
        self.path = database_path.with_name(database_path.name + ".newest")
        self._turn = asyncio.Lock()
        self._written = 0

    def read(self) -> int | None:
        """None when there is no file, or none that can be read: then nothing is compared."""
        try:
            with self.path.open("rb") as file:
                text = file.read(LONGEST_TEXT).strip().decode("ascii", "replace")
        except FileNotFoundError:
            return None
        except OSError as err:
            log.warning("%s cannot be read: %s", self.path, err)
            return None
        if not re.fullmatch(r"\d{1,16}", text, re.ASCII) or int(text) > LARGEST:
            log.warning("%s does not hold an order's number", self.path)
            return None
        return int(text)

    async def write(self, number: int) -> None:
        """Keep the largest number so far. Never raises: an order must not fail here."""
        async with self._turn:
            if number <= self._written:
                return
            try:
                await asyncio.to_thread(self._replace, f"{number}\n")
            except (OSError, RuntimeError) as err:
                log.warning("%s cannot be written: %s", self.path, err)
            else:
                self._written = number

    def _replace(self, text: str) -> None:
        new = self.path.with_name(self.path.name + ".new")
        with new.open("w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.path)
