"""What the provider's answers mean, pure: `data` of an envelope becomes a model.

Source: the Reseller API text; the documented and the observed forms are both read. `data` is the
envelope's member of that name. Every `read_` raises Unreadable for a shape it cannot read.
"""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import TypeVar

from bloomsms.amounts import read_balance_amount, read_price
from bloomsms.currencies import currency_of
from bloomsms.errors import OtherCurrency, Unreadable
from bloomsms.lists import only_one, read_count, read_rows
from bloomsms.messages import read_messages, whole
from bloomsms.models import (
    ANY_COUNTRY,
    DOLLARS,
    ActivationStatus,
    Balance,
    Changed,
    Country,
    PriceRow,
    Rental,
    Service,
    SmsReceived,
    is_other_country,
)
from bloomsms.phones import read_phone
from bloomsms.status_words import status_of
from bloomsms.wire import Data, Json, decode, excerpt

LONGEST_NAME = 200
LOST = "\N{REPLACEMENT CHARACTER}"
DEEPEST_PRICES = 4
EARLIEST_YEAR, LATEST_YEAR = 2000, 2200

T = TypeVar("T")


def read_balance(data: Json) -> Balance:
    members = _members(only_one(data))
    return Balance(*read_balance_amount(members.get("balance"), members.get("currency")))


def read_countries(data: Json) -> list[Country]:
    """Shape: the provider's order, ids unique; rows that cannot be read are left out."""
    found: dict[str, Country] = {}
    for country in read_rows(data, "countries", ("id", "name"), _country):
        found.setdefault(country.id, country)
    return list(found.values())


def read_services(data: Json, country_id: str = ANY_COUNTRY) -> list[Service]:
    """Shape: the provider's order, codes unique; rows that cannot be read are left out.

    A row that names another country than `country_id` is one of these.
    Errors: OtherCurrency, also when a single row names another: then none is believed.
    """
    found: dict[str, Service] = {}
    currency = data.get("currency") if isinstance(data, dict) else None
    read = partial(_service_in, country_id, currency)
    for service in read_rows(data, "services", ("code", "price"), read):
        found.setdefault(service.code, service)
    return list(found.values())


def read_prices(data: Json) -> list[PriceRow]:
    """Read the undocumented answer: a list of rows, or objects country → service → row.

    Errors: Unreadable when not one row is found.
    """
    rows = list(_price_rows(data))
    if not rows:
        raise Unreadable("no price found", excerpt(json.dumps(data, default=str)))
    return rows


def read_rental(data: Json) -> Rental:
    """Read the answer to rent and re-rent; it may name another service than asked.

    Errors: Unreadable unless an activation id is there: it alone makes a number.
    """
    members = _members(only_one(data))
    price, currency = _price_paid(members)
    return Rental(
        activation_id=_id(members.get("activation_id"), "activation_id"),
        phone_number=read_phone(members.get("phone_number")),
        price=price,
        expires_at=_or_none(_time, members.get("expires_at")),
        service=_or_none(_named, members.get("service")),
        country=_or_none(_named, members.get("country")),
        currency=currency,
    )


def read_activation(data: Json) -> ActivationStatus:
    """Read a status; without its word an SMS or a phone number is still worth knowing."""
    members = _members(only_one(data))
    messages = read_messages(members.get("sms"))
    phone_number = read_phone(members.get("phone_number"))
    is_worth_it = bool(messages or phone_number)
    word = _text(
        members.get("activation_status"), "activation_status", default="" if is_worth_it else None
    )
    return ActivationStatus(
        status_of(word),
        word,
        messages[-1] if messages else None,
        phone_number or None,
        _or_none(_named, members.get("activation_id")),
        messages[:-1],
    )


def read_change(data: Json) -> Changed:
    """Read the undocumented answer to a change: never raises."""
    only = only_one(data)
    members = only if isinstance(only, dict) else {}
    return Changed(
        _or_none(_named, members.get("activation_id")),
        read_phone(members.get("phone_number")) or None,
    )


