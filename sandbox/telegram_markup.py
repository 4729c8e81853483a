"""Reads text that was marked up as HTML, as Telegram does, into plain text and its entities.

Offsets and lengths of entities are in UTF-16 code units, offsets in errors are in UTF-8 bytes.
Source: the behaviour of parse_html and fix_formatted_text in tdlib/td, MessageEntity.cpp.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from sandbox.telegram_refusals import bad_request

if TYPE_CHECKING:
    from sandbox.telegram_refusals import Refusal
    from sandbox.telegram_rules import Json

_TYPES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "blockquote": "blockquote",
    "code": "code",
    "pre": "pre",
    "a": "text_link",
    "tg-emoji": "custom_emoji",
}
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_REFERENCE = re.compile(r"&(?:#x(?P<hex>[0-9a-fA-F]*)|#(?P<dec>[0-9]*)|(?P<name>[a-zA-Z]+));?")
_USER_ID = re.compile("[0-9]{1,15}")
_CUSTOM_EMOJI_ID = re.compile("0*[1-9][0-9]{0,18}")
_LONGEST_REFERENCE = 9
_LAST_CODE_POINT = 0x10FFFF
_SPACES = " \t\r\n\0\v"
_LANGUAGE = "language-"


@dataclass(frozen=True)
class MarkedText:
    """Plain text and what is marked in it, in Telegram's order."""

    text: str
    entities: list[Json]


@dataclass
class _Open:
    tag: str
    argument: str
    offset: int
    position: int


def utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def parse_html(source: str) -> MarkedText:
    """Errors: Refusal 400 in Telegram's wording."""
    return _Parser(source).parse()


@dataclass
class _Parser:
    source: str
    at: int = 0
    plain: str = ""
    offset: int = 0
    open: list[_Open] = field(default_factory=list)
    entities: list[Json] = field(default_factory=list)

    def parse(self) -> MarkedText:
        while self.at < len(self.source):
            if self._here() == "<":
                self._read_tag()
            else:
                self._append(self._character())
        if self.open:
            tag = self.open[-1].tag
            raise _unreadable(f'Can\'t find end tag corresponding to start tag "{tag}"')
        if re.search("[\ud800-\udfff]", self.plain):
            raise _unreadable(
                "Text contains invalid Unicode characters after decoding HTML entities,"
                " check for unmatched surrogate code units"
            )
        for entity in self.entities:
            if entity["type"] == "code":
                entity.pop("language", None)
        return MarkedText(self.plain, self.entities)

    def _here(self) -> str:
        return self.source[self.at : self.at + 1]

    def _append(self, character: str) -> None:
        self.plain += character
        self.offset += utf16_length(character)

    def _character(self) -> str:
        """Take one character, or one reference that stands for a character."""
        found = _REFERENCE.match(self.source, self.at) if self._here() == "&" else None
        character = _referred(found) if found else None
        if found is None or character is None:
            self.at += 1
            return self.source[self.at - 1]
        self.at = found.end()
        return character

    def _read_tag(self) -> None:
        begin = self.at
        self.at += 1
        if self._here() == "/":
            self.at += 1
            self._read_end_tag(begin)
        else:
            self._read_start_tag(begin)
        self.at += 1

    def _take_until(self, ends: str) -> str:
        begin = self.at
        while self._here() and self._here() not in ends:
            self.at += 1
        return self.source[begin : self.at]

    def _skip_spaces(self) -> None:
        while self._here() and self._here() in _SPACES:
            self.at += 1

    def _read_start_tag(self, begin: int) -> None:
        tag = self._take_until(_SPACES + ">").lower()
        if not self._here():
            raise self._error("Unclosed start tag", begin)
        if tag not in _TYPES:
            raise self._error(f'Unsupported start tag "{tag}"', begin)
        argument = ""
        self._skip_spaces()
        while self._here() != ">":
            argument = self._read_attribute(tag, begin) or argument
            self._skip_spaces()
        if tag == "span" and argument != "spoiler":
            raise self._error('Tag "span" must have class "tg-spoiler"', begin)
        self.open.append(_Open(tag, argument, self.offset, len(self.plain)))

    def _read_attribute(self, tag: str, begin: int) -> str:
        """Return what the attribute means for the tag; empty when it means nothing."""
        name = self._take_until(_SPACES + "=>")
        if not name and self._here():
            raise self._error(f'Empty attribute name in the tag "{tag}"', begin)
        self._skip_spaces()
        value = ""
        if self._here() == "=":
            self.at += 1
            self._skip_spaces()
            value = self._read_value(tag, begin)
        if not self._here():
            raise self._error(f'Unclosed start tag "{tag}"', begin)
        return _meaning(tag, name, value)

    def _read_value(self, tag: str, begin: int) -> str:
        quote = self._here()
        if not quote:
            raise self._error(f'Unclosed start tag "{tag}"', begin)
        if quote not in "'\"":
            return self._read_name_token()
        self.at += 1
        value = ""
        while self._here() and self._here() != quote:
            value += self._character()
        self.at += 1
        if not self._here():
            raise self._error("Unclosed start tag", begin)
        return value

    def _read_name_token(self) -> str:
        begin = self.at
        found = re.compile(r"[a-zA-Z0-9.-]*").match(self.source, self.at)
        value = found.group() if found else ""
        self.at += len(value)
        if self._here() not in _SPACES + ">":
            raise self._error("Unexpected end of name token", begin)
        return value.lower()

    def _read_end_tag(self, begin: int) -> None:
        if not self.open:
            raise self._error("Unexpected end tag", begin)
        tag = self._take_until(_SPACES + ">").lower()
        self._skip_spaces()
        if self._here() != ">":
            raise self._error("Unclosed end tag", begin)
        expected = self.open[-1].tag
        if tag not in ("", expected):
            detail = f', expected "</{expected}>", found "</{tag}>"'
            raise self._error("Unmatched end tag", begin, detail)
        closed = self.open.pop()
        if self.offset > closed.offset:
            self._add_entity(closed)

    def _add_entity(self, closed: _Open) -> None:
        where = {"offset": closed.offset, "length": self.offset - closed.offset}
        kind = _TYPES[closed.tag]
        if closed.tag == "a":
            kind, extra = _link(closed.argument or self.plain[closed.position :])
        elif closed.tag in ("code", "pre"):
            extra = {"language": closed.argument} if closed.argument else {}
            if self._is_code_block(closed.tag, where, extra):
                return
        else:
            extra = _extra(closed)
        if closed.tag == "blockquote" and closed.argument:
            kind = "expandable_blockquote"
        if kind:
            self.entities.append({"type": kind, **where, **extra})

    def _is_code_block(self, tag: str, where: Json, extra: Json) -> bool:
        """`pre` and `code` around the same text are one block that has a language."""
        last = self.entities[-1] if self.entities else {}
        same_place = {"offset": last.get("offset"), "length": last.get("length")} == where
        language = extra.get("language") or last.get("language")
        if not same_place or {last["type"], tag} != {"pre", "code"} or not language:
            return False
        last.update(type="pre", language=language)
        return True

    def _error(self, what: str, position: int, detail: str = "") -> Refusal:
        byte_offset = len(self.source[:position].encode())
        return _unreadable(f"{what} at byte offset {byte_offset}{detail}")


