"""Hints make the bot look, and nothing else: what is told comes from the provider's answer."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from activations.books import settle
from activations.hints import Hints
from activations.model import FOUND, Activation, State
from activations.notes import Delivery, Note, NoteKind, Outcome
from activations.outbox import OutboxPass
from bloomsms.errors import ErrorCode, RateLimited, Refused, Unreadable
from bloomsms.models import ActivationStatus, ProviderStatus, Sms
from storage.activations import ActivationRows
from tests.activations.scripted_provider import ScriptedProvider
from tests.activations.shop import Shop
from tests.made_up import ANN, ANOTHER_SMS, BOB, OFFER, OLGA, SMS, seen
from tests.moved_clock import START, MovedClock

FOREIGN = "55555"
NOT_FOUND = Refused(ErrorCode.ACTIVATION_NOT_FOUND, "ACTIVATION_NOT_FOUND", "", 404)


class Told:
    """Meets the business's Messenger, and remembers."""

    def __init__(self) -> None:
        self.codes: list[tuple[int, Sms]] = []
        self.cards = 0
        self.card_may_be_edited = asyncio.Event()
        self.card_may_be_edited.set()

    async def deliver(self, note: Note, _activation: Activation | None) -> Delivery:
        if note.kind is NoteKind.CARD:
            await self.card_may_be_edited.wait()
            self.cards += 1
        if note.kind is NoteKind.CODE and note.sms:
            self.codes.append((note.user_id, note.sms))
        return Delivery(Outcome.SENT)


class Desk:
    """Hints that are served, at a limit of twenty requests a minute: ten of them for hints."""

    def __init__(self, shop: Shop, provider: ScriptedProvider) -> None:
        self.told = Told()
        self.provider = provider
        self.clock = shop.clock
        self.limit = 20
        outbox = OutboxPass(shop.notes, shop.store, self.told, shop.clock)
        self.hints = Hints(
            shop.store, provider, shop.inspector, shop.adoption, outbox, shop.watch, shop.clock,
            lambda: self.limit,
        )  # fmt: skip

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not is_so():
                await asyncio.sleep(0.005)

    async def in_time(self, is_so: Callable[[], bool]) -> None:
        """Let time pass, three seconds at a time, until it is so."""
        async with asyncio.timeout(20):
            while not is_so():
                self.clock.move(3)
                await asyncio.sleep(0.1)

    async def rests(self) -> None:
        """Long enough for whatever is to happen."""
        await asyncio.sleep(0.7)

    def looks(self, provider_id: str = "") -> int:
        asked = f"activation {provider_id}".strip()
        return sum(one.startswith(asked) for one in self.provider.asked)


@pytest.fixture
async def desk(shop: Shop, provider: ScriptedProvider) -> AsyncIterator[Desk]:
    desk = Desk(shop, provider)
    serving = asyncio.create_task(desk.hints.serve())
    yield desk
    serving.cancel()
    await asyncio.wait({serving})


def received(sms: Sms = SMS, phone_number: str | None = None) -> ActivationStatus:
    return replace(seen(ProviderStatus.CODE_RECEIVED, sms), phone_number=phone_number)


async def lost(shop: Shop, user_id: int = ANN, service_code: str = "wa") -> Activation:
    """An order of unknown outcome."""
    begun = await shop.begun(replace(OFFER, user_id=user_id, service_code=service_code))
    return await shop.orders.lose(begun, "hung up")


async def test_a_hint_brings_the_code(shop: Shop, desk: Desk) -> None:
    """What a hint makes us look for is delivered at once, after one look."""
    number = await shop.waiting()
    desk.provider.next("activation", received())
    desk.hints.take("38496653", "wa")
    await desk.until(lambda: bool(desk.told.codes))

    assert [(ANN, SMS)] == desk.told.codes
    assert State.CODE_RECEIVED is (await shop.now(number)).state
    await desk.until(lambda: not desk.hints.waiting)
    assert 1 == desk.looks()


