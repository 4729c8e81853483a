"""Keyboards: everything on offer can be reached, and Telegram takes each of them."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from activations.catalog import Country, Service
from activations.model import Activation, State
from bloomsms.models import Sms
from handlers import keyboards
from handlers.callback_data import Verb, unpack
from people.model import Person, Standing
from sandbox.telegram_chats import read_keyboard
from tests.made_up import ANN, NASTY, OFFER, SMS, in_state

LONG = "Ł" * 500
COUNTRIES = [Country(str(number), f"Country {number}") for number in range(190)]
SERVICES = [Service(f"s{number}", f"Service {number}", Decimal(1), 5) for number in range(1000)]
ODD_SERVICES = [
    Service("x" * 200, LONG, Decimal("0.123456"), 10**12),
    Service("a:b", NASTY, Decimal(1), 0),
    Service("😀", "😀" * 50, Decimal(1_000_000), 1),
]


def buttons(markup: InlineKeyboardMarkup | None) -> list[InlineKeyboardButton]:
    return [button for row in (markup.inline_keyboard if markup else ()) for button in row]


def labels(markup: InlineKeyboardMarkup | None) -> list[str]:
    return [button.text for button in buttons(markup)]


def button_named(markup: InlineKeyboardMarkup, label: str) -> InlineKeyboardButton:
    return next(button for button in buttons(markup) if label in button.text)


def data_of(button: InlineKeyboardButton) -> str:
    return str(button.callback_data)


def verbs(markup: InlineKeyboardMarkup | None) -> set[Verb]:
    return {unpack(data_of(b)).verb for b in buttons(markup) if b.callback_data}


def states_with_sms() -> Iterator[Activation]:
    for state in State:
        yield in_state(state)
        yield replace(in_state(state), sms=(SMS,))
        yield replace(in_state(state), sms=(Sms("", "text only"),), id=2**53)


def all_keyboards() -> Iterator[tuple[str, InlineKeyboardMarkup]]:
    """One of each, with the longest and oddest that may come."""
    people = [Person(2**52 - number, LONG, Standing.ASKED) for number in range(50)]
    unsure = [replace(in_state(State.UNCERTAIN), id=2**53 - number) for number in range(50)]
    yield "menu", keyboards.main_menu()
    for page in (0, 5, 11):
        yield f"countries {page}", keyboards.countries(COUNTRIES, page)
        yield f"services {page}", keyboards.services(SERVICES, "187", page)
    yield "odd countries", keyboards.countries([Country(LONG[:200], LONG)] * 20, 1)
    yield "odd services", keyboards.services(ODD_SERVICES * 10, LONG[:200], 1)
    yield "matches", keyboards.matches(SERVICES, "187", COUNTRIES)
    yield "odd matches", keyboards.matches(ODD_SERVICES * 9, "a:b", COUNTRIES)
    yield "no match", keyboards.matches([], "187", [])
    yield "history", keyboards.history(5, 11)
    yield "numbers", keyboards.numbers(0, 3)
    yield "admin", keyboards.admin(people, unsure)
    for standing in Standing:
        yield f"access {standing}", keyboards.access(2**52, standing)
    for number, activation in enumerate(states_with_sms()):
        if markup := keyboards.card(activation):
            yield f"card {number} {activation.state}", markup
        yield f"code {number} {activation.state}", keyboards.code(activation, SMS)
    long_code = Sms("9" * 200, "")
    yield "long code", keyboards.code(in_state(State.CODE_RECEIVED), long_code)


EVERY = list(all_keyboards())


@pytest.mark.parametrize("markup", [m for _, m in EVERY], ids=[name for name, _ in EVERY])
def test_telegram_takes_it(markup: InlineKeyboardMarkup) -> None:
    """At most 100 buttons, 8 in a row, 64 bytes of data, 256 units to copy; each with a label."""
    rows = read_keyboard(markup.to_dict())

    assert 1 <= sum(len(row) for row in rows) <= 100
    assert 8 >= max(len(row) for row in rows)
    for button in (button for row in rows for button in row):
        assert button.text.strip()
        assert len((button.callback_data or "").encode()) <= 64
        assert 1 <= len((button.copy_text or "x").encode("utf-16-le")) // 2 <= 256
        assert (button.callback_data is None) is (button.copy_text is not None)


@pytest.mark.parametrize("markup", [m for _, m in EVERY], ids=[name for name, _ in EVERY])
def test_every_press_can_be_read(markup: InlineKeyboardMarkup) -> None:
    """What each button carries is a press of ours, with its own part where one belongs."""
    for button in buttons(markup):
        if button.callback_data:
            unpack(data_of(button))


def walked(page_of: Callable[[int], InlineKeyboardMarkup], verb: Verb) -> list[str]:
    """What all buttons of a verb stand for, page by page as a person turns them with `›`."""
    found: list[str] = []
    for page in itertools.count():
        markup = page_of(page)
        presses = [
            unpack(data_of(button))
            for button in buttons(markup)
            if button.callback_data and button.text not in {"‹", "›"}
        ]
        found += [
            press.parts[-1 if verb is Verb.OFFER else 0] for press in presses if press.verb is verb
        ]
        if "›" not in labels(markup):
            break
    return found


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 190])
def test_every_country_is_reached_once(count: int) -> None:
    """Turning the pages shows each country on exactly one; any country stands on each."""
    found = COUNTRIES[:count]
    shown = walked(lambda page: keyboards.countries(found, page), Verb.SERVICES)

    assert [country.id for country in found] == [id_ for id_ in shown if id_ != "any"]
    assert max(1, -(-count // 16)) == shown.count("any")


@pytest.mark.parametrize("count", [0, 1, 16, 17, 300, 1000])
def test_every_service_is_reached_once(count: int) -> None:
    """Turning the pages shows each service on exactly one."""
    found = SERVICES[:count]
    shown = walked(lambda page: keyboards.services(found, "187", page), Verb.OFFER)

    assert [service.code for service in found] == shown


@pytest.mark.parametrize(
    ("page", "turning"),
    [
        (0, ["1/12", "›"]),
        (1, ["‹", "2/12", "›"]),
        (11, ["‹", "12/12"]),
        (12, ["‹", "12/12"]),
        (9999, ["‹", "12/12"]),
        (-1, ["1/12", "›"]),
    ],
)
def test_turning(page: int, turning: list[str]) -> None:
    """`‹` and `›` with the page between; beyond the ends is the nearest page."""
    shown = labels(keyboards.countries(COUNTRIES, page))

    assert turning == [label for label in shown if label in "‹›" or "/12" in label]


def test_one_page_needs_no_turning() -> None:
    """Where everything fits there is nothing to turn."""
    shown = labels(keyboards.countries(COUNTRIES[:16], 0))

    assert [] == [label for label in shown if label in "‹›" or "1/1" in label]


@pytest.mark.parametrize(
    ("service", "label"),
    [
        (Service("wa", "WhatsApp", Decimal("0.55"), 980), "WhatsApp · $0.55 · 980"),
        (
            Service("x", "A name of some length", Decimal("0.55"), 980),
            "A name of some length · $0.55",
        ),
        (Service("x", NASTY, Decimal("0.5"), 7), f"{NASTY} · $0.50"),
        (Service("x", "x" * 60, Decimal(1), 7), "x" * 39 + "… · $1.00"),
    ],
    ids=["short", "long", "nasty", "cut"],
)
def test_a_services_label(service: Service, label: str) -> None:
    """Name and price, stock where there is room; not escaped, for buttons hold no markup."""
    assert label == labels(keyboards.services([service], "187", 0))[0]


def test_a_countrys_label() -> None:
    """Flag and name."""
    assert [
        "🌐 Any country",
        "🇺🇸 United States",
        "Tom & Jerry <b>Ltd</b>",
    ] == labels(keyboards.countries([Country("187", "United States"), Country("1", NASTY)], 0))[:3]


def test_the_main_menu() -> None:
    """The labels that people and tests rely on."""
    shown = " | ".join(labels(keyboards.main_menu()))

    for label in ("Rent a number", "My numbers", "Balance", "History", "Settings", "Help"):
        assert label in shown


def test_the_confirm_button() -> None:
    """It names the price and carries the offer's token, nothing else."""
    offer = replace(in_state(State.INTENT), offer=replace(OFFER, price=Decimal("0.555")))
    rent = button_named(keyboards.confirm(offer), "Rent for")

    assert "✅ Rent for $0.555" == rent.text
    assert (Verb.RENT, (offer.token,)) == (
        unpack(data_of(rent)).verb,
        unpack(data_of(rent)).parts,
    )


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (State.INTENT, {Verb.RENT, Verb.LEAVE}),
        (State.RENTING, set()),
        (State.UNCERTAIN, set()),
        (State.WAITING, {Verb.CANCEL, Verb.OTHER}),
        (State.CODE_RECEIVED, {Verb.ANOTHER, Verb.DONE, Verb.AGAIN}),
        (State.COMPLETED, {Verb.AGAIN}),
        (State.CANCELLED, {Verb.RETRY}),
        (State.EXPIRED, {Verb.RETRY}),
        (State.REFUSED, {Verb.RETRY}),
        (State.WITHDRAWN, {Verb.RETRY}),
    ],
)
def test_what_a_card_offers(state: State, expected: set[Verb]) -> None:
    """In each state what can be done then, and nothing that costs money by one press but Rent."""
    everywhere = {Verb.MENU, Verb.MENU_BELOW, Verb.CLOSE}

    assert expected == verbs(keyboards.card(in_state(state))) - everywhere


