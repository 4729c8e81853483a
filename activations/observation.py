"""What a look at the provider means for one of our activations. Pure.

Source: observed.md of the provider's API; docs/states.md.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from activations.doubts import Weighed
from activations.model import OPEN_STATES, Activation, State
from activations.notes import Draft, card, code_and_card
from bloomsms.models import ActivationStatus, ProviderStatus, Sms, StatusChange


@dataclass(frozen=True, slots=True)
class Observation:
    """What is to be recorded; `sms` is a new one, or None."""

    after: Activation
    sms: Sms | None
    drafts: tuple[Draft, ...]


def observe(
    before: Activation, seen: ActivationStatus, now: datetime, weighed: Weighed
) -> Observation:
    """Compare what the provider says, as far as it is believed, with what we know.

    Shape: `after` equals `before` when there is nothing new.
    """
    after = _after(before, seen, weighed, now)
    return Observation(after, weighed.sms, _drafts(before, after, weighed.sms))


def missing(before: Activation, now: datetime) -> Observation:
    """The provider no longer knows the number."""
    if before.state not in OPEN_STATES:
        return Observation(before, None, ())
    after = replace(_ended(before, has_code=bool(before.sms), now=now), is_refund_confirmed=False)
    return Observation(after, None, _drafts(before, after, None))


def is_awaited(activation: Activation) -> bool:
    """Whether any SMS that is there now is one that nobody was told of."""
    return activation.state is State.WAITING and activation.is_rearmed


def _after(
    before: Activation, seen: ActivationStatus, weighed: Weighed, now: datetime
) -> Activation:
    if before.state not in OPEN_STATES:
        return before
    is_told = weighed.sms is not None
    if weighed.is_over:
        if seen.status is ProviderStatus.COMPLETED:
            return _moved(before, State.COMPLETED, now)
        return _ended(before, has_code=is_told or bool(before.sms), now=now)
    if weighed.is_given_up and not is_told:
        return replace(_moved(before, State.EXPIRED, now), is_refund_due=not before.sms)
    if seen.status is ProviderStatus.WAITING:
        return before if is_told else _waiting_on(before, weighed, now)
    is_new = is_told and not weighed.is_repeat
    has_code = seen.status is ProviderStatus.CODE_RECEIVED and weighed.has_code
    return _moved(before, State.CODE_RECEIVED, now) if is_new or has_code else before


def _waiting_on(before: Activation, weighed: Weighed, now: datetime) -> Activation:
    """Waiting, perhaps for another SMS although nothing says that it was asked for."""
    if weighed.waits_again:
        return another_round(before, now, is_rearmed=True)
    return replace(before, is_rearmed=True) if before.state is State.WAITING else before


def another_round(before: Activation, now: datetime, *, is_rearmed: bool) -> Activation:
    """The number waits for one more SMS."""
    after = _moved(before, State.WAITING, now)
    return replace(
        after,
        waiting_since=now,
        rounds=before.rounds + 1,
        is_rearmed=is_rearmed,
        older_sms=len(before.sms),
        last_change=None,
        is_change_accepted=False,
    )


def _ended(before: Activation, *, has_code: bool, now: datetime) -> Activation:
    """Closed without a code means that the provider gave the money back."""
    is_wish = before.has_asked_for(StatusChange.CANCEL) and not has_code
    after = _moved(before, State.CANCELLED if is_wish else State.EXPIRED, now)
    return replace(after, is_refund_confirmed=not has_code, is_refund_due=not has_code)


def _moved(before: Activation, state: State, now: datetime) -> Activation:
    return before if before.state is state else replace(before, state=state, changed_at=now)


def _drafts(before: Activation, after: Activation, sms: Sms | None) -> tuple[Draft, ...]:
    if sms:
        return code_and_card(before.user_id, before.id)
    if before.state is not after.state:
        return (card(before.user_id, before.id),)
    return ()
