"""What the page knows, part by part, and who has yet to hear of which change."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress

Parts = Mapping[str, object]

# Changes that come together are told together.
_GATHER_S = 0.03
# Some parts change by the clock alone, such as the requests of the last minute.
_TICK_S = 1.0


class Feed:
    """Named parts of the page, each with the version in which it changed last.

    Whoever reads says up to which version they have heard, and gets only what changed since. A
    part that is gone is None.
    """

    def __init__(self, read: Callable[[], Parts]) -> None:
        self.version = 0
        self._read = read
        self._parts: dict[str, tuple[int, object]] = {}
        self._woken = asyncio.Event()
        self._changed = asyncio.Event()
        self._is_closed = False

    def wake(self) -> None:
        """Something may have changed; cheap, to be called freely."""
        self._woken.set()

    async def run(self) -> None:
        """Look for changes until cancelled."""
        self.refresh()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_TICK_S):
                    await self._woken.wait()
            await asyncio.sleep(_GATHER_S)
            self._woken.clear()
            self.refresh()

    def refresh(self) -> None:
        """Compare all parts with what they were."""
        gone = dict.fromkeys(self._parts)
        changed = {
            name: part
            for name, part in {**gone, **self._read()}.items()
            if name not in self._parts or self._parts[name][1] != part
        }
        if not changed:
            return
        self.version += 1
        for name, part in changed.items():
            self._parts[name] = (self.version, part)
        self._changed.set()
        self._changed = asyncio.Event()

    def since(self, version: int) -> dict[str, object]:
        """Shape: what changed after that version; with 0 all that is there now, nothing gone."""
        return {
            name: part
            for name, (changed_in, part) in self._parts.items()
            if changed_in > version and (version or part is not None)
        }

    async def changes(self, version: int) -> AsyncIterator[tuple[int, dict[str, object]]]:
        """Shape: a version and what changed up to it, at once when there is something; endless."""
        while not self._is_closed:
            changed = self._changed
            if self.version > version:
                news, version = self.since(version), self.version
                yield version, news
            else:
                await changed.wait()

    def close(self) -> None:
        """End all readers."""
        self._is_closed = True
        self._changed.set()
