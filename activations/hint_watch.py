"""Whether hints can be relied on: did one come for each code, and do they still come?

While they do, polling only reconciles; as soon as a code comes without one, it polls in full.
"""

import logging
from collections import OrderedDict
from datetime import timedelta

from activations.model import Activation
from activations.notes import Draft, NoteKind
from activations.ports import Clock, Outbox
from activations.schedule import SHORTEST_GAP_S

# A look may be faster than the hint; so long it may still come.
HINT_AWAITED = timedelta(seconds=10)
RELIED_ON_AFTER = 3  # codes in a row that had a hint
TOLD_AFTER = 2  # codes in a row that had none
MOST_REMEMBERED = 5_000
# While hints are reliable, looks only find what a lost hint would leave.
RECONCILED_EVERY_S = 15.0

log = logging.getLogger(__name__)


class HintWatch:
    """Shape: `is_expected` is False where no webhook is set up: then hints are never missed."""

    def __init__(
        self, outbox: Outbox, clock: Clock, owner_ids: frozenset[int], *, is_expected: bool
    ) -> None:
        self._outbox = outbox
        self._clock = clock
        self._owner_ids = owner_ids
        self._is_expected = is_expected
        self._came_at: OrderedDict[str, timedelta] = OrderedDict()
        self._unhinted: dict[str, tuple[timedelta, timedelta]] = {}  # when seen, and since when due
        self._hinted_in_a_row = 0
        self._missed_in_a_row = 0
        self._is_told_missing = False

    @property
    def is_reliable(self) -> bool:
        return self._hinted_in_a_row >= RELIED_ON_AFTER

    @property
    def shortest_gap_s(self) -> float:
        """How soon a number is worth another look that nobody hinted at."""
        return RECONCILED_EVERY_S if self.is_reliable else SHORTEST_GAP_S

    def came(self, provider_id: str) -> None:
        self._came_at[provider_id] = self._clock.monotonic()
        self._came_at.move_to_end(provider_id)
        if len(self._came_at) > MOST_REMEMBERED:
            self._came_at.popitem(last=False)

    def code_seen(self, activation: Activation, waited: timedelta) -> None:
        """A code of an open number was found; its SMS had been waited for so long."""
        if self._is_expected and activation.number:
            now = self._clock.monotonic()
            self._unhinted[activation.number.provider_id] = (now, now - waited)

    async def run_pass(self) -> None:
        """Judge the codes whose hint has come or will not come any more; tell owners of changes."""
        now = self._clock.monotonic()
        for provider_id, (seen_at, since) in list(self._unhinted.items()):
            came_at = self._came_at.get(provider_id)
            has_hint = came_at is not None and came_at >= since
            if has_hint or now - seen_at >= HINT_AWAITED:
                del self._unhinted[provider_id]
                self._count(has_hint=has_hint)
        if not self._is_told_missing and self._missed_in_a_row >= TOLD_AFTER:
            await self._tell(is_missing=True)
        elif self._is_told_missing and self.is_reliable:
            await self._tell(is_missing=False)

    def _count(self, *, has_hint: bool) -> None:
        if not has_hint and self.is_reliable:
            log.warning("a code came without a hint: all numbers are polled in full again")
        self._hinted_in_a_row = self._hinted_in_a_row + 1 if has_hint else 0
        self._missed_in_a_row = 0 if has_hint else self._missed_in_a_row + 1

    async def _tell(self, *, is_missing: bool) -> None:
        self._is_told_missing = is_missing
        words = {"condition": "missing" if is_missing else "back"}
        drafts = [Draft(NoteKind.OWNER_HINTS, o, None, words) for o in sorted(self._owner_ids)]
        await self._outbox.add(drafts, self._clock.now())
