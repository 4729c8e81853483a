"""What a person does with a number in hand: cancel, done, another SMS. Spends nothing.

The provider alone decides: a change is asked for once, then one look tells what became of it.
"""

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from activations.errors import (
    GoneAlready,
    NotConfirmed,
    NotFound,
    ProviderAway,
    ProviderBusy,
    WishRefused,
    refusal_of,
)
from activations.inspection import Inspector
from activations.model import OPEN_STATES, Activation, State
from activations.notes import card
from activations.observation import another_round
from activations.ports import Clock, Provider, Store
from bloomsms.errors import (
    BloomsmsError,
    Mismatched,
    NotSent,
    OutcomeUnknown,
    RateLimited,
    Refused,
)
from bloomsms.models import Pause, StatusChange

# A time further ahead is no time to try again.
LONGEST_PAUSE = timedelta(days=1)

log = logging.getLogger(__name__)


class Endings:
    """Errors: Refusals; GoneAlready carries the activation as it stands."""

    def __init__(
        self, store: Store, provider: Provider, inspector: Inspector, clock: Clock
    ) -> None:
        self._store = store
        self._provider = provider
        self._inspector = inspector
        self._clock = clock

    async def owned(self, user_id: int, activation_id: int) -> Activation:
        """Errors: NotFound, alike for a missing activation and for another person's."""
        activation = await self._store.get(activation_id)
        if activation is None or activation.user_id != user_id:
            raise NotFound
        return activation

    async def show_phone(self, activation: Activation) -> Activation:
        """Ask at once about a number whose digits the answer to its order did not show.

        Errors: none of the provider's; the poller asks again.
        """
        if activation.number is None or activation.number.phone_number:
            return activation
        try:
            return await self._inspector.look(activation, self._provider)
        except BloomsmsError as err:
            log.info("activation %d: no phone number yet: %s", activation.id, type(err).__name__)
            return activation

    async def cancel(self, user_id: int, activation_id: int) -> Activation:
        """Give a waiting number back.

        Shape: CANCELLED, or what the provider says instead: CODE_RECEIVED when the code was faster.
        Errors: ProviderSaysNo when it must wait; NotConfirmed when nobody knows yet, and then the
        poller goes on looking.
        """
        activation = await self.owned(user_id, activation_id)
        if activation.state is not State.WAITING or activation.sms:
            raise GoneAlready(activation)
        after = await self._change(activation, StatusChange.CANCEL)
        if after.state is State.WAITING:
            raise NotConfirmed(after)
        return after

    async def complete(self, user_id: int, activation_id: int) -> Activation:
        """Close a number whose code was used."""
        activation = await self.owned(user_id, activation_id)
        if activation.state not in OPEN_STATES or not activation.sms:
            raise GoneAlready(activation)
        after = await self._change(activation, StatusChange.COMPLETE)
        if after.state in OPEN_STATES:
            raise NotConfirmed(after)
        return after

    async def another_sms(self, user_id: int, activation_id: int) -> Activation:
        """Wait for the next code on the same number.

        Shape: WAITING; CODE_RECEIVED, and nothing was asked for, when an SMS was there of which
        the person did not know.
        """
        activation = await self.owned(user_id, activation_id)
        if activation.state is not State.CODE_RECEIVED:
            raise GoneAlready(activation)
        before = await self._looked(activation)
        if len(before.sms) > len(activation.sms):
            return before  # it is told now; only the next press gives it up for another one
        if before.state is not State.CODE_RECEIVED:
            raise GoneAlready(before)
        after = await self._change(before, StatusChange.ANOTHER_SMS)
        if after.state is State.CODE_RECEIVED and after.rounds == activation.rounds:
            raise NotConfirmed(after)
        return after

    async def _looked(self, activation: Activation) -> Activation:
        """As it stands after a look; without one nothing is asked for that could lose an SMS."""
        try:
            return await self._inspector.look(activation, self._provider)
        except BloomsmsError as err:
            raise refusal_of(err) from err

    async def _change(self, activation: Activation, wish: StatusChange) -> Activation:
        """Pass a wish on. It is kept first: should its answer be lost, the poller finds out."""
        if activation.number is None:
            raise GoneAlready(activation)
        is_accepted = activation.last_change is wish and activation.is_change_accepted
        await self._store.mark_change(activation.id, wish, wish, is_accepted=is_accepted)
        asked = replace(activation, wish=wish)
        try:
            return await self._ask_and_look(asked, activation.number.provider_id, wish)
        except (ProviderBusy, ProviderAway):
            await self._forget_wish(activation)
            raise

    async def _forget_wish(self, activation: Activation) -> None:
        """It was refused or never left: the one before it counts again, if there was any."""
        last, is_accepted = activation.last_change, activation.is_change_accepted
        await self._store.mark_change(activation.id, None, last, is_accepted=is_accepted)

    async def _ask_and_look(
        self, activation: Activation, provider_id: str, wish: StatusChange
    ) -> Activation:
        refusal: Refused | None = None
        try:
            changed = await self._provider.change(provider_id, wish)
            await self._inspector.must_match(activation, changed)
        except Refused as err:
            refusal = err
            # Before the look: an end that it shows is not the one that was asked for.
            await self._forget_wish(activation)
        except RateLimited as err:
            raise ProviderBusy(err.wait_s) from err
        except NotSent as err:
            raise ProviderAway from err
        except (OutcomeUnknown, Mismatched):
            log.warning("activation %d: no answer to %s; looking", activation.id, wish.value)
        else:
            activation = await self._accepted(activation, wish)
        try:
            after = await self._inspector.look(activation, self._provider)
        except BloomsmsError:
            after = activation
        if refusal and after.state is activation.state:
            raise self._refusal(activation, wish, refusal) from refusal
        return after

    async def _accepted(self, activation: Activation, wish: StatusChange) -> Activation:
        """A cancel ends the number only once a look shows it; the others are believed."""
        if wish is not StatusChange.CANCEL:
            return await self._take_as_done(activation, wish)
        await self._store.mark_accepted(activation.id, wish)
        return replace(activation, last_change=wish, is_change_accepted=True)

    def _refusal(self, activation: Activation, wish: StatusChange, err: Refused) -> WishRefused:
        now = self._clock.now()
        retry_at = end_of(err.pause, activation, now) if err.pause else None
        if retry_at is None or retry_at <= now:
            return WishRefused(wish, err, None, None)
        return WishRefused(wish, err, retry_at - now, retry_at)

    async def _take_as_done(self, before: Activation, wish: StatusChange) -> Activation:
        now = self._clock.now()
        if wish is StatusChange.COMPLETE:
            after = replace(before, state=State.COMPLETED, changed_at=now)
        else:
            after = another_round(before, now, is_rearmed=False)
        await self._store.record(before, after, (card(before.user_id, before.id),), now)
        log.info("activation %d: %s -> %s", before.id, before.state, after.state)
        return await self._store.get(before.id) or after


def end_of(pause: Pause, activation: Activation, now: datetime) -> datetime | None:
    """When a refusal that holds only for now ends, by the clock that people see."""
    if pause.after is None:
        return pause.at if pause.at and pause.at - now <= LONGEST_PAUSE else None
    return pause.after + (_rented_at(activation) if pause.is_since_rented else now)


def _rented_at(activation: Activation) -> datetime:
    since = activation.waiting_since if activation.rounds == 1 else None
    return since or activation.created_at
