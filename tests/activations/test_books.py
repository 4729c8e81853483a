"""The account's books: a lost answer is settled by the balance, and only where it proves something.

The account is a number here that the test moves; each reading is one pass.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from activations.books import Books, settle
from activations.model import (
    CHARGED,
    COSTS_NOTHING,
    NOT_CHARGED,
    RETURNED,
    Activation,
    State,
)
from activations.notes import NoteKind
from bloomsms.errors import ErrorCode, OutcomeUnknown, RateLimited, Refused, Unreadable
from bloomsms.models import Balance, ProviderStatus, Sms
from storage.database import Database
from tests.activations.scripted_provider import ScriptedProvider
from tests.activations.shop import OWNERS, Shop
from tests.made_up import ANN, OFFER, PRICE, seen
from tests.moved_clock import MovedClock
from tests.storage import rows

LOST = OutcomeUnknown("hung up")


class Account:
    """What the provider really holds for us."""

    def __init__(self, shop: Shop, provider: ScriptedProvider, clock: MovedClock) -> None:
        self.amount = Decimal(100)
        self.shop = shop
        self._provider = provider
        self._clock = clock
        provider.always("balance", lambda: Balance(self.amount, "USD"))

    def restarts(self, database: Database) -> None:
        """The process dies, and another one goes on with what it finds."""
        self.shop = Shop(database, self._provider, self._clock)

    async def is_read(self, after_s: float = 120, *, is_looked: bool = True) -> None:
        """Time passes, the books have their pass, and every waiting number is looked at."""
        self._clock.move(after_s)
        await self.shop.books.run_pass(self._provider)
        for waiting in await self.shop.store.in_states(frozenset({State.WAITING})):
            if is_looked:
                self.shop.books.saw_open(waiting.id, self._clock.monotonic())
        await self.shop.books.run_pass(self._provider)

    async def loses(self, price: Decimal = PRICE, *, charged: Decimal = Decimal(0)) -> Activation:
        """An order whose answer is lost, for which so much was taken."""
        self._provider.next("rent", LOST)
        lost = await self.shop.rented(replace(OFFER, price=price))
        self.amount -= charged
        await self.shop.told()
        return lost

    async def gives_back(self) -> None:
        """A number is rented and cancelled; its money has not come back yet."""
        number = await self.shop.rented()
        self.amount -= PRICE
        self._provider.next("activation", seen(ProviderStatus.CANCELLED))
        await self.shop.endings.cancel(ANN, number.id)

    async def became(self, lost: Activation) -> str:
        """Where it stands, and why when that is for people."""
        now = await self.shop.now(lost)
        reason = now.reason if now.reason in (CHARGED, COSTS_NOTHING, NOT_CHARGED, RETURNED) else ""
        return f"{now.state} {reason}".strip()

    async def told(self) -> list[NoteKind]:
        return [note.kind for note in await self.shop.told() if note.user_id == ANN]


@pytest.fixture
async def account(shop: Shop, provider: ScriptedProvider, clock: MovedClock) -> Account:
    """With one reading made."""
    account = Account(shop, provider, clock)
    await account.is_read()
    return account


async def test_an_order_that_was_not_charged(account: Account) -> None:
    """Nothing is missing: nothing was rented, and the person hears it."""
    lost = await account.loses()
    await account.is_read()

    assert "refused not_charged" == await account.became(lost)
    assert [NoteKind.SETTLED, NoteKind.CARD] == await account.told()


async def test_an_order_that_was_charged(account: Account) -> None:
    """Its price is missing: it stays uncertain, and the person hears that it was charged."""
    lost = await account.loses(charged=PRICE)
    await account.is_read()

    assert "uncertain charged" == await account.became(lost)
    assert [NoteKind.SETTLED, NoteKind.CARD] == await account.told()


async def test_the_money_comes_back(account: Account) -> None:
    """When the provider has given the money back, the order is over."""
    lost = await account.loses(charged=PRICE)
    await account.is_read()
    await account.told()
    account.amount += PRICE
    await account.is_read()

    assert "refused returned" == await account.became(lost)
    assert [NoteKind.SETTLED, NoteKind.CARD] == await account.told()


async def test_a_charged_order_stays_charged(account: Account) -> None:
    """As long as nothing comes back, further readings say nothing new."""
    lost = await account.loses(charged=PRICE)
    for _ in range(5):
        await account.is_read()

    assert "uncertain charged" == await account.became(lost)


async def test_numbers_that_were_paid_for_are_known(
    account: Account, shop: Shop, provider: ScriptedProvider
) -> None:
    """What known orders cost is not missing."""
    await shop.rented()
    account.amount -= PRICE
    lost = await account.loses(charged=PRICE)
    await shop.rented()
    account.amount -= PRICE
    await account.is_read()

    assert "uncertain charged" == await account.became(lost)


@pytest.mark.parametrize(
    ("charged", "expected"),
    [
        ((PRICE, Decimal("0.45")), ["uncertain charged"] * 2),
        ((Decimal(0), Decimal(0)), ["refused not_charged"] * 2),
    ],
    ids=["both", "none"],
)
async def test_two_lost_orders(
    account: Account, charged: tuple[Decimal, Decimal], expected: list[str]
) -> None:
    """All or nothing of two orders is clear."""
    lost = [
        await account.loses(price, charged=taken)
        for price, taken in zip((PRICE, Decimal("0.45")), charged, strict=True)
    ]
    await account.is_read()

    assert expected == [await account.became(one) for one in lost]


@pytest.mark.parametrize("readings", [1, 2, 5])
async def test_one_of_two_equal_orders(account: Account, readings: int) -> None:
    """While it is not clear which of two orders was charged, nothing is said of either."""
    lost = [await account.loses(charged=PRICE), await account.loses()]
    for _ in range(readings):
        await account.is_read()

    assert ["uncertain"] * 2 == [await account.became(one) for one in lost]


async def test_one_of_two_different_orders(account: Account) -> None:
    """A price that only one of two orders has tells which of them was charged."""
    lost = [await account.loses(charged=PRICE), await account.loses(Decimal("0.45"))]
    await account.is_read()

    assert ["uncertain charged", "refused not_charged"] == [
        await account.became(one) for one in lost
    ]


async def test_an_order_charged_at_another_price(account: Account) -> None:
    """An order that cost less than was offered was charged all the same."""
    lost = await account.loses(PRICE, charged=Decimal("0.50"))
    await account.is_read()
    await account.is_read()

    assert "not_charged" not in await account.became(lost)


async def test_an_order_before_the_first_reading(
    shop: Shop, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """Without a reading from before the order, later ones say nothing about it."""
    account = Account(shop, provider, clock)
    lost = await account.loses(charged=PRICE)
    await account.is_read()
    await account.is_read()

    assert "uncertain" == await account.became(lost)


async def test_an_order_right_after_a_refund(
    account: Account, shop: Shop, provider: ScriptedProvider
) -> None:
    """A refund that is still to come may hide a charge; once both have shown it is clear."""
    await account.gives_back()
    lost = await account.loses(charged=PRICE)
    account.amount += PRICE
    await account.is_read()
    hidden = await account.became(lost)
    account.amount += PRICE  # the lost order's own
    await account.is_read(20 * 60)

    assert ("uncertain", "refused costs_nothing") == (hidden, await account.became(lost))


async def test_a_charge_that_comes_late(account: Account) -> None:
    """As long as a provider may still be at work, nobody is told that nothing was charged."""
    lost = await account.loses()
    await account.is_read(2)
    early = await account.became(lost)
    account.amount -= PRICE
    await account.is_read(60)

    assert ("uncertain", "uncertain charged") == (early, await account.became(lost))


async def test_a_refund_during_the_reading(
    account: Account, shop: Shop, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """A look from before the answer does not show that a number was open when it was read."""
    number = await shop.rented()
    account.amount -= PRICE
    lost = await account.loses(charged=PRICE)

    def slow() -> Balance:
        clock.move(5)
        account.amount += PRICE  # the number has just ended
        return Balance(account.amount, "USD")

    provider.next("balance", slow)
    clock.move(120)
    asked = clock.monotonic() + timedelta(seconds=1)
    await shop.books.run_pass(provider)
    shop.books.saw_open(number.id, asked)
    await shop.books.run_pass(provider)

    assert "uncertain" == await account.became(lost)


async def test_an_order_that_is_found_after_the_reading(
    account: Account, shop: Shop, provider: ScriptedProvider
) -> None:
    """What a found number cost is in a reading that came after its order, and not taken twice."""
    lost = await account.loses(charged=PRICE)
    account.amount += 6  # somebody filled the account up: the comparison begins anew
    await account.is_read()
    found = replace(seen(ProviderStatus.WAITING), phone_number="+19005550123")
    provider.next("activation", found)
    await shop.adoption.adopt("777", "wa", provider)
    expected = await shop.account.expected()

    assert State.WAITING is (await shop.now(lost)).state
    assert account.amount == (expected and expected[0])


async def test_a_late_refund_hides_no_charge(
    account: Account, shop: Shop, provider: ScriptedProvider
) -> None:
    """Money of an earlier number that comes half an hour late does not make an order free."""
    await account.gives_back()
    await account.is_read()
    lost = await account.loses(charged=PRICE)
    account.amount += PRICE
    await account.is_read(30 * 60)

    assert "uncertain" == await account.became(lost)


async def test_a_refund_that_has_shown(
    account: Account, shop: Shop, provider: ScriptedProvider
) -> None:
    """Once an earlier number's money is seen to be back, the next lost order is settled."""
    await account.gives_back()
    account.amount += PRICE
    await account.is_read()
    lost = await account.loses(charged=PRICE)
    await account.is_read()

    assert [] == await shop.store.awaiting_return()
    assert "uncertain charged" == await account.became(lost)


