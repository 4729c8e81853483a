"""Lists in an answer, pure but for the log: rows in every form that says plainly what they are."""

import logging
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import TypeVar

from bloomsms.errors import OtherCurrency, Unreadable
from bloomsms.wire import Data, Json, excerpt

DEEPEST = 5
MOST_REASONS = 5
MOST_DIGITS = 12
COUNT = re.compile(r"(0(?!\+)|[1-9]\d{0,11}|[1-9]\d{0,2}(?:,\d{3}){1,3})(?:\.0{1,9})?\+?", re.ASCII)

T = TypeVar("T")

log = logging.getLogger(__name__)


def read_rows(data: Json, name: str, signs: Sequence[str], read: Callable[[Data], T]) -> list[T]:
    """Read the rows of the list `name`; the log tells how many could not be read, and why.

    Shape: `signs` are members that only a row has. An empty list is an empty list.
    Errors: Unreadable when there is no list, or not one row of it can be read; OtherCurrency when
    one names another currency: then what the others mean is not certain either.
    """
    found: list[T] = []
    problems: list[Unreadable] = []
    for row in rows_of(data, name, signs):
        try:
            found.append(read(_row(row)))
        except Unreadable as err:
            problems.append(err)
    if problems:
        said = _said(problems)
        of = len(found) + len(problems)
        log.warning("%s: %d of %d rows cannot be read: %s", name, len(problems), of, said)
        if other := next((err for err in problems if isinstance(err, OtherCurrency)), None):
            raise other
        if not found:
            raise Unreadable(f"not one of the {name} can be read: {said}")
    return found


def rows_of(data: Json, name: str, signs: Sequence[str]) -> list[Json]:
    """The rows of a list, of lists in it, of an object with numbers for keys; or the only row.

    Errors: Unreadable.
    """
    found = data[name] if isinstance(data, dict) and name in data else data
    is_row = isinstance(found, dict) and any(sign in found for sign in signs)
    if not is_row and items_of(found) is None:
        raise Unreadable(f"{name} is not a list", excerpt(str(found)))
    return list(_flat(found, signs))


def read_count(value: Json) -> int | None:
    """How many there are, `1000+` being at least so many; None where that is not certain."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    if isinstance(value, Decimal) and value.is_finite() and 0 < value.adjusted() < MOST_DIGITS:
        value = f"{value:f}"
    digits = COUNT.fullmatch(unicodedata.normalize("NFKC", str(value)).strip())
    return int(digits[1].replace(",", "")) if digits else None


def items_of(value: Json) -> list[Json] | None:
    """What a list holds, or an object whose keys are numbers: PHP's list with gaps."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict) and value and all(key.isdecimal() for key in value):
        return list(value.values())
    return None


def only_one(value: Json) -> Json:
    """The one thing that a list of one holds, or a list in it; anything else as it is."""
    for _ in range(DEEPEST):
        several = items_of(value)
        if several is None or len(several) != 1:
            break
        (value,) = several
    return value


def _flat(value: Json, signs: Sequence[str], depth: int = 0) -> Iterator[Json]:
    is_row = isinstance(value, dict) and any(sign in value for sign in signs)
    several = None if is_row or depth > DEEPEST else items_of(value)
    if several is None:
        yield value
        return
    for one in several:
        yield from _flat(one, signs, depth + 1)


def _row(row: Json) -> Data:
    if not isinstance(row, dict):
        raise Unreadable("no object")
    return row


def _said(problems: Sequence[Unreadable]) -> str:
    """Each kind of problem with its count, the commonest first, and an example of the first."""
    counts = Counter(err.problem for err in problems)
    kinds = ", ".join(f"{problem} ({n})" for problem, n in counts.most_common(MOST_REASONS))
    example = next((err.excerpt for err in problems if err.excerpt), "")
    return f"{kinds}; for example: {example}" if example else kinds