async def test_a_forged_hint(shop: Shop, desk: Desk, clock: MovedClock) -> None:
    """However often a number is hinted at, it is looked at once in ten seconds, and then left."""
    number = await shop.waiting()
    for _ in range(500):
        desk.hints.take("38496653", "wa")
    await desk.until(lambda: desk.looks() == 1)
    for _ in range(500):
        desk.hints.take("38496653", "wa")
    await desk.rests()
    at_once = desk.looks()
    await desk.in_time(lambda: not desk.hints.waiting)

    assert 1 == at_once
    assert desk.looks() <= 3
    assert [] == desk.told.codes
    assert number == replace(await shop.now(number), asked_at=number.asked_at)


async def test_a_hint_before_the_sms(shop: Shop, desk: Desk, clock: MovedClock) -> None:
    """When the provider shows nothing yet it is looked at once more."""
    await shop.waiting()
    desk.provider.next("activation", seen(), received())
    desk.hints.take("38496653", "wa")
    await desk.until(lambda: desk.looks() == 1)
    await desk.in_time(lambda: bool(desk.told.codes))

    assert [(ANN, SMS)] == desk.told.codes


async def test_the_second_code_of_a_number(shop: Shop, desk: Desk) -> None:
    """A look that brought a code does not put off the next hint."""
    await shop.waiting()
    desk.provider.next("activation", received(), received(ANOTHER_SMS))
    desk.hints.take("38496653", "wa")
    await desk.until(lambda: not desk.hints.waiting)
    shop.clock.move(1)
    desk.hints.take("38496653", "wa")
    await desk.until(lambda: len(desk.told.codes) == 2)

    assert [(ANN, SMS), (ANN, ANOTHER_SMS)] == desk.told.codes


async def test_a_hint_during_the_look(shop: Shop, desk: Desk) -> None:
    """A hint that comes while the number is being asked about makes us look again."""
    await shop.waiting()
    desk.provider.next("activation", received(), received(ANOTHER_SMS))
    desk.provider.gate.clear()
    desk.hints.take("38496653", "wa")
    await desk.until(lambda: desk.looks() == 1)
    shop.clock.move(1)
    desk.hints.take("38496653", "wa")
    desk.provider.gate.set()
    await desk.until(lambda: len(desk.told.codes) == 2)

    assert [(ANN, SMS), (ANN, ANOTHER_SMS)] == desk.told.codes


async def test_a_look_that_hangs(shop: Shop, desk: Desk) -> None:
    """One number's slow answer keeps no other number's code waiting."""
    await shop.waiting(provider_id="1")
    await shop.waiting(provider_id="2")
    hangs = asyncio.Event()

    class Slow(ScriptedProvider):
        async def activation(self, activation_id: str) -> ActivationStatus:
            self.asked.append(f"activation {activation_id}")
            if activation_id == "1":
                await hangs.wait()
            return received()

    slow = Slow()
    desk.hints._provider = slow  # which of two answers is late cannot be scripted
    desk.hints.take("1", "wa")
    await desk.until(lambda: len(slow.asked) == 1)
    desk.hints.take("2", "wa")
    await desk.until(lambda: bool(desk.told.codes))

    assert 1 == len(desk.told.codes)
    hangs.set()
    await desk.until(lambda: len(desk.told.codes) == 2)


async def test_cards_that_wait(shop: Shop, desk: Desk) -> None:
    """However many cards wait for their chat's pace, the next hint's code does not."""
    for n in range(40):
        await shop.waiting(provider_id=str(n))
    desk.limit = 1000
    desk.provider.always("activation", received())
    desk.told.card_may_be_edited.clear()
    for n in range(40):
        desk.hints.take(str(n), "wa")
    await desk.until(lambda: len(desk.told.codes) == 40)

    assert 40 == desk.looks()


