"""Messages of odd kinds: notices, albums, topics, presses without a message, broken text."""

import asyncio
from typing import Any

import pytest

from sandbox.person import Person
from tests.e2e.books import rows
from tests.e2e.conftest import World
from tests.e2e.door import open_door

PHOTO = {"file_id": "a", "file_unique_id": "b", "width": 1, "height": 1}


def posted(world: World, person: Person, **content: object) -> None:
    """Hand the bot a message of any content, as Telegram writes it."""
    profile = {"id": person.id, "is_bot": False, "first_name": "Ann"}
    chat = {"id": person.id, "type": "private", "first_name": "Ann"}
    body: dict[str, Any] = {"message_id": 9000, "date": 1_770_000_000, "chat": chat}
    world.telegram.chats.updates.add("message", {**body, "from": profile} | content)


NOTICES: list[dict[str, object]] = [
    {"pinned_message": {"message_id": 1, "date": 0, "chat": {"id": 2001, "type": "private"}}},
    {"message_auto_delete_timer_changed": {"message_auto_delete_time": 86400}},
    {"chat_background_set": {"type": {"type": "fill", "fill": {"type": "solid", "color": 1},
                                      "dark_theme_dimming": 1}}},
    {"write_access_allowed": {}},
    {"write_access_allowed": {"from_request": True}},
    {"boost_added": {"boost_count": 1}},
    {"users_shared": {"request_id": 1, "users": [{"user_id": 5}]}},
    {"chat_shared": {"request_id": 1, "chat_id": -5}},
    {"connected_website": "example.org"},
    {"forum_topic_created": {"name": "Codes", "icon_color": 1}, "message_thread_id": 9},
    {"forum_topic_edited": {}, "message_thread_id": 9},
    {"forum_topic_closed": {}, "message_thread_id": 9},
    {"giveaway_created": {}},
    {"new_chat_title": "Title"},
    {"delete_chat_photo": True},
    {"video_chat_ended": {"duration": 3}},
    {"web_app_data": {"data": "x", "button_text": "y"}},
    {"paid_message_price_changed": {"paid_message_star_count": 3}},
    {"a_kind_yet_to_come": {"x": 1}},
    {"a_kind_yet_to_come": True},
]  # fmt: skip


async def test_notices_get_no_greeting(world: World, ann: Person) -> None:
    """What Telegram itself writes into a chat is not answered."""
    for notice in NOTICES:
        posted(world, ann, **notice)
    await ann.says("/help")
    await ann.waits_for("How it works")

    assert 1 == sum(message.from_bot for message in ann.messages)


async def test_notices_of_strangers_get_no_answer(world: World) -> None:
    """Nor is it at a private bot, to whom may not use it."""
    await world.start_bot(access="private")
    for notice in NOTICES:
        posted(world, world.ann, **notice)
    await world.ann.says("hello")
    await world.ann.waits_for("private")

    assert 1 == sum(message.from_bot for message in world.ann.messages)


@pytest.mark.parametrize("size", [2, 6, 10])
async def test_an_album_gets_one_answer(world: World, ann: Person, size: int) -> None:
    """An album of photos is one message to its person; the next album is another."""
    await ann.says("/help")
    await ann.waits_for("How it works")
    for album in ("1", "2"):
        for _ in range(size):
            posted(world, ann, photo=[PHOTO], media_group_id=album)
    await ann.says("/settings")
    await ann.waits_for("Your id")

    assert 2 == sum("Hello" in message.text for message in ann.messages)


async def test_an_album_during_a_flood_wait(world: World, ann: Person) -> None:
    """The one answer to an album comes after a flood wait, too."""
    await ann.says("/help")
    await ann.waits_for("How it works")
    world.telegram.arm("flood", method="sendMessage", chat_id=ann.id, times=1, retry_after=6)
    for _ in range(6):
        posted(world, ann, photo=[PHOTO], media_group_id="1")
    await ann.waits_for("Hello", timeout_s=12)
    await asyncio.sleep(0.5)

    assert 1 == sum("Hello" in message.text for message in ann.messages)


HALF = "Ann \ud83d"


