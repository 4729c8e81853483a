"""A restored backup: renting is closed until an owner has looked after it."""

import asyncio
import shutil
import signal
import sqlite3
import time
from contextlib import closing
from decimal import Decimal
from pathlib import Path

from sandbox.person import Person
from tests.e2e.books import rows
from tests.e2e.conftest import World
from tests.e2e.program import Program

CLOSED = "Renting is closed: this database is older than its newest order"
PAUSED = "Renting is paused until the owner has checked the account. Nothing was charged."


async def copied(world: World) -> Path:
    """Made while no update is being handled."""
    while rows(world.folder, "select 1 from updates where status = 'pending'"):
        await asyncio.sleep(0.02)
    copy = world.folder / "copy"
    with (
        closing(sqlite3.connect(world.folder / "bot.db")) as db,
        closing(sqlite3.connect(copy)) as to,
    ):
        db.backup(to)
    return copy


def restore(world: World, copy: Path) -> None:
    """As an owner would: the database file alone."""
    for name in ("bot.db-wal", "bot.db-shm"):
        (world.folder / name).unlink(missing_ok=True)
    shutil.copy(copy, world.folder / "bot.db")


async def restored(world: World, ann: Person) -> None:
    """A copy with an offer in it is put back after one more number was rented and cancelled."""
    await world.choose(ann)
    copy = await copied(world)
    await world.rent(ann, "Telegram · $0.45")
    await world.stop_bot()
    restore(world, copy)
    await world.start_bot()


async def test_closed_until_an_owner_opens(world: World, ann: Person) -> None:
    """No press spends before an owner's, also after another restart; then renting goes on."""
    offer = await world.choose(ann)
    copy = await copied(world)
    await world.rent(ann, "Telegram · $0.45")
    await world.stop_bot()
    restore(world, copy)
    await world.start_bot()
    alert = await world.owner.waits_for(CLOSED)
    old = await ann.clicks("Rent for", message=offer)
    new = await world.choose(ann)
    first = await ann.clicks("Rent for", message=new)
    await world.stop_bot()
    await world.start_bot()
    second = await ann.clicks("Rent for", message=new)

    assert "no longer valid" in (old.text or "")
    assert [PAUSED, PAUSED] == [first.text, second.text]
    assert 1 == world.bloomsms.count("rent")
    assert 1 == sum(CLOSED in message.text for message in world.owner.messages)
    await world.owner.clicks("Open renting", message=alert)
    await world.owner.waits_for("Renting is open again")
    await ann.clicks("Rent for", message=new)
    await ann.waits_until(lambda _: "Waiting for the SMS" in new.text)
    await world.stop_bot()
    await world.start_bot()
    await world.rent(ann, "Telegram · $0.45")
    assert 3 == world.bloomsms.count("rent")
    world.nothing_was_refused()


async def test_other_number_is_closed_before_it_cancels(world: World, ann: Person) -> None:
    """A number of the restored copy can be cancelled, and not be changed for another one."""
    await world.rent(ann)
    card = ann.last()
    copy = await copied(world)
    await world.rent(ann, "Telegram · $0.45")
    await world.stop_bot()
    restore(world, copy)
    await world.start_bot()
    await ann.clicks("Other number", message=card)
    await ann.waits_for(PAUSED)

    assert 0 == world.bloomsms.count("cancel")
    await ann.clicks("Cancel", message=card)
    await ann.waits_until(lambda _: "Cancelled" in card.text)
    assert 2 == world.bloomsms.count("rent")


async def test_only_owners_open(world: World, ann: Person) -> None:
    """The button is an owner's, and of this loss; the owners' page has it too."""
    await restored(world, ann)
    await world.owner.waits_for(CLOSED)
    foreign = await ann.presses("1:op:1")
    stale = await world.owner.presses("1:op:7")

    assert "Only owners can do that." == foreign.text
    assert "That number is not yours, or it is gone." == stale.text
    await world.owner.says("/admin")
    page = await world.owner.waits_for("For owners", new=True)
    assert CLOSED in page.text
    await world.owner.clicks("Open renting", message=page)
    await world.owner.waits_for("Renting is open again")
    await world.rent(ann)


async def test_kept_presses_are_withdrawn(world: World, tmp_path: Path) -> None:
    """A press that was kept and not handled spends nothing once its database was restored."""
    ann, program = world.ann, Program(tmp_path, world.variables())
    await program.start()
    offer = await world.choose(ann)
    copy = await copied(world)
    await program.stop(signal.SIGKILL)
    data = next(b.callback_data for row in offer.keyboard for b in row if "Rent for" in b.text)
    with closing(sqlite3.connect(copy, isolation_level=None)) as db:
        (update_id, bot_id, body) = db.execute(
            "select 1, bot_id, ? from updates limit 1",
            (f'{{"update_id": 1, "callback_query": {{"id": "1", "data": "{data}"}}}}',),
        ).fetchone()
        db.execute(
            "insert into updates (update_id, bot_id, body, status, attempts, received_at_ms,"
            " due_at_ms) values (?, ?, ?, 'pending', 0, 0, ?)",
            (update_id, bot_id, body, int(time.time() * 1000)),
        )
    await program.start()
    await world.rent(ann, "Telegram · $0.45")
    await program.stop(signal.SIGKILL)
    restore(world, copy)
    await program.start()
    await world.owner.waits_for(CLOSED, timeout_s=15)
    await program.stop()

    with closing(sqlite3.connect(world.folder / "bot.db")) as db:
        assert [("done", "")] == db.execute(
            "select status, body from updates where update_id = 1"
        ).fetchall()
    assert 1 == world.bloomsms.count("rent")


async def test_no_owner(world: World, tmp_path: Path) -> None:
    """Without owners the start ends with 2 and how to go on; with the file gone it goes on."""
    await world.start_bot()
    await restored(world, world.ann)
    await world.stop_bot()
    program = Program(tmp_path, world.variables() | {"ADMIN_IDS": ""})
    await program.start()

    assert 2 == await program.ended()
    assert "set ADMIN_IDS" in program.log.splitlines()[-1]
    assert "Traceback" not in program.log
    (world.folder / "bot.db.newest").unlink()
    await program.start()
    await world.ann.says("/start")
    await world.ann.waits_for("Hello", new=True, timeout_s=15)
    await program.stop()


async def test_balance_that_is_not_the_expected_one(world: World, ann: Person) -> None:
    """Owners are told both sums, once a start; what our own numbers explain is no news."""
    await world.settled_balance()
    await world.rent(ann)
    await world.stop_bot()
    world.bloomsms.balance = Decimal("120.00")
    await world.start_bot()
    told = await world.owner.waits_for("$120.00")

    assert "$124.95 was expected" in told.text
    assert 1 == sum("was expected" in message.text for message in world.owner.messages)


async def test_balance_that_a_refund_explains(world: World, ann: Person) -> None:
    """A number that ended while the bot was down brings its money back without an alarm."""
    await world.settled_balance()
    number = await world.rent(ann)
    card = ann.last()
    await world.stop_bot()
    world.bloomsms.expire(number)
    await world.start_bot()
    await world.time_is_over(numbers=1)
    await ann.waits_until(lambda _: "Expired" in card.text, timeout_s=40)

    assert Decimal("125.50") == world.bloomsms.balance
    assert not any("was expected" in message.text for message in world.owner.messages)
