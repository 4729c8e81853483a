"""One look at one number: what is new is recorded and told, once."""

from dataclasses import replace

import pytest

from activations.inspection import BLANK
from activations.model import Activation, Kind, State
from activations.observation import another_round
from bloomsms.errors import BloomsmsError, ErrorCode, NotSent, RateLimited, Refused, Unreadable
from bloomsms.models import ActivationStatus, ProviderStatus, Sms, StatusChange
from storage.database import Database
from tests.activations.scripted_provider import ScriptedProvider
from tests.activations.shop import Shop
from tests.made_up import ANN, ANOTHER_SMS, OFFER, SMS, seen
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


CLOSED = [ProviderStatus.CANCELLED, ProviderStatus.EXPIRED, ProviderStatus.COMPLETED]
ENDS = [pytest.param(GONE, id="missing"), *[pytest.param(seen(s), id=s.value) for s in CLOSED]]
WAITS = [pytest.param(seen(), id="waiting"), pytest.param(seen(ProviderStatus.CODE_RECEIVED, SMS))]


async def looks(
    shop: Shop, provider: ScriptedProvider, before: Activation, *after_s: float
) -> list[State]:
    """The state after each of so many looks, each so long after the one before it."""
    states = []
    for seconds in after_s:
        shop.clock.move(seconds)
        states.append((await shop.inspector.look(await shop.now(before), provider)).state)
    return states


@pytest.mark.parametrize("answer", ENDS)
@pytest.mark.parametrize("is_coded", [False, True], ids=["waiting", "coded"])
async def test_an_end_nobody_asked_for(
    shop: Shop, provider: ScriptedProvider, answer: object, *, is_coded: bool
) -> None:
    """Before its time is over an end is believed after four looks over a minute, not sooner."""
    before = await (shop.received(SMS) if is_coded else shop.waiting())
    provider.always("activation", answer)

    states = await looks(shop, provider, before, 1, 20, 20, 19.9, 0.2)

    is_done = answer == seen(ProviderStatus.COMPLETED)
    assert [before.state] * 4 == states[:4]
    assert (State.COMPLETED if is_done else State.EXPIRED) is states[4]
    assert [f"card {ANN}"] == await shop.words()


@pytest.mark.parametrize("answer", ENDS)
async def test_three_looks_are_too_few(
    shop: Shop, provider: ScriptedProvider, answer: object
) -> None:
    """However long they take."""
    before = await shop.waiting()
    provider.always("activation", answer)

    assert [State.WAITING] * 3 == (await looks(shop, provider, before, 1, 100, 100, 1))[:3]


@pytest.mark.parametrize("answer", ENDS)
@pytest.mark.parametrize("otherwise", WAITS)
async def test_an_end_that_is_taken_back(
    shop: Shop, provider: ScriptedProvider, answer: object, otherwise: ActivationStatus
) -> None:
    """A look that shows the number open makes the earlier ones a hiccup."""
    before = await shop.waiting()
    provider.next("activation", *[answer] * 3, otherwise, *[answer] * 3)

    states = await looks(shop, provider, before, *[25] * 7)

    assert not {State.EXPIRED, State.COMPLETED} & set(states)


@pytest.mark.parametrize("answer", ENDS)
async def test_after_its_time_one_look_is_enough(
    shop: Shop, provider: ScriptedProvider, answer: object
) -> None:
    """An end that is due is believed at once."""
    before = await shop.waiting()
    await shop.inspector.look(before, provider)
    provider.always("activation", answer)

    (state,) = await looks(shop, provider, before, 20 * 60)

    assert state in (State.EXPIRED, State.COMPLETED)


@pytest.mark.parametrize("answer", ENDS)
async def test_the_wall_clock_brings_no_end_nearer(
    shop: Shop, provider: ScriptedProvider, clock: MovedClock, answer: object
) -> None:
    """Set forward by an hour it does not make one look enough."""
    before = await shop.waiting()
    await shop.inspector.look(before, provider)
    clock.step(3600)
    provider.always("activation", answer)

    assert [State.WAITING] == await looks(shop, provider, before, 1)


async def test_a_code_within_an_end_in_doubt(shop: Shop, provider: ScriptedProvider) -> None:
    """A new SMS is told at once, whatever the status; the end is believed later."""
    before = await shop.waiting()
    provider.always("activation", seen(ProviderStatus.EXPIRED, SMS))

    states = await looks(shop, provider, before, 1, 25, 25, 25)

    assert [*[State.CODE_RECEIVED] * 3, State.EXPIRED] == states
    assert 1 == (await shop.words()).count(f"code {ANN}")


