"""The poller: an even pace, one look at a number at a time, slower while nothing answers."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

import pytest

from activations.model import Activation, State, Watched
from activations.notes import Delivery, Note, Outcome
from activations.outbox import OutboxPass
from activations.poller import Poller
from activations.schedule import SHORTEST_GAP_S
from bloomsms.errors import BloomsmsError, ErrorCode, NotSent, RateLimited, Refused, Unreadable
from bloomsms.models import ProviderStatus
from storage.database import Database
from storage.watch import WatchRows
from tests.activations.scripted_provider import ScriptedProvider
from tests.activations.shop import Shop
from tests.made_up import ANOTHER_SMS, OFFER, RENTAL, SMS, seen
from tests.moved_clock import START, MovedClock

PASS_S = 0.25
DAY_S = 86_400.0
INVALID_KEY = Refused(ErrorCode.INVALID_API_KEY, "INVALID_API_KEY", "", 401)


class Mouth:
    """Meets the business's Messenger: keeps what it is to tell."""

    def __init__(self) -> None:
        self.told: list[str] = []

    async def deliver(self, note: Note, activation: Activation | None) -> Delivery:
        self.told.append(f"{note.kind} {activation.state if activation else None}")
        return Delivery(Outcome.SENT)


class Watch:
    """A poller with its pace in the test's hands."""

    def __init__(self, shop: Shop, provider: ScriptedProvider, clock: MovedClock) -> None:
        self.mouth = Mouth()
        self.interval_s = 1.0
        outbox = OutboxPass(shop.notes, shop.store, self.mouth, clock)
        self._provider = provider
        self._clock = clock
        self.shortest_gap_s = SHORTEST_GAP_S
        self.poller = Poller(
            shop.store,
            shop.watchlist,
            provider,
            shop.inspector,
            outbox,
            clock,
            lambda: self.interval_s,
            lambda: self.shortest_gap_s,
        )

    def now(self) -> datetime:
        return self._clock.now()

    async def runs(self, seconds: float) -> list[int]:
        """Passes at their usual times; returns how many looks each second brought."""
        looks = []
        for _ in range(round(seconds)):
            before = len(self._provider.asked)
            for _ in range(round(1 / PASS_S)):
                await self.poller.run_pass()
                self._clock.move(PASS_S)
            looks.append(len(self._provider.asked) - before)
        return looks


@pytest.fixture
def watch(shop: Shop, provider: ScriptedProvider, clock: MovedClock) -> Watch:
    return Watch(shop, provider, clock)


@pytest.fixture
async def under_way() -> AsyncIterator[list[asyncio.Task[None]]]:
    """Passes that may hang; they are ended with the test."""
    tasks: list[asyncio.Task[None]] = []
    yield tasks
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def numbers(shop: Shop, count: int) -> list[Activation]:
    return [await shop.waiting(OFFER, f"n{number}") for number in range(count)]


async def test_a_code_is_told_at_once(shop: Shop, watch: Watch, provider: ScriptedProvider) -> None:
    """The pass that finds the code delivers it."""
    await shop.waiting()
    provider.next("activation", seen(ProviderStatus.CODE_RECEIVED, SMS))

    await watch.poller.run_pass()

    assert ["code code_received", "card code_received"] == watch.mouth.told


