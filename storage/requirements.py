"""What the tables need of SQLite and of the place where their file is; changes nothing there."""

import sqlite3
from pathlib import Path

# `strict` tables; `returning` needs 3.35 and `on conflict` without a target, too.
OLDEST_SQLITE = (3, 37, 0)
BESIDE = ("-wal", "-shm", ".lock")

NOT_SHARED = (
    "its folder does not let processes share memory, which SQLite needs beside the file:"
    " put it on a local disk with room"
)
# By how SQLite's name of the error begins.
WORDS = {
    "SQLITE_CANTOPEN": "it cannot be opened or made there",
    "SQLITE_IOERR_SHM": NOT_SHARED,
    "SQLITE_READONLY": "it, its folder or a file beside it cannot be written",
}


class UnmetRequirementError(Exception):
    """The text is a clause without a full stop."""


def check(path: Path, sqlite_version: tuple[int, ...]) -> None:
    """Errors: UnmetRequirementError; OSError where the place cannot even be looked at."""
    if sqlite_version < OLDEST_SQLITE:
        found, needed = (".".join(map(str, one)) for one in (sqlite_version, OLDEST_SQLITE))
        raise UnmetRequirementError(f"SQLite {found} is too old: {needed} or newer is needed")
    if path.is_dir():
        raise UnmetRequirementError("it is a folder, not a file")
    for above in path.parents:
        if above.exists() and not above.is_dir():
            raise UnmetRequirementError(f"{above} is a file, not a folder")
    for file in (path, *(path.with_name(path.name + end) for end in BESIDE)):
        if file.exists() and not file.is_file():
            raise UnmetRequirementError(f"{file} is not a regular file")


def told(err: Exception) -> str:
    """Shape: a clause without a full stop."""
    if isinstance(err, OSError) and err.filename:
        return f"{err.filename}: {err.strerror}"
    name = _name(err)
    return next((words for start, words in WORDS.items() if name.startswith(start)), str(err))


def keeps_from_writing(err: sqlite3.Error) -> bool:
    """Whether waiting will not help, as it does with a full disk or a file that is in use."""
    return _name(err).startswith(tuple(WORDS))


def _name(err: Exception) -> str:
    return getattr(err, "sqlite_errorname", "")
