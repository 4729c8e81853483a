"""Each press is answered exactly once, whatever becomes of the answer."""

import pytest

from handlers import presses as presses_module
from handlers.presses import Presses
from sandbox.person import Person
from sandbox.telegram_server import TelegramServer
from tests.handlers.post import Post

ANSWER = "answerCallbackQuery"


def answers(telegram: TelegramServer) -> int:
    return sum(call.method == ANSWER for call in telegram.calls)


@pytest.mark.parametrize("is_alert", [False, True], ids=["toast", "box"])
async def test_an_answer_is_shown(
    post: Post, presses: Presses, ann: Person, *, is_alert: bool
) -> None:
    """The person sees the text, as a toast or in a box."""
    update = await post.pressed(ann)

    assert await presses.answer(update, "Asking…", is_alert=is_alert) is True
    assert ann.last_press.answer
    assert ("Asking…", is_alert) == (ann.last_press.answer.text, ann.last_press.answer.show_alert)


async def test_an_answer_without_words(post: Post, presses: Presses, ann: Person) -> None:
    """The spinner ends and nothing is shown."""
    await presses.answer(await post.pressed(ann))

    assert ann.last_press.answer
    assert ann.last_press.answer.text is None


async def test_the_second_answer(
    post: Post, presses: Presses, telegram: TelegramServer, ann: Person
) -> None:
    """Whoever comes second learns that the text was not shown, and Telegram is not asked."""
    update = await post.pressed(ann)
    await presses.answer(update, "first")

    assert await presses.answer(update, "second", is_alert=True) is False
    assert 1 == answers(telegram)
    assert [] == telegram.refused()


async def test_each_press_is_answered(
    post: Post, presses: Presses, telegram: TelegramServer, ann: Person, bob: Person
) -> None:
    """Presses of the same button are different presses."""
    for person in (ann, ann, bob):
        assert await presses.answer(await post.pressed(person)) is True

    assert 3 == answers(telegram)


async def test_what_is_no_press(
    post: Post, presses: Presses, telegram: TelegramServer, ann: Person
) -> None:
    """A message has no spinner to end."""
    assert await presses.answer(await post.said(ann), "text") is False
    assert 0 == answers(telegram)


async def test_a_long_text_is_cut(post: Post, presses: Presses, ann: Person) -> None:
    """A toast holds 200 characters."""
    assert await presses.answer(await post.pressed(ann), "x" * 500) is True
    assert ann.last_press.answer
    assert "x" * 200 == ann.last_press.answer.text


async def test_a_press_that_is_too_old(post: Post, presses: Presses, ann: Person) -> None:
    """A press whose spinner has ended by itself is no error, only not shown."""
    update = await post.pressed(ann, age_s=60)

    assert await presses.answer(update, "late") is False


@pytest.mark.parametrize("fault", ["hang_up", "bad_gateway", "error"])
async def test_an_answer_that_was_lost(
    post: Post, presses: Presses, telegram: TelegramServer, ann: Person, fault: str
) -> None:
    """An answer that was lost on the way is sent again."""
    update = await post.pressed(ann)
    telegram.arm(fault, method=ANSWER, times=1)

    assert await presses.answer(update, "shown") is True
    assert ann.last_press.answer
    assert "shown" == ann.last_press.answer.text


async def test_an_answer_that_is_always_lost(
    post: Post, presses: Presses, telegram: TelegramServer, ann: Person
) -> None:
    """After some tries the press goes on without an answer."""
    update = await post.pressed(ann)
    telegram.arm("bad_gateway", method=ANSWER)

    assert await presses.answer(update, "shown") is False
    assert 2 <= answers(telegram) <= 5


async def test_memory_has_an_end(
    post: Post, presses: Presses, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of very many presses only the latest are remembered."""
    monkeypatch.setattr(presses_module, "MOST_REMEMBERED", 3)  # ten thousand take too long
    for _ in range(10):
        await presses.answer(await post.pressed(ann))

    assert 3 == len(presses._answered)  # nothing else shows how much is remembered
