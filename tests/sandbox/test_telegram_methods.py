from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from telegram import (
    Bot,
    InlineKeyboardMarkup,
    InputMediaDocument,
    InputMediaPhoto,
    InputMediaVideo,
)
from telegram.error import BadRequest

from sandbox.telegram_server import TelegramServer
from tests.sandbox.telegram_caller import Caller, calling, keyboard

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PNG = b"\x89PNG\r\n\x1a\n" + bytes(8) + (3).to_bytes(4, "big") + (4).to_bytes(4, "big")


@pytest.fixture
def server() -> TelegramServer:
    return TelegramServer(query_age_limit_s=15)


@pytest.fixture
async def caller(server: TelegramServer) -> AsyncIterator[Caller]:
    async with calling(server) as caller:
        yield caller


@pytest.fixture
async def bot(caller: Caller) -> AsyncIterator[Bot]:
    """The library the bot is made with, as a client we did not write."""
    async with Bot(caller.server.token, base_url=f"{caller.server.base_url}/bot") as bot:
        yield bot


async def test_a_message_comes_back_as_it_is_shown(server: TelegramServer, caller: Caller) -> None:
    """Plain text, entities, the inline keyboard and the options are in the result."""
    server.person(1, "Ann", username="ann", started=True)

    message = await caller.result(
        "sendMessage",
        chat_id=1,
        text="<b>Hi</b> ",
        parse_mode="HTML",
        reply_markup=keyboard("Go"),
        link_preview_options={"is_disabled": True},
        protect_content=True,
    )

    assert 2 > abs(time.time() - message.pop("date"))
    assert {
        "message_id": 1,
        "from": {
            "id": 1234567,
            "is_bot": True,
            "first_name": "BloomSMS sandbox",
            "username": "bloomsms_sandbox_bot",
        },
        "chat": {"id": 1, "first_name": "Ann", "username": "ann", "type": "private"},
        "text": "Hi",
        "entities": [{"type": "bold", "offset": 0, "length": 2}],
        "has_protected_content": True,
        "link_preview_options": {"is_disabled": True},
        "reply_markup": keyboard("Go"),
    } == message


async def test_other_keyboards_are_not_echoed(server: TelegramServer, caller: Caller) -> None:
    """Only an inline keyboard is part of a message; the others bar it from being edited."""
    server.person(1, started=True)

    message = await caller.result(
        "sendMessage", chat_id=1, text="x", reply_markup={"force_reply": True}
    )

    assert "reply_markup" not in message
    assert (400, "Bad Request: message can't be edited") == await caller.refusal(
        "editMessageText", chat_id=1, message_id=1, text="y"
    )


async def test_a_reply_names_its_message(server: TelegramServer, caller: Caller) -> None:
    """The replied message is in the reply; one that is gone is missed."""
    server.person(1, started=True)
    await caller.call("sendMessage", chat_id=1, text="x")

    message = await caller.result(
        "sendMessage", chat_id=1, text="y", reply_parameters={"message_id": 1}
    )

    assert "x" == message["reply_to_message"]["text"]
    assert (400, "Bad Request: message to be replied not found") == await caller.refusal(
        "sendMessage", chat_id=1, text="y", reply_parameters={"message_id": 9}
    )


async def test_a_mention_needs_a_person_the_bot_knows(
    server: TelegramServer, caller: Caller
) -> None:
    """A link to a stranger is dropped, one to an acquaintance carries their name."""
    server.person(1, "Ann", started=True)
    text = '<a href="tg://user?id=1">a</a><a href="tg://user?id=2">b</a>'

    message = await caller.result("sendMessage", chat_id=1, text=text, parse_mode="HTML")

    assert [("text_mention", "Ann")] == [
        (one["type"], one["user"]["first_name"]) for one in message["entities"]
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (" \u200b", "message text is empty"),
        ("x" * 4097, "message is too long"),
        ("<x>", 'can\'t parse entities: Unsupported start tag "x" at byte offset 0'),
    ],
)
async def test_text_that_cannot_be_sent(
    server: TelegramServer, caller: Caller, text: str, reason: str
) -> None:
    """Refused for a new message and for an edit alike."""
    await server.person(1).says("x")
    await caller.call("sendMessage", chat_id=1, text="x")
    given = {"chat_id": 1, "text": text, "parse_mode": "HTML"}

    assert (400, f"Bad Request: {reason}") == await caller.refusal("sendMessage", **given)
    assert (400, f"Bad Request: {reason}") == await caller.refusal(
        "editMessageText", message_id=2, **given
    )


