"""Updates of a form that the library cannot read: they stop nobody and are told nowhere."""

import json
from typing import Any

import pytest

from storage.database import Database
from storage.updates import UpdateRows
from tests.e2e.books import rows
from tests.e2e.conftest import World
from tests.log_watch import is_logged
from tests.moved_clock import MovedClock

SECRET = "852508 is your code"
UNREADABLE: dict[str, Any] = {"message_id": 1, "text": SECRET}
STATUS = "select status from updates where update_id in (7, 8)"


def logged(caplog: pytest.LogCaptureFixture) -> str:
    return "\n".join(
        f"{record.getMessage()} {record.exc_text}" for record in caplog.records if is_logged(record)
    )


async def test_one_among_others(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """What stands behind it is answered, Telegram learns that it is there, owners are told once."""
    await world.owner.says("/start")
    await world.start_bot()
    await world.owner.waits_for("Hello", new=True)
    number = world.telegram.chats.updates.add("message", UNREADABLE)
    await world.ann.says("/start")
    await world.ann.waits_for("Hello", new=True)
    await world.owner.waits_for(str(number), new=True)
    await world.telegram.waits_until(
        lambda server: all(one["update_id"] != number for one in server.chats.updates.waiting),
        timeout_s=5,
    )

    assert 1 == sum(str(number) in message.text for message in world.owner.messages)
    assert f"update {number} cannot be read and is parked" in logged(caplog)
    assert SECRET not in logged(caplog)


async def test_one_that_was_kept(world: World) -> None:
    """One from an earlier process does not keep the bot from starting."""
    await world.start_bot()
    await world.stop_bot()
    bot_id = int(world.telegram.token.partition(":")[0])
    body = json.dumps({"update_id": 7, "message": UNREADABLE})
    async with Database.opened(world.folder / "bot.db") as database:
        await UpdateRows(database).keep(bot_id, [(7, body), (8, "{")], MovedClock().now())
    await world.start_bot()
    await world.ann.says("/start")
    await world.ann.waits_for("Hello", new=True)

    assert ["parked", "parked"] == [row["status"] for row in rows(world.folder, STATUS)]