def test_a_card_that_waits_for_another_code() -> None:
    """Once a code came, the number cannot be given back any more."""
    card = keyboards.card(replace(in_state(State.WAITING), sms=(SMS,)))

    assert Verb.DONE in verbs(card)
    assert not {Verb.CANCEL, Verb.OTHER} & verbs(card)


def test_an_ended_number_that_had_a_code() -> None:
    """It can be rented again."""
    card = keyboards.card(replace(in_state(State.EXPIRED), sms=(SMS,)))

    assert {Verb.AGAIN, Verb.RETRY} < verbs(card)


def copied(markup: InlineKeyboardMarkup | None) -> Sequence[str]:
    return [button.copy_text.text for button in buttons(markup) if button.copy_text]


def test_what_is_copied() -> None:
    """The number as the world dials it, and the code alone."""
    assert ["+19001234567"] == copied(keyboards.card(in_state(State.WAITING)))
    assert ["852508"] == copied(keyboards.code(in_state(State.CODE_RECEIVED)))
    assert ["114477"] == copied(keyboards.code(in_state(State.CODE_RECEIVED), Sms("114477", "")))
    assert "📋 Copy 852508" in labels(keyboards.code(in_state(State.CODE_RECEIVED)))


@pytest.mark.parametrize(
    ("code", "label"),
    [("x" * 40, "📋 Copy " + "x" * 40), ("x" * 41, "📋 Copy code"), ("😀" * 128, "📋 Copy code")],
    ids=["short", "long", "longest"],
)
def test_a_long_code_is_copied_whole(code: str, label: str) -> None:
    """A button copies the whole code, and its label stays short."""
    markup = keyboards.code(in_state(State.CODE_RECEIVED), Sms(code, "text"))

    assert [code] == copied(markup)
    assert label in labels(markup)


