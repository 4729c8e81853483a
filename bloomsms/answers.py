"""What the provider's answers mean, pure: `data` of an envelope becomes a model.

Source: the Reseller API text; the documented and the observed forms are both read. `data` is the
envelope's member of that name. Every `read_` raises Unreadable for a shape it cannot read.
"""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TypeVar

from bloomsms.errors import Unreadable
from bloomsms.models import (
    ANY_COUNTRY,
    ActivationStatus,
    Balance,
    Changed,
    Country,
    PriceRow,
    Rental,
    Service,
    Sms,
    SmsReceived,
    is_other_country,
)
from bloomsms.status_words import status_of
from bloomsms.wire import Data, Json, decode, excerpt

HIGHEST_AMOUNT = Decimal(1_000_000)
LONGEST_NAME = 200
LONGEST_SMS = 20_000
DEEPEST_PRICES = 4
EARLIEST_YEAR, LATEST_YEAR = 2000, 2200

T = TypeVar("T")


def read_balance(data: Json) -> Balance:
    members = _members(data)
    amount = _amount(members.get("balance"), lowest=-HIGHEST_AMOUNT)
    return Balance(amount, _text(members.get("currency"), "currency", default="USD"))


def read_countries(data: Json) -> list[Country]:
    """Shape: the provider's order, ids unique; rows that cannot be read are left out."""
    found: dict[str, Country] = {}
    for row in _rows(data, "countries"):
        try:
            country = Country(_id(row.get("id"), "id"), _text(row.get("name"), "name"))
        except Unreadable:
            continue
        found.setdefault(country.id, country)
    return list(found.values())


def read_services(data: Json, country_id: str = ANY_COUNTRY) -> list[Service]:
    """Shape: the provider's order, codes unique; rows that cannot be read are left out.

    A row that names another country than `country_id` is one of these.
    """
    found: dict[str, Service] = {}
    for row in _rows(data, "services"):
        try:
            service = _service_in(country_id, row)
        except Unreadable:
            continue
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

    Errors: Unreadable unless an activation id and a phone number are there.
    """
    members = _members(data)
    return Rental(
        activation_id=_id(members.get("activation_id"), "activation_id"),
        phone_number=_phone_number(members.get("phone_number")),
        price=_or_none(_amount, members.get("price")),
        expires_at=_or_none(_time, members.get("expires_at")),
        service=_or_none(_named, members.get("service")),
        country=_or_none(_named, members.get("country")),
    )


def read_activation(data: Json) -> ActivationStatus:
    members = _members(data)
    word = _text(members.get("activation_status"), "activation_status")
    phone_number = _or_none(_phone_number, members.get("phone_number"))
    return ActivationStatus(
        status_of(word),
        word,
        _sms(members.get("sms")),
        phone_number,
        _or_none(_named, members.get("activation_id")),
    )


def read_change(data: Json) -> Changed:
    """Read the undocumented answer to a change: never raises."""
    members = data if isinstance(data, dict) else {}
    return Changed(
        _or_none(_named, members.get("activation_id")),
        _or_none(_phone_number, members.get("phone_number")),
    )


def read_webhook(body: bytes) -> SmsReceived | None:
    """Read a webhook's body; None for an event other than `sms.received`.

    Errors: Unreadable.
    """
    event = _members(decode(body))
    if event.get("event") != "sms.received":
        return None
    members = _members(event.get("data"))
    return SmsReceived(
        _id(members.get("activation_id"), "activation_id"),
        _sms(members.get("sms")),
        _or_none(_service_code, members.get("service")) or "",
    )


def _members(value: Json) -> Data:
    if not isinstance(value, dict):
        raise Unreadable("an object was expected", excerpt(str(value)))
    return value


def _rows(data: Json, name: str) -> Iterator[Data]:
    rows = data if isinstance(data, list) else _members(data).get(name)
    if not isinstance(rows, list):
        raise Unreadable(f"{name} is not a list", excerpt(str(rows)))
    return (row for row in rows if isinstance(row, dict))


def _id(value: Json, name: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Unreadable(f"{name} is missing")
    text = str(value).strip()
    if not text or len(text) > LONGEST_NAME or not text.isprintable():
        raise Unreadable(f"{name} is empty or too long")
    return text


def _service_code(value: Json) -> str:
    return _id(value, "service")


def _named(value: Json) -> str:
    """What an answer names, such as an id or a code."""
    return _id(value, "a name")


def _text(value: Json, name: str, *, default: str | None = None) -> str:
    if isinstance(value, str) and value.strip():
        return _whole(value.strip()[:LONGEST_NAME])
    if default is None:
        raise Unreadable(f"{name} is missing")
    return default


def _amount(value: Json, *, lowest: Decimal = Decimal(0)) -> Decimal:
    """US dollars with at most six decimals, between `lowest` and a million."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise Unreadable("an amount is missing")
    try:
        amount = Decimal(value) if len(str(value)) <= LONGEST_NAME else None
    except InvalidOperation:
        amount = None
    if amount is None or not amount.is_finite() or not lowest <= amount <= HIGHEST_AMOUNT:
        raise Unreadable("an amount is not plausible", excerpt(str(value)))
    if amount != round(amount, 6):
        raise Unreadable("an amount has more than six decimals")
    return amount


