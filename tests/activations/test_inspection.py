"""One look at one number: what is new is recorded and told, once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from activations.inspection import BLANK
from activations.model import State
from activations.observation import another_round
from bloomsms.errors import BloomsmsError, ErrorCode, NotSent, RateLimited, Refused, Unreadable
from bloomsms.models import ActivationStatus, ProviderStatus, StatusChange
from tests.activations.scripted_provider import ScriptedProvider
from tests.activations.shop import Shop
from tests.made_up import ANN, ANOTHER_SMS, SMS, seen
from tests.moved_clock import MovedClock

GONE = Refused(ErrorCode.ACTIVATION_NOT_FOUND, "ACTIVATION_NOT_FOUND", "Not found.", 404)


async def test_a_code(shop: Shop, provider: ScriptedProvider) -> None:
    """A code that is found is recorded and told, and the caller gets the number as it stands."""
    before = await shop.waiting()
    provider.next("activation", seen(ProviderStatus.CODE_RECEIVED, SMS))

    after = await shop.inspector.look(before, provider)

    assert (State.CODE_RECEIVED, (SMS,)) == (after.state, after.sms)
    assert after == await shop.now(before)
    assert [f"code {ANN}", f"card {ANN}"] == await shop.words()


async def test_a_look_is_noted(shop: Shop, provider: ScriptedProvider, clock: MovedClock) -> None:
    """When a number was last asked about is known also when the look fails."""
    before = await shop.waiting()
    provider.next("activation", Unreadable("no answer"))
    now = clock.move(5)

    with pytest.raises(Unreadable):
        await shop.inspector.look(before, provider)

    assert now == (await shop.now(before)).asked_at


async def test_nothing_new(shop: Shop, provider: ScriptedProvider) -> None:
    """A number that still waits stays as it is, and nobody is told."""
    before = await shop.waiting()

    after = await shop.inspector.look(before, provider)

    assert before == replace(after, asked_at=None)
    assert [] == await shop.words()


async def test_without_a_number(shop: Shop, provider: ScriptedProvider) -> None:
    """About what was never rented nobody is asked."""
    before = await shop.begun()

    assert before == await shop.inspector.look(before, provider)
    assert [] == provider.asked


@pytest.mark.parametrize(
    "err",
    [
        NotSent("x"),
        RateLimited(5.0),
        Unreadable("x"),
        Refused(ErrorCode.INVALID_API_KEY, "INVALID_API_KEY", "x", 401),
        Refused(ErrorCode.OTHER, "TEAPOT", "x", 404),
    ],
    ids=lambda err: type(err).__name__,
)
async def test_a_look_that_fails(
    shop: Shop, provider: ScriptedProvider, err: BloomsmsError
) -> None:
    """Silence and refusals say nothing about the number; the caller hears of them."""
    before = await shop.waiting()
    provider.next("activation", err)

    with pytest.raises(type(err)):
        await shop.inspector.look(before, provider)

    assert State.WAITING is (await shop.now(before)).state


async def test_missing_is_believed_the_second_time(shop: Shop, provider: ScriptedProvider) -> None:
    """A number just rented may be unknown for a moment; twice in a row it is over."""
    before = await shop.waiting()
    provider.next("activation", GONE, GONE)

    states = [(await shop.inspector.look(before, provider)).state for _ in range(2)]

    assert [State.WAITING, State.EXPIRED] == states
    assert not (await shop.now(before)).is_refund_confirmed
    assert [f"card {ANN}"] == await shop.words()


async def test_missing_and_found_again(shop: Shop, provider: ScriptedProvider) -> None:
    """A look that finds the number makes the earlier one a hiccup."""
    before = await shop.waiting()
    provider.next("activation", GONE, seen(), GONE)

    states = [(await shop.inspector.look(before, provider)).state for _ in range(3)]

    assert [State.WAITING] * 3 == states


async def test_missing_after_a_cancel(shop: Shop, provider: ScriptedProvider) -> None:
    """A number that is gone right after its cancel is cancelled."""
    before = replace(await shop.waiting(), wish=StatusChange.CANCEL)
    await shop.store.mark_wish(before.id, StatusChange.CANCEL)
    provider.next("activation", GONE)

    after = await shop.inspector.look(before, provider)

    assert (State.CANCELLED, False) == (after.state, after.is_refund_confirmed)


async def test_missing_after_the_end(shop: Shop, provider: ScriptedProvider) -> None:
    """A number that has ended may be forgotten."""
    before = await shop.became(await shop.waiting(), State.EXPIRED)
    provider.always("activation", GONE)

    for _ in range(3):
        await shop.inspector.look(before, provider)

    assert State.EXPIRED is (await shop.now(before)).state
    assert [] == await shop.words()


async def test_an_answer_older_than_what_happened(
    shop: Shop, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """`waiting`, asked before the code came by another look, starts no new round."""
    before = await shop.waiting()
    clock.move(1)
    provider.next("activation", seen(ProviderStatus.CODE_RECEIVED, SMS), seen())
    await shop.inspector.look(before, provider)

    after = await shop.inspector.look(before, provider)

    assert (State.CODE_RECEIVED, 1) == (after.state, after.rounds)


async def test_an_old_code_is_no_new_one(
    shop: Shop, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """A code, asked for before another SMS was, is not that other SMS."""
    before = await shop.waiting()
    clock.move(1)
    provider.next("activation", seen(ProviderStatus.CODE_RECEIVED, SMS))
    await shop.inspector.look(before, provider)
    clock.move(1)
    provider.next("activation", seen())
    await shop.endings.another_sms(ANN, before.id)
    clock.move(1)
    provider.next("activation", seen(ProviderStatus.CODE_RECEIVED, SMS))

    after = await shop.inspector.look(before, provider)

    assert (State.WAITING, (SMS,)) == (after.state, after.sms)


async def test_two_looks_at_once_tell_once(shop: Shop, provider: ScriptedProvider) -> None:
    """Whoever finds the same code at the same time, it is recorded and told once."""
    before = await shop.waiting()
    provider.always("activation", seen(ProviderStatus.CODE_RECEIVED, SMS))

    await shop.inspector.look(before, provider)
    after = await shop.inspector.look(before, provider)

    assert (SMS,) == after.sms
    assert [f"code {ANN}", f"card {ANN}"] == await shop.words()


async def test_a_late_code(shop: Shop, provider: ScriptedProvider) -> None:
    """A code for an ended number is delivered though nothing else changes."""
    before = await shop.became(await shop.waiting(), State.CANCELLED)
    provider.next("activation", seen(ProviderStatus.CANCELLED, ANOTHER_SMS))

    after = await shop.inspector.look(before, provider)

    assert (State.CANCELLED, (ANOTHER_SMS,)) == (after.state, after.sms)
    assert [f"code {ANN}", f"card {ANN}"] == await shop.words()


async def test_the_grace_after_the_end(
    shop: Shop, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """Ten minutes after its end a number that still waits is given up."""
    before = await shop.waiting()
    clock.move(minutes=29)
    early = await shop.inspector.look(before, provider)
    clock.move(minutes=1)

    after = await shop.inspector.look(before, provider)

    assert (State.WAITING, State.EXPIRED) == (early.state, after.state)
    assert timedelta(minutes=30) == after.changed_at - before.created_at


@pytest.mark.parametrize("wish", [StatusChange.COMPLETE, StatusChange.ANOTHER_SMS])
async def test_a_wish_nobody_heeds(
    shop: Shop, provider: ScriptedProvider, wish: StatusChange
) -> None:
    """A wish of which look after look shows no sign is taken back, and the card says so."""
    before = await shop.received(SMS)
    await shop.store.mark_wish(before.id, wish)
    provider.always("activation", seen(ProviderStatus.CODE_RECEIVED, SMS))
    wishes = []
    for _ in range(7):
        await shop.inspector.look(await shop.now(before), provider)
        wishes.append((await shop.now(before)).wish)

    assert [wish] * 5 + [None] * 2 == wishes
    assert [f"card {ANN}"] == await shop.words()


async def test_a_wish_that_is_heeded_at_last(shop: Shop, provider: ScriptedProvider) -> None:
    """A sign of the wish, however late, ends the count."""
    before = await shop.waiting()
    await shop.store.mark_wish(before.id, StatusChange.CANCEL)
    provider.next("activation", *[seen()] * 5, seen(ProviderStatus.CANCELLED))
    for _ in range(6):
        after = await shop.inspector.look(await shop.now(before), provider)

    assert State.CANCELLED is after.state


async def test_an_odd_word_is_told_once(shop: Shop, provider: ScriptedProvider) -> None:
    """Owners hear of each status word that nobody knows, once; the number waits on."""
    before = await shop.waiting()
    for word in ("on_hold", "on_hold", "paused"):
        provider.next("activation", ActivationStatus(ProviderStatus.UNKNOWN, word, None))
        await shop.inspector.look(before, provider)

    told = [(note.user_id, note.words["word"]) for note in await shop.told()]
    assert ["on_hold", "paused"] == list(dict.fromkeys(word for _, word in told))
    assert len(told) == len(set(told))
    assert State.WAITING is (await shop.now(before)).state


async def test_odd_words_without_end(shop: Shop, provider: ScriptedProvider) -> None:
    """A provider that invents ever new words does not flood the owners."""
    before = await shop.waiting()
    for number in range(50):
        odd = ActivationStatus(ProviderStatus.UNKNOWN, f"word {number}", None)
        provider.next("activation", odd)
        await shop.inspector.look(before, provider)

    assert 20 == len({note.words["word"] for note in await shop.told()})


async def test_a_blank_sms_is_believed_the_second_time(
    shop: Shop, provider: ScriptedProvider
) -> None:
    """An SMS without code and text is told once, when its text does not come a moment later."""
    before = await shop.waiting()
    provider.next("activation", *[seen(ProviderStatus.CODE_RECEIVED)] * 4)

    states = [(await shop.inspector.look(before, provider)).state for _ in range(4)]

    assert [State.WAITING, *[State.CODE_RECEIVED] * 3] == states
    assert (BLANK,) == (await shop.now(before)).sms
    assert [f"code {ANN}", f"card {ANN}"] == await shop.words()


async def test_the_text_comes_a_moment_later(shop: Shop, provider: ScriptedProvider) -> None:
    """An SMS whose text is there at the next look is told as any other."""
    before = await shop.waiting()
    provider.next(
        "activation", seen(ProviderStatus.CODE_RECEIVED), seen(ProviderStatus.CODE_RECEIVED, SMS)
    )

    for _ in range(2):
        after = await shop.inspector.look(before, provider)

    assert (SMS,) == after.sms


async def test_the_text_of_a_blank_sms_turns_up(shop: Shop, provider: ScriptedProvider) -> None:
    """The text of an SMS that was told without it is told when a look finds it."""
    before = await shop.waiting()
    blank = seen(ProviderStatus.CODE_RECEIVED)
    provider.next("activation", blank, blank, seen(ProviderStatus.CODE_RECEIVED, SMS))

    for _ in range(3):
        after = await shop.inspector.look(before, provider)

    assert (State.CODE_RECEIVED, (BLANK, SMS)) == (after.state, after.sms)
    assert 2 == (await shop.words()).count(f"code {ANN}")


async def test_not_blank_but_old(shop: Shop, provider: ScriptedProvider) -> None:
    """As long as another SMS was not seen awaited, an answer without one tells nothing."""
    before = await shop.waiting()
    provider.next("activation", seen(ProviderStatus.CODE_RECEIVED, SMS))
    received = await shop.inspector.look(before, provider)
    awaiting = another_round(received, shop.clock.now(), is_rearmed=False)
    await shop.store.record(received, awaiting, (), shop.clock.now())
    provider.next("activation", *[seen(ProviderStatus.CODE_RECEIVED)] * 3)

    states = [(await shop.inspector.look(awaiting, provider)).state for _ in range(3)]

    assert [State.WAITING] * 3 == states
