"""Cancel, done, another SMS: the provider alone decides, and is asked once."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

import pytest

from activations.errors import (
    GoneAlready,
    NotConfirmed,
    NotFound,
    ProviderAway,
    ProviderBusy,
    ProviderSaysNo,
    Refusal,
)
from activations.model import Activation, State
from bloomsms.errors import (
    BloomsmsError,
    ErrorCode,
    NotSent,
    OutcomeUnknown,
    RateLimited,
    Refused,
    Unreadable,
)
from bloomsms.models import ActivationStatus, ProviderStatus, StatusChange
from tests.activations.scripted_provider import ScriptedProvider
from tests.activations.shop import Shop
from tests.made_up import ANN, ANOTHER_SMS, BOB, SMS, seen
from tests.moved_clock import MovedClock
from tests.storage import rows

Wish = Callable[[Shop, int, int], Awaitable[Activation]]

WISHES: dict[str, Wish] = {
    "cancel": lambda shop, user_id, id_: shop.endings.cancel(user_id, id_),
    "complete": lambda shop, user_id, id_: shop.endings.complete(user_id, id_),
    "another_sms": lambda shop, user_id, id_: shop.endings.another_sms(user_id, id_),
}
CANCELLED = seen(ProviderStatus.CANCELLED)
EXPIRED = seen(ProviderStatus.EXPIRED)
RECEIVED = seen(ProviderStatus.CODE_RECEIVED, SMS)
COMPLETED = seen(ProviderStatus.COMPLETED, SMS)
COMPLETED_EMPTY = seen(ProviderStatus.COMPLETED)
GONE = Refused(ErrorCode.ACTIVATION_NOT_FOUND, "ACTIVATION_NOT_FOUND", "", 404)
TOO_EARLY = Refused(ErrorCode.INVALID_PARAMETER, "INVALID_PARAMETER", "Wait 2 minutes.", 422)


async def refused(shop: Shop, wish: str, user_id: int, activation_id: int) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await WISHES[wish](shop, user_id, activation_id)
    return caught.value


async def open_for(shop: Shop, provider: ScriptedProvider, wish: str) -> Activation:
    """A number with which that may be done, and the look that goes before another SMS."""
    if wish == "cancel":
        return await shop.waiting()
    if wish == "another_sms":
        provider.next("activation", RECEIVED)
    return await shop.received(SMS)


@pytest.mark.parametrize("wish", WISHES)
@pytest.mark.parametrize("user_id", [ANN, BOB], ids=["no such id", "another's"])
async def test_not_yours(shop: Shop, provider: ScriptedProvider, wish: str, user_id: int) -> None:
    """A number of somebody else's looks like one that does not exist, and nobody is asked."""
    activation = await shop.received(SMS)
    activation_id = activation.id if user_id == BOB else 2**53

    assert NotFound is type(await refused(shop, wish, user_id, activation_id))
    assert [] == provider.asked
    assert activation == await shop.now(activation)


@pytest.mark.parametrize(
    ("wish", "state"),
    [
        (wish, state)
        for wish, point in (
            ("cancel", State.WAITING),
            ("complete", State.CODE_RECEIVED),
            ("another_sms", State.CODE_RECEIVED),
        )
        for state in State
        if state is not point
    ],
)
async def test_past_the_point(
    shop: Shop, provider: ScriptedProvider, wish: str, state: State
) -> None:
    """A wish that makes no sense any more asks nobody and shows what became of the number."""
    activation = await rows.in_state(shop.store, shop.clock, state)

    err = await refused(shop, wish, ANN, activation.id)

    assert isinstance(err, GoneAlready)
    assert activation == err.activation
    assert [] == provider.asked


@pytest.mark.parametrize("wish", ["cancel", "another_sms"])
async def test_a_number_that_is_not_there(
    shop: Shop, provider: ScriptedProvider, wish: str
) -> None:
    """Without a number of the provider's there is nothing to ask about."""
    activation = await shop.became(await shop.begun(), State.WAITING)
    if wish == "another_sms":
        activation = await shop.became(activation, State.CODE_RECEIVED)

    assert isinstance(await refused(shop, wish, ANN, activation.id), GoneAlready)
    assert [] == provider.asked


