"""No handler runs unless its right was granted, and numbers in hand stay their person's."""

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sandbox.person import Person
from settings import AccessMode
from tests.e2e.books import books_agree, rows, states
from tests.e2e.conftest import ANN, OWNER, World
from tests.e2e.door import open_door

PRIVATE = "This bot is private"
ANN_AS_USER = {"id": ANN, "is_bot": False, "first_name": "Ann"}
CHAT = {"id": ANN, "type": "private"}

REFUSALS: dict[str, dict[str, Any]] = {
    "400": {"fault": "error", "status": 400, "description": "Bad Request: no"},
    "403": {"fault": "blocked"},
    "429": {"fault": "flood", "retry_after": 35},
    "short 429": {"fault": "flood", "retry_after": 1},
    "500": {"fault": "error"},
    "502": {"fault": "bad_gateway"},
    "dropped": {"fault": "hang_up"},
    "dropped after": {"fault": "hang_up_after"},
}
# Each makes one thing fail that the verdict rests on; the second statement repairs it.
VERDICT_FAILS = {
    "the person": (
        "create trigger breaks before insert on users begin select raise(abort, 'no'); end",
        "drop trigger breaks",
    ),
    "their numbers": (
        "alter table activations rename to elsewhere",
        "alter table elsewhere rename to activations",
    ),
    "asking the owners": (
        "create trigger breaks before update on users begin select raise(abort, 'no'); end",
        "drop trigger breaks",
    ),
}
BREAKS_ON = "create trigger breaks before update on {} begin select raise(abort, 'no'); end"
MENU_WORDS = ("Balance", "Where should", "How it works", "Settings", "History", "Hello")


async def run(world: World, *statements: str) -> None:
    """Another program on the same database."""
    await asyncio.to_thread(_run, world, *statements)


def _run(world: World, *statements: str) -> None:
    connection = sqlite3.connect(world.folder / "bot.db", timeout=30, isolation_level=None)
    for statement in ("begin immediate", *statements, "commit"):
        connection.execute(statement)
    connection.close()


def updates(world: World) -> list[tuple[str, int]]:
    return [(row["status"], row["attempts"]) for row in rows(world.folder, "select * from updates")]


