"""Where what was fetched is kept: in memory, or in memory that stands before rows."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta
from typing import Generic, Protocol, TypeVar

from activations.ports import Clock, Lists

T = TypeVar("T")
Kept = tuple[timedelta, T]  # when it was asked for, by the monotonic clock, and the answer


class Keeping(Protocol[T]):
    """Answers by key, each with its age; none of the methods fails."""

    async def get(self, key: str) -> Kept[T] | None: ...
    async def put(self, key: str, kept: Kept[T]) -> None:
        """Keep it: `get` finds it before this waits for anything."""
        ...

    async def forget(self, key: str) -> None: ...


class Memory(Generic[T]):
    """Keeps what was used last, as far as there is room, and at least one.

    Units: `room` in what `size` counts; without it, in answers.
    """

    def __init__(self, room: int = 1, size: Callable[[T], int] = lambda _value: 1) -> None:
        self._room = room
        self._size = size
        self._taken = 0
        self._kept: OrderedDict[str, Kept[T]] = OrderedDict()

    async def get(self, key: str) -> Kept[T] | None:
        if (kept := self._kept.get(key)) is not None:
            self._kept.move_to_end(key)
        return kept

    async def put(self, key: str, kept: Kept[T]) -> None:
        await self.forget(key)
        self._kept[key] = kept
        self._taken += self._size(kept[1])
        while self._taken > self._room and len(self._kept) > 1:
            await self.forget(next(iter(self._kept)))

    async def forget(self, key: str) -> None:
        if (kept := self._kept.pop(key, None)) is not None:
            self._taken -= self._size(kept[1])


class KeptLists(Generic[T]):
    """Lists as rows, which outlive the process, behind a memory for `room` entries of them.

    A row's age is what the wall clock says when it is read; one from the future has none.
    """

    def __init__(self, rows: Lists[T], room: int, clock: Clock) -> None:
        self._rows = rows
        self._clock = clock
        self._memory: Memory[list[T]] = Memory(room, len)
        self._reading = asyncio.Lock()

    async def get(self, key: str) -> Kept[list[T]] | None:
        if (kept := await self._memory.get(key)) is not None:
            return kept
        # One reads for all who ask meanwhile: a long list takes its time to unpack.
        async with self._reading:
            if (kept := await self._memory.get(key)) is not None:
                return kept
            read = await self._read(key)
            # Younger than the row is what was fetched while it was read.
            if (kept := await self._memory.get(key)) is None and read is not None:
                await self._memory.put(key, read)
            return kept or read

    async def put(self, key: str, kept: Kept[list[T]]) -> None:
        await self._memory.put(key, kept)
        asked_at, found = kept
        age = self._clock.monotonic() - asked_at
        await self._rows.keep(key, self._clock.now() - age, found)

    async def _read(self, key: str) -> Kept[list[T]] | None:
        read = await self._rows.read(key)
        if read is None:
            return None
        age = self._clock.now() - read[0]
        return None if age < timedelta() else (self._clock.monotonic() - age, read[1])

    async def forget(self, key: str) -> None:
        await self._memory.forget(key)
        await self._rows.forget(key)
