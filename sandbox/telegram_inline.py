"""Inline queries: a person asks the bot from the input line, and sends one of its results.

Results that are files by address cannot be sent here: nothing is fetched.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.telegram_chats import read_keyboard
from sandbox.telegram_markup import MarkedText
from sandbox.telegram_methods import refuse_pay_buttons, with_known_people
from sandbox.telegram_payments import invoice_content, pay_button, read_invoice
from sandbox.telegram_refusals import QUERY_TOO_OLD, bad_request
from sandbox.telegram_shapes import bot_user, message_shape, person_user
from sandbox.telegram_text import MAX_CAPTION_LENGTH, MAX_TEXT_LENGTH, is_blank, read_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.telegram_chats import Chat, Chats, Message
    from sandbox.telegram_methods import Request
    from sandbox.telegram_rules import Json

_MAX_RESULTS = 50
_MAX_OFFSET_BYTES = 64
_MAX_QUERY_LENGTH = 256
_CONTACT = ("phone_number", "first_name", "last_name", "vcard")
_VENUE = ("title", "address", "foursquare_id", "foursquare_type")
_FILES = ("photo", "document")
_PLACES_AND_CONTACTS = ("contact", "location", "venue")
_SAID = ("title", "address", "first_name", "phone_number", "latitude", "longitude")


@dataclass(frozen=True)
class InlineResult:
    """One result as the person sees it in the list; `raw` is what the bot sent."""

    id: str
    type: str
    title: str
    description: str
    marked: MarkedText
    raw: Json = field(repr=False)


@dataclass(frozen=True)
class InlineAnswer:
    """What the bot answered; `too_late` when the person did not see it."""

    results: list[InlineResult] = field(default_factory=list)
    next_offset: str = ""
    button: Json | None = None
    too_late: bool = False


@dataclass
class InlineAsk:
    """What a person typed after the bot's name; the server calls it an inline query."""

    query_id: str
    chat_id: int
    text: str
    asked_at_s: float
    answer: InlineAnswer | None = None


def ask(chats: Chats, chat: Chat, text: str, offset: str, *, age_s: float) -> InlineAsk:
    query_id = chats.new_query_id()
    asked = InlineAsk(query_id, chat.id, text[:_MAX_QUERY_LENGTH], time.monotonic() - age_s)
    chats.asks[query_id] = asked
    query = {
        "id": query_id,
        "from": person_user(chat.profile),
        "query": asked.text,
        "offset": offset,
        "chat_type": "sender",
    }
    chats.updates.add("inline_query", query)
    chats.changes.tell()
    return asked


def pick(chats: Chats, chat: Chat, asked: InlineAsk, result_id: str) -> Message:
    """Send a result into the chat with the bot and tell the bot of both.

    Shape: there is an `inline_message_id`, by which the bot can edit, only with a keyboard.
    """
    results = asked.answer.results if asked.answer else []
    found = [one for one in results if one.id == result_id]
    if not found:
        shown = ", ".join(one.id for one in results) or "nothing"
        raise AssertionError(f"{result_id} is not among the results: {shown}")
    message = _message(chats, chat, found[0])
    chosen = {
        "result_id": result_id,
        "from": person_user(chat.profile),
        "query": asked.text,
    }
    if message.keyboard:
        message.inline_message_id = f"sandbox-inline-{message.id}"
        chosen["inline_message_id"] = message.inline_message_id
    chat.started = True
    chats.add_message(chat, message)
    chats.updates.add("message", message_shape(chat, message, None))
    chats.updates.add("chosen_inline_result", chosen)
    return message


def _message(chats: Chats, chat: Chat, result: InlineResult) -> Message:
    content = result.raw.get("input_message_content", {})
    message = chats.new_message(chat, result.marked.text, from_bot=False)
    message.via_bot = bot_user(chats)
    message.keyboard = read_keyboard(result.raw.get("reply_markup"))
    message.entities = with_known_people(chats, result.marked.entities)
    if "message_text" in content:
        message.html = content["message_text"]
        message.link_preview = content.get("link_preview_options")
        return message
    if "prices" in content:
        message.kind = "invoice"
        message.invoice = read_invoice(content, [])
        message.content = invoice_content(message.invoice)
        message.keyboard = message.keyboard or [[pay_button(message.invoice)]]
        return message
    if not content and (file_id := result.raw.get(f"{result.type}_file_id")) in chats.files:
        message.kind = result.type
        message.file = chats.files[file_id]
        message.html = result.raw.get("caption", "")
        return message
    message.content = _place_or_contact(content or result.raw)
    message.kind = next(iter(message.content))
    return message