@pytest.mark.parametrize("code", ["x" * 257, "😀" * 129])
def test_a_code_that_no_button_holds(code: str) -> None:
    """What is more than a button can copy has none: a part of it would be a wrong code."""
    assert [] == copied(keyboards.code(in_state(State.CODE_RECEIVED), Sms(code, "text")))


def test_a_text_without_a_code_is_not_copied() -> None:
    """Where the provider saw no code, there is none to copy."""
    assert [] == copied(keyboards.code(in_state(State.CODE_RECEIVED), Sms("", "Hello")))


@pytest.mark.parametrize(
    ("standing", "expected"),
    [
        (Standing.NEW, {Verb.LET_IN, Verb.TURN_AWAY}),
        (Standing.ASKED, {Verb.LET_IN, Verb.TURN_AWAY}),
        (Standing.LET_IN, {Verb.TURN_AWAY}),
        (Standing.TURNED_AWAY, {Verb.LET_IN}),
    ],
)
def test_the_doors_buttons(standing: Standing, expected: set[Verb]) -> None:
    """An owner sees what can still be decided about a person."""
    shown = keyboards.access(ANN, standing)

    assert expected == verbs(shown) - {Verb.CLOSE}
    for verb in expected:
        (button,) = [b for b in buttons(shown) if unpack(data_of(b)).verb is verb]
        assert ANN == unpack(data_of(button)).id()


@pytest.mark.parametrize(("items", "pages"), [(0, 1), (1, 1), (5, 1), (6, 2), (10, 2), (11, 3)])
def test_pages(items: int, pages: int) -> None:
    """So many pages are needed, and one even for nothing."""
    assert pages == keyboards.page_count(items, 5)