async def test_a_chat_must_be_there_and_willing(server: TelegramServer, caller: Caller) -> None:
    """Never started, blocked and deleted people each have their answer."""
    ann = server.person(1)
    given = {"chat_id": 1, "text": "x"}

    assert (400, "Bad Request: chat not found") == await caller.refusal("sendMessage", **given)
    await ann.says("/start")
    ann.blocks()
    blocked = (403, "Forbidden: bot was blocked by the user")
    assert blocked == await caller.refusal("sendMessage", **given)
    assert blocked == await caller.refusal("sendChatAction", chat_id=1, action="typing")
    ann.deactivates()
    assert (403, "Forbidden: user is deactivated") == await caller.refusal("sendMessage", **given)


async def test_an_edit_replaces_text_and_keyboard(server: TelegramServer, caller: Caller) -> None:
    """An edit without a keyboard takes the old one away; the edit's date is told."""
    ann = server.person(1, started=True)
    await caller.call("sendMessage", chat_id=1, text="x", reply_markup=keyboard("Go"))

    message = await caller.result("editMessageText", chat_id=1, message_id=1, text="y")

    assert "reply_markup" not in message
    assert isinstance(message["edit_date"], int)
    assert ("y", 1) == (ann.sees(), ann.last().edits)


async def test_an_edit_must_change_something(server: TelegramServer, caller: Caller) -> None:
    """The same text, marks and keyboard again are refused, for the keyboard alone too."""
    server.person(1, started=True)
    given = {"chat_id": 1, "text": "x", "reply_markup": keyboard("Go")}
    await caller.call("sendMessage", **given)
    code, description = await caller.refusal("editMessageText", message_id=1, **given)

    assert (400, True) == (code, description.startswith("Bad Request: message is not modified:"))
    del given["text"]
    assert (code, description) == await caller.refusal(
        "editMessageReplyMarkup", message_id=1, **given
    )
    assert 200 == (await caller.call("editMessageReplyMarkup", chat_id=1, message_id=1))[0]


async def test_an_edit_needs_a_message_of_the_bot(server: TelegramServer, caller: Caller) -> None:
    """Gone, somebody else's, unnamed: each has its answer."""
    await server.person(1).says("/start")
    await caller.call("sendMessage", chat_id=1, text="x")
    await caller.call("deleteMessage", chat_id=1, message_id=2)
    edit = {"chat_id": 1, "text": "y"}

    assert (400, "Bad Request: message can't be edited") == await caller.refusal(
        "editMessageText", message_id=1, **edit
    )
    assert (400, "Bad Request: message to edit not found") == await caller.refusal(
        "editMessageText", message_id=2, **edit
    )
    assert (400, "Bad Request: message identifier is not specified") == await caller.refusal(
        "editMessageText", **edit
    )
    assert (400, "Bad Request: message to delete not found") == await caller.refusal(
        "deleteMessage", chat_id=1, message_id=2
    )


async def test_messages_can_be_deleted_together(server: TelegramServer, caller: Caller) -> None:
    """Those that are gone already are passed over."""
    ann = server.person(1, started=True)
    for text in "abc":
        await caller.call("sendMessage", chat_id=1, text=text)

    assert 200 == (await caller.call("deleteMessages", chat_id=1, message_ids=[1, 2, 9]))[0]
    assert "c" == ann.sees()


async def test_a_query_is_answered_once_and_in_time(server: TelegramServer, caller: Caller) -> None:
    """A second answer, an answer to nothing and a late one are too old."""
    ann = server.person(1, started=True)
    await caller.call("sendMessage", chat_id=1, text="x", reply_markup=keyboard("Go"))
    too_old = (
        400,
        "Bad Request: query is too old and response timeout expired or query ID is invalid",
    )

    assert too_old == await caller.refusal("answerCallbackQuery", callback_query_id="1")
    await ann.clicks("Go", wait_answer=False)
    query = {"callback_query_id": ann.last_press.query_id}
    assert 200 == (await caller.call("answerCallbackQuery", **query))[0]
    assert too_old == await caller.refusal("answerCallbackQuery", **query)
    await ann.clicks("Go", wait_answer=False, age_s=16)
    assert too_old == await caller.refusal(
        "answerCallbackQuery", callback_query_id=ann.last_press.query_id
    )