def _unreadable(reason: str) -> Refusal:
    return bad_request(f"can't parse entities: {reason}")


def _referred(found: re.Match[str]) -> str | None:
    if found["name"] is not None:
        return _NAMED.get(found["name"])
    if len(found[0].removesuffix(";")) > _LONGEST_REFERENCE:
        return None
    digits = found["hex"] if found["hex"] is not None else found["dec"]
    code = int(digits or "0", 16 if found["hex"] is not None else 10)
    return None if not 0 < code < _LAST_CODE_POINT else chr(code)


def _meaning(tag: str, name: str, value: str) -> str:
    if (tag, name) in {("a", "href"), ("tg-emoji", "emoji-id")}:
        return value
    if (tag, name) == ("blockquote", "expandable"):
        return "expandable"
    prefix = {("code", "class"): _LANGUAGE, ("span", "class"): "tg-"}.get((tag, name))
    return value.removeprefix(prefix) if prefix and value.startswith(prefix) else ""


def _extra(closed: _Open) -> Json:
    if closed.tag != "tg-emoji":
        return {}
    if not _CUSTOM_EMOJI_ID.fullmatch(closed.argument):
        raise bad_request("can't parse entities: Invalid custom emoji identifier specified")
    return {"custom_emoji_id": closed.argument}


def _link(target: str) -> tuple[str, Json]:
    """Return the kind of link; Telegram drops what is no link without a word."""
    try:
        parts = urlsplit(target if "://" in target else f"http://{target}")
    except ValueError:
        return "", {}
    if parts.scheme == "tg" and parts.netloc == "user":
        user_id = parse_qs(parts.query).get("id", [""])[0]
        return (
            ("text_mention", {"user": {"id": int(user_id)}})
            if _USER_ID.fullmatch(user_id)
            else ("", {})
        )
    is_link = parts.scheme == "tg" or (parts.scheme in ("http", "https") and "." in parts.netloc)
    if not is_link or re.search(r"\s", target):
        return "", {}
    return "text_link", {"url": parts._replace(path=parts.path or "/").geturl()}