def _service_in(country_id: str, row: Data) -> Service:
    for name in ("country", "country_id"):
        if is_other_country(country_id, _or_none(_named, row.get(name)) or ""):
            raise Unreadable("the row is of another country")
    return _service(row)


def _service(row: Data) -> Service:
    stock = row.get("stock", 0)
    return Service(
        code=_id(row.get("code"), "code"),
        name=_text(row.get("name"), "name", default=str(row.get("code"))),
        price=_amount(row.get("price")),
        stock=_count(stock),
    )


def _count(value: Json) -> int:
    if isinstance(value, bool) or not re.fullmatch(r"\d{1,12}", str(value)):
        raise Unreadable("a count is not a whole number")
    return int(value)


def _price_rows(value: Json, path: tuple[str, ...] = ()) -> Iterator[PriceRow]:
    if isinstance(value, list):
        for item in value:
            yield from _price_rows(item, path)
    elif isinstance(value, dict) and _price(value) is not None:
        country_id = str(value.get("country", path[-2] if len(path) > 1 else ""))
        service_code = str(value.get("service", path[-1] if path else ""))
        stock = _or_none(_count, value.get("stock", value.get("count")))
        yield PriceRow(country_id, service_code, _amount(_price(value)), stock)
    elif isinstance(value, dict) and len(path) < DEEPEST_PRICES:
        for name, item in value.items():
            yield from _price_rows(item, (*path, name))


def _price(row: Data) -> Decimal | None:
    return _or_none(_amount, row.get("price", row.get("cost")))


def _phone_number(value: Json) -> str:
    digits = re.sub(r"[\s()-]", "", _id(value, "phone_number"))
    if not re.fullmatch(r"\+?\d{4,20}", digits, re.ASCII):
        raise Unreadable("phone_number is not a number")
    return "+" + digits.removeprefix("+")


def _time(value: Json) -> datetime:
    try:
        time = datetime.fromisoformat(_id(value, "time"))
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError) as err:
        raise Unreadable("a time is not ISO 8601") from err
    if not EARLIEST_YEAR <= time.year <= LATEST_YEAR:
        raise Unreadable("a time is not plausible")
    return time


def _sms(value: Json) -> Sms | None:
    if not isinstance(value, dict):
        return None
    code, text = value.get("code"), value.get("full_text")
    sms = Sms(
        _whole(str(code).strip()[:LONGEST_NAME]) if isinstance(code, str | int) else "",
        _whole(text[:LONGEST_SMS]) if isinstance(text, str) else "",
    )
    return sms if sms.code or sms.full_text.strip() else None


def _whole(text: str) -> str:
    """Without halves of surrogate pairs, which JSON may hold and UTF-8 cannot."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _or_none(read: Callable[[Json], T], value: Json) -> T | None:
    try:
        return read(value)
    except Unreadable:
        return None
