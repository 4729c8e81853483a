"""Inline keyboards: labels and what their buttons carry. Pure."""

from collections.abc import Sequence
from typing import TypeVar

from telegram import CopyTextButton, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.constants import KeyboardButtonStyle

from activations.catalog import ANYWHERE, Country, Service
from activations.model import Activation, Sms, State
from handlers import formats
from handlers.callback_data import Verb, pack, ref
from handlers.phones import phone_of
from people.model import Person, Standing

COLUMNS = 2
ROWS = 8
PAGE_SIZE = COLUMNS * ROWS
LONGEST_NAME = 40
# Longer labels would be cut on a telephone; then the stock is left out.
ROOM_FOR_STOCK = 26
LONGEST_COPY = 256

PRIMARY = KeyboardButtonStyle.PRIMARY
SUCCESS = KeyboardButtonStyle.SUCCESS
DANGER = KeyboardButtonStyle.DANGER

Row = list[InlineKeyboardButton]
T = TypeVar("T")


def button(
    label: str, verb: Verb, *parts: str | int, style: str | None = None
) -> InlineKeyboardButton:
    return InlineKeyboardButton(label, callback_data=pack(verb, *parts), style=style)


MENU_BUTTON = button("🏠 Menu", Verb.MENU)
# For messages whose content must stay: a card, a code, news.
MENU_BELOW_BUTTON = button("🏠 Menu", Verb.MENU_BELOW)
CLOSE_BUTTON = button("Close", Verb.CLOSE)
BELOW = [MENU_BELOW_BUTTON, CLOSE_BUTTON]
BACK_TO_MENU = [[button("↩️ Back", Verb.MENU), CLOSE_BUTTON]]
TO_MENU = InlineKeyboardMarkup([[MENU_BELOW_BUTTON, CLOSE_BUTTON]])
BACK = InlineKeyboardMarkup(BACK_TO_MENU)


def main_menu() -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(
        [
            [button("📱 Rent a number", Verb.COUNTRIES, 0, style=PRIMARY)],
            [button("📋 My numbers", Verb.NUMBERS, 0), button("💰 Balance", Verb.BALANCE)],
            [button("🕘 History", Verb.HISTORY, 0), button("⚙️ Settings", Verb.SETTINGS)],
            [button("❓ Help", Verb.HELP), CLOSE_BUTTON],
        ]
    )


def countries(found: Sequence[Country], page: int) -> InlineKeyboardMarkup:
    shown, page, pages = _page_of(found, page)
    rows = [[_country(ANYWHERE)], *_columns([_country(country) for country in shown])]
    return _paged(rows, page, pages, Verb.COUNTRIES, (), BACK_TO_MENU)


def services(found: Sequence[Service], country_id: str, page: int) -> InlineKeyboardMarkup:
    shown, page, pages = _page_of(found, page)
    buttons = [_service(service, country_id) for service in shown]
    back = [[button("↩️ Back", Verb.COUNTRIES, 0), MENU_BUTTON, CLOSE_BUTTON]]
    return _paged(_columns(buttons), page, pages, Verb.SERVICES, (ref(country_id),), back)


def matches(
    found_services: Sequence[Service], country_id: str, found_countries: Sequence[Country]
) -> InlineKeyboardMarkup:
    rows = _columns([_service(s, country_id) for s in found_services[:PAGE_SIZE]])
    rows += _columns([_country(country) for country in found_countries[:PAGE_SIZE]])
    more = [button("All countries", Verb.COUNTRIES, 0), MENU_BUTTON, CLOSE_BUTTON]
    return InlineKeyboardMarkup([*rows, more])


def confirm(activation: Activation) -> InlineKeyboardMarkup:
    rent = f"✅ Rent for {formats.money(activation.price)}"
    return InlineKeyboardMarkup(
        [
            [button(rent, Verb.RENT, activation.token, style=SUCCESS)],
            [button("↩️ Back", Verb.LEAVE, activation.token), CLOSE_BUTTON],
        ]
    )


def card(activation: Activation) -> InlineKeyboardMarkup | None:
    """The buttons of an activation's card; None while there is nothing to press."""
    if activation.state is State.INTENT:
        return confirm(activation)
    if activation.state is State.RENTING:
        return None
    if activation.state is State.WAITING:
        return _waiting(activation)
    if activation.state in (State.CODE_RECEIVED, State.COMPLETED):
        return code(activation)
    return InlineKeyboardMarkup([_after_the_end(activation)])


def code(activation: Activation, sms: Sms | None = None) -> InlineKeyboardMarkup:
    """The buttons of a message with a code, the last one unless `sms` is given."""
    rows: list[Row] = []
    sms = sms or activation.last_sms
    if sms and (copied := sms.code) and formats.utf16_length(copied) <= LONGEST_COPY:
        label = f"📋 Copy {copied}" if len(copied) <= LONGEST_NAME else "📋 Copy code"
        rows.append([_copy(label, copied)])
    if activation.state is State.CODE_RECEIVED:
        another = button("📩 Another SMS", Verb.ANOTHER, activation.token)
        done = button("✅ Done", Verb.DONE, activation.token, style=SUCCESS)
        rows.append([another, done])
    again = button("🔁 Rent again", Verb.AGAIN, activation.token)
    if activation.state is not State.WAITING:
        rows.append([again])
    return InlineKeyboardMarkup([*rows, BELOW])


def history(page: int, pages: int) -> InlineKeyboardMarkup:
    return _paged([], page, pages, Verb.HISTORY, (), BACK_TO_MENU)