def _place_or_contact(given: Json) -> Json:
    if "phone_number" in given:
        return {"contact": {name: given[name] for name in _CONTACT if name in given}}
    if "latitude" not in given:
        raise AssertionError("a result of this kind cannot be sent in this emulator")
    location = {"latitude": given["latitude"], "longitude": given["longitude"]}
    if "address" not in given:
        return {"location": location}
    venue = {name: given[name] for name in _VENUE if name in given}
    return {"venue": {"location": location, **venue}, "location": location}


def _answer_inline_query(chats: Chats, request: Request) -> bool:
    given = request.parameters
    results = [_read_result(chats, one, request.notes) for one in _checked(given["results"])]
    if len(given.get("next_offset", "").encode()) > _MAX_OFFSET_BYTES:
        raise bad_request("NEXT_OFFSET_INVALID")
    _check_button(given.get("button"))
    asked = chats.asks.get(given["inline_query_id"])
    if asked is None or asked.answer is not None:
        raise bad_request(QUERY_TOO_OLD)
    if time.monotonic() - asked.asked_at_s > chats.query_age_limit_s:
        asked.answer = InlineAnswer(too_late=True)
        chats.changes.tell()
        raise bad_request(QUERY_TOO_OLD)
    asked.answer = InlineAnswer(results, given.get("next_offset", ""), given.get("button"))
    chats.changes.tell()
    return True


def _checked(results: list[Json]) -> list[Json]:
    if len(results) > _MAX_RESULTS:
        raise bad_request("too many inline query results specified")
    if len({one["id"] for one in results}) < len(results):
        raise bad_request("RESULT_ID_DUPLICATE")
    return results


def _check_button(button: Json | None) -> None:
    if button is None:
        return
    if ("start_parameter" in button) is ("web_app" in button):
        raise bad_request(
            "can't parse inline query results button:"
            " InlineQueryResultsButton must have exactly one optional field"
        )
    if not re.fullmatch(r"[\w-]{1,64}", button.get("start_parameter", "x"), re.ASCII):
        raise bad_request("START_PARAM_INVALID")


def _read_result(chats: Chats, raw: Json, notes: list[str]) -> InlineResult:
    content = raw.get("input_message_content", {})
    if "prices" in content:
        invoice = read_invoice(content, notes)
        marked = MarkedText(f"{invoice.title}\n{invoice.description}", [])
    else:
        refuse_pay_buttons(read_keyboard(raw.get("reply_markup")))
        marked = _words(raw, content)
    file_id = raw.get(f"{raw['type']}_file_id")
    if file_id is not None and raw["type"] in _FILES and file_id not in chats.files:
        raise bad_request("DOCUMENT_INVALID")
    title: str = raw.get("title") or raw.get("first_name", "")
    return InlineResult(raw["id"], raw["type"], title, raw.get("description", ""), marked, raw)


def _words(raw: Json, content: Json) -> MarkedText:
    """Say in words what the message will carry; text and captions are parsed."""
    if "message_text" in content:
        source = {**content, "text": content["message_text"]}
        marked = read_text(source, "text", MAX_TEXT_LENGTH)
        if is_blank(marked.text):
            raise bad_request("message text is empty")
        return marked
    if content or raw["type"] in _PLACES_AND_CONTACTS:
        said = content or raw
        return MarkedText(", ".join(str(said[one]) for one in _SAID if one in said), [])
    return read_text(raw, "caption", MAX_CAPTION_LENGTH)


INLINE_METHODS: dict[str, Callable[[Chats, Request], object]] = {
    "answerInlineQuery": _answer_inline_query,
}
