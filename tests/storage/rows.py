"""Activations put into the database as far as a test needs them."""

from dataclasses import replace

from activations.model import Activation, Card, Number, Offer, State
from people.model import Usage
from storage.activations import ActivationRows
from tests.made_up import NUMBER, OFFER
from tests.moved_clock import MovedClock

# How each state is reached from the offer.
PATHS: dict[State, tuple[State, ...]] = {
    State.INTENT: (),
    State.WITHDRAWN: (State.WITHDRAWN,),
    State.RENTING: (State.RENTING,),
    State.REFUSED: (State.RENTING, State.REFUSED),
    State.UNCERTAIN: (State.RENTING, State.UNCERTAIN),
    State.WAITING: (State.RENTING, State.WAITING),
    State.CODE_RECEIVED: (State.RENTING, State.WAITING, State.CODE_RECEIVED),
    State.COMPLETED: (State.RENTING, State.WAITING, State.CODE_RECEIVED, State.COMPLETED),
    State.CANCELLED: (State.RENTING, State.WAITING, State.CANCELLED),
    State.EXPIRED: (State.RENTING, State.WAITING, State.EXPIRED),
}


def anything_goes(_usage: Usage) -> None:
    """No limit."""


async def offered(store: ActivationRows, clock: MovedClock, offer: Offer = OFFER) -> Activation:
    activation = await store.offer(offer, clock.now())
    if activation is None:
        raise AssertionError("the offer was not written")
    return activation


async def begun(
    store: ActivationRows, clock: MovedClock, offer: Offer = OFFER, card: Card | None = None
) -> Activation:
    """RENTING."""
    activation = await offered(store, clock, offer)
    if not await store.begin(activation, anything_goes, card, clock.now()):
        raise AssertionError("the activation was not begun")
    return await again(store, activation)


async def waiting(
    store: ActivationRows,
    clock: MovedClock,
    offer: Offer = OFFER,
    card: Card | None = None,
    number: Number = NUMBER,
) -> Activation:
    before = await begun(store, clock, offer, card)
    number = await unheld(store, number)
    now = clock.now()
    after = replace(
        before, state=State.WAITING, changed_at=now, number=number, waiting_since=now
    )  # fmt: skip
    return await moved(store, clock, before, after)


async def unheld(store: ActivationRows, number: Number) -> Number:
    """The number, under the next provider id that no row holds yet."""
    provider_id = number.provider_id
    while await store.by_provider_ids([provider_id]):
        provider_id = f"{provider_id}1"
    return replace(number, provider_id=provider_id)


async def moved(
    store: ActivationRows, clock: MovedClock, before: Activation, after: Activation
) -> Activation:
    if not await store.record(before, after, (), clock.now()):
        raise AssertionError(f"{before.state} did not become {after.state}")
    return await again(store, before)


async def ended(
    store: ActivationRows, clock: MovedClock, state: State, offer: Offer = OFFER
) -> Activation:
    before = await waiting(store, clock, offer)
    return await moved(store, clock, before, replace(before, state=state, changed_at=clock.now()))


def lost(activation: Activation) -> Activation:
    return replace(activation, state=State.UNCERTAIN)


async def again(store: ActivationRows, activation: Activation) -> Activation:
    """As it stands now."""
    found = await store.get(activation.id)
    if found is None:
        raise AssertionError("the row is gone")
    return found


async def in_state(store: ActivationRows, clock: MovedClock, state: State) -> Activation:
    """One that went all the way to that state, without a number."""
    activation = await offered(store, clock)
    for step in PATHS[state]:
        activation = await moved(store, clock, activation, replace(activation, state=step))
    return activation
