"""Holds a request against Telegram's own description of its methods and types.

Telegram ignores what it does not know; this bench refuses it, so that a misspelt parameter shows.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sandbox.telegram_objects import check_object
from sandbox.telegram_refusals import Refusal, bad_request, not_found, strict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Json = dict[str, Any]  # JSON from the wire: its values have any type until they are checked

_API = Path(__file__).with_name("telegram_api.json")
_ARRAY = "Array of "
_INT64 = 2**63
_COUNTED_AFTER_PARSING = (
    "sendMessage.text",
    "editMessageText.text",
    "sendPhoto.caption",
    "sendDocument.caption",
)
_MISSING = {"chat_id": "chat_id is empty", "text": "message text is empty"}
_WRONG_LENGTH = {
    ".callback_data": "BUTTON_DATA_INVALID",
    "].command": "BOT_COMMAND_INVALID",
    "].description": "BOT_COMMAND_DESCRIPTION_INVALID",
    ".copy_text.text": "BUTTON_COPY_TEXT_INVALID",
    "answerCallbackQuery.text": "MESSAGE_TOO_LONG",
}


@cache
def load_api() -> Json:
    """Shape: `methods`: name → parameters and returns; `types`: name → fields or subtypes."""
    return cast("Json", json.loads(_API.read_text(encoding="utf-8")))


@cache
def _method_names() -> dict[str, str]:
    return {name.lower(): name for name in load_api()["methods"]}


def find_method(name: str) -> str:
    """Telegram reads method names in any case.

    Errors: Refusal 404 for a method it (or this emulator) does not have.
    """
    found = _method_names().get(name.lower())
    if found is None:
        raise not_found()
    return found


def read_parameters(method: str, raw: Mapping[str, object], *, is_json: bool) -> Json:
    """Check every parameter and turn its text into its value.

    Shape: `raw` as it came, files already replaced by `attach://` names; only given parameters
    come out, nested objects decoded. `is_json` says that numbers and flags came as such.
    Errors: Refusal 400.
    """
    facts = load_api()["methods"][method]["parameters"]
    _refuse_unknown(raw, facts, method)
    _refuse_missing(raw, facts, method)
    reader = _Reader(is_json=is_json)
    return {
        name: reader.read(value, facts[name], f"{method}.{name}") for name, value in raw.items()
    }


def check_result(method: str, result: object) -> None:
    """Hold our own answer against the same description.

    Errors: Refusal 400 that names the first field that is wrong.
    """
    _Reader(is_json=True).read(result, {"types": load_api()["methods"][method]["returns"]}, method)


def _refuse_unknown(given: Mapping[str, object], facts: Json, path: str) -> None:
    for name in given:
        if name not in facts:
            raise strict(f'"{path}" has no field "{name}"')


def _refuse_missing(given: Mapping[str, object], facts: Json, path: str) -> None:
    for name, fact in facts.items():
        if fact["required"] and name not in given:
            if "." not in path and name in _MISSING:
                raise bad_request(_MISSING[name])
            raise strict(f'"{path}" needs the field "{name}"')


class _Mismatch(Refusal):
    """A value that is not of a type; the depth tells which of several types was meant."""

    def __init__(self, path: str, wanted: str) -> None:
        super().__init__(400, f'Bad Request: strict: "{path}" must be {wanted}')


@dataclass(frozen=True)
class _Reader:
    is_json: bool

    def read(self, value: object, facts: Json, path: str) -> object:
        found = self._of_any_type(value, facts["types"], path)
        _check_limits(found, facts, path)
        return found

    def _of_any_type(self, value: object, types: list[str], path: str) -> object:
        refusals: list[Refusal] = []
        for name in types:
            try:
                return self._of_type(value, name, path)
            except Refusal as refusal:
                refusals.append(refusal)
        raise max(refusals, key=lambda one: not isinstance(one, _Mismatch))

    def _of_type(self, value: object, name: str, path: str) -> object:
        if name in _SCALARS:
            return _SCALARS[name](value, path, self.is_json)
        if name == "InputFile":
            return _file(value, path)
        if isinstance(value, str):
            value = _decoded(value, path)
        nested = _Reader(is_json=True)
        if name.startswith(_ARRAY):
            return nested.array(value, name.removeprefix(_ARRAY), path)
        return nested.object_of(value, name, path)

    def array(self, value: object, item: str, path: str) -> list[object]:
        if not isinstance(value, list):
            raise _Mismatch(path, f"an array of {item}")
        return [self._of_type(one, item, f"{path}[{at}]") for at, one in enumerate(value)]

    def object_of(self, value: object, name: str, path: str) -> Json:
        if not isinstance(value, dict):
            raise _Mismatch(path, f"an object of type {name}")
        if name == "InlineKeyboardMarkup" and not value:
            return {"inline_keyboard": []}  # PTB leaves out a list that is empty
        description = load_api()["types"][name]
        if "subtypes" in description:
            return self._of_subtype(value, name, description["subtypes"], path)
        facts = description.get("fields", {})
        if not _is_meant(value, facts):
            raise _Mismatch(path, f"an object of type {name}")
        _refuse_unknown(value, facts, path)
        _refuse_missing(value, facts, path)
        found = {key: self.read(one, facts[key], f"{path}.{key}") for key, one in value.items()}
        check_object(name, found, path)
        return found

    def _of_subtype(self, value: Json, parent: str, subtypes: list[str], path: str) -> Json:
        """The field `type` names the subtype; where there is none, the first that fits is it."""
        if "type" in value:
            subtypes = [one for one in subtypes if value["type"] == _kind(one, parent)]
        refusal: Refusal = _Mismatch(path, f"a {parent}")
        for name in subtypes:
            try:
                return self.object_of(value, name, path)
            except Refusal as one:
                refusal = one
        raise refusal


def _is_meant(value: Json, facts: Json) -> bool:
    """Of several possible types, the one whose required field is there was meant."""
    required = [name for name, fact in facts.items() if fact["required"]]
    return not required or not value or any(name in value for name in required)


def _kind(subtype: str, parent: str) -> str:
    """BotCommandScopeAllPrivateChats of BotCommandScope is `all_private_chats`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", subtype.removeprefix(parent)).lower()


