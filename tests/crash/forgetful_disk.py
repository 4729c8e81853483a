"""A disk that forgets: what SQLite wrote but never asked to be synced is gone after a power cut.

The default VFS is replaced by its copy whose files, at every sync, are kept as they are then.
Source: https://www.sqlite.org/c3ref/vfs.html and io_methods.html.
"""

import _sqlite3
import ctypes
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import POINTER, c_char_p, c_int, c_void_p
from pathlib import Path
from typing import ClassVar

POINTERS_OF_METHODS = 18
POINTERS_OF_VFS = 18
SYNC = 4
OPEN = 0


class Methods(ctypes.Structure):
    """sqlite3_io_methods."""

    _fields_: ClassVar = [("version", c_int), ("calls", c_void_p * POINTERS_OF_METHODS)]


class File(ctypes.Structure):
    """sqlite3_file; what follows is the VFS's own."""

    _fields_: ClassVar = [("methods", POINTER(Methods))]


class Vfs(ctypes.Structure):
    """sqlite3_vfs."""

    _fields_: ClassVar = [
        ("version", c_int),
        ("file_size", c_int),
        ("longest_path", c_int),
        ("next", c_void_p),
        ("name", c_char_p),
        ("own", c_void_p),
        ("calls", c_void_p * POINTERS_OF_VFS),
    ]


# The name is a bare address: SQLite keeps it for as long as the file is open.
OpenCall = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p, POINTER(File), c_int, POINTER(c_int))
SyncCall = ctypes.CFUNCTYPE(c_int, c_void_p, c_int)


class Disk:
    """What would be left of each file if the power failed now."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._paths: dict[int, Path] = {}
        self._alive: list[object] = []
        self._still = threading.Lock()  # syncs come from the database's own threads

    def left(self, path: Path, to: Path) -> Path:
        """Copy what would be left of a database; the path of the copy."""
        to.mkdir()
        with self._still:
            for kept in self._folder.glob(f"{path.name}*"):
                if path.with_name(kept.name).exists():  # a removed journal stays removed
                    shutil.copy(kept, to)
        return to / path.name

    def wrapped(self, plain: Vfs) -> Vfs:
        """A VFS like the plain one, whose syncs are noticed."""
        vfs = Vfs.from_buffer_copy(plain)
        vfs.name = b"power cut"
        open_plainly = OpenCall(plain.calls[OPEN])
        plain_address = ctypes.addressof(plain)

        def open_file(
            _vfs: int, name: int | None, file: "ctypes._Pointer[File]", flags: int,
            flags_then: "ctypes._Pointer[c_int]",
        ) -> int:  # fmt: skip
            status = open_plainly(plain_address, name, file, flags, flags_then)
            if status == 0 and name and file.contents.methods:
                self._paths[ctypes.addressof(file.contents)] = Path(ctypes.string_at(name).decode())
                file.contents.methods = ctypes.pointer(self._noticing(file.contents.methods[0]))
            return int(status)

        vfs.calls[OPEN] = self._address(OpenCall(open_file))
        return vfs

    def _noticing(self, plain: Methods) -> Methods:
        methods = Methods.from_buffer_copy(plain)
        sync_plainly = SyncCall(plain.calls[SYNC])

        def sync(file: int, flags: int) -> int:
            status = int(sync_plainly(file, flags))
            path = self._paths[file]
            with self._still:
                shutil.copy(path, self._folder / path.name)
            return status

        methods.calls[SYNC] = self._address(SyncCall(sync))
        self._alive.append(methods)
        return methods

    def _address(self, call: Callable[..., int]) -> int:
        self._alive.append(call)
        return ctypes.cast(call, c_void_p).value or 0  # type: ignore[arg-type]  # a CFUNCTYPE's


@contextmanager
def forgetful_disk(folder: Path) -> Iterator[Disk]:
    """Every database opened meanwhile lies on it; all are to be closed before the end."""
    library = ctypes.CDLL(_sqlite3.__file__)
    library.sqlite3_vfs_find.restype = POINTER(Vfs)
    folder.mkdir()
    plain = library.sqlite3_vfs_find(None)
    disk = Disk(folder)
    vfs = disk.wrapped(plain.contents)
    library.sqlite3_vfs_register(ctypes.byref(vfs), 1)
    try:
        yield disk
    finally:
        library.sqlite3_vfs_unregister(ctypes.byref(vfs))
        library.sqlite3_vfs_register(plain, 1)
