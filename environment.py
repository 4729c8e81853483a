"""What the environment and `.env` hold: cleaned, and what looks wrong about it.

It knows the names of the settings, not what they mean. No sentence repeats a value: it may be a
secret.
"""

import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream

ENV_FILE = Path(".env")
# Some editors mark UTF-8 with a first character that would become part of the first name.
ENCODING = "utf-8-sig"

# `docker --env-file` passes all of these on as they stand in the file.
PAIRED_QUOTES = "\"'"
QUOTES = PAIRED_QUOTES + "`“”„«»\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}"
COMMENT = re.compile(r"(^|\s)#")

# Nothing else has names that begin like these.
OURS_ALONE = ("BLOOMSMS", "MAX_PRICE", "MAX_ACTIVE", "DAILY_LIMIT")
# Where whole names are compared: with other first words, too much else is alike.
DISTINCT_FIRST_WORDS = {"TELEGRAM", "BLOOMSMS"}
ALIKE = 0.8
SHORT_WORD = 3
OTHER_NAMES = {
    "BOT_TOKEN": "TELEGRAM_BOT_TOKEN",
    "TG_BOT_TOKEN": "TELEGRAM_BOT_TOKEN",
    "OWNER_ID": "ADMIN_IDS",
    "OWNER_IDS": "ADMIN_IDS",
    "ADMINS": "ADMIN_IDS",
    "DB_PATH": "DATABASE_PATH",
    "ACCESS_MODE": "ACCESS",
}


class UnreadableFileError(Exception):
    """`.env` cannot be read; the text is one sentence."""


@dataclass(frozen=True)
class Given:
    """Shape: names in capitals; `values` are clean and never empty, `refused` says what each of
    its names must not hold, `unknown` names the setting that each of its names looks like.
    """

    values: dict[str, str]
    refused: dict[str, str]
    unknown: dict[str, str]


def read(names: Collection[str]) -> Given:
    """Read the environment and, for what is not there or empty, `.env` in the working directory.

    Errors: UnreadableFileError.
    """
    in_file, around = _in_capitals(_of_file()), _in_capitals(os.environ)
    values, refused = {}, {}
    for name in names:
        value = _unwrapped(around.get(name, "")) or _unwrapped(in_file.get(name, ""))
        if problem := _problem(value):
            refused[name] = problem
        elif value:
            values[name] = value
    strange = [name for name, value in {**in_file, **around}.items() if _unwrapped(value)]
    unknown = {name: meant for name in strange if (meant := looks_like(name, names))}
    return Given(values, refused, unknown)


def looks_like(name: str, names: Collection[str]) -> str:
    """The setting that was probably meant; empty for a setting and for a name of another program's.

    Shape: all names in capitals.
    """
    if name in names:
        return ""
    if found := OTHER_NAMES.get(name) or next((n for n in names if _is_near(name, n)), ""):
        return found
    if name.startswith(OURS_ALONE):
        return get_close_matches(name, names, n=1, cutoff=0.0)[0]
    return ""


def _of_file() -> Mapping[str, str | None]:
    if not ENV_FILE.is_file():
        return {}
    try:
        with ENV_FILE.open(encoding=ENCODING) as lines:
            wrong = next((one for one in parse_stream(lines) if one.error), None)
    except (UnicodeDecodeError, OSError) as err:
        raise UnreadableFileError(f".env cannot be read as UTF-8 text: {err}.") from None
    if wrong:
        raise UnreadableFileError(
            f".env cannot be read from line {wrong.original.line} on: it should hold NAME=value,"
            " with both quotation marks or none."
        )
    return dotenv_values(ENV_FILE, encoding=ENCODING)


def _in_capitals(variables: Mapping[str, str | None]) -> dict[str, str]:
    """A name that is written in capitals goes before others that differ in that only."""
    found = sorted(variables.items(), key=lambda item: item[0].isupper())
    return {name.upper(): value for name, value in found if value is not None}


def _unwrapped(value: str) -> str:
    """Without blanks and line ends around it, and without a pair of quotation marks."""
    text = value.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in PAIRED_QUOTES:
        text = text[1:-1].strip()
    return text


def _problem(text: str) -> str:
    """What must not be in it; refused rather than cut off, because it might be meant."""
    if COMMENT.search(text):
        return "comment behind a #"
    if text and (text[0] in QUOTES or text[-1] in QUOTES):
        return "quotation mark at only one end"
    return "" if text.isprintable() else "invisible character"


def _is_near(name: str, setting: str) -> bool:
    """Whether it is the setting, misspelt, shortened or with another word in it."""
    words, right = re.split("[^A-Z0-9]+", name), setting.split("_")
    if "".join(words).rstrip("S") == "".join(right).rstrip("S") or sorted(words) == sorted(right):
        return True
    if len(words) == len(right):
        return all(map(_is_typo, words, right)) or (
            words[0] in DISTINCT_FIRST_WORDS
            and SequenceMatcher(None, name, setting).ratio() > ALIKE
        )
    shorter, longer = sorted((words, right), key=len)
    if len(shorter) == 1 or not _is_typo(words[0], right[0]):
        return False
    return _is_within(shorter, longer) and (shorter == words or _is_typo(words[-1], right[-1]))


def _is_typo(word: str, right: str) -> bool:
    """Also for the word itself."""
    if max(len(word), len(right)) <= SHORT_WORD:
        return word.rstrip("S") == right.rstrip("S") or sorted(word) == sorted(right)
    return SequenceMatcher(None, word, right).ratio() >= ALIKE


def _is_within(shorter: list[str], longer: list[str]) -> bool:
    """Whether all words stand in the longer name, in this order."""
    left = iter(longer)
    return all(any(_is_typo(word, other) for other in left) for word in shorter)