async def test_polled_meanwhile(shop: Shop, desk: Desk, clock: MovedClock) -> None:
    """A number that was asked about since its hint came is not asked about again."""
    number = await shop.waiting()
    ages = shop.inspector.ages
    ages.see(number.id, clock.now(), None, None)
    desk.hints._looked_at["38496653"] = clock.monotonic()  # as after a look a moment ago
    desk.hints.take("38496653", "wa")
    clock.move(5)
    ages.asked(number.id, clock.monotonic())
    clock.move(6)
    await desk.until(lambda: not desk.hints.waiting)

    assert 0 == desk.looks()


@pytest.mark.parametrize("err", [RateLimited(2.0), Unreadable("no answer")])
async def test_a_look_that_fails(shop: Shop, desk: Desk, clock: MovedClock, err: Exception) -> None:
    """A hint outlives a look that failed."""
    await shop.waiting()
    desk.provider.next("activation", err, received())
    desk.hints.take("38496653", "wa")
    await desk.until(lambda: desk.looks() == 1)
    await desk.in_time(lambda: bool(desk.told.codes))

    assert [(ANN, SMS)] == desk.told.codes


async def test_half_of_the_requests(shop: Shop, desk: Desk, clock: MovedClock) -> None:
    """Hints take half of a minute's requests, oldest first; the others wait and are not lost."""
    for n in range(14):
        await shop.waiting(provider_id=str(n))
    desk.provider.always("activation", received())
    for n in range(14):
        desk.hints.take(str(n), "wa")
    await desk.until(lambda: desk.looks() == 10)
    await desk.rests()
    first = list(desk.provider.asked)
    await desk.in_time(lambda: len(desk.told.codes) == 14)

    assert [f"activation {n}" for n in range(10)] == first
    assert 14 == desk.looks()


async def test_polled_while_it_waits_for_its_share(
    shop: Shop, desk: Desk, clock: MovedClock
) -> None:
    """A hint that waits for its share costs no request when the poller comes first."""
    numbers = [await shop.waiting(provider_id=str(n)) for n in range(11)]
    desk.provider.always("activation", received())
    for n in range(11):
        desk.hints.take(str(n), "wa")
    await desk.until(lambda: desk.looks() == 10)
    clock.move(1)
    shop.inspector.ages.see(numbers[10].id, START, None, None)
    shop.inspector.ages.asked(numbers[10].id, clock.monotonic())
    await desk.in_time(lambda: not desk.hints.waiting)

    assert 10 == desk.looks()


@pytest.mark.parametrize("provider_id", [FOREIGN, "0", "x" * 200, "'; drop table sms"])
async def test_a_number_of_nobody(shop: Shop, desk: Desk, provider_id: str) -> None:
    """Without an order that may have brought it, an unknown number costs no request."""
    await shop.waiting()
    desk.hints.take(provider_id, "wa")
    await desk.until(lambda: not desk.hints.waiting)

    assert 0 == desk.looks()


async def test_a_flood_of_unknown_numbers(shop: Shop, desk: Desk) -> None:
    """Thousands of made-up numbers neither cost requests nor keep a true hint waiting."""
    await shop.waiting()
    desk.provider.next("activation", received())
    for n in range(9_000):
        desk.hints.take(f"made-up {n}", "wa")
    desk.hints.take("38496653", "wa")
    await desk.until(lambda: bool(desk.told.codes))
    await desk.until(lambda: not desk.hints.waiting)

    assert 1 == desk.looks()


@pytest.mark.parametrize("service_code", ["wa", ""], ids=["its service", "no service"])
async def test_the_number_of_a_lost_order(shop: Shop, desk: Desk, service_code: str) -> None:
    """A hint that names the number of a lost order brings the number and its code."""
    order = await lost(shop)
    await shop.told()
    desk.provider.next("activation", received(phone_number="+19001234567"))
    desk.hints.take(FOREIGN, service_code)
    await desk.until(lambda: bool(desk.told.codes))
    after = await shop.now(order)

    assert [(ANN, SMS)] == desk.told.codes
    assert (State.CODE_RECEIVED, FOUND) == (after.state, after.reason)
    assert after.number
    assert (FOREIGN, "+19001234567", OFFER.price) == (
        after.number.provider_id,
        after.number.phone_number,
        after.number.price,
    )
    assert 1 == desk.looks()


