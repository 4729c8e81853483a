"""What was fetched from the provider and may be used again for a while."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Generic, TypeVar

from activations.errors import refusal_of
from activations.keeping import Keeping, Kept
from activations.ports import Clock
from bloomsms.errors import BloomsmsError

# A refresh that nobody waits for is not begun again sooner, whatever came of it.
REFRESH_AGAIN_AFTER = timedelta(seconds=15)

T = TypeVar("T")
Fetch = Callable[[str], Awaitable[T]]

log = logging.getLogger(__name__)


class Shelf(Generic[T]):
    """One request a key at a time serves all who wait, whoever began it.

    Source: docs/decisions/0014-catalogue-cache.md.
    """

    def __init__(self, fetch: Fetch[T], keeping: Keeping[T], clock: Clock) -> None:
        self._fetch = fetch
        self._keeping = keeping
        self._clock = clock
        self._fetching: dict[str, asyncio.Future[Kept[T] | None]] = {}
        self._wanted: dict[str, timedelta] = {}  # handed out old: the age that would have done
        self._refreshed_at: dict[str, timedelta] = {}

    async def take(self, key: str, age: timedelta, stale_age: timedelta) -> T:
        """The answer, at once while it is at most `stale_age` old, else fetched.

        Shape: one older than `age` is handed out and left to `refresh_one`.
        Errors: the Refusal for whatever kept it from being fetched.
        """
        came_at = self._clock.monotonic()
        while True:
            kept = await self._keeping.get(key)
            if kept is not None and self._is_within(stale_age, kept):
                if not self._is_within(age, kept):
                    self._want(key, age)
                return kept[1]
            try:
                found = await self._fetch_or_wait(key)
            except BloomsmsError as err:
                raise refusal_of(err) from err
            # Somebody else's request that left long ago says too little about now.
            if found is not None and came_at - found[0] <= stale_age:
                return found[1]

    async def refresh_one(self, fetch: Fetch[T]) -> None:
        """Fetch one of the answers that were handed out old; a failure leaves what there is."""
        while self._wanted:
            key = next(iter(self._wanted))
            age = self._wanted.pop(key)
            kept = await self._keeping.get(key)
            if key in self._fetching or (kept is not None and self._is_within(age, kept)):
                continue
            self._refreshed_at[key] = self._clock.monotonic()
            try:
                await self._fetch_for_all(key, fetch, is_waited_for=False)
            except BloomsmsError as err:
                log.info("what was shown old cannot be renewed yet: %s", err)
            return

    async def forget(self, key: str) -> None:
        await self._keeping.forget(key)

    def _want(self, key: str, age: timedelta) -> None:
        last = self._refreshed_at.get(key)
        if last is None or self._clock.monotonic() - last >= REFRESH_AGAIN_AFTER:
            self._wanted[key] = age

    async def _fetch_or_wait(self, key: str) -> Kept[T] | None:
        """Fetch, or wait for whoever does: all who wait get the failure of one they wait for.

        Shape: None when the other one's came to nothing that concerns us: it gave up, or it was a
        refresh, which goes last and is tried once.
        """
        if (under_way := self._fetching.get(key)) is not None:
            return await asyncio.shield(under_way)
        return await self._fetch_for_all(key, self._fetch, is_waited_for=True)

    async def _fetch_for_all(self, key: str, fetch: Fetch[T], *, is_waited_for: bool) -> Kept[T]:
        over: asyncio.Future[Kept[T] | None] = asyncio.get_running_loop().create_future()
        self._fetching[key] = over
        asked_at = self._clock.monotonic()
        try:
            found = (asked_at, await fetch(key))
        except BloomsmsError as err:
            if is_waited_for:
                over.set_exception(err)
                over.exception()  # taken note of, should nobody have waited
            raise
        else:
            over.set_result(found)
        finally:
            del self._fetching[key]
            if not over.done():
                over.set_result(None)
        await self._keeping.put(key, found)
        return found

    def _is_within(self, age: timedelta, kept: Kept[T]) -> bool:
        return self._clock.monotonic() - kept[0] <= age
