"""The JSON objects of Telegram, made from what the emulator remembers."""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.telegram_chats import Chat, Chats, Message, Press, Profile, StoredFile
    from sandbox.telegram_rules import Json

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_UNKNOWN_SIZE = (1280, 720)


def bot_user(chats: Chats) -> Json:
    return {
        "id": chats.bot_id,
        "is_bot": True,
        "first_name": chats.name,
        "username": chats.username,
    }


def bot_account(chats: Chats) -> Json:
    """The bot with all it can do, as getMe returns it."""
    abilities = {
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": True,
        "can_connect_to_business": False,
        "has_main_web_app": False,
        "has_topics_enabled": False,
        "allows_users_to_create_topics": False,
        "can_manage_bots": False,
        "supports_guest_queries": False,
    }
    return {**bot_user(chats), **abilities}


def person_user(profile: Profile) -> Json:
    known = {
        "last_name": profile.last_name,
        "username": profile.username,
        "language_code": profile.language_code,
    }
    given = {name: value for name, value in known.items() if value is not None}
    return {"id": profile.id, "is_bot": False, "first_name": profile.first_name, **given}


def private_chat(profile: Profile) -> Json:
    names = ("id", "first_name", "last_name", "username")
    user = person_user(profile)
    return {**{name: user[name] for name in names if name in user}, "type": "private"}


def full_chat(chat: Chat) -> Json:
    gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts")
    accepted = (*gifts, "premium_subscription", "gifts_from_channels")
    pinned = [message for message in chat.shown() if message.pinned]
    shape = {
        **private_chat(chat.profile),
        "accent_color_id": chat.id % 7,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(accepted, True),
    }
    if pinned:
        shape["pinned_message"] = message_shape(chat, pinned[-1], None)
    return shape


def message_shape(chat: Chat, message: Message, bot: Json | None) -> Json:
    """Shape: without `bot` the sender of a message of the bot is left out."""
    shape: Json = {"message_id": message.id, "date": message.date}
    if message.via_bot is not None:
        shape["via_bot"] = message.via_bot
    if not message.from_bot:
        shape["from"] = person_user(chat.profile)
    elif bot is not None:
        shape["from"] = bot
    shape["chat"] = private_chat(chat.profile)
    replied = chat.find(message.reply_to)
    if replied is not None:
        plain = message_shape(chat, replied, bot)
        plain.pop("reply_to_message", None)
        shape["reply_to_message"] = plain
    return shape | _content(message) | _trimmings(message)


def callback_query(chat: Chat, press: Press, bot: Json) -> Json:
    """A message that is gone comes as an inaccessible one, which has the date 0.

    One that was sent through the bot comes by its id alone.
    """
    return {
        "id": press.query_id,
        "from": person_user(chat.profile),
        **_pressed(chat, press, bot),
        "chat_instance": str(int(hashlib.sha256(str(chat.id).encode()).hexdigest()[:15], 16)),
        "data": press.data,
    }


def _pressed(chat: Chat, press: Press, bot: Json) -> Json:
    message = chat.find(press.message_id)
    if message is None:
        gone = {"chat": private_chat(chat.profile), "message_id": press.message_id, "date": 0}
        return {"message": gone}
    if message.inline_message_id is not None:
        return {"inline_message_id": message.inline_message_id}
    return {"message": message_shape(chat, message, bot)}


def membership_change(chat: Chat, bot: Json, *, date: int) -> Json:
    """What is sent when a person blocked the bot, or let it in again."""
    member = {"user": bot, "status": "member"}
    banned = {"user": bot, "status": "kicked", "until_date": 0}
    old, new = (member, banned) if chat.blocked else (banned, member)
    return {
        "chat": private_chat(chat.profile),
        "from": person_user(chat.profile),
        "date": date,
        "old_chat_member": old,
        "new_chat_member": new,
    }


def file_shape(file: StoredFile) -> Json:
    return {
        "file_id": file.id,
        "file_unique_id": hashlib.sha256(file.id.encode()).hexdigest()[:16],
        "file_size": len(file.content),
    }


def is_image(content: bytes) -> bool:
    return content.startswith((_PNG, _JPEG))


def _content(message: Message) -> Json:
    if message.content is not None:
        return message.content
    if message.file is None:
        return _with_entities(message, "text", "entities")
    if message.kind == "photo":
        width, height = _size(message.file.content)
        body: Json = {"photo": [{**file_shape(message.file), "width": width, "height": height}]}
    else:
        details = {"file_name": message.file.name, "mime_type": message.file.content_type}
        body = {"document": {**file_shape(message.file), **details}}
    return body | (_with_entities(message, "caption", "caption_entities") if message.text else {})


def _with_entities(message: Message, text_name: str, entities_name: str) -> Json:
    entities = {entities_name: message.entities} if message.entities else {}
    return {text_name: message.text, **entities}


def _trimmings(message: Message) -> Json:
    shape: Json = {}
    if message.thread_id is not None:
        shape |= {"message_thread_id": message.thread_id, "is_topic_message": True}
    if message.media_group_id is not None:
        shape["media_group_id"] = message.media_group_id
    if message.edit_date is not None:
        shape["edit_date"] = message.edit_date
    if message.protected:
        shape["has_protected_content"] = True
    if message.link_preview is not None:
        shape["link_preview_options"] = message.link_preview
    if message.keyboard:
        rows = [[button.raw for button in row] for row in message.keyboard]
        shape["reply_markup"] = {"inline_keyboard": rows}
    return shape


def _size(content: bytes) -> tuple[int, int]:
    if not content.startswith(_PNG) or len(content) < len(_PNG) + 16:
        return _UNKNOWN_SIZE
    width, height = struct.unpack_from(">II", content, len(_PNG) + 8)
    return width, height
