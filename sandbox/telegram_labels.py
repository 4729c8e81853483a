"""Finds the button a person means by its label."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.telegram_chats import Button, Message

_EMOJI_CATEGORIES = ("So", "Sk", "Mn", "Me", "Cf", "Zs")
_KEYCAP = re.compile("[0-9#*]\ufe0f?\u20e3")


def find_button(label: str, messages: list[Message]) -> tuple[Message, Button] | None:
    """Shape: `messages` newest first; the first that has a fitting button."""
    for message in messages:
        fits = [one for row in message.keyboard for one in row if label in one.text]
        exact = [one for one in fits if label in (one.text, without_emoji(one.text))]
        if fits:
            return message, (exact or fits)[0]
    return None


def without_emoji(label: str) -> str:
    """Take the emoji, and the space after them, from the beginning of a label."""
    rest = _KEYCAP.sub("", label, count=1) if _KEYCAP.match(label) else label
    while rest and unicodedata.category(rest[0]) in _EMOJI_CATEGORIES:
        rest = rest[1:]
    return rest
