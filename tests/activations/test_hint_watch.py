"""Are hints to be relied on? Only as long as every code has one."""

from dataclasses import replace
from datetime import timedelta

import pytest

from activations.hint_watch import HintWatch
from activations.notes import NoteKind
from tests.activations.shop import OWNERS, Shop
from tests.made_up import NUMBER, WAITING
from tests.moved_clock import MovedClock


@pytest.fixture
def watch(shop: Shop) -> HintWatch:
    return shop.watch


class Codes:
    """Codes that come one after another, each for a number of its own."""

    def __init__(self, watch: HintWatch, clock: MovedClock) -> None:
        self._watch = watch
        self._clock = clock
        self._count = 0

    async def come(self, pattern: str) -> bool:
        """h: its hint came before it, l: a little later, -: never. Whether hints are reliable."""
        for one in pattern:
            self._count += 1
            number = replace(NUMBER, provider_id=str(self._count))
            if one == "h":
                self._watch.came(number.provider_id)
            self._watch.code_seen(replace(WAITING, number=number), timedelta(seconds=60))
            await self._watch.run_pass()
            self._clock.move(5)
            if one == "l":
                self._watch.came(number.provider_id)
            await self._watch.run_pass()
            self._clock.move(6)
            await self._watch.run_pass()
        return self._watch.is_reliable


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("", False), ("hh", False), ("hhh", True), ("lll", True), ("hhh-", False),
        ("hhh-hh", False), ("hhh-hhh", True), ("---", False),
    ],
)  # fmt: skip
async def test_three_codes_in_a_row(
    watch: HintWatch, clock: MovedClock, pattern: str, *, expected: bool
) -> None:
    """Three codes in a row with a hint make them reliable, one without undoes it at once."""
    assert expected is await Codes(watch, clock).come(pattern)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("hhh-hhh-", []), ("hhh--", ["missing"]), ("hhh-----", ["missing"]), ("--", ["missing"]),
        ("--hh", ["missing"]), ("--hhh", ["missing", "back"]),
        ("--hhh--", ["missing", "back", "missing"]),
    ],
)  # fmt: skip
async def test_owners_are_told_once_a_change(
    shop: Shop, clock: MovedClock, pattern: str, expected: list[str]
) -> None:
    """Two codes in a row without a hint are told to each owner, and so is the end of that."""
    await Codes(shop.watch, clock).come(pattern)

    told = [note for note in await shop.told() if note.kind is NoteKind.OWNER_HINTS]
    told.sort(key=lambda note: note.id)
    assert OWNERS == {note.user_id for note in told} or not expected
    assert expected == [note.words["condition"] for note in told if note.user_id == min(OWNERS)]


async def test_a_hint_of_an_earlier_round(shop: Shop, clock: MovedClock) -> None:
    """The hint of a number's first code is none for its second."""
    for _ in range(3):
        shop.watch.came(NUMBER.provider_id)
        shop.watch.code_seen(WAITING, timedelta(seconds=60))
        await shop.watch.run_pass()
    clock.move(60)
    shop.watch.code_seen(WAITING, timedelta())
    clock.move(11)
    await shop.watch.run_pass()

    assert not shop.watch.is_reliable


async def test_without_a_webhook(shop: Shop, clock: MovedClock) -> None:
    """Where no webhook is set up none is missed, and nobody hears of it."""
    watch = HintWatch(shop.notes, clock, OWNERS, is_expected=False)

    assert await Codes(watch, clock).come("hhh---") is False
    assert [] == await shop.told()


async def test_only_so_many_are_remembered(watch: HintWatch, clock: MovedClock) -> None:
    """A flood of hints takes no more memory than a few thousand do."""
    for number in range(20_000):
        watch.came(str(number))

    assert 5_000 == len(watch._came_at)  # what it keeps cannot be seen from outside
