"""The methods about chats and messages: what each does, and when it refuses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.telegram_chats import Answer, Button, Chat, Chats, Message, read_keyboard
from sandbox.telegram_refusals import (
    QUERY_TOO_OLD,
    bad_request,
    blocked,
    deactivated,
    strict,
)
from sandbox.telegram_shapes import bot_user, full_chat, message_shape, person_user
from sandbox.telegram_text import MAX_CAPTION_LENGTH, MAX_TEXT_LENGTH, is_blank, read_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.telegram_markup import MarkedText
    from sandbox.telegram_rules import Json

_ACTIONS = (
    "typing",
    "upload_photo",
    "record_video",
    "upload_video",
    "record_voice",
    "upload_voice",
    "upload_document",
    "choose_sticker",
    "find_location",
    "record_video_note",
    "upload_video_note",
)
_MAX_REACTIONS = 1


@dataclass(frozen=True)
class Upload:
    """A file part of a multipart body."""

    name: str
    content_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Request:
    """One checked call: its parameters as values, its files by the name they are attached by.

    `notes` grows by what Telegram would ignore.
    """

    method: str
    parameters: Json
    uploads: dict[str, Upload] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def find_chat(chats: Chats, chat_id: int | str) -> Chat:
    """Errors: Refusal 400 for a person who never wrote; 403 for one who blocked or is gone."""
    is_number = isinstance(chat_id, int) or chat_id.removeprefix("-").isdecimal()
    chat = chats.chats.get(int(chat_id)) if is_number else None
    if chat is None or not chat.started:
        raise bad_request("chat not found")
    if chat.deactivated:
        raise deactivated()
    if chat.blocked:
        raise blocked()
    return chat


def new_bot_message(chats: Chats, chat: Chat, request: Request, marked: MarkedText) -> Message:
    """Make the message a send method asks for, with everything that is not its content.

    Errors: Refusal 400 when the message to reply to is not there.
    """
    given = request.parameters
    message = chats.new_message(chat, marked.text, from_bot=True)
    message.entities = with_known_people(chats, marked.entities)
    message.thread_id = _topic(chat, given.get("message_thread_id"))
    message.silent = given.get("disable_notification", False)
    message.protected = given.get("protect_content", False)
    message.link_preview = given.get("link_preview_options")
    message.keyboard = read_keyboard(given.get("reply_markup"))
    if request.method != "sendInvoice":
        refuse_pay_buttons(message.keyboard)
    if "inline_keyboard" not in given.get("reply_markup", {"inline_keyboard": []}):
        message.other_markup = given["reply_markup"]
    message.reply_to = _replied(chat, given.get("reply_parameters"))
    return message


def refuse_pay_buttons(rows: list[list[Button]]) -> None:
    if any("pay" in button.raw for row in rows for button in row):
        raise strict("only an invoice can have a pay button")


def send(chats: Chats, chat: Chat, message: Message) -> Json:
    chats.add_message(chat, message)
    return message_shape(chat, message, bot_user(chats))


def _send_message(chats: Chats, request: Request) -> Json:
    chat = find_chat(chats, request.parameters["chat_id"])
    message = new_bot_message(chats, chat, request, read_message_text(request))
    message.html = request.parameters["text"]
    return send(chats, chat, message)


def read_message_text(request: Request) -> MarkedText:
    marked = read_text(request.parameters, "text", MAX_TEXT_LENGTH)
    if is_blank(marked.text):
        raise bad_request("message text is empty")
    return marked


def read_caption(request: Request) -> MarkedText:
    return read_text(request.parameters, "caption", MAX_CAPTION_LENGTH)


def _topic(chat: Chat, thread_id: int | None) -> int | None:
    if thread_id is not None and thread_id not in chat.topics:
        raise bad_request("message thread not found")
    return thread_id


def _replied(chat: Chat, reply: Json | None) -> int | None:
    if reply is None:
        return None
    message_id: int = reply["message_id"]
    if chat.find(message_id) is not None:
        return message_id
    if reply.get("allow_sending_without_reply", False):
        return None
    raise bad_request("message to be replied not found")


def with_known_people(chats: Chats, entities: list[Json]) -> list[Json]:
    """A link to a person the bot never met is dropped."""
    known = []
    for entity in entities:
        if entity["type"] != "text_mention":
            known.append(entity)
        elif (chat := chats.chats.get(entity["user"]["id"])) is not None and chat.started:
            known.append({**entity, "user": person_user(chat.profile)})
    return known


def find_message(chat: Chat, message_id: int, purpose: str) -> Message:
    message = chat.find(message_id)
    if message is None:
        raise bad_request(f"message to {purpose} not found")
    return message


def _delete_message(chats: Chats, request: Request) -> bool:
    chat = find_chat(chats, request.parameters["chat_id"])
    find_message(chat, request.parameters["message_id"], "delete").deleted = True
    chats.changes.tell()
    return True


def _delete_messages(chats: Chats, request: Request) -> bool:
    chat = find_chat(chats, request.parameters["chat_id"])
    for message_id in request.parameters["message_ids"]:
        message = chat.find(message_id)
        if message is not None:
            message.deleted = True
    chats.changes.tell()
    return True


def _answer_callback_query(chats: Chats, request: Request) -> bool:
    given = request.parameters
    press = chats.presses.get(given["callback_query_id"])
    if press is None or press.answer is not None:
        raise bad_request(QUERY_TOO_OLD)
    if chats.is_too_old(press):
        press.answer = Answer(too_late=True)
        chats.changes.tell()
        raise bad_request(QUERY_TOO_OLD)
    if "url" in given and not given["url"].startswith((f"t.me/{chats.username}?", "https://t.me/")):
        raise bad_request("URL_INVALID")
    press.answer = Answer(given.get("text"), given.get("show_alert", False), given.get("url"))
    chats.changes.tell()
    return True


def _send_chat_action(chats: Chats, request: Request) -> bool:
    chat = find_chat(chats, request.parameters["chat_id"])
    if request.parameters["action"] not in _ACTIONS:
        raise bad_request("wrong parameter action in request")
    chat.actions.append(request.parameters["action"])
    chats.changes.tell()
    return True


def _get_chat(chats: Chats, request: Request) -> Json:
    return full_chat(find_chat(chats, request.parameters["chat_id"]))


def _set_message_reaction(chats: Chats, request: Request) -> bool:
    chat = find_chat(chats, request.parameters["chat_id"])
    message = find_message(chat, request.parameters["message_id"], "react")
    reactions = request.parameters.get("reaction", [])
    if len(reactions) > _MAX_REACTIONS:
        raise bad_request("REACTIONS_TOO_MANY")
    if any(reaction["type"] == "paid" for reaction in reactions):
        raise strict("a bot can't react with a paid reaction")
    message.reactions = reactions
    chats.changes.tell()
    return True


def _pin_chat_message(chats: Chats, request: Request) -> bool:
    chat = find_chat(chats, request.parameters["chat_id"])
    find_message(chat, request.parameters["message_id"], "pin").pinned = True
    chats.changes.tell()
    return True


def _unpin_chat_message(chats: Chats, request: Request) -> bool:
    """Without a message the one pinned last is unpinned."""
    chat = find_chat(chats, request.parameters["chat_id"])
    message_id = request.parameters.get("message_id")
    pinned = [one for one in chat.shown() if one.pinned and message_id in (None, one.id)]
    if not pinned:
        raise bad_request("message to unpin not found")
    pinned[-1].pinned = False
    chats.changes.tell()
    return True


CHAT_METHODS: dict[str, Callable[[Chats, Request], object]] = {
    "answerCallbackQuery": _answer_callback_query,
    "deleteMessage": _delete_message,
    "deleteMessages": _delete_messages,
    "getChat": _get_chat,
    "pinChatMessage": _pin_chat_message,
    "sendChatAction": _send_chat_action,
    "sendMessage": _send_message,
    "setMessageReaction": _set_message_reaction,
    "unpinChatMessage": _unpin_chat_message,
}