def numbers(page: int, pages: int, *, may_rent: bool = True) -> InlineKeyboardMarkup:
    if not may_rent:
        return _paged([], page, pages, Verb.NUMBERS, (), [[CLOSE_BUTTON]])
    rent = [[button("📱 Rent a number", Verb.COUNTRIES, 0, style=PRIMARY)]]
    return _paged(rent, page, pages, Verb.NUMBERS, (), BACK_TO_MENU)


def to_numbers() -> InlineKeyboardMarkup:
    """For a person who may only follow numbers that are open."""
    return InlineKeyboardMarkup([[button("📋 My numbers", Verb.NUMBERS, 0), CLOSE_BUTTON]])


def access(user_id: int | str, standing: Standing = Standing.ASKED) -> InlineKeyboardMarkup:
    let_in = button("✅ Let in", Verb.LET_IN, user_id, style=SUCCESS)
    refuse = button("⛔ Refuse", Verb.TURN_AWAY, user_id, style=DANGER)
    open_to = {Standing.LET_IN: [refuse], Standing.TURNED_AWAY: [let_in]}
    return InlineKeyboardMarkup([open_to.get(standing, [let_in, refuse]), [CLOSE_BUTTON]])


def open_renting(lost_order: int | str) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[_open_renting(lost_order)], BELOW])


def admin(
    asked: Sequence[Person], unsure: Sequence[Activation], lost_order: int | None = None
) -> InlineKeyboardMarkup:
    rows = [] if lost_order is None else [[_open_renting(lost_order)]]
    rows += [
        [
            button(f"✅ Let in {_clipped(person.name)}", Verb.LET_IN, person.user_id),
            button("⛔ Refuse", Verb.TURN_AWAY, person.user_id),
        ]
        for person in asked[:ROWS]
    ]
    rows += [[_close(a)] for a in unsure[:ROWS]]
    refresh = [button("🔃 Refresh", Verb.ADMIN)]
    return InlineKeyboardMarkup([*rows, refresh, *BACK_TO_MENU])


def unsettled(order: Activation) -> InlineKeyboardMarkup:
    """Of the message that puts an order before an owner."""
    return InlineKeyboardMarkup([[_close(order)], *BACK_TO_MENU])


def _open_renting(lost_order: int | str) -> InlineKeyboardButton:
    return button("🔓 Open renting", Verb.OPEN, lost_order, style=SUCCESS)


def page_count(items: int, size: int) -> int:
    return max(1, -(-items // size))


def _waiting(activation: Activation) -> InlineKeyboardMarkup:
    rows: list[Row] = []
    if phone := phone_of(activation):
        rows.append([_copy("📋 Copy number", phone.copied)])
    if activation.sms:
        rows.append([button("✅ Done", Verb.DONE, activation.token, style=SUCCESS)])
    else:
        cancel = button("✖️ Cancel", Verb.CANCEL, activation.token, style=DANGER)
        rows.append([cancel, button("🔄 Other number", Verb.OTHER, activation.token)])
    return InlineKeyboardMarkup([*rows, BELOW])


def _close(order: Activation) -> InlineKeyboardButton:
    return button(f"Close order {order.id}", Verb.SETTLE, order.token)


def _after_the_end(activation: Activation) -> Row:
    if activation.state is State.UNCERTAIN:
        return BELOW
    label = "🔁 Try again" if activation.state is State.REFUSED else "📱 Another number"
    row = [button(label, Verb.RETRY, activation.token), *BELOW]
    if activation.number and activation.sms:
        row.insert(0, button("🔁 Rent again", Verb.AGAIN, activation.token))
    return row


def _country(country: Country) -> InlineKeyboardButton:
    label = formats.country(country.id, _clipped(country.name))
    return button(label, Verb.SERVICES, ref(country.id), 0)


def _service(service: Service, country_id: str) -> InlineKeyboardButton:
    label = f"{_clipped(service.name)} · {formats.money(service.price)}"
    with_stock = f"{label} · {service.stock}"
    if service.stock is not None and len(with_stock) <= ROOM_FOR_STOCK:
        label = with_stock
    return button(label, Verb.OFFER, ref(country_id), ref(service.code))


def _copy(label: str, text: str) -> InlineKeyboardButton:
    return InlineKeyboardButton(label, copy_text=CopyTextButton(text))


def _clipped(name: str) -> str:
    return formats.clip(name, LONGEST_NAME)


def _columns(buttons: Row) -> list[Row]:
    return [buttons[start : start + COLUMNS] for start in range(0, len(buttons), COLUMNS)]


def _page_of(items: Sequence[T], page: int) -> tuple[list[T], int, int]:
    """The items of a page, the page moved to where there are any, and how many pages there are."""
    pages = page_count(len(items), PAGE_SIZE)
    page = min(max(page, 0), pages - 1)
    return list(items[page * PAGE_SIZE : (page + 1) * PAGE_SIZE]), page, pages


def _paged(
    rows: list[Row], page: int, pages: int, verb: Verb, parts: tuple[str, ...], below: list[Row]
) -> InlineKeyboardMarkup:
    """Rows with `‹ n/m ›` below them when there is more than one page."""
    if pages > 1:
        turn = [button(f"{page + 1}/{pages}", Verb.STILL)]
        if page > 0:
            turn.insert(0, button("‹", verb, *parts, page - 1))
        if page < pages - 1:
            turn.append(button("›", verb, *parts, page + 1))
        rows = [*rows, turn]
    return InlineKeyboardMarkup([*rows, *below])
