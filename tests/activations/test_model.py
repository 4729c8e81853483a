"""The states of an activation, and which may follow which."""

from dataclasses import replace

import pytest

from activations import model
from activations.errors import NotFound, ProviderAway, ProviderBusy, ProviderSaysNo, refusal_of
from activations.model import State, may_become
from bloomsms.errors import ErrorCode, NotSent, OutcomeUnknown, RateLimited, Refused, Unreadable
from tests.made_up import ANOTHER_SMS, NUMBER, SMS, WAITING, in_state

# docs/states.md, line by line; what is not here may not happen.
MAY_BECOME = {
    "intent": "renting withdrawn",
    "renting": "waiting refused intent uncertain",
    "uncertain": "waiting refused",
    "waiting": "code_received completed cancelled expired",
    "code_received": "completed waiting expired",
}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("new_state", State)
def test_the_table(state: State, new_state: State) -> None:
    """A state becomes what its line names, and nothing else; a final one nothing at all."""
    expected = new_state.value in MAY_BECOME.get(state.value, "").split()

    assert expected is may_become(state, new_state)


def test_the_groups_of_states() -> None:
    """What is held, paid, past and open."""
    assert {State.WAITING, State.CODE_RECEIVED} == model.OPEN_STATES
    assert {
        State.WAITING,
        State.CODE_RECEIVED,
        State.RENTING,
        State.UNCERTAIN,
    } == model.HELD_STATES
    assert {State.COMPLETED} == model.PAID_STATES - model.HELD_STATES
    assert {State.COMPLETED, State.CANCELLED, State.EXPIRED} == model.PAST_STATES


@pytest.mark.parametrize("state", [State.INTENT, State.WAITING])
def test_the_price(state: State) -> None:
    """The price is what was paid, or before that what would be."""
    activation = replace(in_state(state), offer=replace(WAITING.offer, price=NUMBER.price * 2))

    assert (NUMBER.price if activation.number else NUMBER.price * 2) == activation.price


@pytest.mark.parametrize(
    ("sms", "last"), [((), None), ((SMS,), SMS), ((SMS, ANOTHER_SMS), ANOTHER_SMS)]
)
def test_the_last_sms(sms: tuple[model.Sms, ...], last: model.Sms | None) -> None:
    """The newest SMS, if there is one."""
    assert last == replace(WAITING, sms=sms).last_sms


def test_refusals_of_the_provider() -> None:
    """Each error of the provider's has something a person can be told."""
    no = refusal_of(Refused(ErrorCode.MAINTENANCE, "MAINTENANCE", "Back at noon.", 503))
    busy = refusal_of(RateLimited(12.0))

    assert isinstance(no, ProviderSaysNo)
    assert (ErrorCode.MAINTENANCE, "Back at noon.") == (no.code, no.reason)
    assert isinstance(busy, ProviderBusy)
    assert 12.0 == busy.wait_s
    assert [ProviderAway] * 3 == [
        type(refusal_of(err)) for err in (NotSent("x"), Unreadable("x"), OutcomeUnknown("x"))
    ]
    assert "" == str(NotFound())
