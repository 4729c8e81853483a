"""`python bot.py` as a process: starting, stopping, being killed, starting again."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.person import Person
from tests.e2e.conftest import OWNER, World
from tests.e2e.program import Program


@pytest.fixture
async def program(world: World, tmp_path: Path) -> AsyncIterator[Program]:
    """The bot between both emulators, not started yet."""
    program = Program(tmp_path, world.variables())
    yield program
    if program.log_path.exists():
        await program.stop(signal.SIGKILL)


async def started(program: Program, person: Person) -> None:
    await program.start()
    await person.says("/start")
    await person.waits_for("Hello", new=True, timeout_s=15)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"TELEGRAM_BOT_TOKEN": ""}, "TELEGRAM_BOT_TOKEN is missing"),
        ({"TELEGRAM_BOT_TOKEN": "nonsense"}, "TELEGRAM_BOT_TOKEN is malformed"),
        ({"TELEGRAM_BOT_TOKEN": "1:unknown"}, "TELEGRAM_BOT_TOKEN is wrong"),
        ({"BLOOMSMS_API_KEY": ""}, "BLOOMSMS_API_KEY is missing"),
        ({"ADMIN_IDS": "1,two"}, "ADMIN_IDS is malformed"),
        ({"MAX_PRICE_USD": "-1"}, "MAX_PRICE_USD is malformed"),
        ({"ACCESS": "friends"}, "ACCESS is malformed"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_wrong_start(
    world: World, tmp_path: Path, change: dict[str, str], sentence: str
) -> None:
    """A wrong setting ends the start with exit 2 and one sentence naming it."""
    program = Program(tmp_path, world.variables() | change)
    await program.start()
    status = await program.ended()

    assert 2 == status
    assert sentence in program.log
    assert "Traceback" not in program.log
    assert [line for line in program.log.splitlines() if sentence in line] == [
        program.log.splitlines()[-1]
    ]


async def test_says_who_it_is(world: World, program: Program) -> None:
    """The log tells the bot's name and the balance, and stopping in order ends with 0."""
    await started(program, world.ann)
    before = asyncio.get_running_loop().time()
    status = await program.stop(signal.SIGINT)

    assert 0 == status
    assert asyncio.get_running_loop().time() - before < 5
    assert "I am @bloomsms_sandbox_bot" in program.log
    assert "BloomSMS balance: 125.50 USD" in program.log
    assert "WARNING" not in program.log


async def test_stops_in_time_while_the_provider_hangs(world: World, program: Program) -> None:
    """SIGTERM ends it within five seconds also in the middle of an order, which is told later."""
    await started(program, world.ann)
    card = await world.choose(world.ann)
    world.bloomsms.arm("slow", on="rent", delay_s=30, times=1)
    await world.ann.clicks("Rent for", message=card)
    await world.ann.waits_until(lambda _: "Renting the number" in card.text)
    before = asyncio.get_running_loop().time()
    status = await program.stop()

    assert 0 == status
    assert asyncio.get_running_loop().time() - before < 5
    await program.start()
    await world.ann.waits_for("The outcome is unknown", new=True)
    await world.owner.waits_for("outcome of an order is unknown")
    assert 1 == world.bloomsms.count("rent")


async def test_keeps_what_came_while_it_was_down(world: World, program: Program) -> None:
    """Updates that arrived while the bot was down are handled."""
    await started(program, world.ann)
    await program.stop()
    await world.ann.says("/help")
    await program.start()

    await world.ann.waits_for("How it works", new=True)


async def test_fetched_updates_outlive_a_kill(world: World, program: Program) -> None:
    """What was fetched but not handled when it was killed takes effect once."""
    await started(program, world.ann)
    card = await world.choose(world.ann)
    await asyncio.sleep(0.6)  # the balance that /start showed is not shown again
    world.bloomsms.arm("slow", on="balance", delay_s=3)
    for person in (world.ann, world.bob):
        await person.says("/balance")
    for command in ("/help", "/settings"):
        await world.ann.says(command)
    await world.ann.clicks("Rent for", message=card)
    await asyncio.sleep(0.3)
    await program.stop(signal.SIGKILL)
    world.bloomsms.disarm()
    await program.start()
    await world.ann.waits_until(lambda _: "Waiting for the SMS" in card.text)
    await world.bob.waits_for("Balance")
    await world.ann.waits_for("Your id")

    assert 1 == world.bloomsms.count("rent")
    for words in ("How it works", "Your id", "💰 Balance:"):
        assert 1 == sum(words in m.text and "Hello" not in m.text for m in world.ann.messages)


