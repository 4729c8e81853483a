"""Reads single values as leniently as Telegram does, and notes what it had to guess."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING

from sandbox.telegram_refusals import Refusal, bad_request

if TYPE_CHECKING:
    from collections.abc import Callable

_INT64 = 2**63
_TRUE = ("true", "yes", "1")
_FALSE = ("false", "no", "0", "")


class Origin(Enum):
    """Where a value stood, which decides what is natural there."""

    FORM = "everything is text"
    JSON = "a parameter of a JSON body; Telegram reads text and number alike"
    NESTED = "inside an object; Telegram wants flags to be flags there"


class Mismatch(Refusal):
    """A value that is not of a type; the depth tells which of several types was meant."""

    def __init__(self, path: str, wanted: str) -> None:
        super().__init__(400, f'Bad Request: strict: "{path}" must be {wanted}')
        self.depth = len(path)


def _read_string(value: object, path: str, _origin: Origin, notes: list[str]) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        notes.append(f'"{path}" must be a string, it was guessed from a number')
        value = str(value)
    if not isinstance(value, str):
        raise Mismatch(path, "a string")
    try:
        value.encode()
    except UnicodeEncodeError as err:
        raise bad_request("strings must be encoded in UTF-8") from err
    return value


def _read_integer(value: object, path: str, origin: Origin, notes: list[str]) -> int:
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,19}", value):
        _note_text(path, "an integer", origin, notes)
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not -_INT64 <= value < _INT64:
        raise Mismatch(path, "an integer")
    return value


def _read_float(value: object, path: str, origin: Origin, notes: list[str]) -> float:
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value):
        _note_text(path, "a number", origin, notes)
        value = float(value)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise Mismatch(path, "a number")
    return value


def _read_boolean(value: object, path: str, origin: Origin, notes: list[str]) -> bool:
    """Telegram takes the words for yes, in any case, and everything else for no."""
    if isinstance(value, bool):
        return value
    if origin is Origin.NESTED or not isinstance(value, str | int):
        raise Mismatch(path, "true or false")
    word = str(value).lower()
    if origin is Origin.JSON or word not in (*_TRUE, *_FALSE):
        notes.append(f'"{path}" must be true or false, it was guessed')
    return word in _TRUE


def _note_text(path: str, wanted: str, origin: Origin, notes: list[str]) -> None:
    if origin is not Origin.FORM:
        notes.append(f'"{path}" must be {wanted}, it was guessed from text')


SCALARS: dict[str, Callable[[object, str, Origin, list[str]], object]] = {
    "String": _read_string,
    "Integer": _read_integer,
    "Float": _read_float,
    "Boolean": _read_boolean,
}