def read_webhook(body: bytes) -> SmsReceived | None:
    """Read a webhook's body; None for an event other than `sms.received`.

    Errors: Unreadable.
    """
    event = _members(only_one(decode(body)))
    if event.get("event") != "sms.received":
        return None
    members = _members(only_one(event.get("data")))
    messages = read_messages(members.get("sms"))
    return SmsReceived(
        _id(members.get("activation_id"), "activation_id"),
        messages[-1] if messages else None,
        _or_none(_service_code, members.get("service")) or "",
    )


def _members(value: Json) -> Data:
    if not isinstance(value, dict):
        raise Unreadable("an object was expected", excerpt(str(value)))
    return value


def _id(value: Json, name: str) -> str:
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) < LONGEST_NAME:
        value = int(value) if value == int(value) else value
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Unreadable(f"{name} is missing")
    text = str(value).strip()
    if not text or len(text) > LONGEST_NAME or not text.isprintable() or LOST in text:
        raise Unreadable(f"{name} is empty or too long")
    return text


def _service_code(value: Json) -> str:
    return _id(value, "service")


def _named(value: Json) -> str:
    """What an answer names, such as an id or a code."""
    return _id(value, "a name")


def _text(value: Json, name: str, *, default: str | None = None) -> str:
    if isinstance(value, str) and value.strip():
        return whole(value.strip()[:LONGEST_NAME])
    if default is None:
        raise Unreadable(f"{name} is missing")
    return default


def _country(row: Data) -> Country:
    return Country(_id(row.get("id"), "id"), _text(row.get("name"), "name"))


def _service_in(country_id: str, currency: Json, row: Data) -> Service:
    for name in ("country", "country_id"):
        if is_other_country(country_id, _or_none(_named, row.get(name)) or ""):
            raise Unreadable("the row is of another country")
    return _service(currency, row)


def _service(currency: Json, row: Data) -> Service:
    return Service(
        code=_id(row.get("code"), "code"),
        name=_text(row.get("name"), "name", default=str(row.get("code"))),
        price=read_price(row.get("price"), row.get("currency") or currency),
        stock=read_count(row.get("stock", row.get("count"))),
    )


def _price_paid(members: Data) -> tuple[Decimal | None, str]:
    """What a rental cost, where that can be read in dollars, and the currency it names."""
    try:
        price = read_price(members.get("price"), members.get("currency"))
    except OtherCurrency as err:
        return None, err.currency
    except Unreadable:
        return None, currency_of(members.get("currency"))
    return price, DOLLARS


def _price_rows(value: Json, path: tuple[str, ...] = ()) -> Iterator[PriceRow]:
    if isinstance(value, list):
        for item in value:
            yield from _price_rows(item, path)
    elif isinstance(value, dict) and _price(value) is not None:
        country_id = str(value.get("country", path[-2] if len(path) > 1 else ""))
        service_code = str(value.get("service", path[-1] if path else ""))
        stock = read_count(value.get("stock", value.get("count")))
        yield PriceRow(country_id, service_code, read_price(_price(value)), stock)
    elif isinstance(value, dict) and len(path) < DEEPEST_PRICES:
        for name, item in value.items():
            yield from _price_rows(item, (*path, name))


def _price(row: Data) -> Decimal | None:
    return _or_none(read_price, row.get("price", row.get("cost")))


def _time(value: Json) -> datetime:
    try:
        time = datetime.fromisoformat(_id(value, "time"))
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError) as err:
        raise Unreadable("a time is not ISO 8601") from err
    if not EARLIEST_YEAR <= time.year <= LATEST_YEAR:
        raise Unreadable("a time is not plausible")
    return time


def _or_none(read: Callable[[Json], T], value: Json) -> T | None:
    try:
        return read(value)
    except Unreadable:
        return None