async def test_cancel(shop: Shop, provider: ScriptedProvider) -> None:
    """The provider is asked once, then looked at: cancelled, and the money is back."""
    activation = await shop.waiting()
    provider.next("activation", CANCELLED)

    after = await shop.endings.cancel(ANN, activation.id)

    assert ["change 38496653 cancel", "activation 38496653"] == provider.asked
    assert (State.CANCELLED, True) == (after.state, after.is_refund_confirmed)
    assert [f"card {ANN}"] == await shop.words()


LOOKS = {
    "code was faster": RECEIVED,
    "both": seen(ProviderStatus.CANCELLED, SMS),
    "expired": EXPIRED,
    "completed": COMPLETED_EMPTY,
    "forgotten": GONE,
}
# By what was answered to the cancel: the state after each of these looks, `$` with the refund.
DECIDED = {
    "accepted": ["code_received", "expired", "cancelled$", "waiting", "cancelled"],
    "answer lost": ["code_received", "expired", "cancelled$", "waiting", "waiting"],
    "refused": ["code_received", "code_received", "waiting", "waiting", "waiting"],
}
ANSWERS = {"accepted": None, "answer lost": OutcomeUnknown("hung up"), "refused": TOO_EARLY}


@pytest.mark.parametrize(
    ("answer", "look", "expected"),
    [
        pytest.param(ANSWERS[answer], look, expected, id=f"{answer}, {name}")
        for answer, states in DECIDED.items()
        for (name, look), expected in zip(LOOKS.items(), states, strict=True)
    ],
)
async def test_the_look_decides_about_a_cancel(
    shop: Shop,
    provider: ScriptedProvider,
    answer: BloomsmsError | None,
    look: ActivationStatus | Refused,
    expected: str,
) -> None:
    """What agrees with the answer to the cancel is believed; what disagrees stays in doubt."""
    activation = await shop.waiting()
    provider.next("change", answer)
    provider.next("activation", look)

    with suppress(NotConfirmed, ProviderSaysNo):
        await shop.endings.cancel(ANN, activation.id)

    after = await shop.now(activation)
    assert expected == after.state.value + "$" * after.is_refund_confirmed
    assert 1 == provider.count("change")


async def test_a_refused_cancel_after_an_accepted_one(
    shop: Shop, provider: ScriptedProvider
) -> None:
    """A second press that is refused does not undo what the first one was told."""
    activation = await shop.waiting()
    await refused(shop, "cancel", ANN, activation.id)
    provider.next("change", TOO_EARLY)
    await refused(shop, "cancel", ANN, activation.id)
    provider.next("activation", GONE)

    after = await shop.inspector.look(await shop.now(activation), provider)

    assert State.CANCELLED is after.state


@pytest.mark.parametrize(
    "look", [seen(), seen(ProviderStatus.UNKNOWN), Unreadable("no answer"), RateLimited(5.0)]
)
@pytest.mark.parametrize("answer", [None, OutcomeUnknown("hung up")], ids=["accepted", "lost"])
async def test_a_cancel_nobody_knows_about(
    shop: Shop,
    provider: ScriptedProvider,
    answer: BloomsmsError | None,
    look: ActivationStatus | BloomsmsError,
) -> None:
    """Not confirmed is not cancelled: the number waits on, and the wish is remembered."""
    activation = await shop.waiting()
    provider.next("change", answer)
    provider.next("activation", look)

    err = await refused(shop, "cancel", ANN, activation.id)

    assert isinstance(err, NotConfirmed)
    assert (State.WAITING, True) == (err.activation.state, err.activation.is_cancel_asked)
    assert (await shop.now(activation)).is_cancel_asked
    assert 1 == provider.count("change")


async def test_a_cancel_confirmed_later(shop: Shop, provider: ScriptedProvider) -> None:
    """What a later look shows ends the wish."""
    activation = await shop.waiting()
    provider.next("change", OutcomeUnknown("hung up"))
    await refused(shop, "cancel", ANN, activation.id)
    provider.next("activation", EXPIRED)

    after = await shop.inspector.look(await shop.now(activation), provider)

    assert State.CANCELLED is after.state