@pytest.mark.parametrize("is_accepted", [True, False], ids=["accepted", "answer lost"])
async def test_missing_after_a_cancel(
    shop: Shop, provider: ScriptedProvider, database: Database, *, is_accepted: bool
) -> None:
    """Only a cancel that was accepted explains at once that a number is gone, also after a kill."""
    before = await shop.waiting()
    cancel = StatusChange.CANCEL
    await shop.store.mark_change(before.id, cancel, cancel, is_accepted=is_accepted)
    restarted = Shop(database, provider, shop.clock)
    provider.always("activation", GONE)

    (state,) = await looks(restarted, provider, before, 1)

    assert (State.CANCELLED if is_accepted else State.WAITING) is state
    assert not (await shop.now(before)).is_refund_confirmed


async def test_a_cancel_that_shows_late(shop: Shop, provider: ScriptedProvider) -> None:
    """Also after the wish was taken back, `cancelled` is what was asked for."""
    before = await shop.waiting()
    cancel = StatusChange.CANCEL
    await shop.store.mark_change(before.id, cancel, cancel, is_accepted=True)
    provider.next("activation", *[seen()] * 6, seen(ProviderStatus.CANCELLED))

    states = await looks(shop, provider, before, *[1] * 7)

    assert [*[State.WAITING] * 6, State.CANCELLED] == states


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


@pytest.mark.parametrize("status", [ProviderStatus.WAITING, ProviderStatus.CODE_RECEIVED])
@pytest.mark.parametrize("step_s", [0, 3600, -3600])
async def test_the_grace_after_the_end(
    shop: Shop, provider: ScriptedProvider, clock: MovedClock, status: ProviderStatus, step_s: float
) -> None:
    """Read as open for ten minutes past its end, a number is given up; no clock makes it sooner."""
    before = await shop.received(SMS)
    provider.always("activation", seen(status, SMS))
    await shop.inspector.look(before, provider)
    clock.step(step_s)

    states = await looks(shop, provider, before, 19 * 60, 61, 9.9 * 60, 7)

    assert State.EXPIRED not in states[:3]
    assert State.EXPIRED is states[3]
    assert not (await shop.now(before)).is_refund_confirmed


async def test_a_restart_counts_the_grace_anew(
    shop: Shop, provider: ScriptedProvider, database: Database, clock: MovedClock
) -> None:
    """A process that starts long after the end allows the whole time anew."""
    before = await shop.waiting()
    clock.move(days=14)
    restarted = Shop(database, provider, clock)

    states = await looks(restarted, provider, before, 1, 20 * 60, 598, 3)

    assert [State.WAITING, State.WAITING, State.WAITING, State.EXPIRED] == states


@pytest.mark.parametrize("odd", [ProviderStatus.UNKNOWN, None], ids=["unknown word", "404"])
async def test_a_restart_with_a_clock_that_is_ahead(
    shop: Shop,
    provider: ScriptedProvider,
    database: Database,
    clock: MovedClock,
    odd: ProviderStatus | None,
) -> None:
    """One odd answer ends no number whose time is over by the wall clock alone."""
    before = await shop.waiting()
    clock.move(60)
    clock.step(hours=1)
    restarted = Shop(database, provider, clock)
    missing = Refused(ErrorCode.ACTIVATION_NOT_FOUND, "ACTIVATION_NOT_FOUND", "", 404)
    provider.next("activation", seen(odd) if odd else missing)

    assert State.WAITING is (await restarted.inspector.look(before, provider)).state