async def test_files_are_kept(server: TelegramServer, bot: Bot) -> None:
    """A document and a picture are uploaded, shown with their caption and found again."""
    ann = server.person(1, started=True)

    sent = await bot.send_document(
        1, b"a,b\n", filename="x.csv", caption="<i>c</i>", parse_mode="HTML"
    )
    photo = await bot.send_photo(1, PNG, filename="qr.png", reply_markup=InlineKeyboardMarkup([]))

    assert sent.document is not None
    assert b"a,b\n" == server.chats.files[sent.document.file_id].content
    assert (3, 4) == (photo.photo[0].width, photo.photo[0].height)
    assert "(document x.csv) c\n\n(photo qr.png)" == ann.sees()
    assert 4 == (await bot.get_file(sent.document.file_id)).file_size


async def test_an_album(server: TelegramServer, bot: Bot) -> None:
    """Photos sent together are messages of one album; the first has the caption."""
    ann = server.person(1, started=True)
    photos = [InputMediaPhoto(PNG), InputMediaPhoto(PNG, caption="<b>two</b>", parse_mode="HTML")]

    sent = await bot.send_media_group(1, photos)

    assert [None, "two"] == [message.caption for message in sent]
    assert 1 == len({message.media_group_id for message in sent}) == bool(sent[0].media_group_id)
    assert ["photo", "photo"] == [message.kind for message in ann.messages]
    assert [] == server.oddities


@pytest.mark.parametrize("size", [1, 11])
async def test_an_album_of_another_size(server: TelegramServer, bot: Bot, size: int) -> None:
    """An album has two to ten items, or nothing of it is sent."""
    ann = server.person(1, started=True)

    with pytest.raises(BadRequest, match="2 to 10"):
        await bot.send_media_group(1, [InputMediaPhoto(PNG)] * size)
    assert [] == ann.messages


async def test_an_album_of_odd_items(server: TelegramServer, bot: Bot) -> None:
    """Kinds are not mixed, and what is no picture spoils the whole album."""
    ann = server.person(1, started=True)

    with pytest.raises(BadRequest, match="mixed"):
        await bot.send_media_group(1, [InputMediaPhoto(PNG), InputMediaDocument(b"x")])
    with pytest.raises(BadRequest, match="photos or documents"):
        await bot.send_media_group(1, [InputMediaVideo(b"x"), InputMediaVideo(b"y")])
    with pytest.raises(BadRequest, match=r"(?i)image_process_failed"):
        await bot.send_media_group(1, [InputMediaPhoto(PNG), InputMediaPhoto(b"x")])
    assert [] == ann.messages


async def test_bytes_that_are_no_picture_are_refused(server: TelegramServer, bot: Bot) -> None:
    """A photo is looked at, an empty file is refused."""
    server.person(1, started=True)

    for method, content, reason in (
        (bot.send_photo, b"x", "IMAGE_PROCESS_FAILED"),
        (bot.send_document, b"", "non-empty"),
    ):
        with pytest.raises(BadRequest, match=f"(?i){reason}"):
            await method(1, content)


async def test_small_methods_keep_what_they_are_told(server: TelegramServer, bot: Bot) -> None:
    """Commands by scope and language, texts, the menu, actions, pins and reactions."""
    ann = server.person(1, started=True)
    await bot.set_my_commands([("start", "Begin")], language_code="de")
    await bot.set_my_description("long", "de")
    await bot.set_my_short_description("short")
    await bot.set_chat_menu_button(1)
    await bot.send_chat_action(1, "typing")
    await bot.send_message(1, "x")
    await bot.pin_chat_message(1, 1)
    await bot.set_message_reaction(1, 1, "👍")

    assert 1 == len(await bot.get_my_commands(language_code="de"))
    assert () == await bot.get_my_commands()
    assert "long" == (await bot.get_my_description("de")).description
    assert "short" == (await bot.get_my_short_description("fr")).short_description
    assert "default" == (await bot.get_chat_menu_button(1)).type
    assert ["typing"] == ann.actions
    pinned = (await bot.get_chat(1)).pinned_message
    assert pinned is not None
    assert "x" == pinned.text
    assert "👍" == ann.last().reactions[0]["emoji"]
    await bot.unpin_chat_message(1)
    assert not ann.last().pinned
    await bot.delete_my_commands(language_code="de")
    assert () == await bot.get_my_commands(language_code="de")
    with pytest.raises(BadRequest, match="no language"):
        await bot.set_my_commands([("start", "Begin")], language_code="pt-br")
