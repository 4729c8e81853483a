"""The catalogue's faults of Telegram and of forged presses (lines 29 to 39)."""

import asyncio
import signal
import sqlite3
from pathlib import Path

import pytest

from sandbox.person import Person
from sandbox.telegram_chats import Message
from tests.e2e.books import books_agree, rows, states
from tests.e2e.conftest import ANN, World
from tests.e2e.program import Program

CODE = "code 852508"


def codes(person: Person, code: str = "852508") -> list[Message]:
    return [m for m in person.messages if m.html.startswith(f"<code>{code}</code>")]


@pytest.mark.parametrize("fault", ["hang_up_after", "hang_up", "error", "bad_gateway"])
async def test_lost_send_of_a_code(world: World, ann: Person, fault: str) -> None:
    """Line 29: a code whose sending fails arrives, and is doubled at most once."""
    number = await world.rent(ann)
    world.telegram.arm(fault, method="sendMessage", times=1)
    world.bloomsms.send_sms(number, CODE)
    await ann.waits_for("852508", new=True)
    await asyncio.sleep(1.5)

    assert 1 <= len(codes(ann)) <= 2
    await books_agree(world)


async def test_code_survives_a_kill_between_tries(world: World, tmp_path: Path) -> None:
    """Line 29: killed while Telegram takes nothing, the code is sent after the restart."""
    program = Program(tmp_path, world.variables())
    await program.start()
    try:
        number = await world.rent(world.ann)
        world.telegram.arm("bad_gateway", method="sendMessage")
        world.bloomsms.send_sms(number, CODE)
        await world.telegram.waits_until(lambda t: bool(t.refused(armed=True)))
        await program.stop(signal.SIGKILL)
        world.telegram.disarm()
        await program.start()
        await world.ann.waits_for("852508", timeout_s=15)

        assert 1 == len(codes(world.ann))
        await books_agree(world)
    finally:
        await program.stop(signal.SIGKILL)


async def test_flood_wait_of_one_chat(world: World, ann: Person) -> None:
    """Line 30: nothing goes to a chat before its time; others are served; codes go first."""
    number = await world.rent(ann)
    await world.bob.says("/start")
    await world.bob.waits_for("Hello")
    loop = asyncio.get_running_loop()
    world.telegram.arm("flood", method="sendMessage", chat_id=ANN, times=1, retry_after=4)
    world.bloomsms.send_sms(number, CODE)
    await world.telegram.waits_until(lambda t: bool(t.refused(armed=True)))
    refused_at, since = loop.time(), len(world.telegram.calls)
    await world.bob.says("/help")
    await world.bob.waits_for("How it works", timeout_s=2)
    await ann.waits_for("852508", timeout_s=15)
    to_ann = [
        call
        for call in world.telegram.calls[since:]
        if call.chat_id == ANN and call.method in ("sendMessage", "editMessageText")
    ]

    assert loop.time() - refused_at > 3.8
    assert "852508" in str(to_ann[0].parameters)
    assert 1 == len(codes(ann))
    await books_agree(world)


async def test_flood_wait_for_all(world: World, ann: Person) -> None:
    """Line 30: when every chat is told to wait, each is tried once and all codes come after."""
    first, second = await world.rent(ann), await world.rent(world.bob)
    world.telegram.arm("flood", retry_after=6)
    world.bloomsms.send_sms(first, "code 111111")
    world.bloomsms.send_sms(second, "code 222222")
    await world.telegram.waits_until(lambda t: len(t.refused(armed=True)) > 1)
    await asyncio.sleep(2)
    tried = len(world.telegram.refused(armed=True))
    world.telegram.disarm()
    await ann.waits_for("111111", timeout_s=15)
    await world.bob.waits_for("222222", timeout_s=15)

    assert tried <= 4
    await books_agree(world)


