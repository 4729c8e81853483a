"""Notes become messages, and Telegram's refusals what the outbox does next."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.ext import ExtBot

from activations.model import CHARGED, State
from activations.notes import Delivery, Note, NoteKind, Outcome, code_and_card
from bloomsms.models import Sms
from handlers.cards import Cards
from handlers.messenger import TelegramMessenger, plain, verdict
from handlers.screens import Screens
from sandbox.person import Person
from sandbox.telegram_server import TelegramServer
from storage.activations import ActivationRows
from storage.database import Database
from storage.notes import NoteRows
from tests.made_up import ANN, NASTY, OLGA, SMS, in_state
from tests.moved_clock import START, MovedClock
from tests.storage import rows

NO_WORDS: Mapping[str, str] = {}
SENT = Delivery(Outcome.SENT)
PARKED = Delivery(Outcome.PARKED)
DEAD = Delivery(Outcome.DEAD)
LATER = Delivery(Outcome.LATER)
RECEIVED = replace(in_state(State.CODE_RECEIVED), card=None)


def note(
    kind: NoteKind, sms: Sms | None = None, to: int = ANN, words: Mapping[str, str] = NO_WORDS
) -> Note:
    return Note(1, kind, to, 7, sms, words, 1, START)


CODE = note(NoteKind.CODE, SMS)
LONG = Sms("852508", "ä" * 9000)


@pytest.fixture
def store(database: Database) -> ActivationRows:
    return ActivationRows(database)


@pytest.fixture
def screens(bot: ExtBot[str]) -> Screens:
    return Screens(bot)


@pytest.fixture
def notes(database: Database) -> NoteRows:
    return NoteRows(database)


@pytest.fixture
def messenger(
    screens: Screens, store: ActivationRows, clock: MovedClock, notes: NoteRows
) -> TelegramMessenger:
    return TelegramMessenger(screens, Cards(screens, store, clock), notes)


async def test_a_code(messenger: TelegramMessenger, telegram: TelegramServer, ann: Person) -> None:
    """A code is a new message that makes the phone ring, with its buttons."""
    assert SENT == await messenger.deliver(CODE, RECEIVED)

    message = ann.last()
    assert "<code>852508</code>" in message.html
    assert "Your WhatsApp code is 852508" in message.text
    assert not message.silent
    assert {"📋 Copy 852508", "📩 Another SMS", "✅ Done", "🔁 Rent again"} <= set(
        ann.labels(message)
    )
    assert [] == telegram.refused()


@pytest.mark.parametrize(
    ("reason", "sentence"), [("", "doesn't show whether"), (CHARGED, "has not come back")]
)
async def test_an_order_that_needs_an_owner(
    messenger: TelegramMessenger, telegram: TelegramServer, reason: str, sentence: str
) -> None:
    """An order that nothing settles is put before an owner with the button that closes it."""
    order = replace(in_state(State.UNCERTAIN), reason=reason)

    assert SENT == await messenger.deliver(note(NoteKind.OWNER_UNSETTLED, to=OLGA), order)
    owner = telegram.people[OLGA]
    assert sentence in owner.last().text
    assert f"Close order {order.id}" in owner.labels()


async def test_an_order_that_was_settled_meanwhile(
    messenger: TelegramMessenger, telegram: TelegramServer
) -> None:
    """An owner is not asked about what is settled by now."""
    order = in_state(State.REFUSED)

    assert SENT == await messenger.deliver(note(NoteKind.OWNER_UNSETTLED, to=OLGA), order)
    assert [] == telegram.people[OLGA].messages


async def test_a_long_text(messenger: TelegramMessenger, ann: Person) -> None:
    """A text that does not fit comes in several messages; the first has the buttons."""
    await messenger.deliver(note(NoteKind.CODE, Sms("852508", "ä" * 9000)), RECEIVED)

    assert 3 == len(ann.messages)
    assert 9000 == sum(message.text.count("ä") for message in ann.messages)
    assert [True, False, False] == [bool(message.keyboard) for message in ann.messages]


@pytest.mark.parametrize("sent", [1, 2])
async def test_a_long_text_goes_on(
    messenger: TelegramMessenger,
    notes: NoteRows,
    store: ActivationRows,
    clock: MovedClock,
    ann: Person,
    sent: int,
) -> None:
    """After a flood wait or a restart only the pieces are sent that Telegram has not."""
    number = await rows.waiting(store, clock)
    after = replace(number, state=State.CODE_RECEIVED, sms=(LONG,))
    await store.record(number, after, code_and_card(ANN, number.id), clock.now(), LONG)
    first = await notes.claim_due(clock.now(), codes_only=True)
    assert first
    assert SENT == await messenger.deliver(first, after)
    await notes.release_claims(clock.now())
    again = await notes.claim_due(clock.now(), codes_only=True)
    assert again

    assert 2 == again.pieces_sent
    assert SENT == await messenger.deliver(replace(again, pieces_sent=sent), after)
    assert 3 + 3 - sent == len(ann.messages)
    assert [True] + [False] * (5 - sent) == [bool(message.keyboard) for message in ann.messages]


async def test_a_nasty_text(messenger: TelegramMessenger, ann: Person) -> None:
    """What people see is what came."""
    nasty = Sms("<b>1</b>", "<#> Your code: </code> &amp; 123_456 * <a href='tg://user?id=1'>x</a>")

    await messenger.deliver(note(NoteKind.CODE, nasty), RECEIVED)

    assert nasty.full_text in ann.last().text
    assert ["bold", "code"] == sorted({entity["type"] for entity in ann.last().entities})


async def test_a_card_is_edited(
    messenger: TelegramMessenger, store: ActivationRows, clock: MovedClock, ann: Person
) -> None:
    """A CARD note brings the card up to date, in place; the second time there is nothing to do."""
    waiting = await rows.waiting(store, clock)
    await messenger.deliver(note(NoteKind.CARD), waiting)
    placed = await rows.again(store, waiting)
    ended = await rows.moved(store, clock, placed, replace(placed, state=State.EXPIRED))

    assert SENT == await messenger.deliver(note(NoteKind.CARD), ended)
    assert SENT == await messenger.deliver(note(NoteKind.CARD), ended)
    (message,) = ann.messages
    assert "Expired" in message.text
    assert (True, 1) == (message.silent, message.edits)


async def test_a_card_that_was_deleted(
    messenger: TelegramMessenger,
    store: ActivationRows,
    clock: MovedClock,
    telegram: TelegramServer,
    ann: Person,
) -> None:
    """A card that cannot be edited any more is sent anew."""
    waiting = await rows.waiting(store, clock)
    await messenger.deliver(note(NoteKind.CARD), waiting)
    placed = await rows.again(store, waiting)
    await rows.moved(store, clock, placed, replace(placed, state=State.EXPIRED))
    telegram.arm("edit_gone", times=1)

    assert SENT == await messenger.deliver(note(NoteKind.CARD), placed)
    assert 2 == len(ann.messages)
    assert "Expired" in ann.last().text


@pytest.mark.parametrize(
    ("kind", "words", "expected"),
    [
        (NoteKind.UNCERTAIN, {}, "The outcome is unknown"),
        (NoteKind.SETTLED, {}, "WhatsApp"),
        (NoteKind.OWNER_UNCERTAIN, {}, "Order 7"),
        (NoteKind.SENTENCE, {"sentence": NASTY}, NASTY),
        (NoteKind.LET_IN, {}, "You may use this bot now"),
        (NoteKind.TURNED_AWAY, {"holds_numbers": "yes"}, "stay yours until they end"),
        (NoteKind.OWNER_FUNDS, {}, "too low"),
        (NoteKind.OWNER_PARKED, {"update_id": "731"}, "731"),
        (NoteKind.OWNER_PROVIDER, {"condition": "maintenance"}, "closed for maintenance"),
        (NoteKind.OWNER_PROVIDER, {"condition": "well"}, "answers again"),
        (NoteKind.OWNER_ACCESS, {"user_id": "2001", "name": NASTY}, NASTY),
    ],
)
async def test_news(
    messenger: TelegramMessenger,
    telegram: TelegramServer,
    kind: NoteKind,
    words: dict[str, str],
    expected: str,
) -> None:
    """Each kind of news is a message to its person, to the letter, with a way on."""
    olga = telegram.people[OLGA]

    assert SENT == await messenger.deliver(note(kind, None, OLGA, words), in_state(State.UNCERTAIN))
    assert expected in olga.last().text
    assert olga.labels()
    assert [] == telegram.refused()


async def test_turned_away_without_a_number(
    messenger: TelegramMessenger, telegram: TelegramServer
) -> None:
    """A person who has no number left is not led anywhere."""
    await messenger.deliver(note(NoteKind.TURNED_AWAY, None, OLGA), None)

    olga = telegram.people[OLGA]
    assert "declined" in olga.last().text
    assert "numbers stay" not in olga.last().text
    assert [] == olga.labels()


async def test_somebody_knocks(messenger: TelegramMessenger, telegram: TelegramServer) -> None:
    """The owners' card has the two buttons."""
    knock = note(NoteKind.OWNER_ACCESS, None, OLGA, {"user_id": "2001", "name": "Ann"})

    await messenger.deliver(knock, None)

    assert ["✅ Let in", "⛔ Refuse"] == telegram.people[OLGA].labels()[:2]


