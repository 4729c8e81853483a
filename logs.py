"""Log lines: one a fact, for people or as JSON; no secret ever leaves in one."""

import json
import logging
import sys
from collections.abc import Iterable

HIDDEN = "***"
# These tell every address, statement and message in full: tokens, numbers and codes among them.
# ExtBot's tells all fetched updates when one of them cannot be read, and nothing else of use.
# APScheduler's also report each pass that finds its predecessors still waiting, which is no fault.
TALKATIVE = {
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "aiohttp.access": logging.WARNING,
    "aiohttp.server": logging.CRITICAL,  # tells of strangers' malformed requests, one by one
    "aiosqlite": logging.INFO,
    "telegram.ext.ExtBot": logging.CRITICAL + 1,
    "telegram": logging.INFO,
    "telegram.request": logging.CRITICAL,  # a page instead of JSON, in full and with a traceback
    "apscheduler": logging.ERROR,
}


class HidingFormatter(logging.Formatter):
    """Replaces secrets wherever they stand in a finished line, tracebacks included."""

    def __init__(self, secrets: Iterable[str], fmt: str | None = None) -> None:
        super().__init__(fmt)
        self._secrets = [secret for secret in secrets if secret]

    def format(self, record: logging.LogRecord) -> str:
        return self.hide(super().format(record))

    def hide(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text


class JsonFormatter(HidingFormatter):
    """Shape: time, level, logger, message, and the traceback when there is one."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **({"error": self.formatException(record.exc_info)} if record.exc_info else {}),
        }
        # Hidden before it is written as JSON, which writes some characters differently.
        hidden = {name: self.hide(value) for name, value in entry.items()}
        return json.dumps(hidden, ensure_ascii=False)


def set_up(level: str, *, is_json: bool, secrets: Iterable[str]) -> None:
    """Log to standard error from now on."""
    handler = logging.StreamHandler(sys.stderr)
    console = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
    handler.setFormatter(JsonFormatter(secrets) if is_json else HidingFormatter(secrets, console))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name, least in TALKATIVE.items():
        logging.getLogger(name).setLevel(max(least, logging.getLevelName(level)))
