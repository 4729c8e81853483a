"""The methods that edit a message, also one that was sent through the bot."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sandbox.telegram_chats import read_keyboard
from sandbox.telegram_methods import (
    find_chat,
    find_message,
    read_message_text,
    refuse_pay_buttons,
    with_known_people,
)
from sandbox.telegram_refusals import NOT_MODIFIED, bad_request
from sandbox.telegram_shapes import bot_user, message_shape

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.telegram_chats import Button, Chat, Chats, Message
    from sandbox.telegram_methods import Request
    from sandbox.telegram_rules import Json


def _edit_message_text(chats: Chats, request: Request) -> Json | bool:
    given = request.parameters
    chat, message = _find_edited(chats, given)
    if message.kind != "text":
        raise bad_request("there is no text in the message to edit")
    marked = read_message_text(request)
    entities = with_known_people(chats, marked.entities)
    keyboard = _new_keyboard(message, given)
    if (marked.text, entities, keyboard) == (message.text, message.entities, message.keyboard):
        raise bad_request(NOT_MODIFIED)
    message.text, message.entities, message.keyboard = marked.text, entities, keyboard
    message.html = given["text"]
    message.link_preview = given.get("link_preview_options")
    return _edited(chats, chat, message)


def _edit_message_reply_markup(chats: Chats, request: Request) -> Json | bool:
    chat, message = _find_edited(chats, request.parameters)
    keyboard = _new_keyboard(message, request.parameters)
    if keyboard == message.keyboard:
        raise bad_request(NOT_MODIFIED)
    message.keyboard = keyboard
    return _edited(chats, chat, message)


def _new_keyboard(message: Message, given: Json) -> list[list[Button]]:
    keyboard = read_keyboard(given.get("reply_markup"))
    if message.invoice is None:
        refuse_pay_buttons(keyboard)
    return keyboard


def _find_edited(chats: Chats, given: Json) -> tuple[Chat, Message]:
    if "inline_message_id" in given:
        return _find_inline(chats, given["inline_message_id"])
    if "chat_id" not in given:
        raise bad_request("chat_id is empty")
    if "message_id" not in given:
        raise bad_request("message identifier is not specified")
    chat = find_chat(chats, given["chat_id"])
    message = find_message(chat, given["message_id"], "edit")
    if not message.from_bot or message.other_markup is not None:
        raise bad_request("message can't be edited")
    return chat, message


def _find_inline(chats: Chats, inline_message_id: str) -> tuple[Chat, Message]:
    for chat in chats.chats.values():
        for message in chat.shown():
            if message.inline_message_id == inline_message_id:
                return chat, message
    raise bad_request("MESSAGE_ID_INVALID")


def _edited(chats: Chats, chat: Chat, message: Message) -> Json | bool:
    """Of a message sent through the bot nothing comes back but that it was done."""
    message.edits += 1
    message.edit_date = int(time.time())
    chats.changes.tell()
    if message.inline_message_id is not None:
        return True
    return message_shape(chat, message, bot_user(chats))


EDIT_METHODS: dict[str, Callable[[Chats, Request], object]] = {
    "editMessageReplyMarkup": _edit_message_reply_markup,
    "editMessageText": _edit_message_text,
}
