"""Updates that Telegram pushes: kept before they are confirmed, then handled like all others."""

import asyncio
import json
from typing import Any

import pytest
from telegram import Update
from telegram.error import TelegramError
from telegram.ext import ApplicationBuilder, ExtBot

from activations.pulse import Pulse
from handlers.desk import TelegramApplication
from handlers.inbox import Inbox
from handlers.push import Push, secret_of
from handlers.webhook_guard import WebhookGuard
from sandbox.person import Person
from sandbox.telegram_server import TelegramServer
from storage.database import Database
from storage.updates import UpdateRows
from tests.moved_clock import MovedClock

URL = "https://example.org/telegram"


@pytest.fixture
def application(bot: ExtBot[str]) -> TelegramApplication:
    return ApplicationBuilder().bot(bot).build()


@pytest.fixture
def pulse(clock: MovedClock) -> Pulse:
    return Pulse(clock)


@pytest.fixture
def push(application: TelegramApplication, inbox: Inbox, pulse: Pulse, guard: WebhookGuard) -> Push:
    return Push(application, inbox, pulse, URL, guard)


@pytest.fixture
def updates(database: Database) -> UpdateRows:
    return UpdateRows(database)


def pushed(number: int, text: str = "hello") -> bytes:
    chat = {"id": 2001, "type": "private", "first_name": "Ann"}
    sender = {"id": 2001, "is_bot": False, "first_name": "Ann"}
    message = {"message_id": 5, "date": 1, "chat": chat, "from": sender, "text": text}
    return json.dumps({"update_id": number, "message": message}).encode()


def test_the_secret() -> None:
    """It is the same at every start, another for another token, and only letters and digits."""
    secret = secret_of("1:a")

    assert secret == secret_of("1:a") != secret_of("1:b")
    assert (64, True) == (len(secret), secret.isalnum())


async def test_kept_before_it_is_confirmed(
    push: Push,
    application: TelegramApplication,
    updates: UpdateRows,
    pulse: Pulse,
    clock: MovedClock,
) -> None:
    """It is a row when the call returns, and waits for its handler."""
    await push.take(pushed(7))
    update = application.update_queue.get_nowait()

    assert [7] == await updates.due_ids(clock.now())
    assert isinstance(update, Update)
    assert ("hello", application.bot) == (update.message and update.message.text, update.get_bot())
    assert pulse.is_well


async def test_pushed_twice(
    push: Push,
    application: TelegramApplication,
    inbox: Inbox,
    updates: UpdateRows,
    clock: MovedClock,
) -> None:
    """What Telegram repeats is one row, and is taken in hand once."""
    await push.take(pushed(7))
    await push.take(pushed(7, "other"))
    taken = []
    while not application.update_queue.empty():
        update = application.update_queue.get_nowait()
        assert isinstance(update, Update)
        taken.append(inbox.take(update))

    assert [True, False] == taken
    assert "hello" in str(await updates.body(7))


@pytest.mark.parametrize(
    "body",
    [
        b"", b"nonsense", b"null", b"[]", b"7", b'"x"', b"{}", b"[" * 100_000, b"\xff",
        b'{"update_id": 7, "message": 5}', b'{"update_id": 7, "message": {}}',
        b'{"update_id": 7, "message": {"message_id": 5, "date": "x", "chat": {}}}',
    ],
)  # fmt: skip
async def test_what_cannot_be_read_is_confirmed(
    push: Push,
    application: TelegramApplication,
    updates: UpdateRows,
    clock: MovedClock,
    body: bytes,
) -> None:
    """Telegram would repeat it for ever: it is confirmed, and nobody handles it."""
    await push.take(body)

    assert application.update_queue.empty()
    assert [] == await updates.due_ids(clock.now())


async def test_what_cannot_be_read_is_parked(
    push: Push, updates: UpdateRows, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """The owners learn its id, once however often it is pushed; the log tells none of it."""
    for _ in range(2):
        await push.take(b'{"update_id": 7, "message": {"text": "852508"}}')
    notes = await database.rows("select words from notes where kind = 'owner_parked'")

    assert [7] == await updates.handled_ids(9)
    assert [{"update_id": "7"}] == [json.loads(row["words"]) for row in notes]
    assert "852508" not in caplog.text


async def test_what_cannot_be_kept_is_not_confirmed(
    push: Push, application: TelegramApplication, database: Database
) -> None:
    """The failure reaches whoever answers Telegram."""
    await database._writer.execute("pragma query_only = on")

    with pytest.raises(Exception, match="readonly"):
        await push.take(pushed(7))
    assert application.update_queue.empty()


def hook(telegram: TelegramServer) -> dict[str, Any]:
    """What Telegram was told last."""
    return [call.parameters for call in telegram.calls if call.method == "setWebhook"][-1]


async def test_beginning(
    push: Push, telegram: TelegramServer, ann: Person, bot: ExtBot[str], pulse: Pulse
) -> None:
    """Telegram learns address, secret and kinds; what waits there stays."""
    await ann.says("early")
    await push.begin(["message", "callback_query"])
    info = await bot.get_webhook_info()

    assert (URL, ("message", "callback_query"), 1) == (
        info.url,
        info.allowed_updates,
        info.pending_update_count,
    )
    assert secret_of(telegram.token) == hook(telegram)["secret_token"]
    assert pulse.is_well
    assert [] == telegram.oddities


async def test_somebody_else_took_it(
    push: Push, bot: ExtBot[str], telegram: TelegramServer
) -> None:
    """A webhook that was changed is set again, one that is as it should be is left alone."""
    await push.begin(["message"])
    await push.run_pass()
    assert 1 == sum(call.method == "setWebhook" for call in telegram.calls)
    await bot.delete_webhook()
    await push.run_pass()

    assert URL == (await bot.get_webhook_info()).url
    assert ["message"] == hook(telegram)["allowed_updates"]


async def test_telegram_is_away(
    push: Push, telegram: TelegramServer, pulse: Pulse, clock: MovedClock
) -> None:
    """While Telegram fails, that is noted, and nothing is raised by the pass."""
    telegram.arm("bad_gateway")
    with pytest.raises(TelegramError):
        await push.begin(["message"])
    await push.run_pass()
    clock.move(20)

    assert not pulse.is_well


async def test_a_refused_address_is_not_well(
    push: Push, telegram: TelegramServer, pulse: Pulse, clock: MovedClock
) -> None:
    """While Telegram refuses the address the health is bad, although Telegram answers."""
    telegram.arm("error", method="setWebhook", status=400, description="Bad Request: bad webhook")
    for _ in range(2):
        with pytest.raises(TelegramError):
            await push.begin(["message"])
        clock.move(8)
        await push.run_pass()

    clock.move(1)
    assert not pulse.is_well
    telegram.disarm()
    await push.run_pass()
    assert pulse.is_well


async def test_changed_a_fourth_time(
    push: Push, bot: ExtBot[str], clock: MovedClock, gives_way: asyncio.Event
) -> None:
    """The webhook is set again three times in ten minutes, not a fourth time."""
    await push.begin(["message"])
    for _ in range(3):
        await bot.set_webhook("https://example.org/other")
        await push.run_pass()
        clock.move(30)
        assert URL == (await bot.get_webhook_info()).url
    assert not gives_way.is_set()
    await bot.set_webhook("https://example.org/other")
    await push.run_pass()

    assert "https://example.org/other" == (await bot.get_webhook_info()).url
    assert gives_way.is_set()
