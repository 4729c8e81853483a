from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.telegram_refusals import Refusal
from sandbox.telegram_rules import check_result, find_method, load_api, read_parameters

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
        ({"chat_id": [1]}, '"sendMessage.chat_id" must be'),
        ({"text": True}, '"sendMessage.text" must be a string'),
        ({"message_thread_id": "x"}, "must be an integer"),
        ({"reply_markup": {"force_reply": "true"}}, "must be true or false"),
        ({"text": "\ud800"}, "strings must be encoded in UTF-8"),
        ({"disable_notification": []}, "must be true or false"),
        ({"message_thread_id": True}, "must be an integer"),
        ({"message_thread_id": 2**63}, "must be an integer"),
        ({"link_preview_options": {"is_disabled": 1}}, "must be true or false"),
        ({"link_preview_options": "{"}, "must be valid JSON"),
        ({"reply_parameters": {"quote": "x"}}, "must be an object of type ReplyParameters"),
        ({"reply_markup": {"keys": []}}, "must be an object of type"),
        ({"reply_markup": {"inline_keyboard": [{}]}}, "must be an array of"),
        ({"entities": [{"type": "bold", "offset": 0}]}, 'needs the field "length"'),
    ],
)
def test_what_is_of_no_type_is_refused(given: Json, reason: str) -> None:
    """A value nobody could mean is named, however deep it is."""
    with pytest.raises(Refusal) as refused:
        send(**given)

    assert 400 == refused.value.error_code
    assert reason in refused.value.description


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, "Text buttons are unallowed in the inline keyboard"),
        ({"callback_data": ""}, "BUTTON_DATA_INVALID"),
        ({"callback_data": "é" * 33}, "BUTTON_DATA_INVALID"),
        ({"callback_data": "a", "style": "red"}, "one of primary, success, danger"),
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
    ("given", "read", "note"),
    [
        ({"txt": "x"}, {}, '"sendMessage" has no field "txt"'),
        ({"text": 1}, {"text": "1"}, '"sendMessage.text" must be a string'),
        ({"disable_notification": "True"}, {"disable_notification": True}, "it was guessed"),
        ({"disable_notification": 0}, {"disable_notification": False}, "it was guessed"),
        ({"message_thread_id": "5"}, {"message_thread_id": 5}, "must be an integer"),
        (
            {"link_preview_options": {"disabled": True}},
            {"link_preview_options": {}},
            '"sendMessage.link_preview_options" has no field "disabled"',
        ),
        (
            {"reply_parameters": {"message_id": "5"}},
            {"reply_parameters": {"message_id": 5}},
            '"sendMessage.reply_parameters.message_id" must be an integer',
        ),
        (
            {"reply_markup": button(callback_data="a", url="https://a.b")},
            {"reply_markup": button(url="https://a.b")},
            "must have exactly one action, not url, callback_data",
        ),
        (
            {"reply_markup": button(callback_data="a", hide=False)},
            {"reply_markup": button(callback_data="a")},
            'has no field "hide"',
        ),
    ],
)
def test_what_telegram_ignores_or_guesses_is_noted(given: Json, read: Json, note: str) -> None:
    """It is taken as Telegram takes it, and a test can ask for what was odd."""
    notes: list[str] = []
    call = {"chat_id": 1, "text": "x", **given}

    found = read_parameters("sendMessage", call, is_json=True, notes=notes)

    assert {"chat_id": 1, "text": "x", **read} == found
    assert 1 == len(notes)
    assert note in notes[0]


def test_limits_of_numbers_are_kept_for_the_caller() -> None:
    """Telegram brings a number that is too high or too low back into its range."""
    notes: list[str] = []

    assert {"limit": 100} == read_parameters(
        "getUpdates", {"limit": 101}, is_json=True, notes=notes
    )
    assert ['"getUpdates.limit" must be 1..100, not 101'] == notes


@pytest.mark.parametrize(
    ("word", "is_yes"),
    [("True", True), ("1", True), ("yes", True), ("False", False), ("0", False), ("no", False)],
)
def test_flags_of_a_form_are_words(word: str, *, is_yes: bool) -> None:
    """Every library writes them its own way; none of these is odd."""
    notes: list[str] = []
    given = {"chat_id": "1", "text": "x", "protect_content": word, "parse_mode": ""}

    found = read_parameters("sendMessage", given, is_json=False, notes=notes)

    assert {"chat_id": 1, "text": "x", "protect_content": is_yes} == found
    assert [] == notes


def test_nothing_is_no_value() -> None:
    """A field of an object that is null was not given."""
    assert (
        button(callback_data="a")
        == send(reply_markup=button(callback_data="a", url=None))["reply_markup"]
    )


def test_a_command_may_have_its_slash() -> None:
    """Telegram takes it off."""
    notes: list[str] = []
    given = {"commands": [{"command": "/go", "description": "x"}]}

    found = read_parameters("setMyCommands", given, is_json=True, notes=notes)

    assert "go" == found["commands"][0]["command"]
    assert 1 == len(notes)


def test_our_own_answers_are_forgiven_nothing() -> None:
    """A field too many, or a number as text, in what the emulator says is a mistake."""
    for result in ({"amount": 1, "more": 1}, {"amount": "1"}, {}):
        with pytest.raises(Refusal):
            check_result("getMyStarBalance", result)


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
        ("deleteMessages", {"chat_id": 1, "message_ids": []}, "must be 1..100, not 0"),
        ("answerCallbackQuery", {"callback_query_id": "1", "text": "x" * 201}, "MESSAGE_TOO_LONG"),
        ("setMyCommands", {"commands": [{"command": "A", "description": "x"}]}, "BOT_COMMAND_INV"),
        ("setMyCommands", {"commands": [{"command": "a", "description": ""}]}, "DESCRIPTION_INV"),
        ("setMyCommands", {"commands": [], "scope": {"type": "room"}}, "must be a BotCommandScope"),
        ("setMyCommands", {"commands": [], "scope": {"type": "chat"}}, 'needs the field "chat_id"'),
        ("setMyShortDescription", {"short_description": "x" * 121}, "must be 0..120 characters"),
        ("setMyDescription", {"description": "x" * 513}, "must be 0..512 characters"),
        ("sendDocument", {"chat_id": 1, "document": True}, "must be a string"),
        ("setWebhook", {"url": "https://a.b", "certificate": "x"}, "must be a file"),
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
