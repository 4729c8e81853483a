"""People as rows, and the notes that their admission brings."""

from datetime import timedelta
from pathlib import Path

import pytest

from activations.model import HELD_STATES, State
from activations.notes import Note, NoteKind
from people.model import Person, Standing
from storage.activations import ActivationRows
from storage.database import Database
from storage.notes import NoteRows
from storage.users import UserRows
from tests.made_up import ANN, BOB, NASTY, OLGA
from tests.moved_clock import MovedClock
from tests.storage.rows import in_state, waiting

HOUR = timedelta(hours=1)
OWNERS = frozenset({OLGA, 999})


async def told(notes: NoteRows, clock: MovedClock) -> list[Note]:
    return [note for _ in range(5) if (note := await notes.claim_due(clock.now()))]


async def test_meeting(users: UserRows) -> None:
    """Whoever comes for the first time is new."""
    assert Person(ANN, NASTY, Standing.NEW) == await users.meet(ANN, NASTY)


async def test_meeting_again(users: UserRows) -> None:
    """A new name is remembered, the standing stays."""
    await users.meet(ANN, "Ann")
    await users.decide(ANN, Standing.LET_IN)

    assert Person(ANN, "Anna", Standing.LET_IN) == await users.meet(ANN, "Anna")
    assert Person(ANN, "Anna", Standing.LET_IN) == await users.meet(ANN, "Anna")


async def test_a_decision_shows_at_the_next_press(users: UserRows) -> None:
    """Whoever was met before is let in, and shut out, from the decision on."""
    seen = []
    for standing in (Standing.LET_IN, Standing.TURNED_AWAY):
        await users.meet(ANN, "Ann")
        await users.decide(ANN, standing)
        seen.append((await users.meet(ANN, "Ann")).standing)

    assert [Standing.LET_IN, Standing.TURNED_AWAY] == seen


async def test_more_people_than_are_remembered(
    users: UserRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of many people those who came last are remembered; the others are read again."""
    monkeypatch.setattr("storage.users.MOST_REMEMBERED", 2)
    for user_id in (ANN, BOB, OLGA):
        await users.meet(user_id, "x")
    await users.decide(ANN, Standing.LET_IN)

    assert Person(ANN, "x", Standing.LET_IN) == await users.meet(ANN, "x")
    assert 2 == len(users._met)  # what it costs is seen from nowhere else


async def test_owners_are_asked_once(users: UserRows, notes: NoteRows, clock: MovedClock) -> None:
    """The first knock brings each owner a note with id and name, later ones nothing."""
    await users.meet(ANN, NASTY)

    asked = [await users.ask_owners(ANN, OWNERS) for _ in range(2)]

    words = {"user_id": str(ANN), "name": NASTY}
    assert [True, False] == asked
    assert [(NoteKind.OWNER_ACCESS, 999, words), (NoteKind.OWNER_ACCESS, OLGA, words)] == [
        (note.kind, note.user_id, note.words) for note in await told(notes, clock)
    ]
    assert Standing.ASKED is (await users.meet(ANN, NASTY)).standing


async def test_nobody_knocks(users: UserRows, notes: NoteRows, clock: MovedClock) -> None:
    """About somebody who was never met nobody is asked."""
    assert await users.ask_owners(ANN, OWNERS) is False
    assert [] == await told(notes, clock)


async def test_letting_in_is_told_once(users: UserRows, notes: NoteRows, clock: MovedClock) -> None:
    """Somebody newly let in hears of it; a second decision of the same kind is silent."""
    await users.meet(ANN, "Ann")

    people = [await users.decide(ANN, Standing.LET_IN) for _ in range(2)]

    assert [Person(ANN, "Ann", Standing.LET_IN)] * 2 == people
    assert [(NoteKind.LET_IN, ANN)] == [
        (note.kind, note.user_id) for note in await told(notes, clock)
    ]


@pytest.mark.parametrize("is_holding", [False, True])
async def test_turning_away_is_told_once(
    users: UserRows, store: ActivationRows, notes: NoteRows, clock: MovedClock, *, is_holding: bool
) -> None:
    """A person who is refused or removed hears of it, and of a number that stays theirs."""
    await users.meet(ANN, "Ann")
    if is_holding:
        await waiting(store, clock)

    people = [await users.decide(ANN, Standing.TURNED_AWAY) for _ in range(2)]

    words = {"holds_numbers": "yes"} if is_holding else {}
    assert [Person(ANN, "Ann", Standing.TURNED_AWAY)] * 2 == people
    assert [(NoteKind.TURNED_AWAY, ANN, words)] == [
        (note.kind, note.user_id, note.words) for note in await told(notes, clock)
    ]


async def test_other_decisions_are_not_told(
    users: UserRows, notes: NoteRows, clock: MovedClock
) -> None:
    """Only letting in and turning away mean something to the person."""
    await users.meet(ANN, "Ann")

    assert Person(ANN, "Ann", Standing.ASKED) == await users.decide(ANN, Standing.ASKED)
    assert [] == await told(notes, clock)


@pytest.mark.parametrize("state", State)
async def test_numbers_held(
    users: UserRows, store: ActivationRows, clock: MovedClock, state: State
) -> None:
    """A person holds what is open, what is being rented and what may have been rented."""
    await in_state(store, clock, state)

    assert (state in HELD_STATES) is await users.holds_numbers(ANN)
    assert await users.holds_numbers(BOB) is False


@pytest.mark.parametrize("standing", Standing)
async def test_deciding_about_a_stranger(users: UserRows, standing: Standing) -> None:
    """Nobody decides about somebody who was never met."""
    assert await users.decide(ANN, standing) is None


async def test_people_of_a_standing(users: UserRows, clock: MovedClock) -> None:
    """Those of one standing, newest first."""
    for user_id in (ANN, BOB, OLGA):
        await users.meet(user_id, "x")
        clock.move(1)
    await users.decide(BOB, Standing.LET_IN)

    assert [OLGA, ANN] == [person.user_id for person in await users.with_standing(Standing.NEW)]
    assert [] == await users.with_standing(Standing.TURNED_AWAY)


@pytest.mark.parametrize(
    ("wanted", "known"),
    [({ANN, BOB}, {ANN}), (set(), set()), ({BOB}, set())],
    ids=["some", "nobody asked for", "strangers"],
)
async def test_known_among(users: UserRows, wanted: set[int], known: set[int]) -> None:
    """Of the given people those who have written before."""
    await users.meet(ANN, "Ann")

    assert known == await users.known_among(frozenset(wanted))


async def test_a_restart_remembers_people(path: Path, clock: MovedClock) -> None:
    """Who was let in stays in."""
    async with Database.opened(path) as database:
        await UserRows(database, clock).meet(ANN, "Ann")
        await UserRows(database, clock).decide(ANN, Standing.LET_IN)

    async with Database.opened(path) as database:
        assert Standing.LET_IN is (await UserRows(database, clock).meet(ANN, "Ann")).standing