async def test_flood_wait_swallows_no_answer(world: World, ann: Person) -> None:
    """Line 30: what a person asked for during a flood wait is answered after it, once."""
    await ann.says("/start")
    await ann.waits_for("Hello")
    await world.bob.says("/start")
    loop = asyncio.get_running_loop()
    world.telegram.arm("flood", method="sendMessage", chat_id=ANN, times=1, retry_after=6)
    await ann.says("/help")
    await world.telegram.waits_until(lambda t: bool(t.refused(armed=True)))
    refused_at, since = loop.time(), len(world.telegram.calls)
    await ann.says("/settings")
    await world.bob.says("/help")
    await world.bob.waits_for("How it works", timeout_s=2)
    await ann.waits_for("How it works", new=True, timeout_s=12)
    await ann.waits_for("Your id", timeout_s=12)
    to_ann = [c for c in world.telegram.calls[since:] if c.chat_id == ANN]

    assert loop.time() - refused_at > 5.8
    assert ["sendMessage"] * 2 == [call.method for call in to_ann]
    assert [] == world.telegram.refused()[1:]


async def test_outage_swallows_no_answer(world: World, ann: Person) -> None:
    """Line 30: what a person asked for while Telegram took nothing is answered when it does."""
    await ann.says("/start")
    await ann.waits_for("Hello")
    world.telegram.arm("bad_gateway", method="sendMessage")
    await ann.says("/help")
    await world.telegram.waits_until(lambda t: len(t.refused(armed=True)) >= 3)
    world.telegram.disarm()
    await ann.waits_for("How it works", new=True, timeout_s=12)

    assert 1 == sum("How it works" in m.text for m in ann.messages)


async def test_refusal_during_a_flood_wait(world: World, ann: Person) -> None:
    """Line 30: why a wish was refused is told after a flood wait, and nothing is asked twice."""
    await world.rent(ann)
    card = ann.last()
    world.bloomsms.arm("cancel_refused")
    world.telegram.arm("flood", method="sendMessage", chat_id=ANN, times=1, retry_after=6)
    await ann.clicks("Cancel", message=card)
    await ann.waits_for("You can't cancel", new=True, timeout_s=15)

    assert 1 == world.bloomsms.count("cancel")
    await books_agree(world)


@pytest.mark.parametrize("fault", ["blocked", "deactivated", "chat_not_found"])
async def test_absent_person(world: World, ann: Person, fault: str) -> None:
    """Line 31: a code for somebody absent is kept for their next /start; others get theirs."""
    number, other = await world.rent(ann), await world.rent(world.bob)
    world.telegram.arm(fault, chat_id=ANN)
    world.bloomsms.send_sms(number, CODE)
    world.bloomsms.send_sms(other, "code 313131")
    await world.bob.waits_for("313131", new=True)
    await world.telegram.waits_until(lambda t: bool(t.refused(armed=True)))
    await asyncio.sleep(2)
    tried = len(world.telegram.refused(armed=True))
    world.telegram.disarm()
    await ann.says("/start")
    await ann.waits_for("852508")

    assert tried <= 6
    assert 1 == len(codes(ann))
    await books_agree(world)


@pytest.mark.parametrize("description", ["message can't be edited", "message to edit not found"])
async def test_card_that_cannot_be_edited(world: World, ann: Person, description: str) -> None:
    """Line 32: where an edit is impossible a new message takes the card's place."""
    card = await world.choose(ann)
    world.telegram.arm(
        "error", method="editMessageText", status=400, description=f"Bad Request: {description}"
    )
    await ann.clicks("Rent for $0.55", message=card)
    await ann.waits_for("Waiting for the SMS", new=True)

    assert 1 == world.bloomsms.count("rent")
    assert "went wrong" not in ann.sees()
    await books_agree(world)


async def test_not_modified_is_no_error(world: World, ann: Person) -> None:
    """Line 32: that a message is the same already is nobody's error."""
    number = await world.rent(ann)
    world.telegram.arm("not_modified")
    world.bloomsms.send_sms(number, CODE)
    news = await ann.waits_for("852508", new=True)
    await ann.clicks("Done", message=news)
    async with asyncio.timeout(10):
        while world.bloomsms.activations[number].status != "completed":
            await asyncio.sleep(0.02)

    assert "went wrong" not in ann.sees()
    await books_agree(world)


