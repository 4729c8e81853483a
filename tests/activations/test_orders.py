"""What is paid for is written down, however long the database takes and whoever was faster."""

import asyncio
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from activations import orders as orders_module
from activations.model import Activation, State
from activations.notes import Draft, NoteKind
from bloomsms.errors import ErrorCode, Refused
from bloomsms.models import Sms
from storage.activations import ActivationRows
from storage.database import Database
from tests.activations.scripted_provider import ScriptedProvider
from tests.activations.shop import OWNERS, Shop
from tests.made_up import ANN, NUMBER, PRICE
from tests.moved_clock import MovedClock


class StubbornRows(ActivationRows):
    """Rows on a disk that is full for a while: so many steps cannot be written."""

    refusals = 0

    async def record(
        self,
        before: Activation,
        after: Activation,
        drafts: Sequence[Draft],
        now: datetime,
        sms: Sms | None = None,
        waited_s: float | None = None,
    ) -> bool:
        if self.refusals:
            self.refusals -= 1
            raise sqlite3.OperationalError("database or disk is full")
        return await super().record(before, after, drafts, now, sms, waited_s)


@pytest.fixture
def rows(shop: Shop, database: Database, monkeypatch: pytest.MonkeyPatch) -> StubbornRows:
    # Up to a minute lies between two tries; how long is not what is tested.
    monkeypatch.setattr(orders_module, "RECORD_AGAIN_AFTER_S", (0.0, 0.0, 0.0))
    monkeypatch.setattr(orders_module, "RECORD_AGAIN_EVERY_S", 0.0)
    rows = StubbornRows(database)
    shop.orders._store = rows  # a disk that is full only for orders
    return rows


@pytest.mark.parametrize("refusals", [1, 3, 99])
async def test_a_full_disk(
    shop: Shop, provider: ScriptedProvider, rows: StubbornRows, refusals: int
) -> None:
    """A number that cannot be written down at once is written as soon as that is possible."""
    begun = await shop.begun()
    rows.refusals = refusals

    rented = await shop.rentals.pay(begun)

    assert (State.WAITING, NUMBER.provider_id) == (
        rented.state,
        rented.number and rented.number.provider_id,
    )
    assert rented == await shop.now(begun)
    assert 1 == provider.count("rent")


async def test_a_surprise_while_ordering(shop: Shop, provider: ScriptedProvider) -> None:
    """A fault of our own while the order may be on its way leaves the outcome unknown, and told."""
    provider.next("rent", KeyError("surprise"))
    begun = await shop.begun()

    assert State.UNCERTAIN is (await shop.rentals.pay(begun)).state
    assert f"uncertain {ANN}" in await shop.words()
    assert 1 == provider.count("rent")


async def held_for_lost(shop: Shop, provider: ScriptedProvider) -> Activation:
    """An order whose answer comes when it has already been given up."""
    begun = await shop.begun()
    provider.gate.clear()
    paying = asyncio.create_task(asyncio.wait_for(shop.rentals.pay(begun), 5))
    await provider.is_asked(1)
    await shop.rentals.recover()
    given_up = await shop.now(begun)
    provider.gate.set()
    await paying

    assert State.UNCERTAIN is given_up.state
    return await shop.now(begun)


async def test_a_number_that_comes_late(shop: Shop, provider: ScriptedProvider) -> None:
    """A number for an order that was held for lost is its person's all the same."""
    after = await held_for_lost(shop, provider)

    assert (State.WAITING, replace(NUMBER, charged=PRICE)) == (after.state, after.number)
    assert f"card {ANN}" in await shop.words()


async def test_a_refusal_that_comes_late(shop: Shop, provider: ScriptedProvider) -> None:
    """A refusal does not take back what was said of an order that was held for lost."""
    provider.next("rent", Refused(ErrorCode.NO_NUMBERS_AVAILABLE, "NO_NUMBERS_AVAILABLE", "", 400))

    assert State.UNCERTAIN is (await held_for_lost(shop, provider)).state


async def test_each_owner_is_told_but_the_one_who_ordered(
    shop: Shop, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """Owners other than the person hear of an uncertain order."""
    begun = await shop.begun()
    await shop.orders.lose(begun, "hung up")

    assert ["owner_uncertain 999", "owner_uncertain 1000"] == [
        word for word in await shop.words() if word.startswith("owner")
    ]


async def test_rows_that_shared_an_id(shop: Shop, database: Database) -> None:
    """Owners are told of all, people of the open ones, once; then nothing more is told."""
    open_one, ended = await shop.begun(), await shop.waiting(provider_id="2")
    await shop.orders.lose(open_one, "charged")
    await shop.became(ended, State.EXPIRED)
    for activation in (open_one, ended):
        await database.write("insert into duplicates values (?)", (activation.id,))
    await shop.told()
    await shop.rentals.recover()
    told = await shop.told()
    await shop.rentals.recover()

    assert {f"{open_one.id}, {ended.id}"} == {n.words["orders"] for n in told if n.words}
    assert [
        f"{NoteKind.CARD} {ANN}",
        f"{NoteKind.DUPLICATE} {ANN}",
        *sorted(f"{NoteKind.OWNER_DUPLICATES} {owner}" for owner in OWNERS),
    ] == sorted(f"{note.kind} {note.user_id}" for note in told)
    assert [] == await shop.told()
