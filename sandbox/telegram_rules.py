"""Holds a request against Telegram's own description of its methods and types.

What Telegram takes without a word, though its description says otherwise, is taken here too and
noted, so that a misspelt parameter shows.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sandbox.telegram_objects import check_object
from sandbox.telegram_refusals import Refusal, bad_request, not_found, strict
from sandbox.telegram_values import SCALARS, Mismatch, Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Json = dict[str, Any]  # JSON from the wire: its values have any type until they are checked

_API = Path(__file__).with_name("telegram_api.json")
_ARRAY = "Array of "
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


def read_parameters(
    method: str, raw: Mapping[str, object], *, is_json: bool, notes: list[str] | None = None
) -> Json:
    """Check every parameter and turn its text into its value.

    Shape: `raw` as it came, files already replaced by `attach://` names; only given and known
    parameters come out, nested objects decoded; an optional one that is empty is not given.
    `is_json` says that numbers and flags came as such. `notes` grows by what Telegram would
    ignore or guess.
    Errors: Refusal 400.
    """
    facts = load_api()["methods"][method]["parameters"]
    reader = _Reader(Origin.JSON if is_json else Origin.FORM, [] if notes is None else notes)
    given = {
        name: value
        for name, value in reader.known(raw, facts, method).items()
        if value != "" or facts[name]["required"]
    }
    _refuse_missing(given, facts, method)
    return {
        name: reader.read(value, facts[name], f"{method}.{name}") for name, value in given.items()
    }


def check_result(method: str, result: object) -> None:
    """Hold our own answer against the same description.

    Errors: Refusal 400 that names the first field that is wrong.
    """
    check_value(result, load_api()["methods"][method]["returns"], method)


def check_value(value: object, types: list[str], path: str) -> None:
    """Hold anything we send against the description of its type, with nothing forgiven.

    Errors: Refusal 400 that names the first field that is wrong.
    """
    reader = _Reader(Origin.NESTED)
    reader.read(value, {"types": types}, path)
    if reader.notes:
        raise strict(reader.notes[0])


def _refuse_missing(given: Mapping[str, object], facts: Json, path: str) -> None:
    for name, fact in facts.items():
        if fact["required"] and name not in given:
            if "." not in path and name in _MISSING:
                raise bad_request(_MISSING[name])
            raise strict(f'"{path}" needs the field "{name}"')


@dataclass(frozen=True)
class _Reader:
    origin: Origin
    notes: list[str] = field(default_factory=list)

    def known(self, given: Mapping[str, object], facts: Json, path: str) -> Json:
        self.notes.extend(f'"{path}" has no field "{name}"' for name in given if name not in facts)
        return {name: value for name, value in given.items() if name in facts}

    def read(self, value: object, facts: Json, path: str) -> object:
        tries = [partial(_of_type, value, name, path) for name in facts["types"]]
        found = self._best(tries)
        if "range" in facts and isinstance(found, int) and self.origin is not Origin.NESTED:
            return self._clamped(found, facts["range"], path)
        _check_limits(found, facts, path)
        return found

    def _best(self, tries: Sequence[Callable[[_Reader], object]]) -> object:
        """Of several types the one that leaves the least to guess was meant."""
        refusals: list[Refusal] = []
        fits: list[tuple[object, list[str]]] = []
        for read in tries:
            reader = _Reader(self.origin)
            try:
                fits.append((read(reader), reader.notes))
            except Refusal as refusal:
                refusals.append(refusal)
        if not fits:
            raise max(reversed(refusals), key=_depth)
        found, notes = min(fits, key=lambda fit: len(fit[1]))
        self.notes.extend(notes)
        return found

    def _clamped(self, number: int, limits: list[int], path: str) -> int:
        clamped = max(limits[0], min(limits[1], number))
        if clamped != number:
            self.notes.append(f'"{path}" must be {limits[0]}..{limits[1]}, not {number}')
        return clamped

    def array(self, value: object, item: str, path: str) -> list[object]:
        if not isinstance(value, list):
            raise Mismatch(path, f"an array of {item}")
        return [_of_type(one, item, f"{path}[{at}]", self) for at, one in enumerate(value)]

    def object_of(self, value: object, name: str, path: str) -> Json:
        if not isinstance(value, dict):
            raise Mismatch(path, f"an object of type {name}")
        if name == "InlineKeyboardMarkup" and not value:
            return {"inline_keyboard": []}  # PTB leaves out a list that is empty
        description = load_api()["types"][name]
        if "subtypes" in description:
            return self._of_subtype(value, name, description["subtypes"], path)
        facts = description.get("fields", {})
        if not _is_meant(value, facts):
            raise Mismatch(path, f"an object of type {name}")
        value = {key: one for key, one in value.items() if one is not None}
        known = self.known(value, facts, path)
        _refuse_missing(known, facts, path)
        found = {key: self.read(one, facts[key], f"{path}.{key}") for key, one in known.items()}
        check_object(name, found, path, self.notes)
        return found

    def _of_subtype(self, value: Json, parent: str, subtypes: list[str], path: str) -> Json:
        """The field `type` names the subtype; where there is none, the one that fits best is it."""
        if "type" in value:
            subtypes = [one for one in subtypes if value["type"] == _kind(one, parent)]
        if not subtypes:
            raise Mismatch(path, f"a {parent}")
        tries = [partial(_of_type, value, name, path) for name in subtypes]
        return cast("Json", self._best(tries))


def _of_type(value: object, name: str, path: str, reader: _Reader) -> object:
    if name in SCALARS:
        return SCALARS[name](value, path, reader.origin, reader.notes)
    if name == "InputFile":
        return _file(value, path)
    if isinstance(value, str):
        value = _decoded(value, path)
    nested = _Reader(Origin.NESTED, reader.notes)
    if name.startswith(_ARRAY):
        return nested.array(value, name.removeprefix(_ARRAY), path)
    return nested.object_of(value, name, path)


def _depth(refusal: Refusal) -> float:
    """A value of the right type that is refused was meant more than any of the wrong one."""
    return refusal.depth if isinstance(refusal, Mismatch) else math.inf


def _is_meant(value: Json, facts: Json) -> bool:
    """Of several possible types, the one whose required field is there was meant."""
    required = [name for name, fact in facts.items() if fact["required"]]
    return not required or not value or any(name in value for name in required)


def _kind(subtype: str, parent: str) -> str:
    """BotCommandScopeAllPrivateChats of BotCommandScope is `all_private_chats`."""
    own = subtype.removeprefix(parent).removeprefix("Cached")
    return re.sub(r"(?<!^)(?=[A-Z])", "_", own).lower()


def _file(value: object, path: str) -> str:
    if not isinstance(value, str) or not value.startswith("attach://"):
        raise Mismatch(path, "a file sent as multipart/form-data")
    return value


def _decoded(value: str, path: str) -> object:
    try:
        return json.loads(value)
    except ValueError as err:
        raise Mismatch(path, "valid JSON") from err


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
