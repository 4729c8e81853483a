from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from telegram import CopyTextButton, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.ext import Application, CallbackQueryHandler, CommandHandler, MessageHandler, filters

from sandbox.person import without_emoji
from sandbox.telegram_rules import check_result
from sandbox.telegram_server import TelegramServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from telegram import Update

    from sandbox.person import Person

    Bench = Application[Any, Any, Any, Any, Any, Any]  # PTB leaves six kinds open

MENU = InlineKeyboardMarkup(
    [
        [
            InlineKeyboardButton("🇺🇸 United States", callback_data="edit"),
            InlineKeyboardButton("United States of old", callback_data="old"),
        ],
        [
            InlineKeyboardButton("Copy", copy_text=CopyTextButton("+1 900")),
            InlineKeyboardButton("Site", url="https://a.b"),
        ],
    ]
)


async def start(update: Update, _context: object) -> None:
    assert update.message is not None
    await update.message.reply_html("<b>Hello</b> &amp; welcome", reply_markup=MENU)


async def echo(update: Update, _context: object) -> None:
    assert update.message is not None
    await update.message.reply_text(f"You said {update.message.text}")


async def press(update: Update, _context: object) -> None:
    query = update.callback_query
    assert query is not None
    await query.answer(f"data {query.data}", show_alert=True)
    if query.data == "edit":
        await query.edit_message_text("Edited")


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    server = TelegramServer()
    await server.start()
    yield server
    await server.stop()
    for call in server.calls:
        if call.ok:
            check_result(call.method, call.result)


@pytest.fixture
async def application(server: TelegramServer) -> AsyncIterator[Bench]:
    """A bot made with PTB that polls the emulator."""
    application = (
        Application.builder().token(server.token).base_url(f"{server.base_url}/bot").build()
    )
    application.add_handler(CommandHandler("start", start))
    application.add_handler(MessageHandler(filters.TEXT, echo))
    application.add_handler(CallbackQueryHandler(press))
    assert application.updater is not None
    async with application:
        await application.start()
        await application.updater.start_polling()
        yield application
        await application.updater.stop()
        await application.stop()


@pytest.fixture
async def ann(server: TelegramServer, application: Bench) -> Person:
    """A person who has the menu before them."""
    assert application.running
    ann = server.person(7, "Ann")
    await ann.says("/start")
    await ann.waits_for("Hello")
    return ann


async def test_a_conversation(server: TelegramServer, ann: Person) -> None:
    """Command, message, press and edit go through a real client and back."""
    await ann.says("good <morning>")
    await ann.waits_for("You said good <morning>")

    answer = await ann.clicks("United States")

    assert ("data edit", True) == (answer.text, answer.show_alert)
    await ann.waits_for("Edited")
    assert "Ann: /start\n\nEdited\n\nAnn: good <morning>\n\nYou said good <morning>" == ann.sees()
    assert [] == server.refused()


def test_what_is_seen_has_its_buttons() -> None:
    """An emoji at the beginning of a label is no part of its name."""
    assert ["United States", "One", "\u2039", "$1", "7"] == [
        without_emoji(one) for one in ("🇺🇸 United States", "1️⃣ One", "\u2039", "$1", "7")
    ]


async def test_a_chat_is_seen_as_text(ann: Person) -> None:
    """Plain text with the buttons as rows; messages keep what was sent."""
    assert (
        "Ann: /start\n\nHello & welcome\n[🇺🇸 United States] [United States of old]\n[Copy] [Site]"
    ) == ann.sees()
    assert "<b>Hello</b> &amp; welcome" == ann.last().html
    assert ["🇺🇸 United States", "United States of old", "Copy", "Site"] == ann.labels()
    assert "bot_command" == ann.messages[0].entities[0]["type"]


async def test_other_buttons_answer_themselves(ann: Person) -> None:
    """A copy button gives what is on the clipboard, a link its address."""
    copied = await ann.clicks("Copy")
    opened = await ann.clicks("Site")

    assert ("copy", "+1 900", "link", "https://a.b") == (
        copied.kind,
        copied.text,
        opened.kind,
        opened.url,
    )


async def test_many_presses_are_all_answered(server: TelegramServer, ann: Person) -> None:
    """Each press is an update and a query of its own."""
    answers = await ann.clicks_times("of old", 5)

    assert ["data old"] * 5 == [answer.text for answer in answers]
    assert 5 == len({press.query_id for press in ann.presses_made})
    assert [] == server.refused()


async def test_a_press_can_come_again(server: TelegramServer, ann: Person) -> None:
    """With a new query it is answered anew; the same query is too old the second time."""
    await ann.clicks("of old")
    assert "data old" == (await ann.replays()).text
    assert 2 == len(ann.presses_made)

    await ann.replays(same_query=True)
    await server.waits_until(lambda one: len(one.refused()) == 1)
    assert "query is too old" in str(server.refused()[0].description)


async def test_any_data_can_be_pressed(ann: Person) -> None:
    """A forged press is delivered like any other, a late one comes too late."""
    assert "data ' or 1=1" == (await ann.presses("' or 1=1", message=ann.messages[1])).text
    assert (await ann.presses("late", age_s=60)).too_late


async def test_new_means_since_the_last_act(ann: Person) -> None:
    """An older message with the text does not count, an answer that came already does."""
    await ann.says("one")
    await ann.waits_until(lambda me: "You said one" in me.sees())
    await ann.waits_for("You said", new=True)

    with pytest.raises(AssertionError):
        await ann.waits_for("You said", new=True, timeout_s=0.01)
    assert "Hello & welcome" == (await ann.waits_for("Hello")).text


async def test_waiting_in_vain_shows_the_chat(ann: Person) -> None:
    """Whoever reads the failure sees what the person saw."""
    with pytest.raises(AssertionError, match=r"(?s)a button \[Nowhere\].*Hello & welcome"):
        await ann.clicks("Nowhere", timeout_s=0.01)


async def test_changes_are_told(server: TelegramServer, ann: Person) -> None:
    """A page is pushed from here."""
    seen = []
    server.on_change.append(lambda: seen.append(ann.sees()))

    await ann.says("one")
    await ann.waits_for("You said one")

    assert "You said one" in seen[-1]


async def test_who_blocked_cannot_write(server: TelegramServer, ann: Person) -> None:
    """Blocking is told to the bot, and ends with unblocking."""
    ann.blocks()
    with pytest.raises(AssertionError):
        await ann.says("x")
    ann.unblocks()

    await ann.says("one")
    await ann.waits_for("You said one")

    assert server.person(7) is ann
