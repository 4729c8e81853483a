"""One look at one number: ask the provider, record what is new with its notes in one commit."""

import logging
from collections.abc import Callable
from dataclasses import replace

from activations.books import Books
from activations.model import OPEN_STATES, Activation
from activations.notes import Draft, NoteKind, card
from activations.observation import Observation, is_awaited, missing, observe
from activations.ports import Clock, Provider, Store
from activations.time_scale import probable_wait_s
from bloomsms.errors import ErrorCode, RateLimited, Refused
from bloomsms.models import ActivationStatus, ProviderStatus, Sms

log = logging.getLogger(__name__)

# The provider may need a moment until it knows what it has just rented out.
BELIEVED_MISSING_AFTER = 2
# An SMS may be said to be there a moment before its text is.
BELIEVED_BLANK_AFTER = 2
BLANK = Sms("", "")
MOST_ODD_WORDS = 20
TAKEN_BACK_AFTER = 6


class Inspector:
    """Looks at numbers for the poller and for people's wishes alike.

    Errors: `look` passes on the provider's errors, except that the number is unknown to it.
    """

    def __init__(
        self,
        store: Store,
        books: Books,
        clock: Clock,
        owner_ids: frozenset[int],
        on_code: Callable[[Activation], None],
    ) -> None:
        self._store = store
        self._books = books
        self._clock = clock
        self._owner_ids = owner_ids
        self._on_code = on_code
        self._odd_words: set[str] = set()
        self._unheeded: dict[int, int] = {}  # looks in a row that showed no sign of a wish
        self._missing: dict[int, int] = {}  # looks in a row that found nothing
        self._blank: dict[int, int] = {}  # looks in a row that found an SMS without its text

    async def look(self, activation: Activation, provider: Provider) -> Activation:
        """Ask about `activation` and return it as it stands afterwards."""
        if activation.number is None:
            return activation
        try:
            seen = await self._ask(activation, activation.number.provider_id, provider)
        except Refused as err:
            if err.code is not ErrorCode.ACTIVATION_NOT_FOUND:
                raise
            return await self._looked_in_vain(activation)
        return await self.take_in(activation, seen)

    async def take_in(self, activation: Activation, seen: ActivationStatus) -> Activation:
        """Record what the provider showed of `activation`, as it stood when it was asked."""
        self._missing.pop(activation.id, None)
        await self._learn_phone(activation, seen)
        before = await self._store.get(activation.id) or activation
        if before.changed_at != activation.changed_at and _is_old_news(before, seen):
            return before  # asked before what became of the number meanwhile
        await self._mind_unheeded(before, seen)
        if seen.status is ProviderStatus.UNKNOWN:
            await self._tell_odd_word(before, seen.word)
        if self._is_blank(before, seen):
            seen = replace(seen, sms=BLANK)
        before = await self._take_in_earlier(before, seen)
        now = self._clock.now()
        # `before` says that it was asked about just now; `activation` when it was before that.
        waited_s = probable_wait_s(replace(before, asked_at=activation.asked_at), now)
        return await self._record(before, observe(before, seen, now), waited_s)

    async def _learn_phone(self, activation: Activation, seen: ActivationStatus) -> None:
        """Take the phone number from this answer where the one to the order did not show it."""
        number = activation.number
        if seen.phone_number and (number is None or not number.phone_number):
            await self._store.learn_phone(activation, seen.phone_number, self._clock.now())

    async def _take_in_earlier(self, before: Activation, seen: ActivationStatus) -> Activation:
        """Record each SMS that the answer lists before its newest one and that was not told yet."""
        status = seen.status
        if status is not ProviderStatus.WAITING:
            status = ProviderStatus.CODE_RECEIVED  # how it ended is recorded with the newest
        for sms in seen.earlier_sms:
            if sms not in before.sms:
                one = replace(seen, status=status, sms=sms, earlier_sms=())
                before = await self._record(before, observe(before, one, self._clock.now()))
        return before

    def _is_blank(self, activation: Activation, seen: ActivationStatus) -> bool:
        """Whether an SMS came of which the provider, look after look, knows nothing."""
        is_there = seen.status is ProviderStatus.CODE_RECEIVED and is_awaited(activation)
        if not is_there or seen.sms:
            self._blank.pop(activation.id, None)
            return False
        looks = self._blank[activation.id] = self._blank.get(activation.id, 0) + 1
        return looks >= BELIEVED_BLANK_AFTER

    async def _mind_unheeded(self, activation: Activation, seen: ActivationStatus) -> None:
        """Take a wish back that the provider, look after look, shows no sign of."""
        is_open_still = seen.status in (ProviderStatus.WAITING, ProviderStatus.CODE_RECEIVED)
        if activation.wish is None or not is_open_still:
            self._unheeded.pop(activation.id, None)
            return
        looks = self._unheeded[activation.id] = self._unheeded.get(activation.id, 0) + 1
        if looks >= TAKEN_BACK_AFTER:
            del self._unheeded[activation.id]
            await self._store.mark_wish(activation.id, None)
            drafts = (card(activation.user_id, activation.id),)
            await self._store.record(activation, activation, drafts, self._clock.now())

    async def _tell_odd_word(self, activation: Activation, word: str) -> None:
        """Owners see each status word that nobody knows, once."""
        if not word or word in self._odd_words or len(self._odd_words) >= MOST_ODD_WORDS:
            return
        self._odd_words.add(word)
        log.warning("activation %d: status word %r is unknown", activation.id, word)
        drafts = [
            Draft(NoteKind.OWNER_WORD, owner, activation.id, {"word": word})
            for owner in sorted(self._owner_ids)
        ]
        await self._store.record(activation, activation, drafts, self._clock.now())

    async def _ask(
        self, activation: Activation, provider_id: str, provider: Provider
    ) -> ActivationStatus:
        """Ask, and note that it was asked unless the request limit kept it from leaving."""
        asked_at = self._clock.now()
        was_asked = True
        try:
            return await provider.activation(provider_id)
        except RateLimited:
            was_asked = False
            raise
        finally:
            if was_asked:
                await self._store.mark_asked(activation.id, asked_at)

    async def _looked_in_vain(self, activation: Activation) -> Activation:
        times = self._missing.get(activation.id, 0) + 1
        self._missing[activation.id] = times
        if times < BELIEVED_MISSING_AFTER and not activation.is_cancel_asked:
            return activation
        self._missing.pop(activation.id, None)
        before = await self._store.get(activation.id) or activation
        return await self._record(before, missing(before, self._clock.now()))

    async def _record(
        self, before: Activation, found: Observation, waited_s: float | None = None
    ) -> Activation:
        if found.after == before and found.sms is None:
            return before
        now = self._clock.now()
        is_new = await self._store.record(
            before, found.after, found.drafts, now, found.sms, waited_s
        )
        if is_new and found.sms and before.state in OPEN_STATES:
            self._on_code(before)
        if is_new and found.sms and before.is_refund_confirmed:
            await self._books.blur()  # a code after the refund may have been charged again
        if is_new and before.state is not found.after.state:
            log.info("activation %d: %s -> %s", before.id, before.state, found.after.state)
        return await self._store.get(before.id) or found.after


def _is_old_news(before: Activation, seen: ActivationStatus) -> bool:
    is_over = seen.status in (
        ProviderStatus.COMPLETED,
        ProviderStatus.CANCELLED,
        ProviderStatus.EXPIRED,
    )
    return not is_over and (seen.sms is None or seen.sms in before.sms)