async def test_press_whose_query_is_too_old(world: World, ann: Person) -> None:
    """Line 33: a press that arrives late takes effect once, though it cannot be answered."""
    card = await world.choose(ann)
    await ann.clicks("Rent for $0.55", message=card, age_s=60, wait_answer=False)
    await ann.waits_until(lambda _: "Waiting for the SMS" in card.text)

    assert 1 == world.bloomsms.count("rent")
    await books_agree(world)


async def test_press_on_a_keyboard_three_days_old(world: World, ann: Person) -> None:
    """Line 33: an offer of three days ago rents nothing; a fresh one takes its place."""
    card = await world.choose(ann)
    with sqlite3.connect(world.folder / "bot.db") as db:
        db.execute("update activations set created_at_ms = created_at_ms - 259200000")
    db.close()
    old = card.keyboard[0][0].callback_data
    await ann.clicks("Rent for $0.55", message=card)
    await ann.waits_until(lambda _: card.keyboard[0][0].callback_data != old)
    assert 0 == world.bloomsms.count("rent")
    await ann.clicks("Rent for $0.55", message=card)
    await ann.waits_until(lambda _: "Waiting for the SMS" in card.text)

    assert 1 == world.bloomsms.count("rent")
    await books_agree(world)


async def test_second_bot_on_the_same_token(world: World, tmp_path: Path) -> None:
    """Line 34: a second bot on the same token, with a database of its own, ends with a sentence."""
    first = Program(tmp_path, world.variables())
    (tmp_path / "other").mkdir()
    other = {"DATABASE_PATH": str(tmp_path / "other" / "bot.db")}
    second = Program(tmp_path / "other", world.variables() | other)
    await first.start()
    try:
        await world.ann.says("/start")
        await world.ann.waits_for("Hello", timeout_s=15)
        await second.start()
        status = await second.ended(limit_s=20)

        await world.ann.says("/help")
        await world.ann.waits_for("How it works", new=True)

        assert 2 == status
        assert "another" in second.log.splitlines()[-1]
        assert "Traceback" not in second.log
        assert first.is_running
        assert 1 == first.log.count("another program")
    finally:
        await second.stop(signal.SIGKILL)
        await first.stop(signal.SIGKILL)


async def test_fights_for_updates_end_no_bot(world: World, ann: Person) -> None:
    """Line 34: a bot that has been serving does not give way; it is answered for all the same."""
    assert world.house
    await ann.says("/start")
    await ann.waits_for("Hello")
    await asyncio.sleep(1)
    for _ in range(6):
        world.telegram.arm(
            "error", method="getUpdates", times=1, status=409, description="Conflict: other poll"
        )
        await ann.says("/help")
        await ann.waits_for("How it works", new=True)

    assert not world.house.rivals.found.is_set()


async def test_stops_in_time_under_load(world: World, tmp_path: Path) -> None:
    """Line 36: SIGTERM amid many people ends it within 10 s; what they asked for comes after."""
    world.telegram.flood.rules = None
    program = Program(tmp_path, world.variables())
    await program.start()
    try:
        number = await world.rent(world.ann)
        people = [world.telegram.person(7000 + n, f"P{n}") for n in range(20)]
        for person in people:
            await person.says("/help")
            await person.says("/settings")
        world.bloomsms.send_sms(number, CODE)
        began = asyncio.get_running_loop().time()
        status = await program.stop()
        took_s = asyncio.get_running_loop().time() - began
        await program.start()
        for person in people:
            await person.waits_for("How it works", timeout_s=20)
            await person.waits_for("Your id", timeout_s=20)
        await world.ann.waits_for("852508", timeout_s=20)

        assert 0 == status
        assert took_s < 10
        assert 1 == max(sum("How it works" in m.text for m in p.messages) for p in people)
        await books_agree(world)
    finally:
        await program.stop(signal.SIGKILL)


FORGED = ["0", "-1", str(2**63), "1 or 1=1", "'; drop table activations;--", "\x00" * 8, "٣", ""]


