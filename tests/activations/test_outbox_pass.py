"""The outbox: claim, deliver, settle; at least once, most urgent first."""

import asyncio
from collections import deque
from datetime import timedelta

import pytest

from activations.model import Activation
from activations.notes import Delivery, Draft, Note, NoteKind, Outcome, card
from activations.outbox import OutboxPass
from tests.activations.shop import Shop
from tests.made_up import ANN, OLGA
from tests.moved_clock import MovedClock

SENT = Delivery(Outcome.SENT)


class Courier:
    """Meets the business's Messenger: what becomes of each delivery is said beforehand."""

    def __init__(self) -> None:
        self.ends: deque[Delivery | BaseException] = deque()
        self.may_end = asyncio.Event()
        self.may_end.set()
        self.carried: list[tuple[Note, Activation | None]] = []
        self.clock: MovedClock | None = None
        self.takes_s = 0.0

    async def deliver(self, note: Note, activation: Activation | None) -> Delivery:
        self.carried.append((note, activation))
        await asyncio.sleep(0)
        await self.may_end.wait()
        if self.clock:
            self.clock.move(self.takes_s)
        end = self.ends.popleft() if self.ends else SENT
        if isinstance(end, BaseException):
            raise end
        return end

    @property
    def attempts(self) -> list[int]:
        return [note.attempts for note, _ in self.carried]


@pytest.fixture
def courier() -> Courier:
    return Courier()


@pytest.fixture
def outbox(shop: Shop, courier: Courier, clock: MovedClock) -> OutboxPass:
    return OutboxPass(shop.notes, shop.store, courier, clock)


async def test_everything_due_is_delivered(
    shop: Shop, outbox: OutboxPass, courier: Courier, clock: MovedClock
) -> None:
    """One pass empties the box, most urgent first, and each note with its activation."""
    number = await shop.waiting()
    await shop.notes.add(
        [card(ANN, number.id), Draft(NoteKind.LET_IN, ANN), Draft(NoteKind.OWNER_FUNDS, OLGA)],
        clock.now(),
    )

    await outbox.run_pass()
    await outbox.run_pass()

    assert [
        (NoteKind.LET_IN, None),
        (NoteKind.OWNER_FUNDS, None),
        (NoteKind.CARD, number),
    ] == [(note.kind, activation) for note, activation in courier.carried]


@pytest.mark.parametrize("outcome", [Outcome.SENT, Outcome.DEAD, Outcome.PARKED])
async def test_settled(
    shop: Shop, outbox: OutboxPass, courier: Courier, clock: MovedClock, outcome: Outcome
) -> None:
    """What was sent, can never be, or must wait for its person is not tried again."""
    await shop.notes.add([Draft(NoteKind.LET_IN, ANN)], clock.now())
    courier.ends.append(Delivery(outcome))

    await outbox.run_pass()
    clock.move(days=1)
    await outbox.run_pass()

    assert [1] == courier.attempts


@pytest.mark.parametrize(
    "end",
    [Delivery(Outcome.LATER), OSError("network"), RuntimeError("surprise")],
    ids=["later", "network", "surprise"],
)
async def test_tried_again_more_and_more_rarely(
    shop: Shop,
    outbox: OutboxPass,
    courier: Courier,
    clock: MovedClock,
    end: Delivery | Exception,
) -> None:
    """A delivery that fails, also with a surprise, comes again after 1, 2, 4 … at most 60 s."""
    await shop.notes.add([Draft(NoteKind.LET_IN, ANN)], clock.now())
    courier.ends.extend([end] * 9)
    waits = []
    for attempt in range(1, 10):
        waited = 0
        while len(courier.carried) < attempt:
            await outbox.run_pass()
            waited += 1
            clock.move(1)
        waits.append(waited - 1)

    assert [0, 0, 1, 3, 7, 15, 31, 59, 59] == waits


async def test_as_late_as_telegram_asks(
    shop: Shop, outbox: OutboxPass, courier: Courier, clock: MovedClock
) -> None:
    """A delay that was asked for is kept exactly."""
    await shop.notes.add([Draft(NoteKind.LET_IN, ANN)], clock.now())
    courier.ends.append(Delivery(Outcome.LATER, 35.5))

    await outbox.run_pass()
    clock.move(35.4)
    await outbox.run_pass()
    before = list(courier.attempts)
    clock.move(0.1)
    await outbox.run_pass()

    assert ([1], [1, 2]) == (before, courier.attempts)


async def test_one_that_fails_does_not_stop_the_others(
    shop: Shop, outbox: OutboxPass, courier: Courier, clock: MovedClock
) -> None:
    """The rest of the box is delivered."""
    await shop.notes.add([Draft(NoteKind.LET_IN, user_id) for user_id in (1, 2, 3)], clock.now())
    courier.ends.append(RuntimeError("surprise"))

    await outbox.run_pass()

    assert [1, 2, 3] == [note.user_id for note, _ in courier.carried]


async def test_two_passes_at_once(
    shop: Shop, outbox: OutboxPass, courier: Courier, clock: MovedClock
) -> None:
    """Passes that overlap deliver each note once."""
    await shop.notes.add([Draft(NoteKind.LET_IN, number) for number in range(10)], clock.now())

    await asyncio.gather(*(outbox.run_pass() for _ in range(4)))

    assert list(range(10)) == sorted(note.user_id for note, _ in courier.carried)


