"""What Telegram handed over is kept before Telegram may forget it, and handled once.

The library confirms updates to Telegram before their handlers ran, so a killed process would lose
them: here they are kept before the next request confirms them.
"""

import json
import logging
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from telegram import Bot, Update

from activations.notes import Draft, NoteKind
from activations.ports import Clock, Outbox
from handlers.readable import read_text

MOST_ATTEMPTS = 3
RETRY_AFTER = timedelta(seconds=2)
MOST_REMEMBERED = 10_000
# What Telegram takes no answer to is answered later, unless it would be older than this by then.
ANSWERED_WITHIN = timedelta(minutes=15)
# So many updates of one person wait for that at once.
MOST_PUT_BACK = 10

log = logging.getLogger(__name__)


class UpdateStore(Protocol):
    async def belong_to(self, bot_id: int) -> None: ...
    async def keep(
        self, bot_id: int, updates: Sequence[tuple[int, str]], now: datetime
    ) -> None: ...
    async def done(self, update_id: int) -> None: ...
    async def failed(
        self, update_id: int, now: datetime, delay: timedelta, most_attempts: int
    ) -> int: ...
    async def put_back(self, update_id: int, now: datetime, delay: timedelta) -> None: ...
    async def forget_old(self, now: datetime) -> None: ...
    async def handled_ids(self, most: int) -> list[int]: ...
    async def due_ids(self, now: datetime) -> list[int]: ...
    async def body(self, update_id: int) -> str | None: ...


