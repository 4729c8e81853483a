"""The methods about the bot itself: its name, commands and menu."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from sandbox.telegram_methods import Request, find_chat
from sandbox.telegram_refusals import strict
from sandbox.telegram_shapes import bot_account

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.telegram_chats import Chats
    from sandbox.telegram_rules import Json


def _get_me(chats: Chats, _request: Request) -> Json:
    return bot_account(chats)


def _log_out(_chats: Chats, _request: Request) -> bool:
    raise strict("logOut would lock the bot out of the cloud for ten minutes")


def _language(request: Request) -> str:
    """Shape: empty for everybody whose language has nothing of its own."""
    code: str = request.parameters.get("language_code", "")
    if not re.fullmatch("([a-z]{2})?", code):
        raise strict(f'"{code}" is no language of two letters')
    return code


def _commands_key(chats: Chats, request: Request) -> tuple[str, str]:
    scope = request.parameters.get("scope", {"type": "default"})
    if scope["type"] == "chat":
        find_chat(chats, scope["chat_id"])
    return json.dumps(scope, sort_keys=True), _language(request)


def _set_my_commands(chats: Chats, request: Request) -> bool:
    chats.commands[_commands_key(chats, request)] = request.parameters["commands"]
    return True


def _get_my_commands(chats: Chats, request: Request) -> list[Json]:
    return chats.commands.get(_commands_key(chats, request), [])


def _delete_my_commands(chats: Chats, request: Request) -> bool:
    chats.commands.pop(_commands_key(chats, request), None)
    return True


def _text_setter(name: str) -> Callable[[Chats, Request], object]:
    def set_text(chats: Chats, request: Request) -> bool:
        chats.texts[name, _language(request)] = request.parameters.get(name, "")
        return True

    return set_text


def _text_getter(name: str) -> Callable[[Chats, Request], object]:
    """A language without its own text has that of the default."""

    def get_text(chats: Chats, request: Request) -> Json:
        own = chats.texts.get((name, _language(request)))
        default = chats.name if name == "name" else ""
        return {name: own or chats.texts.get((name, "")) or default}

    return get_text


def _set_chat_menu_button(chats: Chats, request: Request) -> bool:
    button = request.parameters.get("menu_button", {"type": "default"})
    if "chat_id" in request.parameters:
        find_chat(chats, request.parameters["chat_id"]).menu_button = button
    else:
        chats.menu_button = button
    return True


def _get_chat_menu_button(chats: Chats, request: Request) -> Json:
    if "chat_id" not in request.parameters:
        return chats.menu_button
    return find_chat(chats, request.parameters["chat_id"]).menu_button or {"type": "default"}


ACCOUNT_METHODS: dict[str, Callable[[Chats, Request], object]] = {
    "deleteMyCommands": _delete_my_commands,
    "getChatMenuButton": _get_chat_menu_button,
    "getMe": _get_me,
    "getMyCommands": _get_my_commands,
    "getMyDescription": _text_getter("description"),
    "getMyName": _text_getter("name"),
    "getMyShortDescription": _text_getter("short_description"),
    "logOut": _log_out,
    "setChatMenuButton": _set_chat_menu_button,
    "setMyCommands": _set_my_commands,
    "setMyDescription": _text_setter("description"),
    "setMyName": _text_setter("name"),
    "setMyShortDescription": _text_setter("short_description"),
}
