"""Activations as rows: each step guarded by the state it starts from."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from activations.model import (
    HELD_STATES,
    OPEN_STATES,
    TRANSITIONS,
    Activation,
    Card,
    Kind,
    State,
    may_become,
)
from activations.notes import Draft, NoteKind, code_and_card
from bloomsms.models import StatusChange
from people.model import Standing, Usage
from storage.activations import ActivationRows
from storage.database import Database
from storage.notes import NoteRows
from storage.tables import COUNTED_SO_FAR
from storage.users import UserRows
from tests.made_up import ANN, ANOTHER_SMS, BOB, CARD, NASTY, NUMBER, OFFER, PRICE, SMS
from tests.moved_clock import START, MovedClock
from tests.storage.rows import (
    again,
    anything_goes,
    begun,
    ended,
    in_state,
    moved,
    offered,
    waiting,
)


async def test_an_offer(store: ActivationRows, clock: MovedClock) -> None:
    """An offer is kept to the letter and starts as an INTENT."""
    offer = replace(OFFER, service_name=NASTY, country_name="Côte d'Ivoire", price=Decimal("0.1"))

    made = await store.offer(offer, clock.now())

    assert made is not None
    assert Activation(1, offer, State.INTENT, START, START, token=made.token) == made


async def test_a_token_is_found_again(store: ActivationRows, clock: MovedClock) -> None:
    """Each row has a token of its own, of 96 bits, and is found by nothing less."""
    first, second = await offered(store, clock), await offered(store, clock)

    assert 16 == len(first.token) == len(second.token)
    assert (first, second) == (
        await store.by_token(first.token),
        await store.by_token(second.token),
    )
    assert {None} == {
        await store.by_token(text) for text in ("", "1", first.token[:-1], first.token.swapcase())
    }


async def test_a_new_row_is_not_from_before(store: ActivationRows, clock: MovedClock) -> None:
    """A button that names a row by its id finds no row that was made with a token."""
    made = await waiting(store, clock)

    assert await store.from_before(made.id) is None


async def test_whose_card_a_message_is(store: ActivationRows, clock: MovedClock) -> None:
    """A message is the card of the last activation it showed."""
    first, second = await offered(store, clock), await offered(store, clock)
    await store.place_card(first.id, CARD)
    await store.place_card(second.id, CARD)

    shown = await store.shown_at(CARD)

    assert (second.id, None) == (shown and shown.id, (await again(store, first)).card)
    assert await store.shown_at(replace(CARD, message_id=18)) is None


async def test_an_offer_that_is_checked(store: ActivationRows, clock: MovedClock) -> None:
    """The check of an offer sees what the person holds already; what it raises writes nothing."""
    await waiting(store, clock)
    seen: list[Usage] = []

    made = await store.offer(OFFER, clock.now(), seen.append)

    assert made is not None
    assert [Usage(1, OFFER.price)] == seen
    with pytest.raises(PermissionError):
        await store.offer(OFFER, clock.now(), refuse)
    assert [made] == await store.in_states(frozenset({State.INTENT}))


@pytest.mark.parametrize("standing", Standing)
async def test_the_check_sees_the_standing_of_now(
    store: ActivationRows, users: UserRows, clock: MovedClock, standing: Standing
) -> None:
    """What the owners decided since the offer was shown is known when it is taken."""
    offer = await offered(store, clock)
    await users.meet(OFFER.user_id, "Ann")
    await users.decide(OFFER.user_id, standing)

    assert standing is (await usage_seen(store, clock, offer)).standing


async def test_ids_are_never_used_twice(
    store: ActivationRows, clock: MovedClock, database: Database
) -> None:
    """A button of an activation that is gone never names another one."""
    first = await offered(store, clock)
    async with database.transaction() as db:
        await db.execute("delete from activations")

    assert first.id < (await offered(store, clock)).id


async def test_one_swap_each(store: ActivationRows, clock: MovedClock) -> None:
    """While a swap of a number is under way or done, there is no second one."""
    source = await waiting(store, clock)
    offer = replace(OFFER, kind=Kind.INSTEAD, source_id=source.id)
    first = await offered(store, clock, offer)

    assert await store.offer(offer, clock.now()) is None

    await moved(store, clock, first, replace(first, state=State.WITHDRAWN))
    assert await store.offer(offer, clock.now()) is not None


async def test_renting_again_as_often_as_wished(store: ActivationRows, clock: MovedClock) -> None:
    """Only swaps are limited to one each."""
    source = await waiting(store, clock)
    offer = replace(OFFER, kind=Kind.AGAIN, source_id=source.id)

    assert [Kind.AGAIN] * 2 == [(await offered(store, clock, offer)).offer.kind for _ in range(2)]


async def test_everything_comes_back(store: ActivationRows, clock: MovedClock) -> None:
    """What was recorded is read as it was."""
    before = await waiting(store, clock, card=CARD)
    after = replace(
        before,
        state=State.CODE_RECEIVED,
        changed_at=clock.move(1),
        number=replace(NUMBER, price=Decimal("0.123456")),
        waiting_since=clock.move(1),
        rounds=3,
        is_rearmed=False,
        is_refund_confirmed=True,
        is_before_owners=True,
        reason=NASTY,
    )
    await store.record(before, after, (), clock.now(), SMS)
    wish = StatusChange.COMPLETE
    await store.mark_change(before.id, wish, wish, is_accepted=True)
    await store.mark_shown(before.id, "a digest")
    await store.mark_asked(before.id, clock.move(1))

    assert replace(
        after,
        wish=StatusChange.COMPLETE,
        last_change=StatusChange.COMPLETE,
        is_change_accepted=True,
        older_sms=1,
        card_shown="a digest",
        asked_at=clock.now(),
        sms=(SMS,),
    ) == await store.get(before.id)


async def test_a_wish_ends_with_the_state(store: ActivationRows, clock: MovedClock) -> None:
    """What was wished for in one state is no wish in the next; in the same state it stays."""
    before = await waiting(store, clock)
    await store.mark_wish(before.id, StatusChange.CANCEL)
    await store.record(before, replace(before, is_rearmed=False), (), clock.now())
    same = await again(store, before)
    await store.record(same, replace(same, state=State.CODE_RECEIVED), (), clock.now(), SMS)

    assert StatusChange.CANCEL is same.wish
    assert (await again(store, before)).wish is None


async def test_a_change_ends_with_the_round(store: ActivationRows, clock: MovedClock) -> None:
    """What the provider was asked for outlives a state, and not the round."""
    before = await waiting(store, clock)
    cancel = StatusChange.CANCEL
    await store.mark_change(before.id, cancel, cancel, is_accepted=False)
    await store.mark_accepted(before.id, cancel)
    await store.record(before, replace(before, state=State.CODE_RECEIVED), (), clock.now())
    coded = await again(store, before)
    await store.record(coded, replace(coded, state=State.WAITING, rounds=2), (), clock.now())
    await store.mark_accepted(before.id, cancel)
    next_round = await again(store, before)

    assert (None, cancel, True) == (coded.wish, coded.last_change, coded.is_change_accepted)
    assert (None, False) == (next_round.last_change, next_round.is_change_accepted)


async def test_a_word_told(store: ActivationRows, notes: NoteRows, clock: MovedClock) -> None:
    """A status word is told once owners have a note of it."""
    draft = Draft(NoteKind.OWNER_WORD, 1000, None, {"word": "on_hold"})
    before = await store.is_word_told(draft.words)
    await notes.add([draft], clock.now())

    assert (False, True) == (before, await store.is_word_told(draft.words))
    assert not await store.is_word_told({"word": "paused"})


async def test_a_wish_taken_back(store: ActivationRows, clock: MovedClock) -> None:
    """A wish that was refused is none."""
    before = await waiting(store, clock)
    await store.mark_wish(before.id, StatusChange.CANCEL)
    await store.mark_wish(before.id, None)

    assert before == await store.get(before.id)


async def test_nobody(store: ActivationRows) -> None:
    """An id that does not exist is None."""
    assert await store.get(99) is None


async def test_begin(store: ActivationRows, clock: MovedClock) -> None:
    """The one step INTENT → RENTING: it forgets why it went back, and takes the card."""
    offer = await offered(store, clock)
    renting = await moved(store, clock, offer, replace(offer, state=State.RENTING))
    back = await moved(store, clock, renting, replace(renting, state=State.INTENT, reason="busy"))

    is_first = await store.begin(back, anything_goes, CARD, clock.move(5))

    assert is_first is True
    assert replace(
        back, state=State.RENTING, changed_at=clock.now(), reason="", card=CARD
    ) == await store.get(back.id)


@pytest.mark.parametrize("state", [state for state in State if state is not State.INTENT])
async def test_begin_only_from_intent(
    store: ActivationRows, clock: MovedClock, state: State
) -> None:
    """From any other state nothing begins, and nobody asks about limits."""
    before = await in_state(store, clock, state)

    is_first = await store.begin(before, refuse, CARD, clock.now())

    assert is_first is False
    assert before == await store.get(before.id)


def refuse(_usage: Usage) -> None:
    raise PermissionError


async def test_a_refused_check_takes_the_step_back(
    store: ActivationRows, clock: MovedClock
) -> None:
    """What the check raises leaves the offer as it was, without a card."""
    offer = await offered(store, clock)

    with pytest.raises(PermissionError):
        await store.begin(offer, refuse, CARD, clock.now())

    assert offer == await store.get(offer.id)


async def test_of_twenty_presses_one_begins(store: ActivationRows, clock: MovedClock) -> None:
    """However many presses come at once, exactly one wins."""
    offer = await offered(store, clock)

    won = await asyncio.gather(
        *(store.begin(offer, anything_goes, CARD, clock.now()) for _ in range(20))
    )

    assert [True] == [one for one in won if one]


async def usage_seen(store: ActivationRows, clock: MovedClock, offer: Activation) -> Usage:
    seen: list[Usage] = []
    await store.begin(offer, seen.append, None, clock.now())
    return seen[0]


async def test_the_check_counts_what_is_begun(store: ActivationRows, clock: MovedClock) -> None:
    """The check sees this person's numbers and spending, the new one included, nobody else's."""
    await waiting(store, clock)
    await waiting(store, clock, replace(OFFER, user_id=BOB))
    offer = await offered(store, clock, replace(OFFER, price=Decimal("0.45")))

    assert Usage(2, Decimal("1.00")) == await usage_seen(store, clock, offer)


@pytest.mark.parametrize("state", State)
async def test_what_counts_as_held(store: ActivationRows, clock: MovedClock, state: State) -> None:
    """A number in hand, one being ordered and an uncertain one count; all others do not."""
    await in_state(store, clock, state)

    usage = await usage_seen(store, clock, await offered(store, clock))

    assert (2 if state in HELD_STATES else 1) == usage.held


@pytest.mark.parametrize(("minutes", "held"), [(30, 2), (30.1, 1)])
async def test_an_uncertain_order_holds_for_a_while(
    store: ActivationRows, clock: MovedClock, minutes: float, held: int
) -> None:
    """Half an hour after it was lost, an order cannot hold a number any more."""
    await in_state(store, clock, State.UNCERTAIN)
    clock.move(minutes=minutes)

    usage = await usage_seen(store, clock, await offered(store, clock))

    assert held == usage.held


@pytest.mark.parametrize(
    ("state", "is_refund_confirmed", "is_spent"),
    [
        (State.INTENT, False, False),
        (State.WITHDRAWN, False, False),
        (State.REFUSED, False, False),
        (State.RENTING, False, True),
        (State.UNCERTAIN, False, True),
        (State.WAITING, False, True),
        (State.CODE_RECEIVED, False, True),
        (State.COMPLETED, False, True),
        (State.CANCELLED, True, False),
        (State.CANCELLED, False, True),
        (State.EXPIRED, True, False),
        (State.EXPIRED, False, True),
    ],
)
async def test_what_counts_as_spent(
    store: ActivationRows,
    clock: MovedClock,
    state: State,
    *,
    is_refund_confirmed: bool,
    is_spent: bool,
) -> None:
    """Money counts until it is known to be back."""
    before = await in_state(store, clock, state)
    await moved(store, clock, before, replace(before, is_refund_confirmed=is_refund_confirmed))

    usage = await usage_seen(store, clock, await offered(store, clock))

    assert (2 * PRICE if is_spent else PRICE) == usage.spent


async def test_spending_is_what_was_charged(store: ActivationRows, clock: MovedClock) -> None:
    """The price of the number counts, not the one offered."""
    await waiting(store, clock, number=replace(NUMBER, price=Decimal("0.40")))

    usage = await usage_seen(store, clock, await offered(store, clock))

    assert Decimal("0.95") == usage.spent


@pytest.mark.parametrize(
    ("hours", "spent"), [(24, 2 * PRICE), (24.01, PRICE)], ids=["within", "after"]
)
async def test_spending_counts_for_a_day(
    store: ActivationRows, clock: MovedClock, hours: float, spent: Decimal
) -> None:
    """Any 24 hours count; what is older does not, though it is still held."""
    await waiting(store, clock)
    clock.move(hours=hours)

    usage = await usage_seen(store, clock, await offered(store, clock))

    assert Usage(2, spent) == usage


@pytest.mark.parametrize(
    ("hours", "spent"), [(1, 2 * PRICE), (24, 2 * PRICE), (24.01, PRICE), (720, PRICE)]
)
async def test_spending_under_a_clock_that_was_ahead(
    store: ActivationRows, clock: MovedClock, hours: float, spent: Decimal
) -> None:
    """What was spent while the clock was far ahead does not count until that time is reached."""
    await waiting(store, clock)
    clock.step(hours=-hours)

    usage = await usage_seen(store, clock, await offered(store, clock))

    assert Usage(2, spent) == usage


@pytest.mark.parametrize(("minutes", "held"), [(29, 2), (31, 1)])
async def test_lost_orders_under_a_clock_that_was_ahead(
    store: ActivationRows, clock: MovedClock, minutes: float, held: int
) -> None:
    """An order lost while the clock was far ahead holds no number until that time is reached."""
    await in_state(store, clock, State.UNCERTAIN)
    clock.step(minutes=-minutes)

    usage = await usage_seen(store, clock, await offered(store, clock))

    assert held == usage.held


@pytest.mark.parametrize("before", State)
@pytest.mark.parametrize("after", State)
async def test_steps_keep_to_the_table(
    store: ActivationRows, clock: MovedClock, before: State, after: State
) -> None:
    """A step outside of the table is refused with an error and changes nothing."""
    activation = await in_state(store, clock, before)
    step = replace(activation, state=after)

    if after is before or after in TRANSITIONS[before]:
        assert await store.record(activation, step, (), clock.now()) is True
    else:
        with pytest.raises(ValueError, match=f"{before} cannot become {after}"):
            await store.record(activation, step, (), clock.now())

    assert (after if may_become(before, after) else before) is (
        await again(store, activation)
    ).state


async def test_a_stale_step_changes_nothing(
    store: ActivationRows, notes: NoteRows, clock: MovedClock
) -> None:
    """Of two who start from the same state the second finds the door closed."""
    before = await waiting(store, clock)
    cancelled = replace(before, state=State.CANCELLED)
    received = replace(before, state=State.CODE_RECEIVED)
    await store.record(before, cancelled, (), clock.now())

    is_written = await store.record(
        before, received, code_and_card(ANN, before.id), clock.now(), SMS
    )

    assert is_written is False
    assert cancelled == await store.get(before.id)
    assert await notes.claim_due(clock.now()) is None


async def test_a_step_of_an_earlier_round_changes_nothing(
    store: ActivationRows, clock: MovedClock
) -> None:
    """The same state in a later round is another state."""
    first = await waiting(store, clock)
    second = await moved(store, clock, first, replace(first, rounds=2))

    is_written = await store.record(first, replace(first, state=State.EXPIRED), (), clock.now())

    assert is_written is False
    assert second == await store.get(first.id)


async def test_an_sms_with_its_notes(
    store: ActivationRows, notes: NoteRows, clock: MovedClock
) -> None:
    """State, SMS and notes are one commit; the CODE note carries the SMS, the card does not."""
    before = await waiting(store, clock)
    after = replace(before, state=State.CODE_RECEIVED)
    await store.record(before, after, code_and_card(ANN, before.id), clock.now(), SMS)

    told = [await notes.claim_due(clock.now()) for _ in range(3)]
    assert [(NoteKind.CODE, SMS), (NoteKind.CARD, None)] == [
        (note.kind, note.sms) for note in told if note
    ]
    assert (SMS,) == (await again(store, before)).sms


async def test_a_known_sms_brings_nothing_twice(
    store: ActivationRows, notes: NoteRows, clock: MovedClock
) -> None:
    """The same SMS in the same round is neither kept nor told again, and moves nothing."""
    first = await waiting(store, clock)
    drafts = code_and_card(ANN, first.id)
    received = replace(first, state=State.CODE_RECEIVED)
    await store.record(first, received, drafts, clock.now(), SMS)
    back = await moved(store, clock, received, replace(received, state=State.WAITING))
    step = replace(back, state=State.CODE_RECEIVED, changed_at=clock.move(5))

    is_written = await store.record(back, step, drafts, clock.now(), SMS)

    assert is_written is False
    assert back == await store.get(first.id)
    assert 2 == len([n for _ in range(4) if (n := await notes.claim_due(clock.now()))])


HOUR = timedelta(hours=1)


async def test_the_same_text_in_the_next_round(store: ActivationRows, clock: MovedClock) -> None:
    """An equal SMS of a later round is another SMS."""
    first = await waiting(store, clock)
    received = replace(first, state=State.CODE_RECEIVED)
    await store.record(first, received, (), clock.now(), SMS)
    second = replace(received, state=State.WAITING, rounds=2)
    await store.record(received, second, (), clock.now())

    await store.record(second, replace(second, state=State.CODE_RECEIVED), (), clock.now(), SMS)

    assert (SMS, SMS) == (await again(store, first)).sms


async def test_many_looks_record_an_sms_once(
    store: ActivationRows, notes: NoteRows, clock: MovedClock
) -> None:
    """However many looks find the late SMS of an ended number at once, it is told once."""
    before = await ended(store, clock, State.EXPIRED)
    drafts = [Draft(NoteKind.CODE, ANN, before.id)]

    won = await asyncio.gather(
        *(store.record(before, before, drafts, clock.now(), SMS) for _ in range(10))
    )

    assert [True] == [one for one in won if one]
    assert 1 == len([n for _ in range(3) if (n := await notes.claim_due(clock.now()))])


async def test_sms_come_oldest_first(store: ActivationRows, clock: MovedClock) -> None:
    """The texts of a number are in the order in which they came."""
    before = await ended(store, clock, State.EXPIRED)
    for sms in (SMS, ANOTHER_SMS):
        await store.record(before, before, (), clock.now(), sms)

    assert (SMS, ANOTHER_SMS) == (await again(store, before)).sms


async def test_a_card_shows_one_activation(store: ActivationRows, clock: MovedClock) -> None:
    """Whoever had the message before has no card any more."""
    first = await waiting(store, clock, card=CARD)
    second = await waiting(store, clock)

    await store.place_card(second.id, CARD)

    assert [None, CARD] == [(await again(store, one)).card for one in (first, second)]


async def test_a_card_anew_shows_nothing_yet(store: ActivationRows, clock: MovedClock) -> None:
    """What an earlier message showed says nothing about the new one."""
    before = await waiting(store, clock, card=CARD)
    await store.mark_shown(before.id, "a digest")

    await store.place_card(before.id, Card(ANN, 18))

    assert "" == (await again(store, before)).card_shown


async def test_a_card_that_is_gone(store: ActivationRows, clock: MovedClock) -> None:
    """A message that was taken away is nobody's card, and no other card is lost with it."""
    first = await waiting(store, clock, card=CARD)
    second = await waiting(store, clock, card=Card(ANN, 18))

    await store.drop_card(CARD)

    assert [None, Card(ANN, 18)] == [(await again(store, one)).card for one in (first, second)]