def _string(value: object, path: str, _is_json: bool) -> str:
    if not isinstance(value, str):
        raise _Mismatch(path, "a string")
    try:
        value.encode()
    except UnicodeEncodeError as err:
        raise bad_request("strings must be encoded in UTF-8") from err
    return value


def _integer(value: object, path: str, is_json: bool) -> int:
    if not is_json and isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,19}", value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not -_INT64 <= value < _INT64:
        raise _Mismatch(path, "an integer")
    return value


def _float(value: object, path: str, is_json: bool) -> float:
    if not is_json and isinstance(value, str) and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value):
        value = float(value)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _Mismatch(path, "a number")
    return value


def _boolean(value: object, path: str, is_json: bool) -> bool:
    if not is_json and value in ("true", "false"):
        value = value == "true"
    if not isinstance(value, bool):
        raise _Mismatch(path, "true or false")
    return value


_SCALARS: dict[str, Callable[[object, str, bool], object]] = {
    "String": _string,
    "Integer": _integer,
    "Float": _float,
    "Boolean": _boolean,
}


def _file(value: object, path: str) -> str:
    if not isinstance(value, str) or not value.startswith("attach://"):
        raise _Mismatch(path, "a file sent as multipart/form-data")
    return value


def _decoded(value: str, path: str) -> object:
    try:
        return json.loads(value)
    except ValueError as err:
        raise _Mismatch(path, "valid JSON") from err


def _check_limits(value: object, facts: Json, path: str) -> None:
    if path in _COUNTED_AFTER_PARSING:
        return
    if "length" in facts and isinstance(value, str):
        lowest, highest, unit = facts["length"]
        length = len(value.encode()) if unit == "bytes" else len(value)
        if not lowest <= length <= highest:
            raise _wrong_length(path, f"{lowest}..{highest} {unit} long")
    if "range" in facts and isinstance(value, int):
        _within(value, facts["range"], f'"{path}"')
    if "count" in facts and isinstance(value, list):
        _within(len(value), facts["count"], f'the number of items in "{path}"')


def _wrong_length(path: str, wanted: str) -> Refusal:
    for ending, wording in _WRONG_LENGTH.items():
        if path.endswith(ending):
            return bad_request(wording)
    return strict(f'"{path}" must be {wanted}')


def _within(number: int, limits: list[int], what: str) -> None:
    lowest, highest = limits
    if not lowest <= number <= highest:
        raise strict(f"{what} must be {lowest}..{highest}, not {number}")