async def test_money_of_a_forgotten_number(
    account: Account, shop: Shop, provider: ScriptedProvider
) -> None:
    """A number that the provider no longer knows counts as paid until its money is seen."""
    number = await shop.rented()
    account.amount -= PRICE
    unknown = Refused(ErrorCode.ACTIVATION_NOT_FOUND, "ACTIVATION_NOT_FOUND", "", 404)
    provider.next("activation", *[unknown] * 4)
    for _ in range(4):
        shop.clock.move(20)
        await shop.inspector.look(await shop.now(number), provider)
    before = await shop.now(number)
    account.amount += PRICE
    await account.is_read()
    after = await shop.now(number)

    assert (State.EXPIRED, False, True) == (
        before.state,
        before.is_refund_confirmed,
        before.is_refund_due,
    )
    assert (True, False) == (after.is_refund_confirmed, after.is_refund_due)


async def test_a_code_after_the_refund(
    account: Account, shop: Shop, provider: ScriptedProvider
) -> None:
    """A code for a number that was given back may be charged again: then nothing is concluded."""
    number = await shop.rented()
    account.amount -= PRICE
    provider.next("activation", seen(ProviderStatus.CANCELLED))
    ended = await shop.endings.cancel(ANN, number.id)
    account.amount += PRICE
    lost = await account.loses()
    provider.next("activation", seen(ProviderStatus.CANCELLED, Sms("1234", "code 1234")))
    await shop.inspector.look(ended, provider)
    account.amount -= PRICE
    await account.is_read()
    await account.is_read()

    assert "uncertain" == await account.became(lost)