@pytest.mark.parametrize("is_pushed", [False, True])
async def test_half_a_surrogate_pair(
    world: World, caplog: pytest.LogCaptureFixture, *, is_pushed: bool
) -> None:
    """Half a surrogate pair in a name or a text is read over, and the update handled at once."""
    if is_pushed:
        await open_door(world, is_pushed=True)
    else:
        await world.start_bot()
    ann = world.ann
    await ann.says("/help")
    await ann.waits_for("How it works")
    who = {"id": ann.id, "is_bot": False, "first_name": HALF, "username": HALF}
    posted(world, ann, text=f"keep secret {HALF}", **{"from": who})
    await ann.waits_for("keep secret")
    posted(world, ann, photo=[PHOTO], caption=HALF, **{"from": who})
    await ann.waits_for("Hello, Ann")
    await ann.says("/settings")
    await ann.waits_for("Your id")

    assert "keep secret" not in caplog.text
    assert "Traceback" not in caplog.text
    assert [] == rows(world.folder, "select * from updates where status = 'parked' or attempts > 0")


@pytest.mark.parametrize("verb", ["m", "ba", "go:1", "nonsense"])
async def test_an_inline_press(world: World, ann: Person, verb: str) -> None:
    """A press on a message in another chat does nothing, and is told where the buttons work."""
    await ann.says("/help")
    await ann.waits_for("How it works")
    who = {"id": ann.id, "is_bot": False, "first_name": "Ann"}
    query = {"id": "77", "from": who, "inline_message_id": "abc", "chat_instance": "1"}
    world.telegram.chats.updates.add("callback_query", {**query, "data": f"1:{verb}"})
    await world.telegram.waits_until(
        lambda t: any(call.method == "answerCallbackQuery" for call in t.calls)
    )
    (answer,) = [c for c in world.telegram.calls if c.method == "answerCallbackQuery"]

    assert "works only in the chat with the bot" in answer.parameters["text"]
    assert answer.parameters["show_alert"]
    assert 1 == sum(message.from_bot for message in ann.messages)


async def test_a_long_text_and_a_flood_wait(world: World, ann: Person) -> None:
    """Each piece of a long text arrives once, although Telegram asks for silence amid them."""
    number = await world.rent(ann)
    world.telegram.arm("slow", method="sendMessage", chat_id=ann.id, times=1, delay_s=0)
    world.telegram.arm("flood", method="sendMessage", chat_id=ann.id, times=1, retry_after=7)
    world.bloomsms.send_sms(number, "code 852508 " + "ä" * 9000)
    await ann.waits_until(
        lambda p: 9000 == sum(m.text.count("ä") for m in p.messages if m.text.count("ä") > 600),
        timeout_s=15,
    )
    await asyncio.sleep(0.5)

    assert 1 == sum("<code>852508</code>" in m.html and len(m.html) > 3000 for m in ann.messages)


async def test_an_inline_press_spends_nothing(world: World, ann: Person) -> None:
    """A Rent that comes from a message in another chat rents nothing; the card still can."""
    card = await world.choose(ann)
    data = card.keyboard[0][0].callback_data
    who = {"id": ann.id, "is_bot": False, "first_name": "Ann"}
    query = {"id": "77", "from": who, "inline_message_id": "abc", "chat_instance": "1"}
    world.telegram.chats.updates.add("callback_query", {**query, "data": data})
    await ann.says("/help")
    await ann.waits_for("How it works", new=True)
    assert 0 == world.bloomsms.count("rent")
    await ann.clicks("Rent for $", message=card)
    await ann.waits_until(lambda _: "Waiting for the SMS" in card.text)

    assert 1 == world.bloomsms.count("rent")


@pytest.mark.parametrize("words", ["Bad Request: user not found", "Bad Request: PEER_ID_INVALID"])
async def test_a_person_who_cannot_be_found(world: World, ann: Person, words: str) -> None:
    """A code for them waits until they write, instead of being tried again and again."""
    number = await world.rent(ann)
    world.telegram.arm("error", chat_id=ann.id, status=400, description=words)
    world.bloomsms.send_sms(number, "code 852508")
    await world.telegram.waits_until(lambda t: bool(t.refused(armed=True)))
    await asyncio.sleep(2.5)
    tried = [c for c in world.telegram.refused(armed=True) if c.method == "sendMessage"]
    world.telegram.disarm()
    await ann.says("/help")
    await ann.waits_for("852508", new=True)

    assert 1 == len(tried)
