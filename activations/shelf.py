"""What was fetched from the provider and may be used again for a while."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from activations.errors import refusal_of
from activations.ports import Clock
from bloomsms.errors import BloomsmsError

T = TypeVar("T")


class Shelf(Generic[T]):
    """Keeps what was fetched under each key; one fetch a key at a time serves all who wait."""

    def __init__(self, fetch: Callable[[str], Awaitable[T]], clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._kept: dict[str, tuple[datetime, T]] = {}
        self._fetching: dict[str, asyncio.Future[BloomsmsError | None]] = {}

    async def take(self, key: str, age: timedelta, stale_age: timedelta) -> T:
        """Shape: at most `age` old, or at most `stale_age` when it cannot be fetched now."""
        try:
            while not self._is_younger(key, age):
                await self._fetch_or_wait(key)
        except BloomsmsError as err:
            if not self._is_younger(key, stale_age):
                raise refusal_of(err) from err
        return self._kept[key][1]

    async def _fetch_or_wait(self, key: str) -> None:
        """Fetch, or wait for whoever does: both get the failure, if it is one of the provider's."""
        if (under_way := self._fetching.get(key)) is not None:
            if failure := await asyncio.shield(under_way):
                raise failure
            return
        over: asyncio.Future[BloomsmsError | None] = asyncio.get_running_loop().create_future()
        self._fetching[key] = over
        failure = None
        try:
            self._kept[key] = (self._clock.now(), await self._fetch(key))
        except BloomsmsError as err:
            failure = err
            raise
        finally:
            del self._fetching[key]
            over.set_result(failure)

    def forget(self, key: str) -> None:
        self._kept.pop(key, None)

    def _is_younger(self, key: str, age: timedelta) -> bool:
        return key in self._kept and self._clock.now() - self._kept[key][0] <= age