@pytest.mark.parametrize("look", [seen(), Unreadable("no answer")], ids=["waiting", "no answer"])
async def test_a_refused_cancel(
    shop: Shop, provider: ScriptedProvider, look: ActivationStatus | BloomsmsError
) -> None:
    """The person hears the provider's reason; the number waits on as if nothing was asked."""
    activation = await shop.waiting()
    provider.next("change", TOO_EARLY)
    provider.next("activation", look)

    err = await refused(shop, "cancel", ANN, activation.id)

    assert isinstance(err, ProviderSaysNo)
    assert (ErrorCode.INVALID_PARAMETER, "Wait 2 minutes.") == (err.code, err.reason)
    assert activation == replace(await shop.now(activation), asked_at=None)


@pytest.mark.parametrize(
    ("answer", "expected"), [(NotSent("x"), ProviderAway), (RateLimited(7.0), ProviderBusy)]
)
@pytest.mark.parametrize("wish", WISHES)
async def test_a_wish_that_never_left(
    shop: Shop,
    provider: ScriptedProvider,
    wish: str,
    answer: BloomsmsError,
    expected: type[Refusal],
) -> None:
    """Nothing left, nothing changed; the same button works again."""
    activation = await open_for(shop, provider, wish)
    provider.next("change", answer)

    assert expected is type(await refused(shop, wish, ANN, activation.id))
    assert activation == replace(await shop.now(activation), asked_at=None)
    assert (wish == "another_sms") == provider.count("activation")


@pytest.mark.parametrize("wish", WISHES)
async def test_a_wish_is_kept_before_it_leaves(
    shop: Shop, provider: ScriptedProvider, wish: str
) -> None:
    """Should the process die while the provider is asked, the next one knows of the wish."""
    activation = await (shop.waiting() if wish == "cancel" else shop.received(SMS))
    if wish == "another_sms":

        def answered(_id: str) -> ActivationStatus:
            provider.gate.clear()
            return RECEIVED

        provider.next("activation", answered)
    else:
        provider.gate.clear()
    asking = asyncio.create_task(asyncio.wait_for(WISHES[wish](shop, ANN, activation.id), 5))
    await provider.is_asked(2 if wish == "another_sms" else 1)
    kept = (await shop.now(activation)).wish
    asking.cancel()
    await asyncio.wait([asking])

    expected = {"cancel": "cancel", "complete": "complete", "another_sms": "request_another_sms"}
    assert StatusChange(expected[wish]) is kept


@pytest.mark.parametrize("wish", ["complete", "another_sms"])
async def test_a_wish_nobody_answered_stays(
    shop: Shop, provider: ScriptedProvider, wish: str
) -> None:
    """While nobody knows what became of a wish, it is kept."""
    activation = await open_for(shop, provider, wish)
    provider.next("change", OutcomeUnknown("hung up"))
    provider.next("activation", RECEIVED)

    await refused(shop, wish, ANN, activation.id)

    assert (await shop.now(activation)).wish is not None


async def test_a_wish_after_one_that_broke_off(shop: Shop, provider: ScriptedProvider) -> None:
    """A wish that was cut short does not stand in the way of the next."""
    activation = await shop.waiting()
    provider.gate.clear()
    first = asyncio.create_task(asyncio.wait_for(shop.endings.cancel(ANN, activation.id), 5))
    await provider.is_asked(1)
    first.cancel()
    await asyncio.wait([first])
    provider.gate.set()
    provider.always("activation", CANCELLED)

    assert State.CANCELLED is (await shop.endings.cancel(ANN, activation.id)).state


async def test_complete(shop: Shop, provider: ScriptedProvider) -> None:
    """Done: the provider is told, and the card follows."""
    activation = await shop.received(SMS)
    provider.next("activation", COMPLETED)

    after = await shop.endings.complete(ANN, activation.id)

    assert ["change 38496653 complete", "activation 38496653"] == provider.asked
    assert (State.COMPLETED, (SMS,)) == (after.state, after.sms)
    assert [f"card {ANN}"] == await shop.words()


