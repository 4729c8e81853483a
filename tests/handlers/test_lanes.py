"""One person's updates are handled in order, different people's at once, each update once."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest
from telegram import Update

from activations.meters import NoMeters
from handlers import lanes as lanes_module
from handlers import texts
from handlers.inbox import Inbox
from handlers.lanes import PersonLanes, person_asking
from handlers.presses import Presses
from sandbox.person import Person
from sandbox.telegram_server import TelegramServer
from storage.database import Database
from storage.updates import UpdateRows
from tests.handlers.post import Post
from tests.moved_clock import MovedClock

ANSWER = "answerCallbackQuery"


class Counter:
    """Where updates are handled: it notes who came and went, and holds up whom it is told to."""

    def __init__(self, lanes: PersonLanes) -> None:
        self.lanes = lanes
        self.log: list[str] = []
        self.doors: dict[str, asyncio.Event] = {}
        self.came = asyncio.Condition()
        self.tasks: list[asyncio.Task[None]] = []

    def holds_up(self, *names: str) -> None:
        for name in names:
            self.doors[name] = asyncio.Event()

    def takes(self, name: str, update: object) -> asyncio.Task[None]:
        """Hand an update to the lanes, as the library does."""
        task = asyncio.create_task(self.lanes.do_process_update(update, self._handle(name)))
        self.tasks.append(task)
        return task

    async def has_begun(self, *names: str) -> None:
        async with asyncio.timeout(5), self.came:
            await self.came.wait_for(lambda: {f"+{name}" for name in names} <= set(self.log))

    async def _handle(self, name: str) -> None:
        self.log.append(f"+{name}")
        async with self.came:
            self.came.notify_all()
        if name in self.doors:
            await self.doors[name].wait()
        self.log.append(f"-{name}")


@pytest.fixture
def lanes(presses: Presses, inbox: Inbox) -> PersonLanes:
    return PersonLanes(presses, inbox)


@pytest.fixture
async def counter(lanes: PersonLanes) -> AsyncIterator[Counter]:
    counter = Counter(lanes)
    yield counter
    for task in counter.tasks:
        task.cancel()
    await asyncio.gather(*counter.tasks, return_exceptions=True)


def answered(person: Person) -> list[bool]:
    return [press.answer is not None for press in person.presses_made]


async def test_one_person_in_order(post: Post, counter: Counter, ann: Person) -> None:
    """What a person says and presses is handled one after the other."""
    counter.holds_up("1")
    updates = [await post.said(ann), await post.said(ann), await post.said(ann)]
    for number, update in enumerate(updates, 1):
        counter.takes(str(number), update)
    await counter.has_begun("1")
    during = list(counter.log)
    counter.doors["1"].set()
    await asyncio.gather(*counter.tasks)

    assert ["+1"] == during
    assert ["+1", "-1", "+2", "-2", "+3", "-3"] == counter.log


async def test_others_are_not_held_up(
    post: Post, counter: Counter, ann: Person, bob: Person
) -> None:
    """While one person's update takes its time, another's is handled."""
    counter.holds_up("ann")
    counter.takes("ann", await post.said(ann))
    await counter.has_begun("ann")

    await counter.takes("bob", await post.said(bob))

    assert ["+ann", "+bob", "-bob"] == counter.log


async def test_thirty_taps_hold_nobody_up(
    post: Post, counter: Counter, lanes: PersonLanes, ann: Person, bob: Person
) -> None:
    """However many updates of one person wait, there is room for the next person's."""
    counter.holds_up("0")
    for number in range(30):
        counter.takes(str(number), await post.said(ann))
    await counter.has_begun("0")

    await asyncio.wait_for(counter.takes("bob", await post.said(bob)), 5)

    assert ["+0", "+bob", "-bob"] == counter.log
    assert 300 < lanes.max_concurrent_updates