@pytest.mark.parametrize(
    ("charged", "expected"),
    [(PRICE, "uncertain charged"), (Decimal(0), "refused costs_nothing")],
    ids=["charged", "not charged"],
)
async def test_after_a_restart(
    account: Account, database: Database, charged: Decimal, expected: str
) -> None:
    """What the account should hold outlives the process, and settles what its death left open."""
    paid = await account.shop.rented()
    account.amount -= PRICE
    begun = await account.shop.begun()
    account.restarts(database)
    account.amount -= charged
    await account.shop.rentals.recover()
    await account.is_read()
    await account.is_read()

    assert State.WAITING is (await account.shop.now(paid)).state
    assert expected == await account.became(begun)


async def test_a_return_after_a_restart(account: Account, database: Database) -> None:
    """A process that starts watches for the money of orders that were found charged before."""
    lost = await account.loses(charged=PRICE)
    await account.is_read()
    account.restarts(database)
    account.amount += PRICE
    await account.is_read()

    assert "refused returned" == await account.became(lost)


async def test_a_refund_nobody_has_seen_yet(
    account: Account, shop: Shop, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """While a number of ours may have come back unseen, an even balance proves nothing."""
    await shop.rented()
    account.amount -= PRICE
    clock.move(minutes=21)
    lost = await account.loses(charged=PRICE)
    account.amount += PRICE  # of the number that has just expired; no look has shown it yet
    await account.is_read(after_s=2, is_looked=False)

    assert "uncertain" == await account.became(lost)


async def test_orders_after_the_reading(
    account: Account, shop: Shop, provider: ScriptedProvider
) -> None:
    """Orders that come while a reading waits for looks leave it as good as it was."""
    await shop.rented()
    account.amount -= PRICE
    lost = await account.loses(charged=PRICE)
    await account.is_read(is_looked=False)
    await shop.rented()
    account.amount -= PRICE
    after = await account.loses(charged=PRICE)
    await account.is_read(1)
    first = [await account.became(one) for one in (lost, after)]
    await account.is_read(60)
    second = [await account.became(one) for one in (lost, after)]

    assert ["uncertain charged", "uncertain"] == first
    assert ["uncertain charged"] * 2 == second


async def test_an_order_after_the_first_reading(
    shop: Shop, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """A first reading that an order has overtaken is no beginning."""
    account = Account(shop, provider, clock)
    waiting = await shop.waiting()
    await account.is_read(is_looked=False)
    with shop.books.order():
        account.amount -= PRICE
    clock.move(1)
    shop.books.saw_open(waiting.id, clock.monotonic())
    await shop.books.run_pass(provider)

    assert await shop.account.expected() is None


async def test_a_reading_that_waits_too_long(
    account: Account, shop: Shop, provider: ScriptedProvider
) -> None:
    """A reading that no look has confirmed in time gives way to a new one."""
    await shop.rented()
    account.amount -= PRICE
    await account.loses(charged=PRICE)
    await account.is_read(is_looked=False)
    before = provider.count("balance")
    await account.is_read(329, is_looked=False)
    meanwhile = provider.count("balance")
    await account.is_read(2, is_looked=False)

    assert (before, before + 1) == (meanwhile, provider.count("balance"))


async def test_a_refund_is_no_return(
    account: Account, shop: Shop, provider: ScriptedProvider
) -> None:
    """Money that came back for another number does not settle the order."""
    number = await shop.rented()
    account.amount -= PRICE
    lost = await account.loses(charged=PRICE)
    await account.is_read()
    provider.next("activation", seen(ProviderStatus.CANCELLED))
    await shop.endings.cancel(ANN, number.id)
    account.amount += PRICE
    await account.is_read()

    assert "uncertain charged" == await account.became(lost)


async def test_more_came_back_than_was_taken(account: Account) -> None:
    """Somebody filled the account up: that is nobody's return."""
    lost = await account.loses(charged=PRICE)
    await account.is_read()
    account.amount += Decimal(50)
    await account.is_read()

    assert "uncertain charged" == await account.became(lost)


@pytest.mark.parametrize("err", [Unreadable("no answer"), RateLimited(5.0)])
async def test_a_balance_that_cannot_be_read(
    account: Account, provider: ScriptedProvider, err: Exception
) -> None:
    """Without a reading nothing is concluded, and it is read again a minute later."""
    lost = await account.loses(charged=PRICE)
    provider.next("balance", err)
    await account.is_read()
    before = await account.became(lost)
    await account.is_read(60)

    assert ("uncertain", "uncertain charged") == (before, await account.became(lost))


async def test_no_reading_while_an_order_is_under_way(
    account: Account, shop: Shop, provider: ScriptedProvider
) -> None:
    """Between an order and its answer the balance says nothing."""
    lost = await account.loses()
    asked_before = provider.count("balance")
    provider.gate.clear()
    begun = await shop.begun()
    paying = asyncio.create_task(asyncio.wait_for(shop.rentals.pay(begun), 5))
    await provider.is_asked(len(provider.asked) + 1)
    await account.is_read()
    during = provider.count("balance") - asked_before
    provider.gate.set()
    await paying
    account.amount -= PRICE
    await account.is_read()

    assert 0 == during
    assert "refused not_charged" == await account.became(lost)


async def test_an_order_during_the_reading(
    account: Account, shop: Shop, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """A reading that an order overtook is dropped."""
    lost = await account.loses(charged=PRICE)

    def overtaken() -> Balance:
        with shop.books.order():
            pass
        return Balance(Decimal(0), "USD")

    provider.next("balance", overtaken)
    await account.is_read()
    before = await account.became(lost)
    await account.is_read()

    assert ("uncertain", "uncertain charged") == (before, await account.became(lost))


async def test_refused_orders_cost_nothing(
    account: Account, shop: Shop, provider: ScriptedProvider
) -> None:
    """An order that was refused or never left is not missed."""
    provider.next("rent", Refused(ErrorCode.NO_NUMBERS_AVAILABLE, "X", "", 400), RateLimited(1.0))
    await shop.rented()
    await shop.rented()
    lost = await account.loses()
    await account.is_read()

    assert "refused not_charged" == await account.became(lost)


async def test_how_often_it_is_read(
    shop: Shop, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """Once at the start, then only while something is uncertain: after 2 s, then every 45 s."""
    account = Account(shop, provider, clock)
    readings = []
    for second in range(200):
        if second == 100:
            await account.loses(charged=PRICE)
        before = provider.count("balance")
        await account.is_read(1)
        readings += [second] * (provider.count("balance") - before)

    assert [0, 101, 146] == readings


async def test_after_three_hours(account: Account, provider: ScriptedProvider) -> None:
    """Money that did not come back by then is left to the owners; no more is read for it."""
    lost = await account.loses(charged=PRICE)
    await account.is_read()
    await account.is_read(timedelta(hours=3).total_seconds())
    asked_before = provider.count("balance")
    account.amount += PRICE
    await account.is_read()

    assert asked_before == provider.count("balance")
    assert "uncertain charged" == await account.became(lost)


@pytest.mark.parametrize("step_s", [-3600, 3600])
@pytest.mark.parametrize("charged", [PRICE, Decimal(0)], ids=["charged", "not charged"])
@pytest.mark.parametrize("at", ["order", "loss", "reading", "end"])
async def test_a_step_of_the_clock_settles_nothing_wrong(
    account: Account, provider: ScriptedProvider, at: str, charged: Decimal, step_s: float
) -> None:
    """Whenever the wall clock is set by an hour, an order is settled as what it was."""
    clock = account.shop.clock
    if at == "order":
        clock.step(step_s)
    lost = await account.loses(charged=charged)
    if at == "loss":
        clock.step(step_s)
    if at == "reading":
        provider.next("balance", lambda: clock.step(step_s) and Balance(account.amount, "USD"))
    await account.is_read(5)
    early = await account.became(lost)
    if at == "end":
        clock.step(step_s)
    await account.is_read(86)

    late = await account.became(lost)
    assert ("uncertain charged" if charged else "uncertain") == early
    assert ("uncertain charged" if charged else "refused not_charged") == late


@pytest.mark.parametrize("step_s", [-3600, 3600])
async def test_a_step_hides_no_return(
    account: Account, provider: ScriptedProvider, step_s: float
) -> None:
    """Money that is still to come back keeps an order open, whatever the wall clock says."""
    await account.gives_back()
    await account.is_read(2 * 3600)
    account.shop.clock.step(step_s)
    lost = await account.loses(charged=PRICE)
    account.amount += PRICE
    await account.is_read()

    assert "uncertain" == await account.became(lost)


@pytest.mark.parametrize("step_s", [-3600, 0, 3600])
async def test_a_number_paid_for_after_a_step(
    account: Account, shop: Shop, clock: MovedClock, step_s: float
) -> None:
    """What an order took is off the balance, also where it seems older than the reading."""
    clock.step(step_s)
    await shop.rented()
    expected = await shop.account.expected()

    assert account.amount - PRICE == (expected and expected[0])


async def test_an_order_before_any_balance_is_put_before_owners(
    shop: Shop, provider: ScriptedProvider, clock: MovedClock, database: Database
) -> None:
    """What nothing can settle is shown to each owner once, within ten minutes of the press."""
    account = Account(shop, provider, clock)
    lost = await account.loses(charged=PRICE)
    for _ in range(47):
        await account.is_read(10)
    early = await shop.told()
    clock.step(-3600)
    await account.is_read(20)
    told = await shop.told()
    account.restarts(database)
    await account.is_read(3600)

    assert [] == early
    assert {(NoteKind.OWNER_UNSETTLED, owner, lost.id) for owner in OWNERS} == {
        (note.kind, note.user_id, note.activation_id) for note in told
    }
    assert [] == await account.shop.told()


async def test_a_charge_that_never_came_back_is_put_before_owners(account: Account) -> None:
    """Once its money is not looked for any more, and not before."""
    await account.loses(charged=PRICE)
    await account.is_read()
    await account.told()
    await account.is_read(3600)
    early = await account.shop.told()
    await account.is_read(2 * 3600)

    assert [] == early
    assert {NoteKind.OWNER_UNSETTLED} == {note.kind for note in await account.shop.told()}


async def test_without_owners_nothing_is_marked(
    shop: Shop, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """An order waits until there are owners to show it to."""
    lost = await Account(shop, provider, clock).loses()
    books = Books(shop.store, shop.account, clock)
    clock.move(hours=1)
    await books.run_pass(provider)

    assert not (await shop.now(lost)).is_before_owners


async def test_an_order_that_an_owner_closed(account: Account, shop: Shop) -> None:
    """What an owner has closed meanwhile stays as it is."""
    lost = await account.loses(charged=PRICE)
    await settle(shop.store, lost, "closed_by_owner", shop.clock.now())
    await account.told()
    await account.is_read()

    assert "closed_by_owner" == (await shop.now(lost)).reason
    assert [] == await account.told()


async def test_an_order_that_is_gone(account: Account, shop: Shop, database: Database) -> None:
    """An order whose row was cleared away is settled by nobody, and stands in nobody's way."""
    await account.loses()
    other = await account.loses()
    async with database.transaction() as db:
        await db.execute("delete from notes")
        await db.execute("delete from activations where id <> ?", (other.id,))
    await account.is_read()

    assert "refused not_charged" == await account.became(other)


@pytest.mark.parametrize("state", [state for state in State if state is not State.UNCERTAIN])
async def test_only_an_uncertain_order_is_settled(shop: Shop, state: State) -> None:
    """What is clear cannot be closed."""
    activation = await rows.in_state(shop.store, shop.clock, state)

    assert await settle(shop.store, activation, "closed_by_owner", shop.clock.now()) is False
    assert activation == await shop.now(activation)


async def test_settling(shop: Shop) -> None:
    """An uncertain order that is closed is refused for that reason, and its person hears of it."""
    activation = await rows.in_state(shop.store, shop.clock, State.UNCERTAIN)

    assert await settle(shop.store, activation, "closed_by_owner", shop.clock.now()) is True
    after = await shop.now(activation)
    assert (State.REFUSED, "closed_by_owner") == (after.state, after.reason)
    assert [f"settled {ANN}", f"card {ANN}"] == await shop.words()
