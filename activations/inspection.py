"""One look at one number: ask the provider, record what is new with its notes in one commit."""

import logging
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import timedelta

from activations.ages import NumberAges
from activations.books import Books
from activations.doubts import Doubts, Weighed
from activations.matching import contradiction, is_other_phone
from activations.model import OPEN_STATES, Activation, Kind, State
from activations.notes import Draft, NoteKind, card, to_owners
from activations.observation import Observation, is_awaited, missing, observe
from activations.ports import Clock, Provider, Store
from activations.time_scale import probable_wait_s
from bloomsms.errors import ErrorCode, Mismatched, RateLimited, Refused
from bloomsms.models import ActivationStatus, Changed, ProviderStatus, Sms

log = logging.getLogger(__name__)

# An SMS may be said to be there a moment before its text is.
BELIEVED_BLANK_AFTER = 2
BLANK = Sms("", "")
MOST_ODD_WORDS = 20
TAKEN_BACK_AFTER = 6


class Inspector:
    """Looks at numbers for the poller and for people's wishes alike.

    Errors: `look` passes on the provider's errors, except that the number is unknown to it, and
    raises Mismatched for an answer about another number; `take_in` as well.
    """

    def __init__(
        self,
        store: Store,
        books: Books,
        clock: Clock,
        owner_ids: frozenset[int],
        on_code: Callable[[Activation, timedelta], None],
    ) -> None:
        self._store = store
        self.books = books
        self._clock = clock
        self._owner_ids = owner_ids
        self._on_code = on_code
        self.ages = NumberAges(clock)
        self.doubts = Doubts(clock, self.ages)
        self._odd_words: set[str] = set()
        self._unheeded: dict[int, int] = {}  # looks in a row that showed no sign of a wish
        self._blank: dict[int, int] = {}  # looks in a row that found an SMS without its text

    async def look(self, activation: Activation, provider: Provider) -> Activation:
        """Ask about `activation` and return it as it stands afterwards."""
        if activation.number is None or activation.number.is_id_passed_on:
            return activation
        self._see(activation)
        asked = self._clock.monotonic()
        waited_when_asked = self.ages.waited_when_asked(activation.id)
        try:
            seen = await self._ask(activation, activation.number.provider_id, provider)
        except Refused as err:
            if err.code is not ErrorCode.ACTIVATION_NOT_FOUND:
                raise
            return await self._looked_in_vain(activation, asked)
        return await self.take_in(activation, seen, asked, waited_when_asked)

    async def take_in(
        self,
        activation: Activation,
        seen: ActivationStatus,
        asked: timedelta | None = None,
        waited_when_asked: timedelta | None = None,
    ) -> Activation:
        """Record what the provider showed of `activation`, as it stood when it was asked."""
        await self.must_match(activation, seen)
        await self._learn_phone(activation, seen)
        before = await self._store.get(activation.id) or activation
        if before.number and before.number.is_id_passed_on:
            return before  # the answer is about the activation that has its id now
        if before.changed_seq != activation.changed_seq and _is_old_news(before, seen):
            return before  # asked before what became of the number meanwhile
        self._see(before)
        await self._mind_unheeded(before, seen)
        if seen.status is ProviderStatus.UNKNOWN:
            await self._tell_odd_word(before, seen.word)
        if self._is_blank(before, seen):
            seen = replace(seen, sms=BLANK)
        asked = self._clock.monotonic() if asked is None else asked
        if seen.status in (ProviderStatus.WAITING, ProviderStatus.CODE_RECEIVED):
            self.books.saw_open(before.id, asked)
        is_told_elsewhere = bool(seen.sms or before.round_sms)
        told = await self._store.told_elsewhere(before.id) if is_told_elsewhere else set()
        before = await self._take_in_earlier(before, seen, told)
        weighed = self.doubts.weigh(before, seen, told, asked)
        found = observe(before, seen, self._clock.now(), weighed)
        waited_s = None
        if not weighed.is_repeat and waited_when_asked is not None:
            waited_s = self._waited_s(before, waited_when_asked)
        return await self._record(before, found, waited_s)

    def _see(self, activation: Activation) -> None:
        if activation.state in OPEN_STATES and activation.number:
            since = activation.waiting_since or activation.created_at
            end = activation.number.expires_at
            self.ages.see(activation.id, since, activation.asked_at, end)

    def _waited_s(self, before: Activation, waited_when_asked: timedelta) -> float | None:
        """How long its SMS was waited for, where that can be measured."""
        if before.state is not State.WAITING or not self.ages.is_exact(before.id):
            return None
        return probable_wait_s(self.ages.waited(before.id), waited_when_asked)

    async def must_match(self, activation: Activation, answer: ActivationStatus | Changed) -> None:
        """Errors: Mismatched for an answer about another number; owners hear of it once."""
        if problem := contradiction(activation, answer):
            log.warning("activation %d: an answer names %s", activation.id, problem)
            drafts = to_owners(NoteKind.OWNER_MISMATCH, self._owner_ids, activation.id)
            try:
                await self._store.tell_mismatch(activation.id, drafts, self._clock.now())
            except Exception:
                log.exception("activation %d: owners could not be told of it", activation.id)
            raise Mismatched(problem)

    async def _learn_phone(self, activation: Activation, seen: ActivationStatus) -> None:
        """Take the phone number from this answer where the one to the order did not show it."""
        number = activation.number
        if seen.phone_number and (number is None or not number.phone_number):
            is_other = await self.is_other_phone(activation, seen.phone_number)
            now = self._clock.now()
            await self._store.learn_phone(activation, seen.phone_number, now, is_other=is_other)

    async def is_other_phone(self, order: Activation, phone_number: str | None) -> bool:
        """Whether the same number was to be rented again, and this is another one."""
        if order.offer.kind is not Kind.AGAIN:
            return False
        source = await self._store.get(order.offer.source_id or 0)
        known = source.number.phone_number if source and source.number else None
        return is_other_phone(known, phone_number)

    async def _take_in_earlier(
        self, before: Activation, seen: ActivationStatus, told: Collection[Sms]
    ) -> Activation:
        """Record each SMS that the answer lists before its newest one and that was not told yet."""
        status = seen.status
        if status is not ProviderStatus.WAITING:
            status = ProviderStatus.CODE_RECEIVED  # how it ended is recorded with the newest
        for sms in seen.earlier_sms:
            if sms not in before.sms and sms not in told:
                one = replace(seen, status=status, sms=sms, earlier_sms=())
                found = observe(before, one, self._clock.now(), Weighed(sms))
                before = await self._record(before, found)
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
        word = word.strip().lower()
        if not word or word in self._odd_words or len(self._odd_words) >= MOST_ODD_WORDS:
            return
        self._odd_words.add(word)
        if await self._store.is_word_told({"word": word}):
            return
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
        asked_at, asked = self._clock.now(), self._clock.monotonic()
        was_asked = True
        try:
            return await provider.activation(provider_id)
        except RateLimited:
            was_asked = False
            raise
        finally:
            if was_asked:
                self.ages.asked(activation.id, asked)
                await self._store.mark_asked(activation.id, asked_at)

    async def _looked_in_vain(self, activation: Activation, asked: timedelta) -> Activation:
        before = await self._store.get(activation.id) or activation
        if before.state not in OPEN_STATES or not self.doubts.is_missing(before, asked):
            return before
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
            self._on_code(before, self.ages.waited(before.id))
        if is_new and found.sms and before.is_refund_confirmed:
            await self.books.blur()  # a code after the refund may have been charged again
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