async def test_complete_while_another_is_awaited(shop: Shop, provider: ScriptedProvider) -> None:
    """Whoever waits for another SMS may be done all the same."""
    activation = await shop.received(SMS)
    activation = await shop.endings.another_sms(ANN, activation.id)
    provider.next("activation", COMPLETED)

    assert State.COMPLETED is (await shop.endings.complete(ANN, activation.id)).state


@pytest.mark.parametrize("wish", ["complete", "another_sms"])
async def test_an_accepted_wish_is_believed(
    shop: Shop, provider: ScriptedProvider, wish: str
) -> None:
    """A success counts, also when the look after it shows nothing."""
    activation = await open_for(shop, provider, wish)
    provider.next("activation", Unreadable("no answer"))

    after = await WISHES[wish](shop, ANN, activation.id)

    assert (State.COMPLETED if wish == "complete" else State.WAITING) is after.state
    assert after == replace(await shop.now(activation), asked_at=after.asked_at)


@pytest.mark.parametrize("wish", ["complete", "another_sms"])
@pytest.mark.parametrize("look", [RECEIVED, Unreadable("no answer")], ids=["as before", "nothing"])
async def test_a_lost_answer_nobody_can_settle(
    shop: Shop,
    provider: ScriptedProvider,
    wish: str,
    look: ActivationStatus | BloomsmsError,
) -> None:
    """Without an answer and without a change to be seen, nothing is claimed."""
    activation = await open_for(shop, provider, wish)
    provider.next("change", OutcomeUnknown("hung up"))
    provider.next("activation", look)

    assert NotConfirmed is type(await refused(shop, wish, ANN, activation.id))
    assert State.CODE_RECEIVED is (await shop.now(activation)).state
    assert 1 == provider.count("change")


async def test_a_lost_answer_to_done(shop: Shop, provider: ScriptedProvider) -> None:
    """The look shows that it was done."""
    activation = await shop.received(SMS)
    provider.next("change", OutcomeUnknown("hung up"))
    provider.next("activation", COMPLETED)

    assert State.COMPLETED is (await shop.endings.complete(ANN, activation.id)).state


async def test_a_lost_answer_to_another(shop: Shop, provider: ScriptedProvider) -> None:
    """The look shows that the number waits again: the second round has begun."""
    activation = await open_for(shop, provider, "another_sms")
    provider.next("change", OutcomeUnknown("hung up"))
    provider.next("activation", seen())

    after = await shop.endings.another_sms(ANN, activation.id)

    assert (State.WAITING, 2, True) == (after.state, after.rounds, after.is_rearmed)


@pytest.mark.parametrize("wish", ["complete", "another_sms"])
async def test_a_refused_wish(shop: Shop, provider: ScriptedProvider, wish: str) -> None:
    """The person hears the provider's reason, and the number stays as it was."""
    activation = await open_for(shop, provider, wish)
    provider.next("change", TOO_EARLY)
    provider.next("activation", RECEIVED)

    err = await refused(shop, wish, ANN, activation.id)

    assert isinstance(err, ProviderSaysNo)
    assert State.CODE_RECEIVED is (await shop.now(activation)).state


