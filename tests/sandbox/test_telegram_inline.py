from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from telegram import Bot, InlineQueryResultArticle, InputTextMessageContent

from sandbox.telegram_server import TelegramServer
from tests.sandbox.telegram_caller import Caller, calling, keyboard

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sandbox.person import Person
    from sandbox.telegram_inline import InlineAnswer
    from sandbox.telegram_rules import Json


@pytest.fixture
def server() -> TelegramServer:
    return TelegramServer()


@pytest.fixture
async def caller(server: TelegramServer) -> AsyncIterator[Caller]:
    async with calling(server) as caller:
        yield caller


@pytest.fixture
def ann(server: TelegramServer) -> Person:
    return server.person(1, "Ann", started=True)


def article(result_id: str = "1", text: str = "x", **given: Any) -> Json:
    content = {"message_text": text, "parse_mode": "HTML"}
    return {
        "type": "article",
        "id": result_id,
        "title": "A",
        "input_message_content": content,
        **given,
    }


async def asked(caller: Caller, ann: Person, *results: Json, **given: Any) -> InlineAnswer:
    """Let Ann ask while the bot answers with these results."""
    asking = asyncio.create_task(ann.asks_inline("what"))
    await caller.server.waits_until(lambda one: one.chats.updates.waiting)
    query = caller.server.chats.updates.waiting.pop()["inline_query"]["id"]
    given = {"inline_query_id": query, "results": list(results), **given}
    await caller.result("answerInlineQuery", **given)
    return await asking


async def test_a_result_becomes_a_message(
    server: TelegramServer, caller: Caller, ann: Person
) -> None:
    """The chat shows it, the bot is told of the choice and of the message through it."""
    answer = await asked(
        caller, ann, article(text="<b>x</b>", description="d"), article("2"), next_offset="2"
    )

    message = ann.picks("1")

    assert [("1", "A", "d"), ("2", "A", "")] == [
        (one.id, one.title, one.description) for one in answer.results
    ]
    assert "2" == answer.next_offset
    assert "Ann: x" == ann.sees()
    sent, chosen = await caller.result("getUpdates")
    assert server.chats.username == sent["message"]["via_bot"]["username"]
    assert 1 == sent["message"]["from"]["id"]
    assert [{"type": "bold", "offset": 0, "length": 1}] == sent["message"]["entities"]
    assert {"result_id": "1", "query": "what"} == {
        name: chosen["chosen_inline_result"][name] for name in ("result_id", "query")
    }
    assert "inline_message_id" not in chosen["chosen_inline_result"]
    assert "<b>x</b>" == message.html
    assert [] == server.oddities


async def test_ptb_can_answer(server: TelegramServer, caller: Caller, ann: Person) -> None:
    """The library reads the query and its results are taken."""
    async with Bot(server.token, base_url=f"{server.base_url}/bot") as bot:
        asking = asyncio.create_task(ann.asks_inline("wh?t", offset="5"))
        (update,) = await bot.get_updates(timeout=5)
        assert update.inline_query is not None
        content = InputTextMessageContent("found")
        await update.inline_query.answer([InlineQueryResultArticle("a", "A", content)])

        assert ("wh?t", "5") == (update.inline_query.query, update.inline_query.offset)
        assert "sender" == update.inline_query.chat_type
        assert ["a"] == [one.id for one in (await asking).results]
        assert bot.supports_inline_queries
    assert [] == server.oddities


async def test_a_keyboard_makes_it_editable(
    server: TelegramServer, caller: Caller, ann: Person
) -> None:
    """Presses and edits name the message by its inline id, the chat stays unknown."""
    await asked(caller, ann, article(reply_markup=keyboard("Go")))
    ann.picks("1")
    inline_id = server.chats.updates.waiting[-1]["chosen_inline_result"]["inline_message_id"]

    await ann.clicks("Go", wait_answer=False)

    query = server.chats.updates.waiting[-1]["callback_query"]
    assert inline_id == query["inline_message_id"]
    assert "message" not in query
    edit = {"inline_message_id": inline_id, "text": "y"}
    assert await caller.result("editMessageText", **edit) is True
    assert "Ann: y" == ann.sees()
    assert (400, "Bad Request: MESSAGE_ID_INVALID") == await caller.refusal(
        "editMessageText", inline_message_id="x", text="y"
    )


