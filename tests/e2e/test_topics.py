"""Topics of a private chat: answers go where the question was asked."""

import pytest

from sandbox.person import Person
from tests.e2e.conftest import World

CODES, OTHER = 71, 72


async def test_an_answer_goes_to_its_topic(world: World, ann: Person) -> None:
    """A command is answered in its topic, one outside of any topic in the chat."""
    await ann.says("/help", topic=CODES)
    await ann.waits_for("How it works", new=True)
    await ann.says("/settings", topic=OTHER)
    await ann.waits_for("Your id", new=True)
    await ann.says("/balance")
    await ann.waits_for("Balance: $", new=True)

    assert [CODES, OTHER, None] == [m.thread_id for m in ann.messages if m.from_bot]
    world.nothing_was_refused()


async def test_a_number_stays_in_its_topic(world: World, ann: Person) -> None:
    """Card, code and news of a number are in the topic in which it was rented."""
    await ann.says("/rent", topic=CODES)
    card = await ann.waits_for("Where should the number be from?", new=True)
    await ann.clicks("United States", message=card)
    await ann.clicks("WhatsApp · $0.55", message=card)
    await ann.clicks("Rent for $", message=card)
    await ann.waits_until(lambda _: "Waiting for the SMS" in card.text)
    await ann.says("/help", topic=OTHER)
    await ann.waits_for("How it works", new=True)
    world.bloomsms.send_sms(world.only_number(), "code 852508")
    news = await world.news(ann)

    assert (CODES, CODES) == (card.thread_id, news.thread_id)
    world.nothing_was_refused()


@pytest.mark.parametrize(
    "words",
    [
        "message thread not found",
        "TOPIC_CLOSED",
        "TOPIC_DELETED",
        "TOPIC_ID_INVALID",
        "MESSAGE_THREAD_INVALID",
    ],
)
async def test_a_topic_that_is_gone(world: World, ann: Person, words: str) -> None:
    """When Telegram knows no such topic, the answer goes to the chat."""
    await ann.says("/help", topic=CODES)
    await ann.waits_for("How it works", new=True)
    world.telegram.arm(
        "error", method="sendMessage", times=1, status=400, description=f"Bad Request: {words}"
    )
    await ann.says("/settings", topic=CODES)
    await ann.waits_for("Your id", new=True)

    assert [CODES, None] == [m.thread_id for m in ann.messages if m.from_bot]


async def test_a_press_in_a_topic_that_is_gone(world: World, ann: Person) -> None:
    """A menu asked for below a message goes to that message's topic, or to the chat."""
    await ann.says("/help", topic=CODES)
    message = await ann.waits_for("How it works", new=True)
    await ann.presses("1:mb", message=message, wait_answer=False)
    await ann.waits_for("Hello", new=True)
    world.telegram.chats.chats[ann.id].topics.clear()
    await ann.presses("1:mb", message=message, wait_answer=False)
    await ann.waits_until(lambda p: 2 == sum("Hello" in m.text for m in p.messages))

    assert [CODES, CODES, None] == [m.thread_id for m in ann.messages if m.from_bot]


async def test_a_refusal_in_a_topic(world: World) -> None:
    """A stranger at a private bot is answered in the topic, too."""
    await world.start_bot(access="private")
    await world.ann.says("hello", topic=CODES)
    message = await world.ann.waits_for("private")

    assert CODES == message.thread_id


async def test_a_kept_answer_goes_to_its_topic(world: World, ann: Person) -> None:
    """A refusal that a flood wait held back comes in the topic of the press."""
    await ann.says("/rent", topic=CODES)
    card = await ann.waits_for("Where should the number be from?", new=True)
    await ann.clicks("United States", message=card)
    await ann.clicks("WhatsApp · $0.55", message=card)
    await ann.clicks("Rent for $", message=card)
    await ann.waits_until(lambda _: "Waiting for the SMS" in card.text)
    world.bloomsms.arm("cancel_refused")
    world.telegram.arm("flood", method="sendMessage", chat_id=ann.id, times=1, retry_after=6)
    await ann.clicks("Cancel", message=card)
    await ann.waits_for("You can't cancel", new=True, timeout_s=15)

    assert [CODES, CODES] == [m.thread_id for m in ann.messages if m.from_bot]


async def test_a_flood_wait_of_fetches(world: World, ann: Person) -> None:
    """However odd a flood wait for fetching is, the bot hears again after it."""
    world.telegram.arm("flood", method="getUpdates", times=1, retry_after=0)
    await ann.says("/help")
    await ann.waits_for("How it works", timeout_s=15)
