"""What people and owners read of refused wishes and of answers that do not fit."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from activations.errors import WishRefused
from activations.model import Activation, Number, State
from activations.notes import Note, NoteKind
from bloomsms.errors import ErrorCode, Refused
from bloomsms.models import StatusChange
from handlers import card_texts, formats, owner_texts, texts
from sandbox.telegram_markup import parse_html
from tests.made_up import ANN, NASTY, NUMBER, OFFER, OLGA, SMS, WAITING, in_state
from tests.moved_clock import START

AT = datetime(2026, 5, 5, 14, 7, tzinfo=UTC)


def refused(
    wish: StatusChange = StatusChange.CANCEL,
    word: str = "INVALID_PARAMETER",
    reason: str = "",
    wait_s: float | None = None,
    at: datetime = AT,
) -> str:
    code = ErrorCode(word) if word in ErrorCode.__members__ else ErrorCode.OTHER
    wait = None if wait_s is None else timedelta(seconds=wait_s)
    err = Refused(code, word, reason, 422)
    return texts.refusal(WishRefused(wish, err, wait, at if wait else None))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (refused(), "BloomSMS didn't cancel this number."),
        (refused(StatusChange.COMPLETE), "BloomSMS didn't finish this number."),
        (
            refused(StatusChange.ANOTHER_SMS),
            "BloomSMS didn't agree to another SMS on this number.",
        ),
        (
            refused(reason="Wait 90 seconds.", wait_s=90),
            (
                "You can't cancel this number yet. Try again in 1 min 30 s, from 14:07 UTC."
                " BloomSMS says: “Wait 90 seconds.”"
            ),
        ),
        (
            refused(StatusChange.ANOTHER_SMS, "TOO_EARLY", "", 45.2, AT + timedelta(seconds=0.2)),
            (
                "You can't ask for another SMS on this number yet. Try again in 46 s, from 14:07:01"
                " UTC. BloomSMS says: “TOO_EARLY”"
            ),
        ),
        (
            refused(StatusChange.COMPLETE, "4001", "Not <b>now</b>", 3600),
            (
                "You can't finish this number yet. Try again in 1 h, from 14:07 UTC."
                " BloomSMS says: “4001: Not <b>now</b>”"
            ),
        ),
        (
            refused(word="MAINTENANCE", wait_s=5430),
            "BloomSMS is down for maintenance. Try again in 1 h 31 min, from 14:07 UTC.",
        ),
        (refused(word="ACTIVATION_NOT_FOUND"), "BloomSMS no longer knows this number."),
        (
            refused(wait_s=120),
            "You can't cancel this number yet. Try again in 2 min, from 14:07 UTC.",
        ),
    ],
)
def test_a_refused_wish(said: str, expected: str) -> None:
    """What was refused, from when on to try again, and the provider's own words."""
    assert expected == said


@pytest.mark.parametrize("code", ErrorCode)
@pytest.mark.parametrize("wish", StatusChange)
def test_no_refused_wish_speaks_of_renting(wish: StatusChange, code: ErrorCode) -> None:
    """The sentences are of these requests, and fit into a box over a button."""
    for said in (refused(wish, code.value), refused(wish, code.value, "😀" * 120, 86_399)):
        assert "rent" not in said.lower()
        assert formats.utf16_length(said) <= 200


def news(kind: NoteKind, activation: Activation | None = WAITING, **words: str) -> str:
    note = Note(1, kind, OLGA, activation.id if activation else None, None, words, 1, START)
    return owner_texts.news(note, activation)


def numbered(**changes: object) -> Activation:
    number: Number = replace(NUMBER, **changes)  # type: ignore[arg-type]  # fields by name
    return replace(WAITING, number=number)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (news(NoteKind.OWNER_MISMATCH), ["order 7", "another number"]),
        (news(NoteKind.OWNER_HELD, provider_id="<1>"), ["order 7", "&lt;1&gt;", str(ANN)]),
        (news(NoteKind.OWNER_DUPLICATES, None, orders="2, 3"), ["2, 3", "/admin"]),
        (
            news(NoteKind.OWNER_OVERCHARGED, numbered(charged=Decimal("5.55"))),
            ["order 7", "Shown: $0.55", "Taken: $5.55", "pays $0.55", str(ANN)],
        ),
        (
            news(NoteKind.OWNER_DIFFERENT, numbered(given_service=NASTY, given_country="0")),
            ["order 7", "another service: Tom &amp; Jerry &lt;b&gt;", "another country: 0"],
        ),
    ],
)
def test_what_owners_read(text: str, parts: list[str]) -> None:
    """Which order it is, what is wrong, and never a phone number."""
    parse_html(text)

    assert [] == [part for part in parts if part.lower() not in text.lower()]
    assert "9001234567" not in text


def test_other_news() -> None:
    """Nothing for another kind, and nothing about an order that is gone."""
    assert "" == news(NoteKind.OWNER_FUNDS)
    assert "" == news(NoteKind.OWNER_MISMATCH, None)


@pytest.mark.parametrize(
    ("activation", "line"),
    [
        (numbered(given_service="<tg>"), "another service: &lt;tg&gt;"),
        (numbered(given_country="Russia"), "another country: Russia"),
        (numbered(is_other_phone=True), "This is a new number"),
    ],
)
def test_a_card_of_something_else(activation: Activation, line: str) -> None:
    """The card says where the number is not what was ordered; else it does not."""
    assert line in card_texts.card(activation, START)
    assert "⚠️" not in card_texts.card(WAITING, START)


def test_a_number_that_was_two_orders() -> None:
    """Its person is told without the number, which may be another person's."""
    said = card_texts.duplicate(replace(in_state(State.UNCERTAIN), offer=OFFER, sms=(SMS,)))

    assert "The owner has been told." in said
    assert "9001234567" not in said


def test_an_order_refused_for_an_unknown_reason() -> None:
    """The provider's own words stand on the card."""
    card = card_texts.card(
        replace(in_state(State.REFUSED), reason="OTHER NO_<b>: Not today."), START
    )

    assert "BloomSMS says no. “NO_&lt;b&gt;: Not today.”" in card
