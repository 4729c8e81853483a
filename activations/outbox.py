"""One pass over what people are to be told: claim, deliver, settle.

At least once: a note is settled only after Telegram has accepted it.
Source: docs/decisions/0004-outbox.md.
"""

import logging
from datetime import timedelta

from activations.meters import NO_METERS, Meters
from activations.model import Activation
from activations.notes import Delivery, Note, NoteKind, Outcome
from activations.ports import Clock, Messenger, Outbox, Store

# What is claimed and not in hand, at two looks so far apart, could not be settled: it is due again.
# Claims of a dead process are released at the next start.
STRAYS_LOOKED_FOR_EVERY = timedelta(seconds=60)
LONGEST_DELAY_S = 60.0
# Telegram may ask for more patience than that, but not for ever.
LONGEST_FLOOD_WAIT_S = 86_400.0
# A round ends after this, however much is due: the next one goes on, and is seen to have begun.
LONGEST_ROUND = timedelta(seconds=2)

log = logging.getLogger(__name__)


class OutboxPass:
    def __init__(
        self,
        outbox: Outbox,
        store: Store,
        messenger: Messenger,
        clock: Clock,
        meters: Meters = NO_METERS,
    ) -> None:
        self._outbox = outbox
        self._store = store
        self._messenger = messenger
        self._clock = clock
        self._meters = meters
        self._in_hand: set[int] = set()
        self._strays: set[int] = set()  # claimed and not in hand at the last look
        self._next_look = clock.monotonic()

    async def run_pass(self, user_id: int | None = None) -> None:
        """Deliver what is due to everybody or to one person, most urgent first.

        Shape: what is left after a while is left to the next round.
        """
        await self._deliver_due(user_id, codes_only=False)

    async def deliver_codes(self, user_id: int | None = None) -> None:
        """As `run_pass`, but without what has to wait until the chat may be written to again."""
        await self._deliver_due(user_id, codes_only=True)

    async def _deliver_due(self, user_id: int | None, *, codes_only: bool) -> None:
        await self._release_strays()
        end = self._clock.monotonic() + LONGEST_ROUND
        while self._clock.monotonic() < end:
            note = await self._outbox.claim_due(self._clock.now(), user_id, codes_only=codes_only)
            if note is None:
                break
            await self._deliver(note)

    async def _release_strays(self) -> None:
        if self._clock.monotonic() < self._next_look:
            return
        self._next_look = self._clock.monotonic() + STRAYS_LOOKED_FOR_EVERY
        strays = await self._outbox.claimed_ids() - self._in_hand
        for note_id in strays & self._strays:
            await self._outbox.release_claims(self._clock.now(), note_id)
        self._strays = strays

    async def _deliver(self, note: Note) -> None:
        self._in_hand.add(note.id)
        try:
            await self._deliver_and_settle(note)
        finally:
            self._in_hand.discard(note.id)

    async def _deliver_and_settle(self, note: Note) -> None:
        activation = await self._store.get(note.activation_id) if note.activation_id else None
        try:
            delivery = await self._messenger.deliver(note, activation)
        except Exception:
            log.exception("note %d (%s) could not be delivered", note.id, note.kind)
            delivery = Delivery(Outcome.LATER)
        self._measure(note, activation, delivery.outcome)
        delay_s = delivery.retry_after_s or min(LONGEST_DELAY_S, 2.0 ** min(note.attempts, 10) / 2)
        delay = timedelta(seconds=min(delay_s, LONGEST_FLOOD_WAIT_S))
        await self._outbox.settle(note, delivery, self._clock.now(), delay)
        if delivery.outcome is not Outcome.SENT:
            log.info("note %d (%s) for %d: %s", note.id, note.kind, note.user_id, delivery.outcome)

    def _measure(self, note: Note, activation: Activation | None, outcome: Outcome) -> None:
        self._meters.note_settled(note.kind, outcome)
        if note.kind is not NoteKind.CODE or outcome is not Outcome.SENT:
            return
        age = None
        # A round that began after the code was learned is not the one that it ended.
        if activation and activation.waiting_since and activation.waiting_since <= note.created_at:
            age = note.created_at - activation.waiting_since
        self._meters.code_told(age, max(self._clock.now() - note.created_at, timedelta()))
