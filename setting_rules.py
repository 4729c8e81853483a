"""What single settings may look like, and what they must not be together. Pure."""

import re
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

TOKEN_SHAPE = re.compile(r"\d+:[\w-]+", re.ASCII)
KEY_SHAPE = re.compile(r"[\x21-\x7e]+")
# An IPv6 address stands in brackets, so that it is clear where its port begins.
LISTEN_SHAPE = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s:\[\]/]+):(\d{1,5})", re.ASCII)
LAST_PORT = 65_535
# Telegram itself wants https; an own Bot API server on this machine also takes these.
WEBHOOK_URL_SHAPE = re.compile(
    r"(https://[^\s/?#]+|http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?)(/[^\s?#]*)?", re.ASCII
)
# What the web door serves under other paths.
OUR_PATHS = re.compile(r"/healthz|/metrics|/webhooks/bloomsms(/.*)?")
WEBHOOK_SECRET_SHAPE = re.compile(r"[A-Za-z0-9_-]*")
# What the bot appends itself, alone or with a token or a stand-in for one.
METHODS_PATH = re.compile(r"/bot/*$|/bot(\d+:|[<{%])", re.IGNORECASE)
TELEGRAM = "https://api.telegram.org"
HTTPS_PORT = 443
# Source: the Bot API's page on setWebhook.
TELEGRAM_PUSHES_TO = {HTTPS_PORT, 80, 88, 8443}
# Source: the Bot API's page on Chat: at most 52 significant bits.
LAST_ID = 2**52 - 1
LONGEST_ID = 20


class ItsReason(ValueError):  # noqa: N818 - pydantic turns it into its own error
    """Why a value is malformed; the text is told, so it holds nothing that may be a secret."""


def is_url(url: str) -> bool:
    return bool(re.fullmatch(r"https?://[^\s/]+(/\S*)?", url)) and _split(url) is not None


def is_webhook_url(url: str) -> bool:
    parts = _split(url)
    return bool(WEBHOOK_URL_SHAPE.fullmatch(url) and parts and not OUR_PATHS.fullmatch(parts.path))


def is_file_path(path: str) -> bool:
    """SQLite would keep `:memory:` in no file at all; a URL is another program's."""
    is_named = path.rpartition("/")[2] not in {"", ".", ".."}
    return is_named and path != ":memory:" and "://" not in path


def person_id(text: str) -> int:
    """Errors: ValueError."""
    if re.fullmatch(r"@\w{1,32}", text, re.ASCII):
        raise ItsReason(f"{text} is a username: /start tells a person's id")
    if not re.fullmatch(r"[+-]?\d+", text, re.ASCII):
        raise ValueError
    if len(text) > LONGEST_ID or int(text) > LAST_ID:
        raise ItsReason("no id of Telegram's is that large")
    if int(text) < 0:
        raise ItsReason(f"{text} is the id of a group or a channel, not of a person")
    if int(text) == 0:
        raise ItsReason("0 is the id of no person")
    return int(text)


def contradictions(held: Mapping[str, str]) -> list[str]:
    """What is wrong between settings, as far as it shows while single ones may be wrong too.

    Shape: `held` has the values that are set by the variables' names in capitals; a sentence each.
    """
    webhooks = ("BLOOMSMS_WEBHOOK_SECRET", "TELEGRAM_WEBHOOK_URL")
    found = [
        f"HTTP_LISTEN is missing: with {name} it should hold host:port, such as 127.0.0.1:8080."
        for name in webhooks
        if held.get(name) and not held.get("HTTP_LISTEN")
    ]
    base = _split(held.get("TELEGRAM_BASE_URL") or TELEGRAM)
    webhook_url = held.get("TELEGRAM_WEBHOOK_URL", "")
    if base and f"https://{base.hostname}" == TELEGRAM and is_webhook_url(webhook_url):
        parts = urlsplit(webhook_url)
        port = HTTPS_PORT if parts.port is None else parts.port
        if parts.scheme != "https" or port not in TELEGRAM_PUSHES_TO:
            found.append(
                "TELEGRAM_WEBHOOK_URL is malformed: Telegram pushes to https:// addresses only,"
                " and to the ports 443, 80, 88 and 8443."
            )
    return found


def _split(url: str) -> SplitResult | None:
    """None for an address with brackets or a port that cannot be."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts
