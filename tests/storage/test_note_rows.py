"""Notes as rows: claimed by one, settled by what became of them, kept over a restart."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from activations.model import State
from activations.notes import Delivery, Draft, Note, NoteKind, Outcome, code_and_card
from storage.activations import ActivationRows
from storage.database import Database
from storage.notes import NoteRows
from tests.made_up import ANN, BOB, NASTY, OLGA, SMS
from tests.moved_clock import MovedClock
from tests.storage.rows import waiting

NOW = timedelta()
NEWS = Draft(NoteKind.LET_IN, ANN)


async def claimed(notes: NoteRows, clock: MovedClock) -> Note:
    note = await notes.claim_due(clock.now())
    if note is None:
        raise AssertionError("nothing was due")
    return note


async def nothing_due(notes: NoteRows, clock: MovedClock) -> bool:
    return await notes.claim_due(clock.now()) is None


async def test_a_note_comes_back_as_it_was(notes: NoteRows, clock: MovedClock) -> None:
    """Kind, person and words are kept to the letter; this is the first attempt."""
    await notes.add([Draft(NoteKind.OWNER_ACCESS, OLGA, None, {"name": NASTY})], clock.now())

    assert Note(
        1, NoteKind.OWNER_ACCESS, OLGA, None, None, {"name": NASTY}, 1, clock.now()
    ) == await claimed(notes, clock)


async def test_nothing_is_due(notes: NoteRows, clock: MovedClock) -> None:
    """Without notes there is none to take."""
    assert await nothing_due(notes, clock)


async def test_a_clock_that_was_set_back(notes: NoteRows, clock: MovedClock) -> None:
    """What was noted while the clock was two hours ahead is due at once when it is right again."""
    clock.step(hours=2)
    await notes.add([NEWS], clock.now())
    clock.step(hours=-2)

    assert 1 == (await claimed(notes, clock)).id


async def test_a_delay_in_a_clock_that_was_set_back(notes: NoteRows, clock: MovedClock) -> None:
    """A note that is to wait waits as long as it was to, at most."""
    await notes.add([NEWS], clock.now())
    clock.step(hours=2)
    note = await claimed(notes, clock)
    await notes.settle(note, Delivery(Outcome.LATER), clock.now(), timedelta(seconds=35))
    waits = await nothing_due(notes, clock)
    clock.step(hours=-2)

    assert (True, 2) == (waits, (await claimed(notes, clock)).attempts)


async def test_codes_before_news_before_cards(
    notes: NoteRows, store: ActivationRows, clock: MovedClock
) -> None:
    """The most urgent goes first, among equals the one that is due longest."""
    number = await waiting(store, clock)
    await notes.add([Draft(NoteKind.CARD, ANN, number.id)], clock.now())
    await notes.add([Draft(NoteKind.OWNER_FUNDS, OLGA), NEWS], clock.move(1))
    after = replace(number, state=State.CODE_RECEIVED)
    await store.record(number, after, code_and_card(ANN, number.id), clock.move(1), SMS)

    order = [(await claimed(notes, clock)).kind for _ in range(5)]

    assert [
        NoteKind.CODE,
        NoteKind.OWNER_FUNDS,
        NoteKind.LET_IN,
        NoteKind.CARD,
        NoteKind.CARD,
    ] == order


async def test_codes_only(notes: NoteRows, store: ActivationRows, clock: MovedClock) -> None:
    """Whoever asks for codes alone is given no news and no card, however long they are due."""
    number = await waiting(store, clock)
    await notes.add([NEWS, Draft(NoteKind.CARD, ANN, number.id)], clock.now())
    after = replace(number, state=State.CODE_RECEIVED)
    await store.record(number, after, code_and_card(ANN, number.id), clock.move(1), SMS)

    first = await notes.claim_due(clock.now(), codes_only=True)
    second = await notes.claim_due(clock.now(), codes_only=True)

    assert NoteKind.CODE is (first and first.kind)
    assert second is None


async def test_a_claim_is_for_one(notes: NoteRows, clock: MovedClock) -> None:
    """Of many who ask at once each note goes to exactly one."""
    await notes.add([NEWS] * 5, clock.now())

    taken = await asyncio.gather(*(notes.claim_due(clock.now()) for _ in range(20)))

    assert [1, 2, 3, 4, 5] == sorted(note.id for note in taken if note)


async def test_a_claim_does_not_lapse_by_the_clock(notes: NoteRows, clock: MovedClock) -> None:
    """A claim holds until it is released, whatever the clock says."""
    await notes.add([NEWS, NEWS], clock.now())
    first = await claimed(notes, clock)
    await claimed(notes, clock)
    clock.step(days=30)
    before = await nothing_due(notes, clock)
    clock.step(days=-60)
    before &= await nothing_due(notes, clock)
    await notes.release_claims(clock.now(), first.id)

    assert (True, 1, 2) == (before, (again := await claimed(notes, clock)).id, again.attempts)
    assert await nothing_due(notes, clock)


async def test_a_released_claim_settles_nothing(notes: NoteRows, clock: MovedClock) -> None:
    """What was claimed again and sent meanwhile is not sent again."""
    await notes.add([NEWS], clock.now())
    late = await claimed(notes, clock)
    await notes.release_claims(clock.now(), late.id)
    await notes.settle(await claimed(notes, clock), Delivery(Outcome.SENT), clock.now(), NOW)
    await notes.settle(late, Delivery(Outcome.LATER), clock.now(), NOW)

    assert await nothing_due(notes, clock)


async def test_one_persons_notes(notes: NoteRows, clock: MovedClock) -> None:
    """Asked for one person, only that person's notes are taken."""
    await notes.add([Draft(NoteKind.LET_IN, BOB), NEWS], clock.now())

    first = await notes.claim_due(clock.now(), ANN)
    second = await notes.claim_due(clock.now(), ANN)

    assert (2, ANN) == (first and first.id, first and first.user_id)
    assert second is None
    assert BOB == (await claimed(notes, clock)).user_id


@pytest.mark.parametrize("outcome", [Outcome.SENT, Outcome.PARKED, Outcome.DEAD])
async def test_settled_for_good(notes: NoteRows, clock: MovedClock, outcome: Outcome) -> None:
    """What was sent, parked or dead does not come up by itself."""
    await notes.add([NEWS], clock.now())
    await notes.settle(await claimed(notes, clock), Delivery(outcome), clock.now(), NOW)
    clock.move(days=365)

    assert await nothing_due(notes, clock)


async def test_settled_for_later(notes: NoteRows, clock: MovedClock) -> None:
    """A note to be tried later is due at that time, not before."""
    await notes.add([NEWS], clock.now())
    delay = timedelta(seconds=35)
    await notes.settle(await claimed(notes, clock), Delivery(Outcome.LATER), clock.now(), delay)

    clock.move(34.9)
    before = await nothing_due(notes, clock)
    clock.move(0.1)

    assert (True, 2) == (before, (await claimed(notes, clock)).attempts)


async def test_parked_notes_wait_for_their_person(notes: NoteRows, clock: MovedClock) -> None:
    """When a person writes again, their parked notes are due, and nobody else's."""
    await notes.add([NEWS, Draft(NoteKind.LET_IN, BOB)], clock.now())
    for _ in range(2):
        await notes.settle(await claimed(notes, clock), Delivery(Outcome.PARKED), clock.now(), NOW)

    await notes.unpark(ANN, clock.move(60))

    assert ANN == (await claimed(notes, clock)).user_id
    assert await nothing_due(notes, clock)


@pytest.mark.parametrize("outcome", [Outcome.SENT, Outcome.DEAD])
async def test_only_parked_notes_come_back(
    notes: NoteRows, clock: MovedClock, outcome: Outcome
) -> None:
    """What is done is not told again because somebody writes."""
    await notes.add([NEWS], clock.now())
    await notes.settle(await claimed(notes, clock), Delivery(outcome), clock.now(), NOW)

    await notes.unpark(ANN, clock.now())

    assert await nothing_due(notes, clock)


async def test_a_claim_outlives_nobody(path: Path, clock: MovedClock) -> None:
    """What a process that was killed had claimed is due at the next start."""
    async with Database.opened(path) as database:
        await NoteRows(database).add([NEWS, NEWS], clock.now())
        first = await claimed(NoteRows(database), clock)
        await NoteRows(database).settle(first, Delivery(Outcome.SENT), clock.now(), NOW)
        await claimed(NoteRows(database), clock)

    async with Database.opened(path) as database:
        await NoteRows(database).release_claims(clock.now())
        note = await claimed(NoteRows(database), clock)
        assert (2, 2) == (note.id, note.attempts)
        assert await nothing_due(NoteRows(database), clock)


async def test_a_code_note_has_its_own_sms(
    notes: NoteRows, store: ActivationRows, clock: MovedClock
) -> None:
    """A CODE without an SMS in the same commit has none."""
    number = await waiting(store, clock)
    await notes.add([Draft(NoteKind.CODE, ANN, number.id)], clock.now())

    assert (await claimed(notes, clock)).sms is None


async def test_pieces_that_are_sent(notes: NoteRows, clock: MovedClock) -> None:
    """How many pieces Telegram has outlives the claim."""
    await notes.add([NEWS], clock.now())
    first = await claimed(notes, clock)
    await notes.mark_pieces(first, 2)
    await notes.release_claims(clock.now(), first.id)

    assert (0, 2) == (first.pieces_sent, (await claimed(notes, clock)).pieces_sent)
