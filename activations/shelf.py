"""What was fetched from the provider and may be used again for a while."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from activations.errors import refusal_of
from activations.ports import Clock
from bloomsms.errors import BloomsmsError

T = TypeVar("T")
Kept = tuple[datetime, T]  # when it was asked for, and the answer


class Shelf(Generic[T]):
    """Keeps what was fetched under each key; one fetch a key at a time serves all who wait."""

    def __init__(self, fetch: Callable[[str], Awaitable[T]], clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._kept: dict[str, Kept[T]] = {}
        self._fetching: dict[str, asyncio.Future[Kept[T] | None]] = {}

    async def take(self, key: str, age: timedelta, stale_age: timedelta) -> T:
        """Shape: at most `age` old, or at most `stale_age` when it cannot be fetched now."""
        found: Kept[T] | None = None
        while found is None:
            if self._is_younger(key, age):
                return self._kept[key][1]
            try:
                found = await self._fetch_or_wait(key)
            except BloomsmsError as err:
                if not self._is_younger(key, stale_age):
                    raise refusal_of(err) from err
                found = self._kept[key]
        return found[1]

    async def _fetch_or_wait(self, key: str) -> Kept[T] | None:
        """Fetch, or wait for whoever does: both get the failure, if it is one of the provider's.

        Shape: None when the one who fetched has given up.
        """
        if (under_way := self._fetching.get(key)) is not None:
            return await asyncio.shield(under_way)
        over: asyncio.Future[Kept[T] | None] = asyncio.get_running_loop().create_future()
        self._fetching[key] = over
        asked_at = self._clock.now()
        try:
            found = (asked_at, await self._fetch(key))
        except BloomsmsError as err:
            over.set_exception(err)
            over.exception()  # taken note of, should nobody have waited
            raise
        else:
            self._kept[key] = found
            over.set_result(found)
            return found
        finally:
            del self._fetching[key]
            if not over.done():
                over.set_result(None)

    def forget(self, key: str) -> None:
        self._kept.pop(key, None)

    def _is_younger(self, key: str, age: timedelta) -> bool:
        return key in self._kept and self._clock.now() - self._kept[key][0] <= age