@pytest.mark.parametrize("verb", ["go", "lv", "re", "ca", "ot", "an", "dn", "ag", "sl"])
async def test_forged_buttons_change_nothing(world: World, ann: Person, verb: str) -> None:
    """Line 37: another's id and impossible ids get one answer; no request leaves, no row moves."""
    number = await world.rent(ann)
    world.bloomsms.send_sms(number, CODE)
    await ann.waits_for("852508", new=True)
    await world.bob.says("/help")
    mine = await world.bob.waits_for("How it works")
    ours = str(rows(world.folder)[-1]["id"])
    before = (states(world.folder), _requests(world))
    answers = set()
    for part in (ours, "999999", *FORGED):
        data = f"1:{verb}:{part}".encode()[:64].decode(errors="ignore")
        answers.add((await world.bob.presses(data, message=mine)).text)

    assert {"That number is not yours, or it is gone."} == answers
    assert before == (states(world.folder), _requests(world))
    await books_agree(world)


def _requests(world: World) -> int:
    return sum(e.operation not in ("balance", "status") for e in world.bloomsms.exchanges)


@pytest.mark.parametrize("verb", ["in", "aw", "ad"])
async def test_forged_owner_buttons(world: World, ann: Person, verb: str) -> None:
    """Line 37: an owner's button pressed by somebody else says that it is theirs alone."""
    await ann.says("/help")
    message = await ann.waits_for("How it works")
    answer = await ann.presses(f"1:{verb}:{ANN}", message=message)

    await ann.waits_until(lambda p: "Only owners" in f"{answer.text} {p.sees()}")
    assert {"new"} == {row["standing"] for row in rows(world.folder, "select * from users")}


async def test_one_person_cannot_use_up_the_requests(world: World) -> None:
    """Line 39: whatever one person presses in a hurry, another's request goes within 4 s.

    With a third of the usual budget, so that one chat's pace uses its share up at once.
    """
    await world.start_bot(bloomsms_requests_per_minute=20)
    await world.ann.says("/rent")
    menu = await world.ann.waits_for("Where should")
    countries = [one.id for one in world.bloomsms._catalog.countries.values()]
    for country in countries[:40]:
        await world.ann.presses(f"1:ss:{country}:0", message=menu, wait_answer=False)
    await world.ann.waits_until(lambda p: "Many people are asking" in p.sees(), timeout_s=10)
    asked_of_ann = world.bloomsms.count("services")
    await world.bob.says("/balance")
    await world.bob.waits_for("Balance: $", new=True, timeout_s=4)

    assert asked_of_ann <= 10
    assert world.bloomsms.busiest_minute() <= 20


async def test_presses_of_one_person_delay_nobody(world: World, ann: Person) -> None:
    """Line 39: at ten thousand presses a minute of one person another waits less than 4 s."""
    world.telegram.flood.rules = None
    await ann.says("/help")
    message = await ann.waits_for("How it works")
    for _ in range(30):
        for _ in range(17):
            await ann.presses("1:st", message=message, wait_answer=False)
        await asyncio.sleep(0.1)
    loop = asyncio.get_running_loop()
    asked_at = loop.time()
    await world.bob.says("/help")
    await world.bob.waits_for("How it works")

    assert loop.time() - asked_at < 4


async def test_messages_of_one_person_delay_nobody(world: World, ann: Person) -> None:
    """Line 39: a hundred messages of one person at once keep another waiting less than 4 s."""
    for _ in range(100):
        await ann.says("/help")
    loop = asyncio.get_running_loop()
    asked_at = loop.time()
    await world.bob.says("/help")
    await world.bob.waits_for("How it works")

    assert loop.time() - asked_at < 4


async def test_hundred_rents_of_one_person(world: World, ann: Person) -> None:
    """Line 39: a person who taps rent again and again holds as many numbers as allowed, no more."""
    world.telegram.flood.rules = None
    await world.stop_bot()
    await world.start_bot(max_active_per_user=2)
    cards = [await world.choose(ann) for _ in range(5)]
    for card in cards:
        await ann.clicks("Rent for $0.55", message=card, wait_answer=False)
    await ann.waits_until(lambda _: 2 == sum("Waiting for the SMS" in c.text for c in cards))
    await asyncio.sleep(0.5)

    assert 2 == world.bloomsms.count("rent")
    await books_agree(world)
