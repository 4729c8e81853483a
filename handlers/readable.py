"""Which updates the library can read: whatever else Telegram writes must stop nobody."""

import json
import re
from typing import Any

from telegram import Bot, Update

LARGEST_ID = 2**63 - 1  # that a row can have
# In JSON: an escaped backslash, a whole surrogate pair, and half of one, which no text can hold.
ESCAPES = re.compile(
    r"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)


def read(written: object, bot: Bot) -> Update | None:
    """None for what is no update, or one of another form than the library knows."""
    id_ = id_of(written)
    if id_ is None or not isinstance(written, dict):
        return None
    try:
        update = Update.de_json(written, bot)
        person = update.effective_user
    except Exception:  # noqa: BLE001 - the library raises whatever it stumbles over
        return None
    return update if person is None or isinstance(person.id, int) else None


def read_text(text: str, bot: Bot) -> Update | None:
    """As `read`, of an update as JSON."""
    return read(parsed(text), bot)


def parsed(text: str) -> object:
    """What stands in JSON; None when it is none."""
    try:
        found: object = json.loads(clean(text))
    except (ValueError, RecursionError):
        return None
    return found


def clean(text: str) -> str:
    """JSON with each half of a surrogate pair replaced: neither rows nor calls can hold it."""
    return ESCAPES.sub(lambda found: r"\ufffd" if found[1] else found[0], text)


def id_of(written: object) -> int | None:
    """Of an update as Telegram wrote it; None when a row cannot have it."""
    id_: Any = written.get("update_id") if isinstance(written, dict) else None
    is_id = isinstance(id_, int) and not isinstance(id_, bool) and 0 < id_ <= LARGEST_ID
    return id_ if is_id else None
