"""The Telegram side of the page: people, messages, presses, in plain values for JSON."""

import json
import re
import time
from typing import Any

from sandbox.telegram_chats import Button, Chat, Chats, Message, Press, StoredFile
from sandbox.telegram_server import TelegramServer
from sandbox.telegram_shapes import is_image
from sandbox.telegram_text import find_commands
from sandbox.telegram_till import Invoice

_SHOWN_MESSAGES = 300
_SHOWN_PRESSES = 40
_ADDRESS = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)]")

Shown = dict[str, Any]  # JSON objects of many shapes, made here and read by the page


def chat_parts(server: TelegramServer, roles: dict[int, str]) -> Shown:
    """Shape: `bot/name`, `person/ID`, `message/PERSON/ID`, `press/QUERY`."""
    chats = server.chats
    parts: Shown = {"bot/name": {"name": chats.name, "username": chats.username}}
    for place, (person_id, role) in enumerate(roles.items()):
        chat = chats.chats[person_id]
        parts[f"person/{person_id}"] = _person(chats, chat, place, role)
        for message in chat.shown()[-_SHOWN_MESSAGES:]:
            parts[f"message/{person_id}/{message.id}"] = _message(message)
    for press in list(chats.presses.values())[-_SHOWN_PRESSES:]:
        parts[f"press/{press.query_id}"] = _press(press, chats.query_age_limit_s)
    return parts


def _person(chats: Chats, chat: Chat, place: int, role: str) -> Shown:
    return {
        "id": chat.id,
        "place": place,
        "name": chat.profile.first_name,
        "role": role,
        "started": chat.started,
        "blocked": chat.blocked,
        "commands": _commands(chats, chat),
        "actions": len(chat.actions),
        "action": chat.actions[-1] if chat.actions else "",
    }


def _commands(chats: Chats, chat: Chat) -> list[Shown]:
    """Shape: those of the narrowest scope that has some, as Telegram chooses them."""
    scopes: list[Shown] = [
        {"chat_id": chat.id, "type": "chat"},
        {"chat_id": str(chat.id), "type": "chat"},
        {"type": "all_private_chats"},
        {"type": "default"},
    ]
    for scope in scopes:
        for language in (chat.profile.language_code or "", ""):
            found = chats.commands.get((json.dumps(scope, sort_keys=True), language))
            if found:
                return found
    return []


def _message(message: Message) -> Shown:
    return {
        "id": message.id,
        "from_bot": message.from_bot,
        "text": message.text,
        "entities": [*message.entities, *_found_by_itself(message)],
        "keyboard": [[_button(button) for button in row] for row in message.keyboard],
        "other_markup": message.other_markup,
        "kind": message.kind,
        "file": _file(message.file) if message.file else None,
        "invoice": _invoice(message.invoice) if message.invoice else None,
        "via_bot": message.via_bot is not None,
        "silent": message.silent,
        "pinned": message.pinned,
        "reactions": [one.get("emoji", "") for one in message.reactions],
        "reply_to": message.reply_to,
        "date": message.date,
        "edited": message.edits > 0,
    }


def _found_by_itself(message: Message) -> list[Shown]:
    """Telegram makes commands and addresses in a bot's text clickable without being asked."""
    if not message.from_bot:
        return []
    found = find_commands(message.text) + [
        {
            "type": "url",
            "offset": len(message.text[: one.start()].encode("utf-16-le")) // 2,
            "length": len(one.group()),
        }
        for one in _ADDRESS.finditer(message.text)
    ]
    return [one for one in found if not any(_overlap(one, other) for other in message.entities)]


def _overlap(one: Shown, other: Shown) -> bool:
    ends = one["offset"] + one["length"], other["offset"] + other["length"]
    is_solid = other["type"] in ("code", "pre", "text_link", "text_mention", one["type"])
    return is_solid and bool(one["offset"] < ends[1] and other["offset"] < ends[0])


def _button(button: Button) -> Shown:
    known = {"text", "style", "icon_custom_emoji_id"}
    kinds = [key for key in button.raw if key not in known]
    return {
        "text": button.text,
        "kind": kinds[0] if kinds else "",
        "data": button.callback_data,
        "copy": button.copy_text,
        "url": button.url,
        "style": button.style or "",
    }


def _file(file: StoredFile) -> Shown:
    return {
        "id": file.id,
        "name": file.name,
        "bytes": len(file.content),
        "is_image": is_image(file.content),
    }


def _invoice(invoice: Invoice) -> Shown:
    return {"title": invoice.title, "description": invoice.description, "stars": invoice.amount}


def _press(press: Press, age_limit_s: float) -> Shown:
    shown: Shown = {
        "id": press.query_id,
        "person": press.chat_id,
        "message": press.message_id,
        "data": press.data,
        "state": "waiting",
    }
    if press.answer is None:
        if time.monotonic() - press.pressed_at_s > age_limit_s:
            shown["state"] = "unanswered"
        return shown
    if press.answer.too_late:
        return {**shown, "state": "too_late"}
    answer = press.answer
    return {
        **shown,
        "state": "answered",
        "text": answer.text or "",
        "alert": answer.show_alert,
        "url": answer.url or "",
    }
