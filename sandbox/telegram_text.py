"""Makes of the text of a request the text of a message: parsed, cleaned, trimmed, measured.

Source: the behaviour of clean_input_string and fix_formatted_text in tdlib/td.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sandbox.telegram_markup import MarkedText, parse_html, utf16_length
from sandbox.telegram_refusals import bad_request, strict

if TYPE_CHECKING:
    from sandbox.telegram_rules import Json


MAX_TEXT_LENGTH = 4096
MAX_CAPTION_LENGTH = 1024

_SPLITTABLE = ("bold", "italic", "underline", "strikethrough", "spoiler")
_QUOTES = ("blockquote", "expandable_blockquote")
_CONTROL = re.compile("[\x00-\x09\x0b\x0c\x0e-\x1f]")
_DROPPED = re.compile("[\r\u2028-\u202e\u0333\u033f\u030a]")
_INVISIBLE = re.compile("[\\s\u00a0\u180e\u2000-\u200f\u202f\u205f\u2060\u2800\u3000\ufeff\ufffc]*")
_COMMAND = re.compile(r"(?<![\w/])/([A-Za-z0-9_]{1,64})(@\w{3,32})?(?![\w/])")


def read_text(parameters: Json, name: str, max_length: int) -> MarkedText:
    """Shape: `name` is `text` or `caption`; its entities come beside it or from its markup.

    Errors: Refusal 400 when the markup is wrong or the text is too long.
    """
    source = parameters.get(name, "")
    entities = parameters.get("entities" if name == "text" else f"{name}_entities", [])
    marked = _marked(source, parameters.get("parse_mode", ""), entities)
    tidied = _trim(_clean(_fix(marked)))
    if utf16_length(tidied.text) > max_length:
        raise bad_request(f"message {'caption ' * (name == 'caption')}is too long")
    return tidied


def is_blank(text: str) -> bool:
    """Telegram takes text that nobody can see for no text."""
    return _INVISIBLE.fullmatch(text) is not None


def find_commands(text: str) -> list[Json]:
    """Find what a client shows as a command in the text a person sent."""
    return [
        {
            "type": "bot_command",
            "offset": utf16_length(text[: found.start()]),
            "length": utf16_length(found.group()),
        }
        for found in _COMMAND.finditer(text)
    ]


def _marked(source: str, parse_mode: str, entities: list[Json]) -> MarkedText:
    if not parse_mode:
        return MarkedText(source, [dict(entity) for entity in entities])
    if parse_mode.lower() == "html":
        return parse_html(source)
    if parse_mode.lower() in ("markdown", "markdownv2"):
        raise strict(f"parse_mode {parse_mode} is not part of this emulator, use HTML")
    raise bad_request("unsupported parse_mode")


def _fix(marked: MarkedText) -> MarkedText:
    """Entities that may not hold each other: the outer link or code wins; bold ends at code."""
    ranked = sorted(marked.entities, key=lambda one: (one["offset"], -one["length"]))
    kept: list[Json] = []
    for entity in ranked:
        if entity["type"] not in _SPLITTABLE and not _clashes(entity, kept):
            kept.append(entity)
    solid = [one for one in kept if one["type"] in ("code", "pre")]
    for kind in _SPLITTABLE:
        spans = _merge([_span(one) for one in ranked if one["type"] == kind])
        for one in solid:
            spans = [part for span in spans for part in _without(span, _span(one))]
        kept += [{"type": kind, "offset": begin, "length": end - begin} for begin, end in spans]
    kept.sort(key=lambda one: (one["offset"], -one["length"]))
    return MarkedText(marked.text, kept)


def _clashes(entity: Json, kept: list[Json]) -> bool:
    is_quote = entity["type"] in _QUOTES
    begin, end = _span(entity)
    for other in kept:
        other_begin, other_end = _span(other)
        if begin < other_end and other_begin < end and is_quote is (other["type"] in _QUOTES):
            return True
    return False


def _span(entity: Json) -> tuple[int, int]:
    return entity["offset"], entity["offset"] + entity["length"]


def _merge(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for begin, end in spans:
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def _without(span: tuple[int, int], hole: tuple[int, int]) -> list[tuple[int, int]]:
    parts = [(span[0], min(span[1], hole[0])), (max(span[0], hole[1]), span[1])]
    return [part for part in parts if part[0] < part[1]]


def _clean(marked: MarkedText) -> MarkedText:
    """Control characters become spaces; marks that turn or cover text go."""
    cleaned = ["" if _DROPPED.match(one) else _CONTROL.sub(" ", one) for one in marked.text]
    places = [0]
    for before, after in zip(marked.text, cleaned, strict=True):
        places += [places[-1]] * (utf16_length(before) - 1) + [places[-1] + utf16_length(after)]
    return MarkedText("".join(cleaned), _moved(marked.entities, places))


def _trim(marked: MarkedText) -> MarkedText:
    """Spaces go from the end, and from the beginning unless something is marked there."""
    kept = marked.text.rstrip(" \n")
    first = min((one["offset"] for one in marked.entities), default=len(marked.text))
    cut = min(len(kept) - len(kept.lstrip(" \n")), first)
    total, end = utf16_length(marked.text), utf16_length(kept)
    places = [max(0, min(at, end) - cut) for at in range(total + 1)]
    return MarkedText(kept[cut:], _moved(marked.entities, places))


def _moved(entities: list[Json], places: list[int]) -> list[Json]:
    """Shape: `places[old offset]` is the new offset; what became empty is left out."""
    last = len(places) - 1
    moved = []
    for entity in entities:
        begin, end = _span(entity)
        if not 0 <= begin < end or begin > last:
            continue
        offset = places[begin]
        length = places[min(end, last)] - offset
        if length > 0:
            moved.append({**entity, "offset": offset, "length": length})
    return moved
