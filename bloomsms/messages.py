"""The SMS in an answer, pure but for the log: one, many or none, in any form that is certain."""

import logging
import re
from collections.abc import Iterator
from decimal import Decimal

from bloomsms.lists import items_of
from bloomsms.models import Sms
from bloomsms.wire import Data, Json

MOST = 100
LONGEST_CODE = 200
LONGEST_WORD = 40
LONGEST_TEXT = 20_000
CUT = " […]"
DEEPEST = 3
# Figures in groups, or one word that is no address: all else in `code` is a text.
CODE = re.compile(r"[\d -]+|(?!\S*[a-z]\.[a-z])[!-.0-~]+", re.ASCII | re.IGNORECASE)

log = logging.getLogger(__name__)


def read_messages(value: Json) -> tuple[Sms, ...]:
    """Every SMS that is there, in its order; blank ones are none.

    Shape: at most the last hundred; the log tells when there are more.
    """
    found = tuple(sms for sms in _messages(value) if not sms.is_blank)
    if len(found) > MOST:
        log.warning("%d SMS in one answer: only the last %d are read", len(found), MOST)
    return found[-MOST:]


def whole(text: str) -> str:
    """Without halves of surrogate pairs, which JSON may hold and UTF-8 cannot."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _messages(value: Json, depth: int = 0) -> Iterator[Sms]:
    several = items_of(value)
    if depth > DEEPEST:
        return
    if several is not None:
        for one in several:
            yield from _messages(one, depth + 1)
    elif isinstance(value, dict) and "sms" in value and not _has_members(value):
        yield from _messages(value["sms"], depth + 1)
    elif isinstance(value, dict):
        yield _message(_code(value.get("code")), value.get("full_text"))
    elif isinstance(value, str):
        yield _message("", value)
    else:
        yield _message(_code(value), None)


def _has_members(value: Data) -> bool:
    return value.get("code") is not None or value.get("full_text") is not None


def _message(code: str, text: Json) -> Sms:
    """A code that is none is the text, or its end: nothing is left out."""
    full_text = text if isinstance(text, str) else ""
    if not full_text.strip() and not _is_code(code):
        code, full_text = "", code
    elif len(code) > LONGEST_CODE:
        full_text = full_text if code in full_text else f"{full_text}\n{code}".strip()
        code = ""
    return Sms(whole(code), _clipped(whole(full_text)))


def _is_code(code: str) -> bool:
    return len(code) <= LONGEST_WORD and CODE.fullmatch(code) is not None


def _clipped(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + CUT


def _code(value: Json) -> str:
    """A code as it was written; what JSON holds as a number has lost its leading zeros."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return ""
    if isinstance(value, Decimal):
        is_whole = value.is_finite() and value == value.to_integral_value()
        return f"{value:.0f}" if is_whole and value.adjusted() < LONGEST_CODE else str(value)
    return str(value).strip()