async def test_a_pass_that_is_cut_off(
    shop: Shop, outbox: OutboxPass, courier: Courier, clock: MovedClock
) -> None:
    """What was claimed and not settled is delivered a minute or two later, whatever the clock."""
    await shop.notes.add([Draft(NoteKind.LET_IN, ANN)], clock.now())
    courier.ends.append(asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError):
        await outbox.run_pass()

    clock.step(days=1)
    for _ in range(2):
        clock.move(60)
        before = list(courier.attempts)
        await outbox.run_pass()

    assert ([1], [1, 2]) == (before, courier.attempts)


@pytest.mark.parametrize(("each_s", "carried"), [(0.1, 20), (1.0, 2), (60.0, 1)])
async def test_a_round_ends(
    shop: Shop,
    outbox: OutboxPass,
    courier: Courier,
    clock: MovedClock,
    each_s: float,
    carried: int,
) -> None:
    """However much is due, a round ends after two seconds; the next one goes on."""
    await shop.notes.add([Draft(NoteKind.LET_IN, ANN)] * 30, clock.now())
    courier.clock, courier.takes_s = clock, each_s
    await outbox.run_pass()
    first = len(courier.carried)
    await outbox.run_pass()

    assert carried == first < len(courier.carried)


async def test_telegram_cannot_hold_a_note_for_ever(
    shop: Shop, outbox: OutboxPass, courier: Courier, clock: MovedClock
) -> None:
    """However long a wait Telegram names, the note is tried again after a day."""
    await shop.notes.add([Draft(NoteKind.LET_IN, ANN)], clock.now())
    courier.ends.append(Delivery(Outcome.LATER, 1e12))
    await outbox.run_pass()
    clock.move(hours=23.9)
    await outbox.run_pass()
    before = list(courier.attempts)
    clock.move(hours=0.1)
    await outbox.run_pass()

    assert ([1], [1, 2]) == (before, courier.attempts)


async def test_what_is_in_hand_is_not_taken_again(
    shop: Shop, outbox: OutboxPass, courier: Courier, clock: MovedClock
) -> None:
    """A slow delivery is the only one of its note, however long it takes."""
    await shop.notes.add([Draft(NoteKind.LET_IN, ANN)], clock.now())
    courier.may_end.clear()
    slow = asyncio.create_task(outbox.run_pass())
    while not courier.carried:
        await asyncio.sleep(0)
    for _ in range(4):
        clock.move(600)
        await outbox.run_pass()
    courier.may_end.set()
    await slow

    assert [1] == courier.attempts


async def test_a_failure_is_logged_without_words(
    shop: Shop,
    outbox: OutboxPass,
    courier: Courier,
    clock: MovedClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The log knows the note by its number, not by what it says."""
    await shop.notes.add([Draft(NoteKind.OWNER_ACCESS, OLGA, None, {"name": "Eve"})], clock.now())
    courier.ends.append(RuntimeError("surprise"))

    await outbox.run_pass()

    assert "note 1 (owner_access) could not be delivered" in caplog.text
    assert "Eve" not in caplog.text


class Scale:
    """Meets the business's Meters."""

    def __init__(self) -> None:
        self.settled: list[tuple[NoteKind, Outcome]] = []
        self.told: list[tuple[timedelta | None, timedelta]] = []

    def code_told(self, age: timedelta | None, took: timedelta) -> None:
        self.told.append((age, took))

    def note_settled(self, kind: NoteKind, outcome: Outcome) -> None:
        self.settled.append((kind, outcome))

    def update_handled(self, took_s: float) -> None:
        raise AssertionError(took_s)


async def test_codes_are_measured(shop: Shop, courier: Courier, clock: MovedClock) -> None:
    """From the wait to the code, and from there until it was accepted; every try counts once."""
    scale = Scale()
    outbox = OutboxPass(shop.notes, shop.store, courier, clock, scale)
    number = await shop.waiting()
    clock.move(20)
    await shop.notes.add([Draft(NoteKind.CODE, ANN, number.id)], clock.now())
    courier.ends.append(Delivery(Outcome.LATER, retry_after_s=2))
    await outbox.run_pass()
    clock.move(3)
    await outbox.run_pass()

    assert [(NoteKind.CODE, Outcome.LATER), (NoteKind.CODE, Outcome.SENT)] == scale.settled
    assert [(timedelta(seconds=20), timedelta(seconds=3))] == scale.told


async def test_a_later_round_is_not_measured(
    shop: Shop, courier: Courier, clock: MovedClock
) -> None:
    """A wait that began after the code was learned says nothing about that code."""
    scale = Scale()
    outbox = OutboxPass(shop.notes, shop.store, courier, clock, scale)
    learned_at = clock.now()
    clock.move(5)
    number = await shop.waiting()
    await shop.notes.add([Draft(NoteKind.CODE, ANN, number.id)], learned_at)
    await outbox.run_pass()

    assert [(None, timedelta(seconds=5))] == scale.told