@pytest.mark.parametrize(
    "told",
    [
        note(NoteKind.OWNER_PROVIDER, words={"condition": "unheard of"}),
        note(NoteKind.CARD),
        note(NoteKind.UNCERTAIN),
        note(NoteKind.CODE),
    ],
    ids=["condition", "card of nobody", "order of nobody", "code without text"],
)
async def test_nothing_to_tell(
    messenger: TelegramMessenger, telegram: TelegramServer, told: Note
) -> None:
    """A note about nothing is settled without a message."""
    assert SENT == await messenger.deliver(told, None)
    assert [] == [call for call in telegram.calls if call.method == "sendMessage"]


@pytest.mark.parametrize(
    ("fault", "params", "of_a_code", "of_news"),
    [
        ("blocked", {}, PARKED, PARKED),
        ("deactivated", {}, PARKED, PARKED),
        ("chat_not_found", {}, PARKED, PARKED),
        (
            "flood",
            {"retry_after": 35},
            Delivery(Outcome.LATER, 35.2),
            Delivery(Outcome.LATER, 35.2),
        ),
        ("error", {"status": 400, "description": "Bad Request: no"}, LATER, DEAD),
        ("error", {"status": 403, "description": "Forbidden: no"}, PARKED, PARKED),
    ],
    ids=["blocked", "deactivated", "no chat", "flood", "bad request", "forbidden"],
)
async def test_what_telegram_refuses(
    messenger: TelegramMessenger,
    telegram: TelegramServer,
    fault: str,
    params: dict[str, Any],  # as the fault takes them
    of_a_code: Delivery,
    of_news: Delivery,
) -> None:
    """Gone people wait, floods are kept, and a code is never given up."""
    telegram.arm(fault, method="sendMessage", **params)

    assert of_a_code == await messenger.deliver(CODE, RECEIVED)
    telegram.chats.chats[ANN].blocked = False
    assert of_news == await messenger.deliver(note(NoteKind.LET_IN, None, OLGA), None)