async def test_the_same_message_id_in_two_chats(store: ActivationRows, clock: MovedClock) -> None:
    """Message numbers are a chat's own."""
    first = await waiting(store, clock, card=CARD)
    second = await waiting(store, clock, card=Card(BOB, CARD.message_id))

    assert [CARD, Card(BOB, CARD.message_id)] == [
        (await again(store, one)).card for one in (first, second)
    ]


async def test_in_states(store: ActivationRows, clock: MovedClock) -> None:
    """Everybody's rows in the given states, oldest first."""
    first = await waiting(store, clock)
    await ended(store, clock, State.EXPIRED)
    third = await waiting(store, clock, replace(OFFER, user_id=BOB))

    assert [first, third] == await store.in_states(OPEN_STATES)
    assert [] == await store.in_states(frozenset({State.UNCERTAIN}))


async def test_pages(store: ActivationRows, clock: MovedClock) -> None:
    """One person's rows, newest first, cut into pages; each row on one page."""
    mine = [await waiting(store, clock) for _ in range(5)]
    await waiting(store, clock, replace(OFFER, user_id=BOB))
    await offered(store, clock)

    pages = [await store.page_of(ANN, OPEN_STATES, offset, 2) for offset in (0, 2, 4, 6)]

    assert mine[::-1] == [activation for page in pages for activation in page]
    assert [2, 2, 1, 0] == [len(page) for page in pages]
    assert 5 == await store.count_of(ANN, OPEN_STATES)
    assert 0 == await store.count_of(ANN, frozenset({State.UNCERTAIN}))