async def test_killed_while_waiting(world: World, program: Program) -> None:
    """After kill -9 a code that came meanwhile is delivered, once, and old buttons work."""
    await started(program, world.ann)
    number = await world.rent(world.ann)
    card = world.ann.last()
    await program.stop(signal.SIGKILL)
    world.bloomsms.send_sms(number, "code 852508")
    await program.start()
    await world.ann.waits_for("852508", new=True)
    await world.ann.waits_until(lambda _: "Code received" in card.text)
    await program.stop(signal.SIGKILL)
    await program.start()
    await world.ann.clicks("Done", message=card)
    await world.ann.waits_until(lambda _: "Completed" in card.text)

    assert 1 == sum(m.html.startswith("<code>852508</code>") for m in world.ann.messages)


async def test_wrong_key_and_recovery(world: World, program: Program) -> None:
    """With a refused key the bot starts, owners and people are told, and it recovers by itself."""
    world.bloomsms.arm("invalid_key")
    await program.start()
    await world.owner.waits_for("INVALID_API_KEY", timeout_s=15)
    await world.ann.says("/rent")
    await world.ann.waits_for("does not accept this bot's key", new=True)
    world.bloomsms.disarm("invalid_key")
    await world.owner.waits_for("BloomSMS answers again", timeout_s=30)
    await world.rent(world.ann)

    assert 1 == sum("INVALID_API_KEY" in m.text for m in world.owner.messages)


async def test_provider_unreachable_at_start(world: World, tmp_path: Path) -> None:
    """With BloomSMS unreachable the bot starts and says so in a plain sentence."""
    variables = world.variables() | {"BLOOMSMS_BASE_URL": "http://127.0.0.1:9/api/v1"}
    program = Program(tmp_path, variables)
    await program.start()
    try:
        await world.ann.says("/balance")
        told = await world.ann.waits_for("BloomSMS cannot be reached", timeout_s=15)
        await world.owner.waits_for("BloomSMS does not answer", timeout_s=15)
    finally:
        await program.stop()

    assert "Traceback" not in told.text
    assert str(OWNER) not in told.text


async def test_logs_hold_no_secret(world: World, tmp_path: Path) -> None:
    """At DEBUG level a whole story leaves no token, key, number or code in the log."""
    program = Program(tmp_path, world.variables() | {"LOG_LEVEL": "DEBUG", "LOG_FORMAT": "json"})
    await started(program, world.ann)
    number = await world.rent(world.ann)
    world.bloomsms.send_sms(number, "Your code is 852508")
    await world.ann.waits_for("852508", new=True)
    await world.ann.clicks("Done")
    await world.ann.waits_for("Completed")
    await program.stop()

    for secret in (world.telegram.token, "sk_sandbox", "852508", "19001234567", "900 123 4567"):
        assert secret not in program.log


async def test_request_log_outlives_the_process(world: World, program: Program) -> None:
    """Killed and started again in one minute, it stays below 60 requests in any 60 s."""
    await started(program, world.ann)
    await world.rent(world.ann)
    for _ in range(5):
        await program.stop(signal.SIGKILL)
        await program.start()
        for _ in range(4):
            await world.ann.says("/balance")
            await world.ann.waits_for("Balance", new=True)
            await asyncio.sleep(1)

    assert world.bloomsms.busiest_minute() <= 60
    assert 0 == world.bloomsms.answered_429


async def test_second_process_refuses_to_start(world: World, program: Program) -> None:
    """A second process on the same database ends with exit 2 and one sentence."""
    await started(program, world.ann)
    second = Program(world.folder, world.variables())
    second.log_path.unlink(missing_ok=True)
    await second.start()

    assert 2 == await second.ended()
    assert "is in use by another process" in second.log
    assert "Traceback" not in second.log