async def test_a_number_that_the_provider_does_not_know(shop: Shop, desk: Desk) -> None:
    """A made-up number does not become the number of a lost order."""
    order = await lost(shop)
    desk.provider.next("activation", NOT_FOUND)
    desk.hints.take(FOREIGN, "wa")
    await desk.until(lambda: not desk.hints.waiting)

    assert State.UNCERTAIN is (await shop.now(order)).state
    assert 1 == desk.looks()


async def test_a_number_of_another_service(shop: Shop, desk: Desk) -> None:
    """A lost order for one service has no number of another."""
    await lost(shop)
    desk.hints.take(FOREIGN, "tg")
    await desk.until(lambda: not desk.hints.waiting)

    assert 0 == desk.looks()


async def test_lost_orders_of_two_people(shop: Shop, desk: Desk) -> None:
    """Nobody is given a number that may be somebody else's; the owners are told once."""
    orders = [await lost(shop, ANN), await lost(shop, BOB)]
    await shop.told()
    desk.provider.always("activation", received())
    for _ in range(2):
        desk.hints.take(FOREIGN, "wa")
        await desk.until(lambda: not desk.hints.waiting)
        shop.clock.move(61)

    assert [State.UNCERTAIN] * 2 == [(await shop.now(order)).state for order in orders]
    told = [note for note in await shop.told() if note.kind is NoteKind.OWNER_UNCLAIMED]
    assert {OLGA, 999} == {note.user_id for note in told}
    assert 2 == len(told)


async def test_the_one_that_was_charged(shop: Shop, desk: Desk) -> None:
    """Of one person's lost orders the one that the balance shows as charged has the number."""
    await lost(shop, ANN)
    charged = await lost(shop, ANN)
    await shop.store.record(charged, replace(charged, reason="charged"), (), shop.clock.now())
    desk.provider.next("activation", received())
    desk.hints.take(FOREIGN, "wa")
    await desk.until(lambda: bool(desk.told.codes))

    assert State.CODE_RECEIVED is (await shop.now(charged)).state


async def test_a_charged_order_beside_another_persons(shop: Shop, desk: Desk) -> None:
    """A charged order takes no number that may be another person's, whose order is still open."""
    charged = await lost(shop, ANN)
    await shop.store.record(charged, replace(charged, reason="charged"), (), shop.clock.now())
    order = await lost(shop, BOB)
    desk.provider.next("activation", received())
    desk.hints.take(FOREIGN, "wa")
    await desk.until(lambda: not desk.hints.waiting)

    assert [] == desk.told.codes
    assert [State.UNCERTAIN] * 2 == [(await shop.now(one)).state for one in (charged, order)]


async def test_an_answer_that_is_still_to_come(shop: Shop, desk: Desk, clock: MovedClock) -> None:
    """A hint that overtakes the order's own answer waits for it."""
    begun = await shop.begun()
    desk.hints.take("38496653", "wa")
    await desk.rests()
    before = desk.looks()
    desk.provider.next("activation", received())
    await shop.rentals.pay(begun)
    await desk.in_time(lambda: bool(desk.told.codes))

    assert 0 == before
    assert [(ANN, SMS)] == desk.told.codes


async def test_an_answer_to_come_for_somebody_else(
    shop: Shop, desk: Desk, clock: MovedClock
) -> None:
    """While an order is under way its number is not taken for another person's lost one."""
    order = await lost(shop, ANN)
    begun = await shop.begun(replace(OFFER, user_id=BOB))
    desk.hints.take("38496653", "wa")
    await desk.rests()
    desk.provider.next("activation", received())
    await shop.rentals.pay(begun)
    await desk.in_time(lambda: bool(desk.told.codes))

    assert [(BOB, SMS)] == desk.told.codes
    assert State.UNCERTAIN is (await shop.now(order)).state


