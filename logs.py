"""Log lines: one a fact, for people or as JSON; no secret ever leaves in one."""

import json
import logging
import sys
from collections.abc import Iterable, Mapping

HIDDEN = "***"
# These log whole addresses, and Telegram's hold the token.
TALKATIVE = ("httpx", "httpcore", "aiohttp.access")
# This one reports every pass that finds its predecessors still waiting, which is no fault here.
SCHEDULERS = ("apscheduler",)


class HidingFormatter(logging.Formatter):
    """Replaces secrets wherever they stand in a finished line, tracebacks included."""

    def __init__(self, secrets: Iterable[str], fmt: str | None = None) -> None:
        super().__init__(fmt)
        self._secrets = [secret for secret in secrets if secret]

    def format(self, record: logging.LogRecord) -> str:
        line = self.line(record)
        for secret in self._secrets:
            line = line.replace(secret, HIDDEN)
        return line

    def line(self, record: logging.LogRecord) -> str:
        return super().format(record)


class JsonFormatter(HidingFormatter):
    """Shape: time, level, logger, message, and the traceback when there is one."""

    def line(self, record: logging.LogRecord) -> str:
        entry: Mapping[str, str] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **({"error": self.formatException(record.exc_info)} if record.exc_info else {}),
        }
        return json.dumps(entry, ensure_ascii=False)


def set_up(level: str, *, is_json: bool, secrets: Iterable[str]) -> None:
    """Log to standard error from now on."""
    handler = logging.StreamHandler(sys.stderr)
    console = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
    handler.setFormatter(JsonFormatter(secrets) if is_json else HidingFormatter(secrets, console))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in SCHEDULERS:
        logging.getLogger(name).setLevel(logging.ERROR)