async def until(is_so: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not is_so():
            await asyncio.sleep(0.05)


async def all_handled(world: World, count: int) -> None:
    """So many updates are handled, and none is left."""
    await until(lambda: ["done"] * count == [status for status, _ in updates(world)])


async def turn_away(world: World, *, is_told: bool = True) -> None:
    """The owner removes Ann, by the card with which she was let in."""
    card = next(m for m in world.owner.messages if "would like" in m.text or "may use" in m.text)
    await world.owner.clicks("Refuse", message=card)
    await world.owner.waits_until(lambda _: "may not" in card.text)
    if is_told:
        await world.ann.waits_for("declined your access")


async def let_in(world: World, **settings: object) -> None:
    await world.start_bot(access=AccessMode.PRIVATE, **settings)
    await world.ann.says("/start")
    await world.owner.clicks("Let in")
    await world.ann.waits_for("You may use this bot now")


def sees_menu(person: Person) -> bool:
    return any(word in person.sees() for word in MENU_WORDS)


@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize("said", ["/balance", "/rent", "/start", "whatsapp", "/nonsense"])
async def test_a_refusal_that_fails_opens_nothing(world: World, refusal: str, said: str) -> None:
    """Line 69: a stranger whom Telegram lets us tell nothing sees nothing, and it is done."""
    await world.start_bot(access=AccessMode.PRIVATE)
    world.telegram.arm(method="sendMessage", chat_id=ANN, **REFUSALS[refusal])
    await world.ann.says(said)
    await all_handled(world, 1)
    told = [c for c in world.telegram.calls if c.parameters.get("chat_id") == ANN]
    world.telegram.disarm()
    await world.ann.says("/help")
    await all_handled(world, 2)

    assert not sees_menu(world.ann)
    assert ["sendMessage"] == [call.method for call in told]
    assert [("done", 0)] * 2 == updates(world)
    assert {"balance"} >= {e.operation for e in world.bloomsms.exchanges}
    assert [] == [m.text for m in world.owner.messages if "parked" in m.text]


@pytest.mark.parametrize("refusal", ["403", "500", "dropped"])
async def test_a_pushed_update_of_a_stranger(world: World, refusal: str) -> None:
    """Line 69: what Telegram pushes is judged alike."""
    await open_door(world, is_pushed=True, access=AccessMode.PRIVATE)
    world.telegram.arm(method="sendMessage", chat_id=ANN, **REFUSALS[refusal])
    await world.ann.says("/balance")
    await all_handled(world, 1)

    assert not sees_menu(world.ann)
    assert [("done", 0)] == updates(world)


@pytest.mark.parametrize("refusal", ["403", "429", "dropped"])
@pytest.mark.parametrize("method", ["sendMessage", "answerCallbackQuery"])
async def test_an_old_rent_of_a_person_who_was_removed(
    world: World, refusal: str, method: str
) -> None:
    """Line 69: an old Rent pressed after the removal orders nothing, heard of or not."""
    await let_in(world)
    card = await world.choose(world.ann)
    await turn_away(world)
    world.telegram.arm(method=method, **REFUSALS[refusal])
    await world.ann.clicks("Rent for $0.55", message=card, wait_answer=False)
    await until(lambda: {("done", 0)} == set(updates(world)))

    assert 0 == world.bloomsms.count("rent")
    assert [] == states(world.folder)
    assert [] == [m.text for m in world.owner.messages if "parked" in m.text]


async def test_an_old_rent_is_answered(world: World) -> None:
    """Line 69: the press itself says why nothing is rented."""
    await let_in(world)
    card = await world.choose(world.ann)
    await turn_away(world)
    answer = await world.ann.clicks("Rent for $0.55", message=card)

    assert PRIVATE in (answer.text or "")
    assert 0 == world.bloomsms.count("rent")
    world.nothing_was_refused()


@pytest.mark.parametrize("what", VERDICT_FAILS)
async def test_a_verdict_that_cannot_be_had(world: World, what: str) -> None:
    """Line 69: until the verdict is there nothing runs, and then the update is tried again."""
    breaks, repairs = VERDICT_FAILS[what]
    await world.start_bot(access=AccessMode.PRIVATE)
    await run(world, breaks)
    await world.ann.says("/balance")
    await world.ann.waits_for("something went wrong")
    await run(world, repairs)
    await world.ann.waits_for(PRIVATE)
    await all_handled(world, 1)

    assert not sees_menu(world.ann)
    assert 2 == len([m for m in world.ann.messages if m.from_bot])
    assert [1] == [attempts for _, attempts in updates(world)]
    await world.owner.waits_for("would like to use the bot")


async def test_a_press_whose_verdict_cannot_be_had(world: World) -> None:
    """Line 69: a press that spends waits for its verdict, and takes effect once."""
    await world.start_bot()
    card = await world.choose(world.ann)
    await run(
        world, "create trigger breaks before update on users begin select raise(abort, 'no'); end"
    )
    chat = world.telegram.chats.chats[ANN]
    chat.profile = replace(chat.profile, first_name="Anna")
    answer = await world.ann.clicks("Rent for $0.55", message=card)
    orders = world.bloomsms.count("rent")
    await run(world, "drop trigger breaks")
    await world.ann.waits_until(lambda _: "Waiting for the SMS" in card.text)

    assert "something went wrong" in (answer.text or "")
    assert (0, 1) == (orders, world.bloomsms.count("rent"))
    await books_agree(world)


async def test_what_waits_for_a_person_changes_no_verdict(world: World) -> None:
    """Line 69: news that cannot be made due again neither opens nor loses anything."""
    await let_in(world)
    world.telegram.arm("blocked", method="sendMessage", chat_id=ANN)
    await turn_away(world, is_told=False)
    await until(lambda: rows(world.folder, "select * from notes where status = 'parked'"))
    world.telegram.disarm()
    await run(
        world, "create trigger breaks before update on notes begin select raise(abort, 'no'); end"
    )
    await world.ann.says("/balance")
    await world.ann.waits_until(lambda p: 2 == p.sees().count(PRIVATE))
    await run(world, "drop trigger breaks")
    await world.ann.says("/balance")
    await world.ann.waits_for("declined your access")

    assert not sees_menu(world.ann)
    await until(lambda: {("done", 0)} == set(updates(world)))


@pytest.mark.parametrize(
    "user",
    [
        {"first_name": None},
        {"first_name": ""},
        {"first_name": "  ", "last_name": None},
        {"first_name": "A\ud83d"},
        {"first_name": 5},
    ],
    ids=ascii,
)
async def test_odd_names(world: World, user: dict[str, object]) -> None:
    """Line 69: a person without a name is known by their id, and a stranger all the same."""
    await world.start_bot(access=AccessMode.PRIVATE)
    sent = {"message_id": 5, "date": 1, "chat": CHAT, "from": ANN_AS_USER | user}
    entities = [{"type": "bot_command", "offset": 0, "length": 6}]
    world.ann._chat.started = True
    world.telegram.chats.updates.add("message", sent | {"text": "/start", "entities": entities})
    await world.ann.waits_for(PRIVATE)
    await world.owner.clicks("Let in")
    await world.ann.waits_for("You may use this bot now")
    world.telegram.chats.updates.add("message", sent | {"text": "/start", "entities": entities})
    await world.ann.waits_for("Hello")

    await until(lambda: {("done", 0)} == set(updates(world)))


OTHER_KINDS: dict[str, dict[str, Any]] = {
    "edited": {
        "edited_message": {
            "message_id": 5, "date": 1, "edit_date": 2, "chat": CHAT, "from": ANN_AS_USER,
            "text": "/rent", "entities": [{"type": "bot_command", "offset": 0, "length": 5}],
        }
    },
    "channel": {
        "channel_post": {
            "message_id": 5, "date": 1, "chat": {"id": -5, "type": "channel"}, "text": "/rent",
            "entities": [{"type": "bot_command", "offset": 0, "length": 5}],
        }
    },
    "group": {
        "message": {
            "message_id": 5, "date": 1, "chat": {"id": -5, "type": "group"}, "from": ANN_AS_USER,
            "text": "/balance", "entities": [{"type": "bot_command", "offset": 0, "length": 8}],
        }
    },
    "press in a group": {
        "callback_query": {
            "id": "9", "from": ANN_AS_USER, "chat_instance": "1", "data": "1:ba",
            "message": {"message_id": 5, "date": 1, "chat": {"id": -5, "type": "group"}},
        }
    },
    "inline query": {"inline_query": {"id": "9", "from": ANN_AS_USER, "query": "", "offset": ""}},
    "membership": {
        "my_chat_member": {
            "chat": CHAT, "from": ANN_AS_USER, "date": 1,
            "old_chat_member": {"user": ANN_AS_USER, "status": "member"},
            "new_chat_member": {"user": ANN_AS_USER, "status": "left"},
        }
    },
    "a bot": {
        "message": {
            "message_id": 5, "date": 1, "chat": CHAT, "from": ANN_AS_USER | {"is_bot": True},
            "text": "/balance", "entities": [{"type": "bot_command", "offset": 0, "length": 8}],
        }
    },
    "no person": {"message": {"message_id": 5, "date": 1, "chat": CHAT, "text": "hello"}},
}  # fmt: skip


@pytest.mark.parametrize("kind", OTHER_KINDS)
async def test_other_kinds_of_updates(world: World, kind: str) -> None:
    """Line 69: only messages and presses of people in private chats are served, in any mode."""
    await world.start_bot()
    world.ann._chat.started = True
    world.telegram.chats.updates.allowed = []
    (name, body), *_ = OTHER_KINDS[kind].items()
    world.telegram.chats.updates.add(name, body)
    await all_handled(world, 1)

    assert [] == world.ann.messages
    assert [] == [c.method for c in world.telegram.calls if c.method.startswith(("send", "edit"))]
    assert [] == rows(world.folder, "select * from users")


async def test_kept_press_of_a_person_removed_meanwhile(world: World) -> None:
    """Line 69: a press that outlives the process is judged by what holds when it is handled."""
    await let_in(world)
    card = await world.choose(world.ann)
    await world.stop_bot()
    await run(world, f"update users set standing = 'turned_away' where user_id = {ANN}")
    press = {
        "id": "9", "from": ANN_AS_USER, "chat_instance": "1", "data": "1:go:1",
        "message": {"message_id": card.id, "date": 1, "chat": CHAT, "text": "x"},
    }  # fmt: skip
    world.telegram.chats.updates.add("callback_query", press)
    await world.start_bot()
    await world.ann.waits_until(lambda p: 2 == p.sees().count(PRIVATE))

    assert 0 == world.bloomsms.count("rent")
    await until(lambda: {("done", 0)} == set(updates(world)))


async def test_removed_person_follows_an_open_number(world: World) -> None:
    """Line 72: card, list, another SMS, code and Done stay theirs; all that is new is refused."""
    await let_in(world)
    number = await world.rent(world.ann)
    await turn_away(world)
    told = world.ann.last()
    told_text = told.text
    await world.ann.clicks("My numbers", message=told)
    await world.ann.waits_for("Your open numbers: 1")
    labels = [button.text for row in told.keyboard for button in row]
    world.bloomsms.send_sms(number, "code 852508")
    await world.ann.waits_for("852508", new=True)
    news = await world.news(world.ann)
    await world.ann.clicks("Another SMS", message=news)
    await until(lambda: "waiting" == world.bloomsms.activations[number].status)
    world.bloomsms.send_sms(number, "code 114477")
    await world.ann.waits_for("114477", new=True)
    await world.ann.clicks("Done")
    await world.ann.waits_until(lambda p: "Completed" in p.sees())
    await world.ann.says("/start")
    await world.ann.waits_for(PRIVATE, new=True)

    assert "stay yours until they end" in told_text
    assert ["Close"] == labels
    assert ["completed"] == states(world.folder)
    assert 1 == world.bloomsms.count("rent")
    await books_agree(world)


async def test_removed_person_cancels(world: World) -> None:
    """Line 72: a number that was paid for can still be given back."""
    await let_in(world)
    await world.rent(world.ann)
    await turn_away(world)
    await world.ann.says("/numbers")
    await world.ann.clicks("Cancel")
    await world.ann.waits_until(lambda p: "Cancelled" in p.sees())

    assert ["cancelled"] == states(world.folder)
    await world.ann.says("/numbers")
    await world.ann.waits_for(PRIVATE, new=True)
    await books_agree(world)


async def test_removed_person_gets_nothing_new(world: World) -> None:
    """Line 69: with a number in hand each button and word for something new is refused."""
    await let_in(world)
    await world.rent(world.ann)
    await turn_away(world)
    message = world.ann.last()
    before = len(world.bloomsms.exchanges)
    for data in ("1:ot:1", "1:ag:1", "1:re:1", "1:go:1", "1:lv:1", "1:cs:0", "1:ss:187:0",
                 "1:of:187:wa", "1:ba", "1:hi:0", "1:se", "1:he", "1:ad", "1:sl:1",
                 f"1:in:{ANN}", f"1:aw:{ANN}"):  # fmt: skip
        answer = await world.ann.presses(data, message=message)

        assert PRIVATE in (answer.text or ""), data
    for said in ("/rent", "/balance", "/history", "/settings", "/help", "/admin", "whatsapp"):
        await world.ann.says(said)
        await world.ann.waits_for(PRIVATE, new=True)

    assert ["waiting"] == states(world.folder)
    assert {"status", "balance"} >= {e.operation for e in world.bloomsms.exchanges[before:]}
    assert ["turned_away"] == [
        row["standing"] for row in rows(world.folder, f"select * from users where user_id = {ANN}")
    ]
    world.nothing_was_refused()


async def test_removed_person_sees_a_reduced_menu(world: World) -> None:
    """Line 72: every way to the menu leads to the open numbers instead."""
    await let_in(world)
    await world.rent(world.ann)
    await turn_away(world)
    message = world.ann.last()
    for data in ("1:m", "1:mb", "0:ca:1", "nonsense"):
        await world.ann.presses(data, message=message)
        await world.ann.waits_for("your open numbers stay yours")
    await world.ann.says("/start")
    last = await world.ann.waits_for("your open numbers stay yours", new=True)
    await world.ann.says("/nonsense")
    await world.ann.waits_for("your open numbers stay yours", new=True)

    assert ["📋 My numbers", "Close"] == [b.text for row in last.keyboard for b in row]
    assert not any(word in last.text for word in MENU_WORDS)
    world.nothing_was_refused()


async def test_removed_person_with_a_lost_order(world: World) -> None:
    """Line 72: an order of unknown outcome is listed for a person who has no history."""
    await let_in(world)
    card = await world.choose(world.ann)
    world.bloomsms.arm("hang_up_after_accept", times=1)
    await world.ann.clicks("Rent for $0.55", message=card)
    await world.ann.waits_until(lambda p: "outcome is unknown" in p.sees())
    await turn_away(world)
    await world.ann.says("/numbers")
    await world.ann.waits_for("Your open numbers: 1")

    assert 1 == world.bloomsms.count("rent")


async def test_owners_keep_their_rights(world: World) -> None:
    """Line 69: owners rent and decide, also when a row calls them turned away."""
    await world.start_bot(access=AccessMode.PRIVATE)
    await world.owner.says("/start")
    await world.owner.waits_for("Hello, Olga!")
    await world.stop_bot()
    await run(world, f"update users set standing = 'turned_away' where user_id = {OWNER}")
    await world.start_bot()
    await world.rent(world.owner)
    await world.owner.says("/admin")
    await world.owner.waits_for("For owners")

    assert ["waiting"] == states(world.folder)