async def test_an_old_number(shop: Shop, desk: Desk, clock: MovedClock) -> None:
    """A number that ended long ago costs no request."""
    await shop.became(await shop.waiting(), State.EXPIRED)
    clock.move(timedelta(minutes=31).total_seconds())
    desk.hints.take("38496653", "wa")
    await desk.until(lambda: not desk.hints.waiting)

    assert 0 == desk.looks()


async def test_a_late_code(shop: Shop, desk: Desk, clock: MovedClock) -> None:
    """A hint for a number that ended a while ago brings its late code."""
    await shop.became(await shop.waiting(), State.CANCELLED)
    clock.move(60)
    desk.provider.next("activation", received())
    desk.hints.take("38496653", "wa")
    await desk.until(lambda: bool(desk.told.codes))

    assert [(ANN, SMS)] == desk.told.codes


async def test_a_refusal_to_show_a_number(shop: Shop, desk: Desk) -> None:
    """A provider that will not answer now is asked about the unknown number again."""
    order = await lost(shop)
    busy = Refused(ErrorCode.MAINTENANCE, "MAINTENANCE", "", 503)
    desk.provider.next("activation", busy, received())
    desk.hints.take(FOREIGN, "wa")
    await desk.in_time(lambda: bool(desk.told.codes))

    assert State.CODE_RECEIVED is (await shop.now(order)).state


async def test_an_order_that_is_settled_meanwhile(
    shop: Shop, desk: Desk, provider: ScriptedProvider
) -> None:
    """An order that was closed while the provider was asked is given no number any more."""
    order = await lost(shop)
    stale = await shop.adoption.orders()
    await settle(shop.store, order, "closed_by_owner", shop.clock.now())
    provider.next("activation", received())

    class Before(ActivationRows):
        async def in_states(self, states: frozenset[State]) -> list[Activation]:
            return stale if State.UNCERTAIN in states else []

    shop.adoption._store = Before(shop.store._database)  # as read a moment before

    assert await shop.adoption.adopt(FOREIGN, "wa", provider) is None
    assert State.REFUSED is (await shop.now(order)).state


async def test_an_order_that_began_meanwhile(shop: Shop, provider: ScriptedProvider) -> None:
    """An order that began while the provider was asked may have brought the number, too."""
    await lost(shop)
    provider.next("activation", received())
    await shop.begun(replace(OFFER, user_id=BOB))

    assert await shop.adoption.adopt(FOREIGN, "wa", provider) is None


async def test_a_hint_that_is_too_old(shop: Shop, desk: Desk, clock: MovedClock) -> None:
    """A hint that could not be followed for ten minutes is left to the poller."""
    await shop.waiting()
    desk.provider.always("activation", Unreadable("no answer"))
    desk.hints.take("38496653", "wa")
    await desk.until(lambda: desk.looks() == 1)
    clock.move(601)
    await desk.in_time(lambda: not desk.hints.waiting)

    assert desk.looks() <= 2


async def test_a_flood_of_numbers_under_way(shop: Shop, desk: Desk) -> None:
    """However many hints wait for an answer, they take no more memory than ten thousand."""
    await shop.begun()
    for n in range(12_000):
        desk.hints.take(f"made-up {n}", "wa")

    assert 10_000 == desk.hints.waiting


async def test_faults_of_our_own(
    shop: Shop, desk: Desk, provider: ScriptedProvider, caplog: pytest.LogCaptureFixture
) -> None:
    """A fault while sorting or looking is logged, and hints are followed all the same."""
    await shop.waiting()
    provider.next("activation", KeyError("surprise"), received())
    rows, broken = shop.store, BrokenRows(shop.store._database)
    desk.hints._store = broken  # a database that fails once
    desk.hints.take("38496653", "wa")
    await desk.until(lambda: "could not be sorted" in caplog.text)
    desk.hints._store = rows
    await desk.in_time(lambda: bool(desk.told.codes))

    assert [(ANN, SMS)] == desk.told.codes
    assert "could not be followed" in caplog.text