async def test_when_a_look_last_succeeded(
    shop: Shop, watch: Watch, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """A look that fails leaves the time as it was."""
    await shop.waiting()
    assert watch.poller.answered_at is None
    began_at = clock.monotonic()
    await watch.runs(1)
    provider.always("activation", Unreadable("no answer"))
    await watch.runs(3)

    assert watch.poller.answered_at == began_at


@pytest.mark.parametrize("count", [1, 3, 20])
async def test_an_even_pace(shop: Shop, watch: Watch, count: int) -> None:
    """However many numbers wait, there is one look in each interval."""
    await numbers(shop, count)

    assert [1] * 10 == await watch.runs(10)


async def test_the_pace_follows_the_budget(shop: Shop, watch: Watch) -> None:
    """When people use the budget, looks come more rarely."""
    await numbers(shop, 3)
    await watch.runs(1)
    watch.interval_s = 5.0

    looks = await watch.runs(20)

    assert 4 == pytest.approx(sum(looks), abs=1)
    assert 1 == max(looks)


async def test_a_fast_pace(shop: Shop, watch: Watch) -> None:
    """A pace faster than the passes takes several numbers in one pass."""
    await numbers(shop, 40)
    watch.interval_s = 0.1
    await watch.runs(1)

    assert [pytest.approx(10, abs=1)] * 3 == await watch.runs(3)


async def test_idle_time_brings_no_burst(shop: Shop, watch: Watch, clock: MovedClock) -> None:
    """What was not used while nobody waited, or while the process slept, is not caught up on."""
    await watch.runs(1)
    clock.move(300)
    await numbers(shop, 20)

    looks = await watch.runs(10)

    assert 2 >= max(looks)
    assert 11 >= sum(looks)


async def test_every_number_has_its_turn(
    shop: Shop, watch: Watch, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """Fresh numbers are all asked about before any is asked about again."""
    await numbers(shop, 5)
    clock.move(0.1)

    await watch.runs(5)

    assert {f"activation n{number}" for number in range(5)} == set(provider.asked)


async def test_nobody_waits(watch: Watch, provider: ScriptedProvider) -> None:
    """Without numbers nobody is asked."""
    assert [0] * 5 == await watch.runs(5)


@pytest.mark.parametrize("state", [State.RENTING, State.UNCERTAIN, State.INTENT])
async def test_only_numbers_in_hand(
    shop: Shop, watch: Watch, provider: ScriptedProvider, state: State
) -> None:
    """What has no number cannot be asked about."""
    activation = await (shop.offered() if state is State.INTENT else shop.begun())
    if state is State.UNCERTAIN:
        await shop.became(activation, state)

    await watch.runs(3)

    assert [] == provider.asked


async def test_a_slow_answer_holds_nobody_up(
    shop: Shop,
    watch: Watch,
    provider: ScriptedProvider,
    clock: MovedClock,
    under_way: list[asyncio.Task[None]],
) -> None:
    """While one look hangs, the other numbers are asked about, and the hanging one is not."""
    await numbers(shop, 3)
    provider.gate.clear()
    for count in (1, 2, 3):
        under_way.append(asyncio.create_task(asyncio.wait_for(watch.poller.run_pass(), 5)))
        await provider.is_asked(count)
        clock.move(1)
    under_way.append(asyncio.create_task(asyncio.wait_for(watch.poller.run_pass(), 5)))
    await under_way[-1]

    assert 3 == len(set(provider.asked)) == len(provider.asked)


async def test_a_look_that_ended_makes_room(
    shop: Shop, watch: Watch, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """A number whose look failed is asked about again."""
    await shop.waiting()
    provider.next("activation", Unreadable("no answer"))

    assert [1, 1, 1] == await watch.runs(3)


async def test_not_more_than_so_many_at_once(
    shop: Shop,
    watch: Watch,
    provider: ScriptedProvider,
    clock: MovedClock,
    under_way: list[asyncio.Task[None]],
) -> None:
    """While 64 looks hang, no further one begins."""
    await numbers(shop, 70)
    watch.interval_s = 0.001
    provider.gate.clear()
    under_way.append(asyncio.create_task(asyncio.wait_for(watch.poller.run_pass(), 5)))
    await provider.is_asked(1)
    clock.move(1)
    under_way.append(asyncio.create_task(asyncio.wait_for(watch.poller.run_pass(), 5)))
    await provider.is_asked(64)
    clock.move(1)
    await asyncio.wait_for(watch.poller.run_pass(), 5)

    assert 64 == len(provider.asked)


@pytest.mark.parametrize(
    "err", [Unreadable("no answer"), INVALID_KEY], ids=lambda e: type(e).__name__
)
async def test_silence_slows_the_pace(
    shop: Shop, watch: Watch, provider: ScriptedProvider, err: BloomsmsError
) -> None:
    """The longer nothing is answered, the more rarely it is asked; every half minute at least."""
    await numbers(shop, 5)
    provider.always("activation", err)

    looks = await watch.runs(300)

    assert 2 <= sum(looks[:5]) <= 5
    assert sum(looks) <= 30
    assert 4 <= sum(looks[-120:]) <= 7


async def test_a_used_up_limit_is_waited_out(
    shop: Shop, watch: Watch, provider: ScriptedProvider
) -> None:
    """When the limit keeps a look from leaving, the next one follows when it says, no later."""
    await numbers(shop, 5)
    provider.always("activation", RateLimited(5.0))

    assert 11 <= sum(await watch.runs(60)) <= 13


async def test_one_bad_answer_slows_nothing(
    shop: Shop, watch: Watch, provider: ScriptedProvider
) -> None:
    """A single failure is nobody's outage."""
    await numbers(shop, 2)
    provider.next("activation", seen(), Unreadable("x"), seen(), Unreadable("x"), seen())

    assert [1] * 5 == await watch.runs(5)


async def test_an_answer_ends_the_silence(
    shop: Shop, watch: Watch, provider: ScriptedProvider
) -> None:
    """With the first answer the pace is what it was."""
    await numbers(shop, 2)
    provider.always("activation", Unreadable("no answer"))
    await watch.runs(60)
    provider.always("activation", seen())
    await watch.runs(31)

    assert [1] * 5 == await watch.runs(5)


async def test_late_codes_are_looked_for(
    shop: Shop, watch: Watch, provider: ScriptedProvider
) -> None:
    """After its end a number is looked at three times: after 10 s, a minute and six minutes."""
    await shop.became(await shop.waiting(), State.EXPIRED)

    looks = await watch.runs(800)

    assert [10, 60, 360] == [second for second, count in enumerate(looks) if count]


async def test_looks_for_late_codes_outlive_an_outage(
    shop: Shop, watch: Watch, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """A look that never left is made later, and a step of the clock takes none away."""
    await shop.became(await shop.waiting(), State.EXPIRED)
    await watch.runs(5)
    clock.step(-3600)
    provider.next("activation", *[NotSent("x")] * 3)
    provider.always("activation", seen(ProviderStatus.EXPIRED))

    looks = await watch.runs(800)

    assert 6 == sum(looks)


async def test_a_late_code_is_told(shop: Shop, watch: Watch, provider: ScriptedProvider) -> None:
    """What comes after the end reaches its person."""
    await shop.became(await shop.waiting(), State.CANCELLED)
    provider.next("activation", seen(ProviderStatus.CANCELLED, SMS))

    await watch.runs(12)

    assert ["code cancelled", "card cancelled"] == watch.mouth.told


async def test_a_number_with_its_code_is_looked_at(
    shop: Shop, watch: Watch, provider: ScriptedProvider
) -> None:
    """While it is open, all such numbers together have three looks a minute where none waits."""
    await shop.received(SMS)
    await shop.received(SMS)
    provider.always("activation", seen(ProviderStatus.CODE_RECEIVED, SMS))

    looks = await watch.runs(181)

    times = [second for second, count in enumerate(looks) for _ in range(count)]
    assert 9 == len(times)
    assert all(fourth - first >= 60 for first, fourth in pairwise(times[::3]))


async def test_a_number_with_its_code_beside_one_that_waits(
    shop: Shop, watch: Watch, provider: ScriptedProvider
) -> None:
    """Where those that wait leave no place idle, one look a minute is spent on it."""
    await shop.received(SMS)
    await shop.waiting(OFFER, "waits")
    provider.always(
        "activation",
        lambda id_: seen() if id_ == "waits" else seen(ProviderStatus.CODE_RECEIVED, SMS),
    )
    watch.interval_s = 1.05

    await watch.runs(190)

    assert 3 == provider.asked.count("activation 38496653")


async def test_a_second_sms_nobody_asked_for(
    shop: Shop, watch: Watch, provider: ScriptedProvider
) -> None:
    """An SMS that comes after the first is told while the number is open."""
    before = await shop.received(SMS)
    provider.always("activation", seen(ProviderStatus.CODE_RECEIVED, ANOTHER_SMS))

    await watch.runs(30)

    assert (SMS, ANOTHER_SMS) == (await shop.now(before)).sms
    assert ["code code_received", "card code_received"] == watch.mouth.told[-2:]


@pytest.mark.parametrize("state", ["waiting", "coded"])
async def test_doubt_is_settled_in_time(
    shop: Shop, watch: Watch, provider: ScriptedProvider, state: str
) -> None:
    """With a hundred waiting numbers an end is believed within three minutes, all the same."""
    doubted = await (shop.received(SMS) if state == "coded" else shop.waiting())
    await numbers(shop, 100)
    watch.interval_s = 1.05
    for each in await shop.watchlist.watched():
        await shop.store.mark_asked(each.id, watch.now())
    provider.always(
        "activation",
        lambda id_: seen(ProviderStatus.CANCELLED) if id_ == "38496653" else seen(),
    )
    await shop.inspector.look(doubted, provider)

    await watch.runs(59)
    early = (await shop.now(doubted)).state
    await watch.runs(60)

    assert (doubted.state, State.EXPIRED) == (early, (await shop.now(doubted)).state)


@pytest.mark.parametrize("seconds", [-30 * DAY_S, -3600, -30, -1, 1, 3600, 30 * DAY_S])
async def test_a_step_of_the_clock_holds_nobody_up(
    shop: Shop, watch: Watch, provider: ScriptedProvider, clock: MovedClock, seconds: float
) -> None:
    """Set forward or back, the wall clock changes neither pace nor whom to ask."""
    old = await shop.waiting(OFFER, "old")
    await watch.runs(300)
    fresh = await shop.waiting(OFFER, "fresh")
    await watch.runs(5)
    clock.step(seconds)
    provider.asked.clear()
    looks = await watch.runs(60)
    later = await shop.waiting(OFFER, "later")
    await watch.runs(60)

    assert [1] * 60 == looks
    assert 40 <= provider.asked[:60].count("activation fresh")
    assert 20 <= provider.asked[60:].count("activation later")
    assert {State.WAITING} == {(await shop.now(each)).state for each in (old, fresh, later)}


async def test_a_number_with_its_code_is_closed(
    shop: Shop, watch: Watch, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """Once its time is over it is looked at once a minute, until the provider has closed it."""
    before = await shop.received(SMS)
    clock.move(minutes=20)
    provider.always("activation", seen(ProviderStatus.CODE_RECEIVED, SMS))
    looks = await watch.runs(130)
    provider.always("activation", seen(ProviderStatus.COMPLETED, SMS))

    await watch.runs(60)

    assert [0, 60, 120] == [second for second, count in enumerate(looks) if count]
    assert State.COMPLETED is (await shop.now(before)).state


async def test_a_number_without_an_end(
    shop: Shop, watch: Watch, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """A row that has no number, whatever its state, is asked about by nobody."""
    waiting = await shop.became(await shop.begun(), State.WAITING)
    await shop.became(waiting, State.CODE_RECEIVED)
    clock.move(hours=1)

    await watch.runs(3)

    assert [] == provider.asked


async def test_a_second_round_is_fresh(
    shop: Shop, watch: Watch, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """A number that waits for another SMS counts as young again: it goes before an old one."""
    old = await shop.waiting(OFFER, "old")
    clock.move(minutes=15)
    again = await shop.waiting(OFFER, "again")
    received = await shop.became(again, State.CODE_RECEIVED)
    await shop.store.record(
        received,
        replace(received, state=State.WAITING, rounds=2, waiting_since=clock.now()),
        (),
        clock.now(),
    )
    await shop.store.mark_asked(old.id, clock.now())

    await watch.runs(30)

    assert provider.asked.count("activation old") < provider.asked.count("activation again")


async def test_what_deliveries_show_outlives_the_process(
    shop: Shop, watch: Watch, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """A poller built anew knows the time scale from the rows, and asks accordingly."""
    for number in range(30):
        before = await shop.waiting(OFFER, f"q{number}")
        clock.move(9)
        await shop.store.mark_asked(before.id, clock.now())
        clock.move(1)
        provider.next(
            "activation", seen(ProviderStatus.CODE_RECEIVED, replace(SMS, code=str(number)))
        )
        found = await shop.inspector.look(await shop.now(before), provider)
        await shop.became(found, State.COMPLETED)
    old, young = await shop.waiting(OFFER, "old"), None
    clock.move(60)
    young = await shop.waiting(OFFER, "young")
    await shop.store.mark_asked(old.id, clock.now())
    await shop.store.mark_asked(young.id, clock.now())
    clock.move(20)
    provider.asked.clear()

    await watch.runs(1)

    assert ["activation young"] == provider.asked


async def test_reconciliation_only(shop: Shop, watch: Watch) -> None:
    """With a longer gap each number is still asked about, that often."""
    await numbers(shop, 3)
    watch.shortest_gap_s = 30.0

    looks = await watch.runs(120)

    assert 3 * 4 == pytest.approx(sum(looks), abs=3)


async def test_a_number_that_is_not_shown_yet(
    shop: Shop, watch: Watch, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """It is asked about soon, then more rarely as it grows old, also beside others."""
    watch.shortest_gap_s = 60.0
    provider.next("rent", replace(RENTAL, phone_number=""))
    await shop.rented()
    provider.asked.clear()
    looks = await watch.runs(20)
    clock.move(minutes=5)
    later = await watch.runs(70)

    assert 4 <= sum(looks) <= 5
    assert 1 <= sum(later) <= 3


async def test_two_passes_take_different_numbers(
    shop: Shop, watch: Watch, provider: ScriptedProvider, under_way: list[asyncio.Task[None]]
) -> None:
    """Passes that read the rows at the same time do not ask about the same number."""
    await numbers(shop, 6)
    watch.interval_s = 0.08
    passes = [asyncio.create_task(watch.poller.run_pass()) for _ in range(3)]
    under_way += passes
    await asyncio.gather(*passes)

    assert len(provider.asked) == len(set(provider.asked))


async def test_a_refused_look_is_made_up_for(
    shop: Shop, watch: Watch, provider: ScriptedProvider
) -> None:
    """A look that the limit kept from leaving follows as soon as there is room."""
    await numbers(shop, 3)
    watch.interval_s = 10.0
    provider.next("activation", RateLimited(1.0))

    assert [1, 1, 0, 0, 0, 0, 0, 0, 0] == await watch.runs(9)


async def test_closing_does_not_eat_up_the_looks(
    shop: Shop, watch: Watch, provider: ScriptedProvider
) -> None:
    """The more numbers wait, the rarer are looks at those that ended."""
    ended = [await shop.waiting(OFFER, f"e{number}") for number in range(40)]
    for one in ended:
        await shop.became(one, State.CANCELLED)
    await numbers(shop, 40)

    await watch.runs(160)

    assert 4 == pytest.approx(
        sum(asked.startswith("activation e") for asked in provider.asked), abs=1
    )


class Hearsay(WatchRows):
    """A watchlist that names a number which no row knows any more."""

    async def watched(self) -> list[Watched]:
        return [Watched(4711, "wa", START, None)]


async def test_a_row_that_is_gone(
    shop: Shop, database: Database, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """Nobody is asked about a number whose row vanished since the list was read."""
    outbox = OutboxPass(shop.notes, shop.store, Mouth(), clock)
    hearsay = Hearsay(database)
    poller = Poller(shop.store, hearsay, provider, shop.inspector, outbox, clock, lambda: 1.0)

    await poller.run_pass()

    assert [] == provider.asked
