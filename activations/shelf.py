"""What was fetched from the provider and may be used again for a while."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from activations.errors import refusal_of
from activations.ports import Clock
from bloomsms.errors import BloomsmsError, NotSent

T = TypeVar("T")


class Shelf(Generic[T]):
    """Keeps what was fetched under each key; one fetch a key at a time serves all who wait."""

    def __init__(self, fetch: Callable[[str], Awaitable[T]], clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._kept: dict[str, tuple[datetime, T]] = {}
        self._fetching: dict[str, asyncio.Future[T]] = {}

    async def take(self, key: str, age: timedelta, stale_age: timedelta) -> T:
        """Shape: at most `age` old, or at most `stale_age` when it cannot be fetched now."""
        if self._is_younger(key, age):
            return self._kept[key][1]
        try:
            if key in self._fetching:
                return await asyncio.shield(self._fetching[key])
            return await self._fetch_for_all(key)
        except BloomsmsError as err:
            if self._is_younger(key, stale_age):
                return self._kept[key][1]
            raise refusal_of(err) from err

    async def _fetch_for_all(self, key: str) -> T:
        """Fetch; whoever asks meanwhile shares the answer or the failure."""
        shared: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._fetching[key] = shared
        try:
            value = await self._fetch(key)
        except BaseException as err:
            failure = err if isinstance(err, BloomsmsError) else NotSent("given up meanwhile")
            shared.set_exception(failure)
            shared.exception()  # taken note of, should nobody have waited
            raise
        else:
            self._kept[key] = (self._clock.now(), value)
            shared.set_result(value)
            return value
        finally:
            del self._fetching[key]

    def forget(self, key: str) -> None:
        self._kept.pop(key, None)

    def _is_younger(self, key: str, age: timedelta) -> bool:
        return key in self._kept and self._clock.now() - self._kept[key][0] <= age