@pytest.mark.parametrize(
    ("result", "kind", "words"),
    [
        (
            {"type": "location", "latitude": 1.5, "longitude": 2, "title": "L"},
            "location",
            "L, 1.5, 2",
        ),
        (
            {"type": "contact", "phone_number": "+1", "first_name": "Bob"},
            "contact",
            "Bob, +1",
        ),
        (
            {"type": "venue", "latitude": 1, "longitude": 2, "title": "V", "address": "A"},
            "venue",
            "V, A, 1, 2",
        ),
        (
            article(input_message_content={"phone_number": "+1", "first_name": "Bob"}),
            "contact",
            "Bob, +1",
        ),
        (
            article(
                input_message_content={
                    "title": "T",
                    "description": "D",
                    "payload": "p",
                    "currency": "XTR",
                    "prices": [{"label": "x", "amount": 1}],
                }
            ),
            "invoice",
            "T\nD",
        ),
    ],
)
async def test_results_of_other_kinds(
    server: TelegramServer, caller: Caller, ann: Person, result: Json, kind: str, words: str
) -> None:
    """Places, contacts and invoices are sent as such and said in words."""
    await asked(caller, ann, {"id": "1", **result})

    message = ann.picks("1")

    assert (kind, words) == (message.kind, message.text)
    sent = next(one["message"] for one in server.chats.updates.waiting if "message" in one)
    assert kind in sent


async def test_a_file_the_bot_has_sent_is_a_result(
    server: TelegramServer, caller: Caller, ann: Person
) -> None:
    """By its id; one by address can be offered but not sent here."""
    file = server.chats.store_file("x.csv", "text/csv", b"a,b")
    known = {"type": "document", "id": "1", "title": "F", "document_file_id": file.id}
    by_address = {"photo_url": "https://a.b", "thumbnail_url": "https://a.b"}

    await asked(caller, ann, known, {"type": "photo", "id": "2", **by_address})

    assert file == ann.picks("1").file
    with pytest.raises(AssertionError, match="cannot be sent in this emulator"):
        ann.picks("2")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"results": [article(f"{at}") for at in range(51)]}, "too many inline query results"),
        ({"results": [article(), article()]}, "RESULT_ID_DUPLICATE"),
        ({"results": [article(type="story")]}, "must be a InlineQueryResult"),
        ({"results": [{"type": "article", "id": "1"}]}, 'needs the field "input_message_content"'),
        ({"results": [{"type": "photo", "id": "1"}]}, 'needs the field "photo_url"'),
        ({"results": [article("x" * 65)]}, "must be 1..64 bytes long"),
        ({"results": [article(text=" ")]}, "message text is empty"),
        ({"results": [article(text="<x>")]}, "can't parse entities"),
        ({"results": [article(input_message_content={})]}, "needs the field"),
        (
            {"results": [{"type": "photo", "id": "1", "photo_file_id": "x"}]},
            "DOCUMENT_INVALID",
        ),
        ({"next_offset": "x" * 65}, "NEXT_OFFSET_INVALID"),
        ({"button": {"text": "x"}}, "exactly one optional field"),
        ({"button": {"text": "x", "start_parameter": "a b"}}, "START_PARAM_INVALID"),
        ({}, "query is too old"),
    ],
)
async def test_answers_that_are_refused(caller: Caller, given: Json, reason: str) -> None:
    """Each with its reason; the results are looked at before the query."""
    code, description = await caller.refusal(
        "answerInlineQuery", **{"inline_query_id": "1", "results": [], **given}
    )

    assert 400 == code
    assert reason in description


async def test_a_late_answer_is_too_old(
    server: TelegramServer, caller: Caller, ann: Person
) -> None:
    """The person sees nothing then; a second answer is too old as well."""
    asking = asyncio.create_task(ann.asks_inline("what", age_s=60))
    await server.waits_until(lambda one: one.chats.updates.waiting)
    query = server.chats.updates.waiting[0]["inline_query"]["id"]
    button = {"text": "Begin", "start_parameter": "x"}
    given = {"inline_query_id": query, "results": [], "button": button}

    assert 400 == (await caller.refusal("answerInlineQuery", **given))[0]
    assert (await asking).too_late
    assert 400 == (await caller.refusal("answerInlineQuery", **given))[0]


async def test_only_what_was_shown_can_be_picked(caller: Caller, ann: Person) -> None:
    """Nothing before a question, nothing that is not among the results."""
    with pytest.raises(AssertionError, match="nothing was asked"):
        ann.picks("1")
    await asked(caller, ann, article())
    with pytest.raises(AssertionError, match="2 is not among the results: 1"):
        ann.picks("2")
