"""What a look at the provider means for one of our activations. Pure.

Source: observed.md of the provider's API; docs/states.md.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from activations.model import OPEN_STATES, Activation, State
from activations.notes import Draft, card, code_and_card
from bloomsms.models import ActivationStatus, ProviderStatus, Sms


@dataclass(frozen=True, slots=True)
class Observation:
    """What is to be recorded; `sms` is a new one, or None."""

    after: Activation
    sms: Sms | None
    drafts: tuple[Draft, ...]


def observe(before: Activation, seen: ActivationStatus, now: datetime) -> Observation:
    """Compare what the provider says with what we know.

    Shape: `after` equals `before` when there is nothing new.
    """
    sms = seen.sms if seen.sms and _is_new(before, seen) else None
    after = _after(before, seen, has_new_sms=sms is not None, now=now)
    return Observation(after, sms, _drafts(before, after, sms))


def missing(before: Activation, now: datetime) -> Observation:
    """The provider no longer knows the number."""
    if before.state not in OPEN_STATES:
        return Observation(before, None, ())
    after = replace(_ended(before, has_code=bool(before.sms), now=now), is_refund_confirmed=False)
    return Observation(after, None, _drafts(before, after, None))


def _is_new(before: Activation, seen: ActivationStatus) -> bool:
    """Whether the SMS is another than the last one, or the same text sent a second time.

    The provider numbers no SMS: an equal one counts as new only after the number was seen waiting.
    """
    if seen.sms not in before.sms:
        return True
    is_awaited = before.state is State.WAITING and before.is_rearmed
    return is_awaited and seen.status is not ProviderStatus.WAITING


def _after(
    before: Activation, seen: ActivationStatus, *, has_new_sms: bool, now: datetime
) -> Activation:
    if before.state not in OPEN_STATES:
        return before
    if seen.status in (ProviderStatus.CANCELLED, ProviderStatus.EXPIRED):
        return _ended(before, has_code=has_new_sms or bool(before.sms), now=now)
    state = before.state
    if seen.status is ProviderStatus.COMPLETED:
        state = State.COMPLETED
    elif has_new_sms:
        state = State.CODE_RECEIVED
    elif before.is_overdue(now):
        return replace(_moved(before, State.EXPIRED, now), is_refund_due=not before.sms)
    elif seen.status is ProviderStatus.WAITING:
        return _waiting_on(before, now)
    return _moved(before, state, now)


def _waiting_on(before: Activation, now: datetime) -> Activation:
    """Waiting though it had a code: another SMS was asked for and the answer to that was lost."""
    if before.state is State.WAITING:
        return replace(before, is_rearmed=True)
    return another_round(before, now, is_rearmed=True)


def another_round(before: Activation, now: datetime, *, is_rearmed: bool) -> Activation:
    """The number waits for one more SMS."""
    after = _moved(before, State.WAITING, now)
    return replace(after, waiting_since=now, rounds=before.rounds + 1, is_rearmed=is_rearmed)


def _ended(before: Activation, *, has_code: bool, now: datetime) -> Activation:
    """Closed without a code means that the provider gave the money back."""
    is_wish = before.is_cancel_asked and not has_code
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
