"""Which updates the library can read: whatever else Telegram writes must stop nobody."""

import json
from typing import Any

from telegram import Bot, Update

LARGEST_ID = 2**63 - 1  # that a row can have


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
    try:
        return read(json.loads(text), bot)
    except (ValueError, RecursionError):
        return None


def id_of(written: object) -> int | None:
    """Of an update as Telegram wrote it; None when a row cannot have it."""
    id_: Any = written.get("update_id") if isinstance(written, dict) else None
    is_id = isinstance(id_, int) and not isinstance(id_, bool) and 0 < id_ <= LARGEST_ID
    return id_ if is_id else None