async def test_an_odd_word_until_the_end(
    shop: Shop, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """A number whose status is a word nobody knows ends with its time, unconfirmed."""
    before = await shop.waiting()
    provider.always("activation", ActivationStatus(ProviderStatus.UNKNOWN, "on_hold", None))

    states = await looks(shop, provider, before, 1, 1190, 10)

    assert [State.WAITING, State.WAITING, State.EXPIRED] == states
    assert not (await shop.now(before)).is_refund_confirmed


async def test_an_odd_word_after_a_restart(
    shop: Shop, provider: ScriptedProvider, database: Database
) -> None:
    """Owners do not hear of it again, in whatever letters it comes."""
    before = await shop.waiting()
    provider.next("activation", ActivationStatus(ProviderStatus.UNKNOWN, "On_Hold", None))
    await looks(shop, provider, before, 1)
    await shop.told()
    restarted = Shop(database, provider, shop.clock)
    provider.next("activation", ActivationStatus(ProviderStatus.UNKNOWN, "on_hold", None))
    await looks(restarted, provider, before, 1)

    assert [] == await restarted.told()


async def awaiting(shop: Shop) -> Activation:
    """A number whose first SMS was told and that waits for another one."""
    received = await shop.received(SMS)
    after = another_round(received, shop.clock.now(), is_rearmed=False)
    await shop.store.record(received, after, (), shop.clock.now())
    return await shop.now(received)


EQUAL = seen(ProviderStatus.CODE_RECEIVED, SMS)


@pytest.mark.parametrize("is_restarted", [False, True], ids=["running", "restarted"])
async def test_an_equal_sms(
    shop: Shop, provider: ScriptedProvider, database: Database, *, is_restarted: bool
) -> None:
    """Three looks over 15 s that show an equal SMS make it news, once; the number waits on."""
    before = await awaiting(shop)
    provider.always("activation", EQUAL)
    if is_restarted:
        shop = Shop(database, provider, shop.clock)
    await looks(shop, provider, before, 1, 7, 7.9)
    early = await shop.words()

    states = await looks(shop, provider, before, 0.2, 20, 20, 20)

    assert [] == early
    assert [State.WAITING] * 4 == states
    assert 1 == (await shop.words()).count(f"code {ANN}")


async def test_a_stale_sms_and_the_true_one(shop: Shop, provider: ScriptedProvider) -> None:
    """One stale answer tells nothing; the equal SMS that comes afterwards is told."""
    before = await awaiting(shop)
    provider.next("activation", EQUAL, seen(), seen(), *[EQUAL] * 3)

    await looks(shop, provider, before, *[8] * 5)
    early = await shop.words()
    await looks(shop, provider, before, 8)

    assert [] == early
    assert 1 == (await shop.words()).count(f"code {ANN}")


async def test_a_later_sms_after_an_equal_one(shop: Shop, provider: ScriptedProvider) -> None:
    """After an equal SMS was told, another one and one more of the same text are not missed."""
    before = await awaiting(shop)
    provider.next("activation", *[EQUAL] * 3, seen(), *[EQUAL] * 3)
    states = await looks(shop, provider, before, *[8] * 7)
    provider.next("activation", seen(ProviderStatus.CODE_RECEIVED, ANOTHER_SMS))
    states += await looks(shop, provider, before, 8)

    assert [*[State.WAITING] * 7, State.CODE_RECEIVED] == states
    assert (SMS, SMS, SMS, ANOTHER_SMS) == (await shop.now(before)).sms


async def test_waiting_with_the_last_sms(shop: Shop, provider: ScriptedProvider) -> None:
    """What the provider calls waiting waits, however long it shows the SMS that was told."""
    before = await awaiting(shop)
    provider.always("activation", seen(ProviderStatus.WAITING, SMS))

    states = await looks(shop, provider, before, *[8] * 6)

    assert [State.WAITING] * 6 == states
    assert [] == await shop.words()


async def test_waiting_with_a_new_sms(shop: Shop, provider: ScriptedProvider) -> None:
    """A new SMS is told once and the number waits on, until the provider says that a code came."""
    before = await shop.waiting()
    provider.next("activation", *[seen(ProviderStatus.WAITING, SMS)] * 4, EQUAL)

    states = await looks(shop, provider, before, *[8] * 5)

    assert [*[State.WAITING] * 4, State.CODE_RECEIVED] == states
    assert 1 == (await shop.words()).count(f"code {ANN}")


@pytest.mark.parametrize("status", [ProviderStatus.WAITING, ProviderStatus.CODE_RECEIVED])
@pytest.mark.parametrize("kind", [Kind.AGAIN, Kind.FRESH], ids=lambda kind: kind.value)
async def test_the_sms_of_an_earlier_order(
    shop: Shop, provider: ScriptedProvider, status: ProviderStatus, kind: Kind
) -> None:
    """On the same phone number the last order's SMS is news only when looks agree on it."""
    first = await shop.became(await shop.received(SMS), State.COMPLETED)
    source_id = first.id if kind is Kind.AGAIN else None
    offer = replace(OFFER, kind=kind, source_id=source_id)
    phone = first.number.phone_number if first.number and kind is Kind.FRESH else ""
    second = await shop.waiting(offer, "other", phone)
    provider.always("activation", seen(status, SMS))

    await looks(shop, provider, second, 1, 10)
    early = await shop.words()
    states = await looks(shop, provider, second, 10, 10)

    assert ([], [State.WAITING] * 2) == (early, states)
    assert (status is ProviderStatus.CODE_RECEIVED) == (f"code {ANN}" in await shop.words())


async def test_a_code_and_a_stale_waiting(shop: Shop, provider: ScriptedProvider) -> None:
    """A number with a code waits again only when looks agree, unless another SMS was asked for."""
    before = await shop.received(SMS)
    provider.next("activation", seen(), EQUAL, *[seen()] * 3)

    states = await looks(shop, provider, before, *[8] * 5)

    assert [*[State.CODE_RECEIVED] * 4, State.WAITING] == states


async def test_a_step_teaches_no_delivery_time(
    shop: Shop, provider: ScriptedProvider, clock: MovedClock, database: Database
) -> None:
    """Neither a wall clock that was set nor a wait that began before a restart is learned from."""
    stepped, across = [await shop.waiting(OFFER, name) for name in ("stepped", "across")]
    clock.step(50)
    provider.always("activation", lambda id_: seen(ProviderStatus.CODE_RECEIVED, Sms(id_, id_)))
    await looks(shop, provider, stepped, 10)
    await looks(Shop(database, provider, clock), provider, across, 10)
    measured = await shop.waiting(OFFER, "measured")
    await looks(shop, provider, measured, 30)

    waits = await shop.watchlist.waits_after(0)
    assert [20.0] == [wait.seconds for wait in waits]


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
