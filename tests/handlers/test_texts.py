"""What people read: valid markup in every state, names to the letter, nothing too long."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activations.errors import (
    GoneAlready,
    NotAllowed,
    NotConfirmed,
    NotFound,
    NotInDollars,
    OfferStale,
    OutOfStock,
    ProviderAway,
    ProviderBusy,
    ProviderSaysNo,
    Refusal,
    SpentToday,
    TooDear,
    TooMany,
    WishRefused,
)
from activations.health import Condition
from activations.model import Activation, Kind, State
from activations.tally import Sum, Tally
from bloomsms.errors import ErrorCode, Refused
from bloomsms.models import Balance, Sms, StatusChange
from handlers import card_texts, pages, texts
from people.model import NO_LIMITS, Limits, Person, Standing
from sandbox.telegram_markup import MarkedText, parse_html
from tests.made_up import ANN, ANOTHER_SMS, NASTY, NUMBER, OFFER, PRICE, SMS, WAITING, in_state
from tests.moved_clock import START

NOW = START + timedelta(minutes=5)
NOTHING = Sum(0, Decimal("0.00"))
TALLY = Tally(Sum(12, Decimal("6.60")), Sum(3, PRICE * 3), NOTHING, Sum(1, PRICE), 9, 9, 0, 0, 0, 0)
NASTY_SMS = Sms("<b>1</b>&2", "<#> Your code: </code> &amp; <b>123_456</b> *")
NASTY_OFFER = replace(OFFER, service_name=NASTY, country_name="Côte d'Ivoire <i>&")
LONGEST_NAME = "&" * 200  # as much as the wire lets in


def shown(html: str) -> MarkedText:
    """As Telegram shows it; fails where Telegram would refuse the markup."""
    return parse_html(html)


def units(html: str) -> int:
    """How long Telegram finds it."""
    return len(shown(html).text.encode("utf-16-le")) // 2


def cases(offer: object = None) -> Iterator[Activation]:
    """Each state with everything that may be about it."""
    for state in State:
        activation = in_state(state)
        for sms in ((), (SMS,), (NASTY_SMS,), (Sms("", "Only text & <more>"),), (SMS, NASTY_SMS)):
            for reason in ("", "busy", "not_sent", "NO_NUMBERS_AVAILABLE", "SURPRISE", NASTY):
                yield replace(
                    activation,
                    offer=NASTY_OFFER if offer is None else OFFER,
                    sms=sms,
                    reason=reason,
                )


@pytest.mark.parametrize("state", State)
def test_every_state_has_a_card(state: State) -> None:
    """Whatever has happened, the card is valid markup that says something, and not too long."""
    for activation in (one for one in cases() if one.state is state):
        html = card_texts.card(activation, NOW)

        assert shown(html).text.strip()
        assert units(html) <= 4096


@pytest.mark.parametrize("state", State)
def test_names_are_shown_to_the_letter(state: State) -> None:
    """Outside names stand on the card exactly as they came."""
    text = shown(card_texts.card(replace(in_state(state), offer=NASTY_OFFER), NOW)).text

    assert NASTY in text
    assert "Côte d'Ivoire <i>&" in text


def card(activation: Activation, minutes: float = 5) -> str:
    return shown(card_texts.card(activation, START + timedelta(minutes=minutes))).text


@pytest.mark.parametrize(
    ("activation", "expected"),
    [
        (in_state(State.RENTING), "Renting the number"),
        (in_state(State.UNCERTAIN), "The outcome is unknown. It was not tried again."),
        (in_state(State.WAITING), "Waiting for the SMS"),
        (replace(WAITING, sms=(SMS,)), "Waiting for another SMS"),
        (in_state(State.CODE_RECEIVED), "Code received"),
        (in_state(State.COMPLETED), "Completed"),
        (in_state(State.CANCELLED), "Cancelled"),
        (in_state(State.EXPIRED), "Expired"),
        (in_state(State.REFUSED), "Not rented"),
        (in_state(State.WITHDRAWN), "That offer is no longer valid."),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_card_says(activation: Activation, expected: str) -> None:
    """The words that people and tests rely on."""
    assert expected in card(activation)


def marked(html: str, kind: str) -> list[str]:
    """The pieces of text that are marked so."""
    text = shown(html)
    utf16 = text.text.encode("utf-16-le")
    return [
        utf16[2 * entity["offset"] : 2 * (entity["offset"] + entity["length"])].decode("utf-16-le")
        for entity in text.entities
        if entity["type"] == kind
    ]


def test_the_number_can_be_copied() -> None:
    """The number stands as people read it, in a piece of its own."""
    assert ["+1 900 123 4567"] == marked(card_texts.card(WAITING, NOW), "code")


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        (0, "▰▰▰▰▰▰▰▰▰▰ 20 min"),
        (5, "▰▰▰▰▰▰▰▰▱▱ 15 min"),
        (19.99, "▰▱▱▱▱▱▱▱▱▱ 15 s"),
        (20, "The time is over; waiting for BloomSMS to say so."),
        (45, "The time is over; waiting for BloomSMS to say so."),
    ],
)
def test_the_time_left(minutes: float, expected: str) -> None:
    """A bar while there is time; our own clock never says that it is over for good."""
    shown_text = card(WAITING, minutes)

    assert expected in shown_text
    assert "Expired" not in shown_text


def test_a_cancel_that_is_not_confirmed() -> None:
    """The card says that it was asked for."""
    asked = replace(WAITING, wish=StatusChange.CANCEL)

    assert "Cancelling was asked for" in card(asked)
    assert "Cancelling was asked for" not in card(WAITING)


@pytest.mark.parametrize("state", [State.CANCELLED, State.EXPIRED])
@pytest.mark.parametrize(
    ("is_refund_confirmed", "sms", "expected"),
    [
        (True, (), "$0.55 went back to the account."),
        (False, (), "The money's return is not confirmed yet."),
        (False, (SMS,), "Its code was delivered, so it stays paid."),
    ],
)
def test_where_the_money_is(
    state: State, sms: tuple[Sms, ...], expected: str, *, is_refund_confirmed: bool
) -> None:
    """At its end a card says what became of the money."""
    ended = replace(in_state(state), is_refund_confirmed=is_refund_confirmed, sms=sms)

    assert expected in card(ended)


@pytest.mark.parametrize("code", [code for code in ErrorCode if code is not ErrorCode.RATE_LIMITED])
def test_why_it_was_refused(code: ErrorCode) -> None:
    """Each refusal is a sentence of ours, and nothing was charged."""
    text = card(replace(in_state(State.REFUSED), reason=code.value))

    assert "Nothing was charged." in text
    assert code.value not in text


@pytest.mark.parametrize("reason", sorted(texts.SETTLED))
def test_a_settled_order(reason: str) -> None:
    """An order that was uncertain says what became of it, and not that it was refused."""
    settled = replace(in_state(State.REFUSED), reason=reason)
    sentence = shown(texts.SETTLED[reason]).text

    assert sentence in card(settled)
    assert sentence in shown(card_texts.settled(settled)).text
    assert "Nothing was charged." not in card(settled).replace(sentence, "")


def test_money_that_is_owed() -> None:
    """Owners see the sum whose return is not confirmed."""
    owed = [in_state(State.EXPIRED)] * 3

    assert "$1.65 for 3" in shown(pages.admin("well", 1, 60, [], [], [], owed, TALLY)).text
    assert "not confirmed" not in shown(pages.admin("well", 1, 60, [], [], [], [], TALLY)).text


@pytest.mark.parametrize(
    ("reason", "expected"),
    [("charged", "charged, its number unknown"), ("hung up", "charged or not: unknown")],
)
def test_an_order_that_owners_look_after(reason: str, expected: str) -> None:
    """Owners see of an order of unknown outcome whose it is, when it was, and what is known."""
    unsure = replace(in_state(State.UNCERTAIN), reason=reason)
    page = shown(pages.admin("well", 1, 60, [], [], [unsure], [], TALLY)).text

    assert (
        f"7: WhatsApp · 🇺🇸 United States · $0.55, {ANN}, 2026-05-05 14:00 UTC, {expected}" in page
    )


def test_books() -> None:
    """Owners see what was rented, came back and is unknown, and every SMS accounted for."""
    page = shown(pages.admin("well", 1, 60, [], [], [], [], TALLY)).text

    assert "Numbers rented: 12 for $6.60" in page
    assert "Money back: 3 for $1.65" in page
    assert "Charged, number unknown: 1 for $0.55" in page
    assert "Orders not known to be charged: 0 for $0.00" in page
    assert "SMS: 9, delivered: 9" in page
    assert "on their way" not in page


def test_books_with_something_open() -> None:
    """What was not delivered is said with its reason, and so is what failed."""
    tally = replace(TALLY, sms_sent=3, sms_pending=1, sms_parked=2, sms_dead=3, parked_updates=4)
    page = shown(pages.admin("well", 1, 60, [], [], [], [], tally)).text

    assert "on their way: 1\nwaiting until their person writes: 2\ngiven up: 3" in page
    assert "Parked updates: 4" in page


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("", ""),
        ("busy", "BloomSMS is busy. Nothing was charged; press again in a moment."),
        ("not_sent", "could not be reached. Nothing was charged; press again in a moment."),
    ],
)
def test_an_offer_that_came_back(reason: str, expected: str) -> None:
    """An order that never left says so on its card; a fresh offer has no such line."""
    text = card(replace(in_state(State.INTENT), reason=reason))

    assert expected in text
    assert bool(reason) is ("Nothing was charged" in text)


@pytest.mark.parametrize(("stock", "line"), [(980, "In stock: 980"), (0, "In stock: 0")])
def test_the_confirm_card(stock: int, line: str) -> None:
    """Service, country, price, stock, how long it lives and when money comes back."""
    text = shown(card_texts.confirm(in_state(State.INTENT), stock)).text

    for part in ("WhatsApp", "🇺🇸 United States", "$0.55", "at most", line, "20 minutes", "money"):
        assert part in text


def test_the_confirm_card_of_the_same_number() -> None:
    """A re-rent says that it is the same number, and promises no highest price."""
    again = replace(in_state(State.INTENT), offer=replace(OFFER, kind=Kind.AGAIN))
    text = shown(card_texts.confirm(again)).text

    assert "The same number as before" in text
    assert "at most" not in text
    assert "In stock" not in text


def test_the_news_of_a_code() -> None:
    """The code alone on its line, the full text, what it is for and the number."""
    (html,) = card_texts.code_messages(in_state(State.CODE_RECEIVED), SMS)

    assert html.startswith("<code>852508</code>\n")
    assert ["852508"] == marked(html, "code")
    assert [
        "852508",
        "",
        "Your WhatsApp code is 852508",
        "",
        "WhatsApp · 🇺🇸 United States",
        "+1 900 123 4567",
    ] == shown(html).text.split("\n")


def test_the_news_of_a_text_without_a_code() -> None:
    """A text in which nobody saw a code is delivered with its text."""
    (html,) = card_texts.code_messages(in_state(State.CODE_RECEIVED), Sms("", " Hello <you> "))

    assert shown(html).text.startswith("Hello <you>\n")
    assert [] == marked(html, "code")


def test_the_news_of_a_code_without_a_text() -> None:
    """A code without its text is delivered."""
    (html,) = card_texts.code_messages(in_state(State.CODE_RECEIVED), Sms("852508", ""))

    assert ["852508"] == marked(html, "code")


def test_the_news_of_a_number_nobody_knows() -> None:
    """A code is told also when its number is not known."""
    (html,) = card_texts.code_messages(in_state(State.UNCERTAIN), SMS)

    assert ["852508"] == marked(html, "code")
    assert "+1" not in shown(html).text


@pytest.mark.parametrize("state", [State.CANCELLED, State.EXPIRED])
def test_the_news_of_a_late_code(state: State) -> None:
    """A code that comes after the end is said to."""
    (html,) = card_texts.code_messages(in_state(state), SMS)

    assert "It came after the number had ended." in shown(html).text


SMS_TEXTS = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("😀<&>\n"), max_size=300
)


@settings(deadline=None, max_examples=60)
@given(SMS_TEXTS, SMS_TEXTS, st.integers(1, 40))
def test_any_sms_arrives_whole(code: str, text: str, times: int) -> None:
    """Whatever an SMS holds, its messages are valid, fit, and together show all of it."""
    sms = Sms(code.strip()[:200], text * times)
    found = card_texts.code_messages(in_state(State.CODE_RECEIVED), sms)
    together = "".join(shown(html).text for html in found)
    what = shown(card_texts.what(in_state(State.CODE_RECEIVED))).text
    together = together.replace(f"{what}\n+1 900 123 4567", "")  # stands below the first part
    visible = "".join(c for c in (sms.full_text.strip() or sms.code) if c in "\n\t" or ord(c) >= 32)

    assert all(units(html) <= 4096 for html in found)
    assert visible.replace("\n", "") in together.replace("\n", "")


def test_a_very_long_sms() -> None:
    """A text of 20,000 characters comes in several messages, each of which Telegram takes."""
    found = card_texts.code_messages(in_state(State.CODE_RECEIVED), Sms("1", "&" * 20_000))

    assert 6 == len(found)
    assert max(units(html) for html in found) <= 4096
    assert 20_000 == sum(shown(html).text.count("&") for html in found)


LONGEST_NAMES = pytest.mark.parametrize(
    "name", [LONGEST_NAME, "😀" * 200], ids=["ampersands", "emoji"]
)


def with_names(name: str) -> Activation:
    offer = replace(OFFER, service_name=name, country_name=name)
    return replace(in_state(State.CODE_RECEIVED), offer=offer)


@LONGEST_NAMES
def test_the_longest_news(name: str) -> None:
    """Longest names, longest code and a long text at once still fit into a message."""
    found = card_texts.code_messages(with_names(name), Sms("😀" * 200, "x" * 20_000))

    assert max(units(html) for html in found) <= 4096


@LONGEST_NAMES
def test_the_longest_of_all_else(name: str) -> None:
    """Cards and pages with the longest names fit into a message."""
    activation = with_names(name)

    for html in (
        card_texts.card(replace(activation, sms=(Sms("😀" * 200, "x"),)), NOW),
        card_texts.card(replace(activation, sms=(Sms("", "x" * 20_000),)), NOW),
        card_texts.confirm(activation, 10**12),
        card_texts.uncertain(activation),
        card_texts.owner_uncertain(activation),
    ):
        assert units(html) <= 4096


def test_the_longest_history() -> None:
    """A page of numbers with the longest names fits into a message."""
    assert units(pages.history([replace(with_names("😀" * 200), sms=(SMS,))] * 5)) <= 4096


def test_a_history_of_long_texts() -> None:
    """A page of numbers that got many long texts fits into a message."""
    long_texts = tuple(Sms(str(number) * 6, "Do not share this code. " * 6) for number in range(8))
    busy = replace(in_state(State.COMPLETED), sms=long_texts)

    assert units(pages.history([busy] * 5)) <= 4096


@pytest.mark.parametrize("count", [1, 5])
def test_the_history(count: int) -> None:
    """Each number with its codes, its end and its day."""
    past = [
        replace(in_state(State.COMPLETED), offer=NASTY_OFFER, sms=(SMS, ANOTHER_SMS)),
        in_state(State.EXPIRED),
        in_state(State.CANCELLED),
        replace(in_state(State.EXPIRED), sms=(Sms("", "Only <text>"),)),
        replace(in_state(State.EXPIRED), number=None),
    ][:count]
    html = pages.history(past)

    assert ["852508", "114477"] == marked(html, "code")[:2]
    assert NASTY in shown(html).text
    assert "Completed · 2026-05-05 14:00 UTC" in shown(html).text
    assert units(html) <= 4096


def test_a_long_history_page() -> None:
    """Five numbers that each got a dozen codes fit on their page."""
    busy = replace(in_state(State.COMPLETED), sms=(SMS, ANOTHER_SMS) * 6)

    assert units(pages.history([busy] * 5)) <= 4096


def test_nothing_yet() -> None:
    """Empty lists say so."""
    assert "Nothing here yet" in pages.history([])
    assert "You have no open numbers." == pages.numbers(0)
    assert "Your open numbers: 3" == shown(pages.numbers(3)).text


@pytest.mark.parametrize(
    ("amount", "said"),
    [("125.5", "125.50 EUR"), ("1E+3", "1,000.00 EUR"), ("0.125000", "0.125 EUR")],
)
def test_a_balance_in_another_currency(amount: str, said: str) -> None:
    """It is said with its currency, and without a sign of the dollar."""
    text = shown(texts.balance(Balance(Decimal(amount), "EUR"))).text

    assert said in text
    assert "$" not in text


def everything() -> Iterator[tuple[str, str]]:
    """Each other text, with outside strings where there may be any."""
    nasty = replace(in_state(State.UNCERTAIN), offer=NASTY_OFFER)
    people = [Person(ANN, NASTY, Standing.ASKED)] * 50
    yield "greeting", texts.greeting(NASTY, texts.balance(Balance(Decimal("125.50"), "USD")))
    yield "other balance", texts.balance(Balance(Decimal("1E+3"), NASTY))
    yield "balance unknown", texts.greeting("Ann", texts.balance_unknown(texts.SLOW))
    yield "choose country", texts.CHOOSE_COUNTRY
    yield "choose service", texts.choose_service(NASTY, 300)
    yield "no service", texts.choose_service(NASTY, 0)
    yield "found", texts.found(NASTY, NASTY, 1, 0)
    yield "found long", texts.found("&" * 4096, NASTY, 1, 0)
    yield "found nothing", texts.found("<b>" * 1000, NASTY, 0, 0)
    yield "access asked", texts.access_asked("2001", NASTY)
    yield "let in", texts.decided(NASTY, ANN, is_let_in=True)
    yield "refused", texts.decided(NASTY, ANN, is_let_in=False)
    yield "welcome", texts.let_in()
    yield "turned away", texts.turned_away(is_holding=True)
    yield "numbers only", texts.NUMBERS_ONLY
    yield "no name", texts.greeting("", texts.balance(Balance(Decimal("125.50"), "USD")))
    yield "asked", texts.closed_door(ANN, is_asked=True)
    yield "door", texts.closed_door(ANN, is_asked=False)
    yield "funds", texts.owner_funds()
    yield "help", pages.HELP
    yield "settings", pages.settings(ANN, Limits(5, PRICE, Decimal(10)), is_owner=False)
    yield "owner's settings", pages.settings(ANN, NO_LIMITS, is_owner=True)
    yield "uncertain", card_texts.uncertain(nasty)
    yield "owner uncertain", card_texts.owner_uncertain(nasty)
    yield "settled", card_texts.settled(replace(nasty, state=State.REFUSED, reason="not_charged"))
    yield "owner hints", texts.HINTS["missing"]
    yield "owner unclaimed", texts.owner_unclaimed(NASTY, NASTY)
    yield "admin", pages.admin(NASTY, 57, 60, people, people, [nasty] * 50, [nasty] * 50, TALLY)
    for condition in Condition:
        yield f"condition {condition}", texts.condition(condition.value, NASTY)


@pytest.mark.parametrize(
    "html", [html for _, html in everything()], ids=[n for n, _ in everything()]
)
def test_telegram_takes_every_text(html: str) -> None:
    """Valid markup, something to read, not too long."""
    assert shown(html).text.strip()
    assert units(html) <= 4096


@pytest.mark.parametrize("name", [name for name, html in everything() if "Tom" in html])
def test_outside_strings_are_shown_to_the_letter(name: str) -> None:
    """What people see of a name is the name."""
    assert NASTY in shown(dict(everything())[name]).text


@pytest.mark.parametrize(
    ("limits", "lines"),
    [
        (Limits(5, None, None), ["Numbers at once: 5"]),
        (
            Limits(2, Decimal("1.5"), Decimal(10)),
            [
                "Numbers at once: 2",
                "Highest price of one number: $1.50",
                "Spending in 24 hours: $10.00",
            ],
        ),
    ],
    ids=["one", "all"],
)
def test_the_limits_of_a_person(limits: Limits, lines: list[str]) -> None:
    """Settings list the limits there are."""
    text = shown(pages.settings(ANN, limits, is_owner=False)).text.split("\n")

    assert lines == text[2:-1]


def refusals() -> Iterator[Refusal]:
    for state in State:
        yield GoneAlready(in_state(state))
        yield NotConfirmed(in_state(state))
    for code in ErrorCode:
        yield ProviderSaysNo(code, "")
        yield ProviderSaysNo(code, "😀" * 120)
        yield ProviderSaysNo(code, "Wait 2 minutes & <b>try</b> again")
    yield ProviderBusy(0.2)
    yield ProviderBusy(3600)
    yield TooDear(Decimal(1_000_000), Decimal("0.000001"))
    yield TooMany(1000)
    yield SpentToday(Decimal("123456.123456"))
    yield OfferStale(in_state(State.INTENT))
    yield from (NotFound(), NotAllowed(), OutOfStock(), ProviderAway(), NotInDollars("X" * 500))


@pytest.mark.parametrize("err", list(refusals()), ids=lambda err: f"{type(err).__name__} {err}")
def test_every_refusal_is_one_short_sentence(err: Refusal) -> None:
    """At most 200 characters of plain text, which is what a box over a button holds."""
    sentence = texts.refusal(err)

    assert 1 <= len(sentence.strip()) <= 200
    assert len(sentence.encode("utf-16-le")) // 2 <= 200
    assert "<code>" not in sentence


def test_refusals_are_told_apart() -> None:
    """Each kind of refusal has its own sentence."""
    kinds = [
        GoneAlready(WAITING),
        OutOfStock(),
        TooDear(PRICE, PRICE),
        TooMany(1),
        SpentToday(PRICE),
        ProviderBusy(5),
        ProviderAway(),
        NotInDollars("EUR"),
        NotConfirmed(WAITING),
        NotFound(),
        *(ProviderSaysNo(code, "") for code in texts_of_codes()),
    ]

    assert len(kinds) == len({texts.refusal(err) for err in kinds})


def texts_of_codes() -> list[ErrorCode]:
    """The codes with a sentence of their own."""
    return [code for code in ErrorCode if code.value in texts.REASONS]


@pytest.mark.parametrize(
    ("code", "reason", "expected"),
    [
        (ErrorCode.OTHER, "Wait 2 minutes.", "BloomSMS says no. “Wait 2 minutes.”"),
        (ErrorCode.OTHER, "", "BloomSMS says no."),
        (ErrorCode.MAINTENANCE, "Back at noon.", texts.REASONS["MAINTENANCE"]),
    ],
)
def test_the_providers_own_reason(code: ErrorCode, reason: str, expected: str) -> None:
    """It is quoted where ours does not say it all."""
    assert expected == texts.refusal(ProviderSaysNo(code, reason))


def test_a_refused_cancel_says_why() -> None:
    """Why a cancel has to wait is told in the provider's words."""
    reason = "Cancel is allowed 2 minutes after renting"
    refused = Refused(ErrorCode.INVALID_PARAMETER, "INVALID_PARAMETER", reason, 422)
    err = WishRefused(StatusChange.CANCEL, refused, None, None)

    assert "“Cancel is allowed 2 minutes after renting”" in texts.refusal(err)


@pytest.mark.parametrize("state", State)
def test_what_became_of_it(state: State) -> None:
    """Each state is one plain sentence for a toast."""
    sentence = texts.became(in_state(state))

    assert 1 <= len(sentence) <= 200
    assert "<" not in sentence


def test_a_number_in_hand_says_which() -> None:
    """The news of a code names the number it came to."""
    (html,) = card_texts.code_messages(in_state(State.CODE_RECEIVED), SMS)

    assert NUMBER.phone_number.lstrip("+") in "".join(c for c in shown(html).text if c.isdecimal())
