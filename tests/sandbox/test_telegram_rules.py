from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.telegram_refusals import Refusal
from sandbox.telegram_rules import find_method, load_api, read_parameters

if TYPE_CHECKING:
    from sandbox.telegram_rules import Json


def send(*, is_json: bool = True, **given: Any) -> Json:
    return read_parameters("sendMessage", {"chat_id": 1, "text": "x", **given}, is_json=is_json)


def button(**given: Any) -> Json:
    return {"inline_keyboard": [[{"text": "Go", **given}]]}


def test_names_of_methods_are_read_in_any_case() -> None:
    """As Telegram does; a method that does not exist is 404."""
    assert "sendMessage" == find_method("SENDMESSAGE")

    with pytest.raises(Refusal) as refused:
        find_method("sendMassage")
    assert 404 == refused.value.error_code


def test_text_becomes_values() -> None:
    """A form carries everything as text, nested objects as JSON."""
    markup = button(callback_data="1")

    read = send(
        is_json=False, chat_id="1", disable_notification="true", reply_markup=json.dumps(markup)
    )

    assert {
        "chat_id": 1,
        "text": "x",
        "disable_notification": True,
        "reply_markup": markup,
    } == read


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"txt": "x"}, '"sendMessage" has no field "txt"'),
        ({"chat_id": [1]}, '"sendMessage.chat_id" must be'),
        ({"text": 1}, '"sendMessage.text" must be a string'),
        ({"text": "\ud800"}, "strings must be encoded in UTF-8"),
        ({"disable_notification": "true"}, "must be true or false"),
        ({"message_thread_id": True}, "must be an integer"),
        ({"message_thread_id": 2**63}, "must be an integer"),
        ({"link_preview_options": {"disabled": True}}, 'has no field "disabled"'),
        ({"link_preview_options": {"is_disabled": 1}}, "must be true or false"),
        ({"link_preview_options": "{"}, "must be valid JSON"),
        ({"reply_parameters": {"quote": "x"}}, "must be an object of type ReplyParameters"),
        ({"reply_markup": {"keys": []}}, "must be an object of type"),
        ({"reply_markup": {"inline_keyboard": [{}]}}, "must be an array of"),
        ({"entities": [{"type": "bold", "offset": 0}]}, 'needs the field "length"'),
    ],
)
def test_what_telegram_would_ignore_or_guess_is_refused(given: Json, reason: str) -> None:
    """A wrong name or type is named, however deep it is."""
    with pytest.raises(Refusal) as refused:
        send(**given)

    assert 400 == refused.value.error_code
    assert reason in refused.value.description


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, "Text buttons are unallowed in the inline keyboard"),
        (
            {"callback_data": "a", "url": "https://a.b"},
            "exactly one action, not callback_data, url",
        ),
        ({"callback_data": ""}, "BUTTON_DATA_INVALID"),
        ({"callback_data": "é" * 33}, "BUTTON_DATA_INVALID"),
        ({"callback_data": "a", "style": "red"}, "one of primary, success, danger"),
        ({"callback_data": "a", "color": "red"}, 'has no field "color"'),
        ({"callback_data": "a", "text": " "}, "must not be empty"),
        ({"copy_text": {"text": ""}}, "BUTTON_COPY_TEXT_INVALID"),
        ({"copy_text": {"text": "x" * 257}}, "BUTTON_COPY_TEXT_INVALID"),
        ({"copy_text": "x"}, "must be valid JSON"),
        ({"url": "nowhere"}, "inline keyboard button URL 'nowhere' is invalid"),
    ],
)
def test_a_button_that_would_not_work_is_refused(given: Json, reason: str) -> None:
    """Each button does exactly one thing, within its limits."""
    with pytest.raises(Refusal) as refused:
        send(reply_markup=button(**given))

    assert reason in refused.value.description


@pytest.mark.parametrize(
    "given",
    [
        {"callback_data": "é" * 32},
        {"callback_data": "a", "style": "danger", "icon_custom_emoji_id": "5"},
        {"copy_text": {"text": "x" * 256}},
        {"url": "tg://user?id=1"},
    ],
)
def test_a_button_within_its_limits_passes(given: Json) -> None:
    """The limits themselves are allowed; data is measured in bytes."""
    assert button(**given) == send(reply_markup=button(**given))["reply_markup"]


@pytest.mark.parametrize(("rows", "columns"), [(1, 9), (13, 8)])
def test_a_keyboard_has_its_limits(rows: int, columns: int) -> None:
    """At most eight in a row and a hundred in all."""
    one = {"text": "x", "callback_data": "x"}

    with pytest.raises(Refusal):
        send(reply_markup={"inline_keyboard": [[one] * columns] * rows})


@pytest.mark.parametrize(
    ("method", "given", "reason"),
    [
        ("sendMessage", {"text": "x"}, "chat_id is empty"),
        ("sendMessage", {"chat_id": 1}, "message text is empty"),
        ("deleteMessage", {"chat_id": 1}, 'needs the field "message_id"'),
        ("getUpdates", {"limit": 101}, "must be 1..100, not 101"),
        ("deleteMessages", {"chat_id": 1, "message_ids": []}, "must be 1..100, not 0"),
        ("answerCallbackQuery", {"callback_query_id": "1", "text": "x" * 201}, "MESSAGE_TOO_LONG"),
        ("setMyCommands", {"commands": [{"command": "A", "description": "x"}]}, "BOT_COMMAND_INV"),
        ("setMyCommands", {"commands": [{"command": "a", "description": ""}]}, "DESCRIPTION_INV"),
        ("setMyCommands", {"commands": [], "scope": {"type": "room"}}, "must be a BotCommandScope"),
        ("setMyCommands", {"commands": [], "scope": {"type": "chat"}}, 'needs the field "chat_id"'),
        ("setMyShortDescription", {"short_description": "x" * 121}, "must be 0..120 characters"),
        ("setMyDescription", {"description": "x" * 513}, "must be 0..512 characters"),
        ("sendDocument", {"chat_id": 1, "document": 1}, "must be a file"),
    ],
)
def test_limits_of_other_methods(method: str, given: Json, reason: str) -> None:
    """Missing, too long, too many, out of range, of no known kind."""
    with pytest.raises(Refusal) as refused:
        read_parameters(method, given, is_json=True)

    assert reason in refused.value.description


def test_every_type_that_is_named_is_there() -> None:
    """The copy of the API is complete in itself."""
    api = load_api()
    facts = [one for method in api["methods"].values() for one in method["parameters"].values()]
    facts += [one for kind in api["types"].values() for one in kind.get("fields", {}).values()]
    named = {name.split(" of ")[-1] for fact in facts for name in fact["types"]}

    assert set() == named - set(api["types"]) - {"String", "Integer", "Float", "Boolean"}