class BrokenRows(ActivationRows):
    async def by_provider_ids(self, provider_ids: Sequence[str]) -> list[Activation]:
        assert provider_ids
        raise sqlite3.OperationalError("disk I/O error")


async def test_a_flood_beside_a_lost_order(shop: Shop, desk: Desk, clock: MovedClock) -> None:
    """Made-up numbers cost few requests while an order is lost, and keep no true hint waiting."""
    await lost(shop)
    await shop.waiting(replace(OFFER, user_id=BOB))
    desk.limit = 60
    desk.provider.always("activation", NOT_FOUND)
    for n in range(3_000):
        desk.hints.take(f"made-up {n}", "wa")
    await desk.until(lambda: desk.looks() == 5)
    desk.provider.next("activation", received())
    desk.hints.take("38496653", "wa")
    await desk.until(lambda: bool(desk.told.codes))
    clock.move(30)
    await desk.rests()

    assert [(BOB, SMS)] == desk.told.codes
    assert 6 == desk.looks()
    assert desk.hints.waiting <= 200
    assert "38496653" in shop.watch._came_at  # which made-up numbers cannot push out
    assert 1 == len(shop.watch._came_at)


async def test_the_answer_that_came_meanwhile(
    shop: Shop, desk: Desk, provider: ScriptedProvider
) -> None:
    """A number that its own order's answer has named is not given to another person's lost one."""
    order = await lost(shop, ANN)
    number = await shop.waiting(replace(OFFER, user_id=BOB), provider_id=FOREIGN)
    provider.next("activation", received())
    after = await shop.adoption.adopt(FOREIGN, "wa", provider)

    assert (number.id, BOB) == (after and after.id, after and after.user_id)
    assert State.UNCERTAIN is (await shop.now(order)).state


async def test_an_order_of_yesterday(shop: Shop, desk: Desk, clock: MovedClock) -> None:
    """A lost order whose number would have ended by now takes no new one."""
    await lost(shop)
    await shop.adoption.orders()
    clock.move(31 * 60)
    desk.hints.take(FOREIGN, "wa")
    await desk.until(lambda: not desk.hints.waiting)

    assert 0 == desk.looks()


@pytest.mark.parametrize("step_s", [-7200, 3600])
async def test_a_step_of_the_clock_and_a_lost_order(
    shop: Shop, desk: Desk, clock: MovedClock, step_s: float
) -> None:
    """Whatever the wall clock is set to, a young lost order may still bring its number."""
    await lost(shop)
    clock.move(5 * 60)
    clock.step(step_s)
    desk.hints.take(FOREIGN, "wa")
    await desk.until(lambda: not desk.hints.waiting)

    assert 1 == desk.looks()


async def test_cards_that_fail(shop: Shop, desk: Desk) -> None:
    """However often what comes with a code fails, the next one is seen to."""
    desk.limit = 1000
    for n in range(20):
        await shop.waiting(provider_id=str(n))
    desk.provider.always("activation", received())
    delivers = desk.hints._outbox.run_pass
    failed = []

    async def fails(user_id: int | None = None) -> None:
        failed.append(user_id)
        raise sqlite3.OperationalError("database is locked")

    desk.hints._outbox.run_pass = fails  # type: ignore[method-assign]  # a lock for cards alone
    for n in range(19):
        desk.hints.take(str(n), "wa")
    await desk.until(lambda: len(failed) == 19)
    desk.hints._outbox.run_pass = delivers  # type: ignore[method-assign]  # as above
    desk.hints.take("19", "wa")
    await desk.until(lambda: desk.told.cards > 0)

    assert 20 == len(desk.told.codes)