async def test_endless_taps(
    post: Post, counter: Counter, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond what a person can mean, presses are answered and dropped, and the rest goes on."""
    monkeypatch.setattr(lanes_module, "MOST_WAITING", 2)  # forty presses take too long
    counter.holds_up("1")
    counter.takes("1", await post.said(ann))
    await counter.has_begun("1")
    counter.takes("2", await post.said(ann))
    await counter.takes("3", await post.pressed(ann))
    counter.doors["1"].set()
    await asyncio.gather(*counter.tasks)

    assert ["+1", "-1", "+2", "-2"] == counter.log
    assert ann.last_press.answer
    assert ann.last_press.answer.text


async def test_endless_messages(
    post: Post, counter: Counter, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages beyond that are dropped, and their person is told so, once for all of them."""
    monkeypatch.setattr(lanes_module, "MOST_WAITING", 1)
    counter.holds_up("1")
    counter.takes("1", await post.said(ann))
    await counter.has_begun("1")
    for name in ("2", "3"):
        await counter.takes(name, await post.said(ann))
    counter.doors["1"].set()
    await asyncio.gather(*counter.tasks)

    assert ["+1", "-1"] == counter.log
    assert 1 == sum(texts.TOO_FAST in message.text for message in ann.messages)


async def test_kept_updates_are_not_dropped(
    post: Post, counter: Counter, inbox: Inbox, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many updates a kill left of one person, each is handled."""
    monkeypatch.setattr(lanes_module, "MOST_WAITING", 1)
    await inbox.keep(post.bot.id, [await post.said(ann) for _ in range(3)])
    for update in await inbox.unhandled(post.bot):
        counter.takes(str(len(counter.tasks)), update)
    await asyncio.gather(*counter.tasks)

    assert ["+0", "-0", "+1", "-1", "+2", "-2"] == counter.log


async def test_a_press_that_waits_is_answered_at_once(
    post: Post, counter: Counter, ann: Person, telegram: TelegramServer
) -> None:
    """Its spinner ends before its turn comes; the one that is handled answers for itself."""
    counter.holds_up("1")
    counter.takes("1", await post.pressed(ann))
    await counter.has_begun("1")
    counter.takes("2", await post.pressed(ann))
    await telegram.waits_until(lambda _: answered(ann)[-1], timeout_s=5)

    assert [False, True] == answered(ann)
    assert ["+1"] == counter.log


async def test_a_slow_answer_does_not_change_the_order(
    post: Post, counter: Counter, ann: Person, telegram: TelegramServer
) -> None:
    """What is said after a press is handled after it, also while the press is being answered."""
    telegram.arm("slow", method=ANSWER, delay_s=0.02)
    counter.holds_up("1")
    counter.takes("1", await post.said(ann))
    await counter.has_begun("1")
    counter.takes("2", await post.pressed(ann))
    await asyncio.sleep(0)
    counter.takes("3", await post.said(ann))
    await asyncio.sleep(0)
    counter.doors["1"].set()
    await asyncio.gather(*counter.tasks)

    assert ["+1", "-1", "+2", "-2", "+3", "-3"] == counter.log


async def test_a_handler_that_fails(
    post: Post, counter: Counter, lanes: PersonLanes, ann: Person
) -> None:
    """A surprise in one update does not stop the person's next one."""

    async def fails() -> None:
        raise RuntimeError("surprise")

    with pytest.raises(RuntimeError):
        await lanes.do_process_update(await post.said(ann), fails())
    await counter.takes("2", await post.said(ann))

    assert ["+2", "-2"] == counter.log


async def test_an_update_that_comes_twice(post: Post, counter: Counter, ann: Person) -> None:
    """The second copy of an update is dropped, while the first is in hand and afterwards."""
    update = await post.said(ann)
    counter.holds_up("1")
    counter.takes("1", update)
    await counter.has_begun("1")
    await counter.takes("copy", update)
    counter.doors["1"].set()
    await asyncio.gather(*counter.tasks)
    await counter.takes("late copy", update)

    assert ["+1", "-1"] == counter.log


async def test_a_handled_update_is_done(
    post: Post, counter: Counter, inbox: Inbox, database: Database, clock: MovedClock, ann: Person
) -> None:
    """What was handled is not waiting any more, not even for the next process."""
    update = await post.said(ann)
    await inbox.keep(post.bot.id, [update])
    before = await UpdateRows(database).due_ids(clock.now())
    await counter.takes("1", update)

    assert ([update.update_id], []) == (before, await UpdateRows(database).due_ids(clock.now()))


async def test_an_update_that_was_cut_off(
    post: Post, counter: Counter, inbox: Inbox, database: Database, clock: MovedClock, ann: Person
) -> None:
    """What was being handled when the process stopped is still waiting for the next one."""
    update = await post.said(ann)
    await inbox.keep(post.bot.id, [update])
    counter.holds_up("1")
    task = counter.takes("1", update)
    await counter.has_begun("1")
    task.cancel()
    await asyncio.wait([task])

    assert [update.update_id] == await UpdateRows(database).due_ids(clock.now())


async def test_a_waiting_update_that_is_cut_off(post: Post, counter: Counter, ann: Person) -> None:
    """One that never had its turn ends quietly and leaves the lane to the others."""
    counter.holds_up("1")
    counter.takes("1", await post.said(ann))
    await counter.has_begun("1")
    second = counter.takes("2", await post.said(ann))
    await asyncio.sleep(0)
    third = counter.takes("3", await post.said(ann))
    second.cancel()
    await asyncio.wait([second])
    counter.doors["1"].set()
    await third

    assert ["+1", "-1", "+3", "-3"] == counter.log


async def test_what_is_no_update(counter: Counter) -> None:
    """Whatever else the library hands over is handled."""
    await counter.takes("job", object())
    await counter.takes("nobody", Update(update_id=1))

    assert ["+job", "-job", "+nobody", "-nobody"] == counter.log


async def test_empty_lanes_are_forgotten(
    post: Post, counter: Counter, lanes: PersonLanes, ann: Person, bob: Person
) -> None:
    """Nothing is kept of people who want nothing."""
    for person in (ann, bob, ann):
        await counter.takes("x", await post.said(person))

    assert ({}, {}) == (lanes._lanes, lanes._waiting)  # nothing else shows it


async def test_starting_and_stopping(lanes: PersonLanes) -> None:
    """The library's start and stop need nothing."""

    async def nothing() -> Coroutine[Any, Any, None] | None:
        return None

    async with lanes:
        await lanes.process_update(object(), nothing())


class Watch(NoMeters):
    def __init__(self) -> None:
        self.handled: list[float] = []

    def update_handled(self, took_s: float) -> None:
        self.handled.append(took_s)


async def test_handling_is_measured(
    post: Post, presses: Presses, inbox: Inbox, ann: Person
) -> None:
    """Each update counts once, with the time that its handler took."""
    watch = Watch()
    counter = Counter(PersonLanes(presses, inbox, watch))
    update = await post.said(ann)
    counter.holds_up("1")
    counter.takes("1", update)
    await counter.has_begun("1")
    await asyncio.sleep(0.02)
    counter.doors["1"].set()
    await asyncio.gather(*counter.tasks)
    await counter.takes("again", update)

    assert [True] == [took_s >= 0.02 for took_s in watch.handled]


async def test_whose_wish_it_is(post: Post, lanes: PersonLanes, ann: Person, bob: Person) -> None:
    """A handler, and what it starts beside its lane, works on the wish of its person alone."""
    found: list[int | None] = []

    async def beside() -> None:
        found.append(person_asking())

    async def handle() -> None:
        found.append(person_asking())
        await asyncio.create_task(beside())

    for person in (ann, bob):
        await lanes.do_process_update(await post.said(person), handle())

    assert [ann.id, ann.id, bob.id, bob.id] == found
    assert person_asking() is None
