"""The queue of updates of one bot, and the long poll that reads it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sandbox.telegram_refusals import OTHER_POLLER, conflict

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.telegram_rules import Json

_ONLY_WHEN_ASKED_FOR = ("chat_member", "message_reaction", "message_reaction_count")
_MAX_TIMEOUT_S = 50


class UpdateQueue:
    """Updates wait here until a poll with a higher offset, or a webhook, confirms them.

    `on_added` is called after each.
    """

    def __init__(self, *, first_id: int, on_added: Callable[[], None] = lambda: None) -> None:
        self.waiting: list[Json] = []
        self.allowed: list[str] = []
        self._next_id = first_id
        self._poll: asyncio.Future[str | None] | None = None
        self._is_closed = False
        self._on_added = on_added

    def skip_ids(self, by: int) -> None:
        self._next_id += by

    def add(self, kind: str, body: Json) -> int | None:
        """Shape: the update's id; None when the bot did not ask for this kind."""
        if not self._is_wanted(kind):
            return None
        update_id = self._next_id
        self._next_id += 1
        self.waiting.append({"update_id": update_id, kind: body})
        self.end_poll()
        self._on_added()
        return update_id

    def remove(self, update_id: int) -> None:
        self.waiting = [one for one in self.waiting if one["update_id"] != update_id]

    def forget(self, offset: int) -> None:
        """A positive offset forgets all before it; -n forgets all but the last n."""
        if offset < 0:
            self.waiting = self.waiting[offset:]
        elif offset > 0:
            self.waiting = [one for one in self.waiting if one["update_id"] >= offset]

    async def take(self, *, offset: int, limit: int, timeout_s: float) -> list[Json]:
        """Wait for updates, at most the time-out.

        Shape: oldest first; they stay until a later call forgets them.
        Errors: Refusal 409 when another poll began meanwhile.
        """
        self.end_poll(OTHER_POLLER)
        self.forget(offset)
        if not self.waiting and timeout_s > 0 and not self._is_closed:
            await self._wait(min(timeout_s, _MAX_TIMEOUT_S))
        return self.waiting[:limit]

    def close(self) -> None:
        self._is_closed = True
        self.end_poll()

    async def _wait(self, timeout_s: float) -> None:
        poll: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._poll = poll
        await asyncio.wait([poll], timeout=timeout_s)
        if self._poll is poll:
            self._poll = None
        terminated = poll.result() if poll.done() else None
        if terminated is not None:
            raise conflict(terminated)

    def end_poll(self, terminated: str | None = None) -> None:
        """End the poll that waits, if any; its caller gets 409 when it was terminated."""
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(terminated)
        self._poll = None

    def _is_wanted(self, kind: str) -> bool:
        return kind in self.allowed if self.allowed else kind not in _ONLY_WHEN_ASKED_FOR