class Inbox:
    """Which updates are in hand or handled; a second copy of one is dropped."""

    def __init__(
        self, store: UpdateStore, notes: Outbox, clock: Clock, owner_ids: frozenset[int]
    ) -> None:
        self._store = store
        self._notes = notes
        self._clock = clock
        self._owner_ids = owner_ids
        self._taken: OrderedDict[int, None] = OrderedDict()
        self._failing: set[int] = set()
        self._failed_before: set[int] = set()
        self._taken_up: set[int] = set()  # those of the rows, until they are handled
        self._in_hand: set[int] = set()
        self._taken_at: dict[int, timedelta] = {}  # for the first time; until it is handled
        self._held: set[int] = set()
        self._ending: set[int] = set()  # held ones whose work failed, until that is told
        self._put_back: dict[int, int] = {}  # whose each update is that starts again later
        self._put_back_until: dict[int, timedelta] = {}

    async def keep(self, bot_id: int, updates: Sequence[Update]) -> None:
        bodies = [(update.update_id, update.to_json()) for update in updates]
        await self._store.keep(bot_id, bodies, self._clock.now())

    async def keep_written(
        self, bot_id: int, updates: Mapping[int, object], unreadable: Sequence[int]
    ) -> None:
        """Keep them as Telegram wrote them: `keep` would have to write them anew.

        Those that cannot be read are parked at once.
        """
        bodies = [(update_id, json.dumps(update)) for update_id, update in updates.items()]
        await self._store.keep(bot_id, bodies, self._clock.now())
        for update_id in unreadable:
            await self._park_unreadable(update_id)

    async def reopen(self, bot_id: int) -> None:
        """Remember what a process before this one had handled; other bots count ids anew."""
        await self._store.belong_to(bot_id)
        for update_id in await self._store.handled_ids(MOST_REMEMBERED):
            self._remember(update_id)

    async def run_pass(self) -> None:
        """Drop what cannot come again."""
        await self._store.forget_old(self._clock.now())

    async def unhandled(self, bot: Bot) -> list[Update]:
        """Kept updates whose turn has come and that nobody has in hand, oldest first."""
        found = []
        for update_id in await self._store.due_ids(self._clock.now()):
            body = None if update_id in self._taken else await self._store.body(update_id)
            if not body:
                continue
            if update := read_text(body, bot):
                found.append(update)
                self._taken_up.add(update_id)
            else:
                await self._park_unreadable(update_id)
        return found

    def take(self, update: Update) -> bool:
        """Take an update in hand; False when it is, or was handled."""
        if update.update_id in self._taken:
            return False
        self._remember(update.update_id)
        self._in_hand.add(update.update_id)
        self._taken_at.setdefault(update.update_id, self._clock.monotonic())
        return True

    def is_taken_up(self, update: Update) -> bool:
        """Whether it comes from its row: after a kill, or because it is tried again."""
        return update.update_id in self._taken_up

    def fail(self, update: Update) -> bool:
        """Its handler met a surprise; False when the person was told of one before."""
        is_first = update.update_id not in self._failed_before
        if self._can_start_again(update):
            self._failing.add(update.update_id)
            self._failed_before.add(update.update_id)
        return is_first

    def put_back(self, update: Update, wait_s: float) -> bool:
        """Telegram takes no answer for so long: the update starts again then.

        Shape: False when nothing of it is left to be done, or too much of the person's waits.
        """
        person = update.effective_user.id if update.effective_user else 0
        is_known = update.update_id in self._put_back
        waiting = sum(whose == person for whose in self._put_back.values())
        if not self._can_start_again(update):
            return False
        if not is_known and waiting >= MOST_PUT_BACK:
            return False
        self._put_back[update.update_id] = person
        due = self._clock.monotonic() + timedelta(seconds=wait_s)
        self._put_back_until[update.update_id] = due
        return True

    def hold(self, update: Update) -> None:
        """Work goes on beside the lane: the update is not done before `release`."""
        self._held.add(update.update_id)

    def end(self, update: Update) -> None:
        """The work beside the lane failed: what is said of that before `release` counts."""
        self._held.discard(update.update_id)
        self._ending.add(update.update_id)

    async def release(self, update: Update) -> None:
        """The work beside the lane is through."""
        self._held.discard(update.update_id)
        self._ending.discard(update.update_id)
        if update.update_id not in self._in_hand:
            await self._conclude(update)

    async def settle(self, update: Update) -> None:
        """Its handler is through."""
        self._in_hand.discard(update.update_id)
        if update.update_id not in self._held | self._ending:
            await self._conclude(update)

    def _can_start_again(self, update: Update) -> bool:
        """Not while work goes on beside the lane: it would be done twice."""
        update_id = update.update_id
        return update_id not in self._held and update_id in self._in_hand | self._ending

    async def _conclude(self, update: Update) -> None:
        is_failing = update.update_id in self._failing
        self._failing.discard(update.update_id)
        self._taken_up.discard(update.update_id)
        if (due := self._put_back_until.pop(update.update_id, None)) is not None:
            await self._start_again(update, due)
        elif is_failing:
            await self._count_failure(update)
        else:
            await self._done(update)

    async def _done(self, update: Update) -> None:
        self._forget(update.update_id)
        self._failed_before.discard(update.update_id)
        await self._store.done(update.update_id)

    def _forget(self, update_id: int) -> None:
        self._put_back.pop(update_id, None)
        self._taken_at.pop(update_id, None)

    async def _start_again(self, update: Update, due: timedelta) -> None:
        if due - self._taken_at[update.update_id] <= ANSWERED_WITHIN:
            delay = max(due - self._clock.monotonic(), timedelta())
            await self._store.put_back(update.update_id, self._clock.now(), delay)
            self._taken.pop(update.update_id, None)
            return
        log.warning("update %d is not answered: Telegram takes nothing", update.update_id)
        await self._done(update)

    async def _count_failure(self, update: Update) -> None:
        try:
            attempts = await self._store.failed(
                update.update_id, self._clock.now(), RETRY_AFTER, MOST_ATTEMPTS
            )
        except Exception:
            # Not counted, and tried again all the same: its row still waits.
            self._taken.pop(update.update_id, None)
            raise
        if attempts < MOST_ATTEMPTS:
            self._taken.pop(update.update_id, None)
            return
        self._failed_before.discard(update.update_id)
        self._forget(update.update_id)
        log.error("update %d failed %d times and is parked", update.update_id, attempts)
        await self._tell_owners(update.update_id)

    async def _park_unreadable(self, update_id: int) -> None:
        """Once: it counts as handled, also when Telegram hands it over again."""
        if update_id in self._taken:
            return
        self._remember(update_id)
        try:
            await self._store.failed(update_id, self._clock.now(), timedelta(), most_attempts=1)
            await self._tell_owners(update_id)
        except Exception:
            self._taken.pop(update_id, None)
            raise
        log.error("update %d cannot be read and is parked", update_id)

    async def _tell_owners(self, update_id: int) -> None:
        words = {"update_id": str(update_id)}
        drafts = [
            Draft(NoteKind.OWNER_PARKED, owner, None, words) for owner in sorted(self._owner_ids)
        ]
        await self._notes.add(drafts, self._clock.now())

    def _remember(self, update_id: int) -> None:
        self._taken[update_id] = None
        if len(self._taken) > MOST_REMEMBERED:
            self._taken.popitem(last=False)
