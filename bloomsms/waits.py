"""When a refusal that holds only for now says that it ends. Pure.

Source: the API text says nothing of it; providers of the kind write seconds, minutes or a time
into the message, a field or a Retry-After header.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from bloomsms.models import Pause

LONGEST_PAUSE = timedelta(days=1)
WORDS = dict(
    zip(
        ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
        range(1, 11),
        strict=True,
    )
)
UNITS = {"s": 1, "m": 60, "h": 3600}
FIELDS_OF_SECONDS = ("retry_after", "retry_in", "wait", "wait_seconds", "seconds", "seconds_left")
FIELDS_OF_TIMES = ("retry_at", "available_at", "cancel_available_at", "allowed_at", "until")

_UNIT = r"(?:seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|hr|h)"
_DIGITS = r"(?<![.,\d])\d{1,5}(?:\.\d{1,3})?"
_COUNT = rf"{_DIGITS}|an?(?=\s+(?:minute|hour))|(?:{'|'.join(WORDS)})(?=[\s-])"
_PART = rf"(?:{_COUNT})[\s-]*{_UNIT}\b\.?"
DURATION = re.compile(rf"\b{_PART}(?:\s*(?:and|,)?\s*{_PART})*", re.IGNORECASE)
PART = re.compile(rf"\b({_COUNT})[\s-]*({_UNIT})\b", re.IGNORECASE)
# Without such a word a duration says something else, such as how long a number lives.
IS_A_WAIT = re.compile(
    r"\b(?:wait|again|after|later|retry|left|remain\w*|before|until|first|least|minimum|min|early"
    r"|earlier|yet|within|available|allowed|possible|soon\w*|too)\b",
    re.IGNORECASE,
)
CLOCK = re.compile(r"\b([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?\s*(?:UTC|GMT|Z)\b")
NAMED = re.compile(
    r"\b(?:seconds|secs?|retry[ _-]?after)(?: left| remaining)?\s*[:=]\s*(\d{1,5})\b", re.IGNORECASE
)
MINUTES_AND_SECONDS = re.compile(
    r"\b(?:wait|in|for)\s+(\d{1,2}):(\d\d)\b(?!\s*(?:UTC|GMT|Z|:))", re.IGNORECASE
)
TIME = re.compile(
    r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:\s?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?"
)
# Counted from the moment of renting, not from now.
SINCE_RENTED = re.compile(
    r"\b(?:after|since|of|from)\s+(?:the\s+|its\s+|being\s+)?"
    r"(?:rent|purchas|activation|order|buy|bought|issu|number|creat)"
    r"|\b(?:first|old|older than|rental time)\b",
    re.IGNORECASE,
)


def pause_of(
    message: str, fields: Mapping[str, object], headers: Mapping[str, str]
) -> Pause | None:
    """What an error envelope and its headers say; None when nothing can be read.

    The most exact goes first: a field, then a time, then a duration, then the header.
    """
    for read in (_of_fields, _of_message, _of_headers):
        if (pause := read(message, fields, headers)) is not None:
            return pause
    return None


def hide_digits(text: str) -> str:
    """Without long digit runs, which may be a code, except those that count time."""
    kept = [match.span() for match in _times(text)]

    def hidden(match: re.Match[str]) -> str:
        is_time = any(start <= match.start() and match.end() <= end for start, end in kept)
        return match[0] if is_time else "…"

    return re.sub(r"\d{3,}", hidden, text)


def _times(text: str) -> Iterator[re.Match[str]]:
    for pattern in (DURATION, NAMED, TIME):
        yield from pattern.finditer(text)


def _of_fields(
    _message: str, fields: Mapping[str, object], _headers: Mapping[str, str]
) -> Pause | None:
    for name in FIELDS_OF_TIMES:
        if (at := _time(str(fields.get(name)))) is not None:
            return Pause(at=at)
    for name in FIELDS_OF_SECONDS:
        if re.fullmatch(r"\d{1,5}(\.\d{1,6})?", text := str(fields.get(name))):
            return _pause(timedelta(seconds=float(text)))
    return None


def _of_message(
    message: str, _fields: Mapping[str, object], headers: Mapping[str, str]
) -> Pause | None:
    if found := TIME.search(message):
        at = _time(found[0])
        return None if at is None else Pause(at=at)
    if (found := CLOCK.search(message)) and (at := _next(found, headers)):
        return Pause(at=at)
    if not IS_A_WAIT.search(message):
        return None
    is_since_rented = SINCE_RENTED.search(message) is not None
    readers: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], float]], ...] = (
        (DURATION, lambda found: sum(map(_seconds, PART.finditer(found[0])))),
        (NAMED, lambda found: int(found[1])),
        (MINUTES_AND_SECONDS, lambda found: int(found[1]) * 60 + int(found[2])),
    )
    for pattern, seconds_of in readers:
        if found := pattern.search(message):
            after = timedelta(seconds=seconds_of(found))
            return _pause(after, is_since_rented=is_since_rented)
    return None


def _of_headers(
    _message: str, _fields: Mapping[str, object], headers: Mapping[str, str]
) -> Pause | None:
    value = _header(headers, "retry-after")
    if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", value):
        return _pause(timedelta(seconds=float(value)))
    at = _date(value)
    return None if at is None else Pause(at=at)


def _next(clock: re.Match[str], headers: Mapping[str, str]) -> datetime | None:
    """When it is that time of the day next, counted from when the answer was sent."""
    sent = _date(_header(headers, "date"))
    if sent is None:
        return None
    hour, minute, second = (int(part or 0) for part in clock.groups())
    at = sent.replace(hour=hour, minute=minute, second=second)
    return at if at >= sent else at + timedelta(days=1)


def _header(headers: Mapping[str, str], name: str) -> str:
    return next((v for k, v in headers.items() if k.lower() == name), "").strip()


def _date(value: str) -> datetime | None:
    try:
        return parsedate_to_datetime(value).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _seconds(part: re.Match[str]) -> float:
    """The count of one unit; "a" and "an" are one."""
    word = part[1].lower()
    count = float(word) if word[0].isdigit() else WORDS.get(word, 1)
    return count * UNITS[part[2][0].lower()]


def _pause(after: timedelta, *, is_since_rented: bool = False) -> Pause | None:
    is_plausible = timedelta(0) < after <= LONGEST_PAUSE
    return Pause(after=after, is_since_rented=is_since_rented) if is_plausible else None


def _time(text: str) -> datetime | None:
    """An ISO time; one without an offset is UTC."""
    if not TIME.fullmatch(text):
        return None
    plain = re.sub(r"\s?(?:Z|UTC|GMT)$", "+00:00", text)
    try:
        at = datetime.fromisoformat(plain)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
