"""What Telegram handed over is kept before Telegram may forget it, and handled once.

The library confirms updates to Telegram before their handlers ran, so a killed process would lose
them: here they are kept before the next request confirms them.
"""

import asyncio
import json
import logging
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from telegram import Bot, Update
from telegram.error import Conflict, InvalidToken, TelegramError
from telegram.ext import ExtBot

from activations.notes import Draft, NoteKind
from activations.ports import Clock, Outbox
from activations.pulse import Pulse
from handlers.readable import id_of, read, read_text
from handlers.rivals import RETRY_S, Rivals
from handlers.unkept import Unkept

MOST_ATTEMPTS = 3
RETRY_AFTER = timedelta(seconds=2)
MOST_REMEMBERED = 10_000
# Telegram answers these with the whole message. Nobody looks at it, and to read it costs as much
# time as to ask for it.
UNREAD = frozenset({"editMessageText", "editMessageReplyMarkup"})
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
    async def failed(self, update_id: int, due_at: datetime, most_attempts: int) -> int: ...
    async def put_back(
        self, update_id: int, due_at: datetime, received_since: datetime
    ) -> bool: ...
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
        self._in_hand: set[int] = set()
        self._held: set[int] = set()
        self._put_back: dict[int, int] = {}  # whose each update is that starts again later
        self._put_back_until: dict[int, datetime] = {}

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
            else:
                await self._park_unreadable(update_id)
        return found

    def take(self, update: Update) -> bool:
        """Take an update in hand; False when it is, or was handled."""
        if update.update_id in self._taken:
            return False
        self._remember(update.update_id)
        self._in_hand.add(update.update_id)
        return True

    def fail(self, update: Update) -> bool:
        """Its handler met a surprise; False when the person was told of one before."""
        is_first = update.update_id not in self._failed_before
        if update.update_id in self._in_hand:
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
        if update.update_id not in self._in_hand or update.update_id in self._held:
            return False
        if not is_known and waiting >= MOST_PUT_BACK:
            return False
        self._put_back[update.update_id] = person
        self._put_back_until[update.update_id] = self._clock.now() + timedelta(seconds=wait_s)
        return True

    def hold(self, update: Update) -> None:
        """Work goes on beside the lane: the update is not done before `release`."""
        self._held.add(update.update_id)

    async def release(self, update: Update) -> None:
        """The work beside the lane is through."""
        self._held.discard(update.update_id)
        if update.update_id not in self._in_hand:
            await self._done(update)

    async def settle(self, update: Update) -> None:
        """Its handler is through."""
        self._in_hand.discard(update.update_id)
        if update.update_id in self._held:
            return
        if (due_at := self._put_back_until.pop(update.update_id, None)) is not None:
            await self._start_again(update, due_at)
        elif update.update_id in self._failing:
            await self._count_failure(update)
        else:
            await self._done(update)

    async def _done(self, update: Update) -> None:
        self._put_back.pop(update.update_id, None)
        await self._store.done(update.update_id)

    async def _start_again(self, update: Update, due_at: datetime) -> None:
        if await self._store.put_back(update.update_id, due_at, due_at - ANSWERED_WITHIN):
            self._taken.pop(update.update_id, None)
            return
        log.warning("update %d is not answered: Telegram takes nothing", update.update_id)
        await self._done(update)

    async def _count_failure(self, update: Update) -> None:
        self._failing.discard(update.update_id)
        due_at = self._clock.now() + RETRY_AFTER
        attempts = await self._store.failed(update.update_id, due_at, MOST_ATTEMPTS)
        if attempts < MOST_ATTEMPTS:
            self._taken.pop(update.update_id, None)
            return
        self._failed_before.discard(update.update_id)
        self._put_back.pop(update.update_id, None)
        log.error("update %d failed %d times and is parked", update.update_id, attempts)
        await self._tell_owners(update.update_id)

    async def _park_unreadable(self, update_id: int) -> None:
        """Once: it counts as handled, also when Telegram hands it over again."""
        if update_id in self._taken:
            return
        self._remember(update_id)
        try:
            await self._store.failed(update_id, self._clock.now(), most_attempts=1)
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


class KeepingBot(ExtBot[str]):
    """Keeps what it fetched before it hands it on: only the next fetch confirms it to Telegram."""

    def __init__(
        self,
        inbox: Inbox,
        pulse: Pulse,
        rivals: Rivals,
        unkept: Unkept,
        **options: Any,  # noqa: ANN401 - PTB's own options
    ) -> None:
        super().__init__(**options)
        with self._unfrozen():
            self._inbox = inbox
            self._pulse = pulse
            self._rivals = rivals
            self._unkept = unkept

    async def get_updates(self, *args: Any, **options: Any) -> tuple[Update, ...]:  # noqa: ANN401 - as above
        """Errors: TelegramError also when they could not be kept, so that nothing is confirmed."""
        try:
            updates = await self._fetch(*args, **options)
        except InvalidToken as err:
            # The library would stop fetching for good; a 401 or 404 on the way may pass.
            self._pulse.miss()
            raise TelegramError(f"Telegram refuses the token: {type(err).__name__}") from err
        except TelegramError:
            self._pulse.miss()
            raise
        self._pulse.beat()
        return updates

    async def _fetch(self, *args: Any, **options: Any) -> tuple[Update, ...]:  # noqa: ANN401 - as above
        """Fetch again soon when another program's fetch ended ours: the library waits longer."""
        while True:
            self._rivals.fetching()
            try:
                return await super().get_updates(*args, **options)
            except Conflict as err:
                if not self._rivals.met(err):
                    raise
            await asyncio.sleep(RETRY_S)

    async def _do_post(self, endpoint: str, data: dict[str, Any], **limits: Any) -> Any:  # noqa: ANN401 - as above
        """Every call passes here; only here updates still are what Telegram wrote."""
        answer = await super()._do_post(endpoint, data, **limits)
        if endpoint in UNREAD:
            return True
        return await self._readable(answer) if endpoint == "getUpdates" else answer

    async def _readable(self, answer: object) -> list[object]:
        """Keep them all; what cannot be read goes on without its content.

        So it is confirmed to Telegram, and the library, which logs what it cannot read, reads on.
        """
        if not isinstance(answer, list):
            raise TelegramError("getUpdates: the answer is no list")
        updates = {id_: update for update in answer if (id_ := id_of(update)) is not None}
        if answer and not updates:
            raise TelegramError("getUpdates: no update has a usable id")
        read_ones = {id_: read(update, self) for id_, update in updates.items()}
        unreadable = [id_ for id_, update in read_ones.items() if update is None]
        if updates:
            readable = [update for update in read_ones.values() if update]
            await self._keep(updates, unreadable, readable)
        bare = {id_: {"update_id": id_} for id_ in unreadable}
        return [bare.get(id_, update) for id_, update in updates.items()]

    async def _keep(
        self, updates: dict[int, object], unreadable: list[int], readable: list[Update]
    ) -> None:
        try:
            await asyncio.shield(self._inbox.keep_written(self.id, updates, unreadable))
        except Exception as err:
            await self._unkept.tell(readable)
            raise TelegramError(f"{len(updates)} updates could not be kept: {err}") from err
