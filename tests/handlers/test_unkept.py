"""What people hear while nothing can be stored: once for a while, and no press stays unanswered."""

import pytest
from telegram import Chat, Message, Update
from telegram.ext import ExtBot

from handlers import texts
from handlers.presses import Presses
from handlers.unkept import TOLD_EVERY, Unkept
from sandbox.person import Person
from sandbox.telegram_server import TelegramServer
from tests.handlers.post import Post
from tests.moved_clock import START, MovedClock


@pytest.fixture
def unkept(presses: Presses, clock: MovedClock) -> Unkept:
    return Unkept(presses, clock)


def told(person: Person) -> int:
    return sum(texts.STORED_LATER in message.text for message in person.messages)


async def test_a_message_is_answered(post: Post, unkept: Unkept, ann: Person) -> None:
    """Who writes is told once, however often Telegram hands the message over."""
    update = await post.said(ann)
    for _ in range(3):
        await unkept.tell([update])

    assert 1 == told(ann)


async def test_told_again_after_a_while(
    post: Post, unkept: Unkept, ann: Person, bob: Person, clock: MovedClock
) -> None:
    """Who goes on writing is told again after a while, and others are told for themselves."""
    await unkept.tell([await post.said(ann), await post.said(ann), await post.said(bob)])
    before = (told(ann), told(bob))
    clock.move(TOLD_EVERY.total_seconds())
    await unkept.tell([await post.said(ann)])

    assert ((1, 1), 2) == (before, told(ann))


async def test_every_press_is_answered(post: Post, unkept: Unkept, ann: Person) -> None:
    """The first press shows the sentence in a box, the next ones only stop spinning."""
    await unkept.tell([await post.pressed(ann), await post.pressed(ann)])
    answers = [press.answer for press in ann.presses_made]

    assert None not in answers
    assert [texts.STORED_LATER, None] == [answer.text for answer in answers if answer]


async def test_telegram_takes_nothing(
    post: Post, unkept: Unkept, ann: Person, telegram: TelegramServer
) -> None:
    """That it cannot be told either is no error."""
    update = await post.said(ann)
    telegram.arm("blocked", chat_id=ann.id)
    await unkept.tell([update])

    assert 0 == told(ann)


async def test_groups_are_not_told(unkept: Unkept, ann: Person, bot: ExtBot[str]) -> None:
    """Only private chats are served, and nobody is written to for what nobody asked."""
    message = Message(5, START, Chat(-7, Chat.GROUP), text="hello")
    message.set_bot(bot)
    await unkept.tell([Update(1, message=message)])

    assert 0 == told(ann)
