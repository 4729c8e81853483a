"""What Telegram asks of an object beyond the types and limits of its fields."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sandbox.telegram_refusals import bad_request, strict

if TYPE_CHECKING:
    from sandbox.telegram_rules import Json

_MAX_BUTTONS = 100
_MAX_BUTTONS_IN_ROW = 8
_BUTTON_STYLES = ("primary", "success", "danger")
_ACTIONS_IN_ORDER = (
    "url",
    "callback_data",
    "callback_game",
    "pay",
    "switch_inline_query",
    "switch_inline_query_chosen_chat",
    "switch_inline_query_current_chat",
    "login_url",
    "web_app",
    "copy_text",
)
_NEEDED_BY_ENTITY = {"text_link": "url", "text_mention": "user", "custom_emoji": "custom_emoji_id"}


def check_object(name: str, found: Json, path: str, notes: list[str]) -> None:
    """Shape: `found`, of the type `name`, has its fields checked; what Telegram drops goes from it.

    `notes` grows by what was dropped.
    Errors: Refusal 400.
    """
    if name == "InlineKeyboardButton":
        _check_button(found, path, notes)
    if name == "InlineKeyboardMarkup":
        _check_keyboard(found["inline_keyboard"], path)
    if name == "MessageEntity":
        _check_entity(found, path)
    if name == "BotCommand":
        _check_command(found, path, notes)


def _check_command(command: Json, path: str, notes: list[str]) -> None:
    if command["command"].startswith("/"):
        command["command"] = command["command"].removeprefix("/")
        notes.append(f'"{path}.command" is written without its slash')
    if not re.fullmatch(r"[a-z0-9_]+", command["command"]):
        raise bad_request("BOT_COMMAND_INVALID")


def _check_entity(entity: Json, path: str) -> None:
    name = _NEEDED_BY_ENTITY.get(entity["type"])
    if name is not None and name not in entity:
        raise strict(f'"{path}" needs the field "{name}"')


def _check_button(button: Json, path: str, notes: list[str]) -> None:
    """Of several actions Telegram takes the first in an order of its own."""
    actions = [key for key in _ACTIONS_IN_ORDER if key in button]
    if not actions:
        raise bad_request(
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"
        )
    if len(actions) > 1:
        notes.append(f'"{path}" must have exactly one action, not {", ".join(actions)}')
    for action in actions[1:]:
        del button[action]
    if not button["text"].strip():
        raise strict(f'"{path}.text" must not be empty')
    if button.get("style", "primary") not in _BUTTON_STYLES:
        raise strict(f'"{path}.style" must be one of {", ".join(_BUTTON_STYLES)}')
    if "url" in button and not re.match(r"(https?|tg)://[^\s/?#]+", button["url"]):
        raise bad_request(f"inline keyboard button URL '{button['url']}' is invalid")


def _check_keyboard(rows: list[list[Json]], path: str) -> None:
    if sum(len(row) for row in rows) > _MAX_BUTTONS:
        raise bad_request("reply markup is too long")
    if any(len(row) > _MAX_BUTTONS_IN_ROW for row in rows):
        raise strict(f'"{path}" has a row of more than {_MAX_BUTTONS_IN_ROW} buttons')