async def test_ended_since(store: ActivationRows, clock: MovedClock) -> None:
    """What ended since then with a number, the moment itself included."""
    await ended(store, clock, State.EXPIRED)
    since = clock.move(10)
    second = await ended(store, clock, State.CANCELLED)
    await ended(store, clock, State.COMPLETED)
    third = await ended(store, clock, State.EXPIRED)

    assert [second, third] == await store.ended_since(since)


async def test_usage(store: ActivationRows, clock: MovedClock) -> None:
    """Rentals count by country and service, one's own tenfold; offers alone do not."""
    await waiting(store, clock)
    await ended(store, clock, State.CANCELLED, replace(OFFER, service_code="tg"))
    await waiting(store, clock, replace(OFFER, user_id=BOB, country_id="0"))
    await offered(store, clock, replace(OFFER, service_code="fb"))

    usage = await store.usage(ANN)

    assert {"country": {"187": 20, "0": 1}, "service": {"wa": 11, "tg": 10}} == usage


async def test_usage_was_counted_right(
    store: ActivationRows, database: Database, clock: MovedClock
) -> None:
    """What was counted as it happened is what the rows of an older file are counted to."""
    await ended(store, clock, State.CANCELLED, replace(OFFER, service_code="tg"))
    again = await waiting(store, clock)
    await moved(store, clock, again, replace(again, rounds=2))
    await in_state(store, clock, State.REFUSED)
    await waiting(store, clock, replace(OFFER, user_id=BOB, country_id="0"))

    everything = "select * from uses order by user_id, kind, ref"
    counted = [tuple(row) for row in await database.rows(everything)]
    await database.write("delete from uses")
    await database.write(COUNTED_SO_FAR)

    assert 9 == len(counted)
    assert counted == [tuple(row) for row in await database.rows(everything)]


async def test_usage_of_nobody(store: ActivationRows) -> None:
    """Before anything was rented there is nothing to count."""
    assert {"country": {}, "service": {}} == await store.usage(ANN)


async def test_a_restart_finds_everything(path: Path, clock: MovedClock) -> None:
    """Rows with their texts are the same after the process is gone."""
    async with Database.opened(path) as database:
        before = await waiting(ActivationRows(database), clock, card=CARD)
        after = replace(before, state=State.CODE_RECEIVED)
        await ActivationRows(database).record(before, after, (), clock.now(), SMS)

    async with Database.opened(path) as database:
        assert replace(after, sms=(SMS,)) == await ActivationRows(database).get(before.id)


async def test_what_is_not_money(store: ActivationRows, clock: MovedClock) -> None:
    """The tables refuse a price below zero."""
    offer = replace(OFFER, price=Decimal("-0.01"))

    assert await store.offer(offer, clock.now()) is None


async def test_begun_has_no_number_yet(store: ActivationRows, clock: MovedClock) -> None:
    """A RENTING row knows its offer and nothing more."""
    renting = await begun(store, clock)

    assert (State.RENTING, None, None) == (renting.state, renting.number, renting.card)