async def test_refused_because_it_is_over(
    shop: Shop, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """A refusal whose reason is the end of the number shows the end."""
    activation = await shop.received(SMS)
    provider.next("activation", RECEIVED)
    await shop.inspector.look(activation, provider)
    clock.move(minutes=20)
    provider.next("change", TOO_EARLY)
    provider.next("activation", seen(ProviderStatus.EXPIRED, SMS))

    after = await shop.endings.complete(ANN, activation.id)

    assert State.EXPIRED is after.state


async def test_another_sms(shop: Shop, provider: ScriptedProvider, clock: MovedClock) -> None:
    """The number waits for its next code, from now on; the code it had stays."""
    activation = await open_for(shop, provider, "another_sms")
    now = clock.move(30)

    after = await shop.endings.another_sms(ANN, activation.id)

    look = "activation 38496653"
    assert [look, "change 38496653 request_another_sms", look] == provider.asked
    assert (State.WAITING, 2, now, (SMS,)) == (
        after.state,
        after.rounds,
        after.waiting_since,
        after.sms,
    )
    assert [f"card {ANN}"] == await shop.words()


async def test_the_second_code(shop: Shop, provider: ScriptedProvider) -> None:
    """The next SMS is told as soon as a look finds it."""
    activation = await open_for(shop, provider, "another_sms")
    provider.next("activation", seen(), seen(ProviderStatus.CODE_RECEIVED, ANOTHER_SMS))
    after = await shop.endings.another_sms(ANN, activation.id)
    await shop.words()

    await shop.inspector.look(after, provider)

    assert [f"code {ANN}", f"card {ANN}"] == await shop.words()


async def test_an_sms_there_before_another_is_asked_for(
    shop: Shop, provider: ScriptedProvider
) -> None:
    """A second SMS that is there already is told instead; the next press asks for another one."""
    activation = await shop.received(SMS)
    provider.next("activation", seen(ProviderStatus.CODE_RECEIVED, ANOTHER_SMS))
    first = await shop.endings.another_sms(ANN, activation.id)
    told, asked = await shop.words(), provider.count("change")
    provider.next("activation", seen(ProviderStatus.CODE_RECEIVED, ANOTHER_SMS))
    second = await shop.endings.another_sms(ANN, activation.id)

    assert (State.CODE_RECEIVED, (SMS, ANOTHER_SMS)) == (first.state, first.sms)
    assert ([f"code {ANN}", f"card {ANN}"], 0) == (told, asked)
    assert (State.WAITING, 1) == (second.state, provider.count("change"))


@pytest.mark.parametrize(
    ("err", "expected"),
    [
        (NotSent("x"), ProviderAway),
        (RateLimited(7.0), ProviderBusy),
        (Unreadable("x"), ProviderAway),
        (TOO_EARLY, ProviderSaysNo),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_no_look_before_another_sms(
    shop: Shop, provider: ScriptedProvider, err: BloomsmsError, expected: type[Refusal]
) -> None:
    """Without that look nothing is asked for: an SMS could be lost by it."""
    activation = await shop.received(SMS)
    provider.next("activation", err)

    assert expected is type(await refused(shop, "another_sms", ANN, activation.id))
    assert 0 == provider.count("change")
    assert (await shop.now(activation)).wish is None


async def test_over_before_another_sms(shop: Shop, provider: ScriptedProvider) -> None:
    """A number whose end that look shows is shown as it is."""
    activation = await shop.received(SMS)
    await shop.inspector.look(activation, provider)
    shop.clock.move(minutes=21)
    provider.next("activation", EXPIRED)

    err = await refused(shop, "another_sms", ANN, activation.id)

    assert isinstance(err, GoneAlready)
    assert (State.EXPIRED, 0) == (err.activation.state, provider.count("change"))


async def test_the_old_code_is_still_shown(shop: Shop, provider: ScriptedProvider) -> None:
    """A provider that still shows the old SMS after another was asked for brings no news."""
    activation = await open_for(shop, provider, "another_sms")
    provider.next("activation", RECEIVED)

    after = await shop.endings.another_sms(ANN, activation.id)

    assert (State.WAITING, (SMS,)) == (after.state, after.sms)
    assert [f"card {ANN}"] == await shop.words()


async def test_a_second_code_at_once(shop: Shop, provider: ScriptedProvider) -> None:
    """The next code may be there with the very first look."""
    activation = await open_for(shop, provider, "another_sms")
    provider.next("activation", seen(ProviderStatus.CODE_RECEIVED, ANOTHER_SMS))

    after = await shop.endings.another_sms(ANN, activation.id)

    assert (State.CODE_RECEIVED, 2, (SMS, ANOTHER_SMS)) == (after.state, after.rounds, after.sms)


async def test_a_cancel_that_a_code_outran_is_forgotten(
    shop: Shop, provider: ScriptedProvider
) -> None:
    """In a later round nobody is told that cancelling was asked for."""
    activation = await shop.waiting()
    provider.next("activation", RECEIVED, seen())
    await shop.endings.cancel(ANN, activation.id)

    after = await shop.endings.another_sms(ANN, activation.id)

    assert not after.is_cancel_asked