@pytest.mark.parametrize(
    "description",
    ["Bad Request: can't parse entities: Unclosed start tag", "Bad Request: BUTTON_DATA_INVALID"],
)
async def test_a_message_that_telegram_does_not_take(
    messenger: TelegramMessenger, telegram: TelegramServer, ann: Person, description: str
) -> None:
    """What is refused with its markup and buttons arrives as plain text."""
    telegram.arm("error", method="sendMessage", times=1, status=400, description=description)
    nasty = Sms("852508", f"{NASTY} &lt;")

    assert SENT == await messenger.deliver(note(NoteKind.CODE, nasty), RECEIVED)
    assert "852508" in ann.last().text
    assert f"{NASTY} &lt;" in ann.last().text
    assert [] == ann.last().entities


@pytest.mark.parametrize(
    ("err", "of_a_code", "of_a_card"),
    [
        (RetryAfter(timedelta(seconds=35)), 35.2, 35.2),
        (RetryAfter(7), 7.2, 7.2),
        (Forbidden("Forbidden: bot was kicked"), "parked", "parked"),
        (BadRequest("Chat not found"), "parked", "parked"),
        (BadRequest("User is deactivated"), "parked", "parked"),
        (BadRequest("User not found"), "parked", "parked"),
        (BadRequest("PEER_ID_INVALID"), "parked", "parked"),
        (BadRequest("Bad Request: peer_id_invalid"), "parked", "parked"),
        (BadRequest("INPUT_USER_DEACTIVATED"), "parked", "parked"),
        (BadRequest("USER_IS_BLOCKED"), "parked", "parked"),
        (BadRequest("Message is too long"), "later", "dead"),
        (BadRequest("Not enough rights"), "later", "dead"),
        (TimedOut(), "later", "later"),
        (NetworkError("reset"), "later", "later"),
        (TelegramError("Internal Server Error"), "later", "later"),
        (Conflict("terminated by other getUpdates"), "later", "later"),
        (ChatMigrated(-100), "parked", "parked"),
    ],
    ids=lambda value: repr(value) if isinstance(value, Exception) else "",
)
def test_verdicts(err: TelegramError, of_a_code: float | str, of_a_card: float | str) -> None:
    """What each refusal means for a code, and for what may be lost."""
    for kind, expected in ((NoteKind.CODE, of_a_code), (NoteKind.CARD, of_a_card)):
        found = verdict(err, kind)
        if isinstance(expected, float):
            assert Outcome.LATER is found.outcome
            assert pytest.approx(expected) == found.retry_after_s
        else:
            assert Delivery(Outcome(expected)) == found


async def test_a_code_that_is_refused_for_long(
    messenger: TelegramMessenger, telegram: TelegramServer
) -> None:
    """A code refused for a quarter of an hour waits for the person, instead of for ever."""
    telegram.arm("error", method="sendMessage", status=400, description="Bad Request: UNHEARD_OF")

    assert LATER == await messenger.deliver(replace(CODE, attempts=19), RECEIVED)
    assert PARKED == await messenger.deliver(replace(CODE, attempts=20), RECEIVED)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<b>Tom</b> &amp; <code>1 &lt; 2</code>", "Tom & 1 < 2"),
        ("a &lt;b&gt; c", "a <b> c"),
        ("&amp;lt;", "&lt;"),
        ("1 < 2", "1 < 2"),
        ("", ""),
    ],
)
def test_plain(html: str, text: str) -> None:
    """Our own markup goes, what people wrote stays."""
    assert text == plain(html)
