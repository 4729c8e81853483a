"""The provider's counter: one request in words, checked and carried out, one answer in words."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from sandbox.bloomsms_books import Activation, Books
from sandbox.bloomsms_catalog import ANY, HOME, Offer
from sandbox.bloomsms_envelope import Refused, Reply, failure, success
from sandbox.bloomsms_postman import Postman

ROOT: Final = "/api/v1"
UNKNOWN: Final = "unknown"
_CURRENCY: Final = "USD"
_LISTS: Final = frozenset({"balance", "countries", "services", "prices"})
_PATCHES: Final = {"cancel": "cancel", "complete": "complete", "request_another_sms": "another"}
_ONE: Final = re.compile(r"activations/([^/]+)")
_AGAIN: Final = re.compile(r"activations/([^/]+)/re-rent")


@dataclass(frozen=True, slots=True)
class Call:
    """A request as the counter understands it; `fields` is None for a body that is no object."""

    operation: str
    activation_id: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, object] | None = None
    api_key: str | None = None


def read_call(
    method: str, path: str, query: Mapping[str, str], body: str, api_key: str | None
) -> Call:
    place = path.removeprefix(ROOT).strip("/") if path.startswith(ROOT + "/") else ""
    fields = _fields(body)
    operation, activation_id = _operation(method, place, fields or {})
    return Call(operation, activation_id, query, fields, api_key)


def _operation(method: str, place: str, fields: Mapping[str, object]) -> tuple[str, str]:
    if method == "GET" and place in _LISTS:
        return place, ""
    if method == "POST" and place == "activations":
        return "rent", ""
    if method == "POST" and (again := _AGAIN.fullmatch(place)):
        return "rerent", again[1]
    one = _ONE.fullmatch(place)
    if one and method == "GET":
        return "status", one[1]
    if one and method == "PATCH":
        return _PATCHES.get(str(fields.get("status")), "patch"), one[1]
    return UNKNOWN, ""


def _fields(body: str) -> Mapping[str, object] | None:
    try:
        fields = json.loads(body, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


def _no_number(word: str) -> float:
    raise ValueError(word)


class Desk:
    def __init__(
        self, books: Books, postman: Postman, *, api_key: str, prices_are_nested: bool
    ) -> None:
        self._books = books
        self._catalog = books.catalog
        self._postman = postman
        self._api_key = api_key
        self._prices_are_nested = prices_are_nested
        self._counters: dict[str, Callable[[Call], object]] = {
            "balance": self._balance,
            "countries": self._countries,
            "services": self._services,
            "prices": self._prices,
            "rent": self._rent,
            "status": self._status,
            "cancel": self._cancel,
            "complete": self._complete,
            "another": self._another,
            "rerent": self._rerent,
            "patch": self._unknown_patch,
        }

    def serve(self, call: Call) -> Reply:
        if call.operation == UNKNOWN:
            return failure("NOT_FOUND", "No such endpoint.", http=404)
        try:
            self._check_key(call.api_key)
            self._books.settle()
            data = self._counters[call.operation](call)
        except Refused as refusal:
            return failure(refusal.code, str(refusal))
        return success(data)

    def _check_key(self, api_key: str | None) -> None:
        if api_key is None:
            raise Refused("INVALID_API_KEY", "Missing Bearer token.")
        if api_key != self._api_key:
            raise Refused("INVALID_API_KEY", "Invalid API key.")

    def _balance(self, _: Call) -> object:
        return {"balance": f"{self._books.balance:f}", "currency": _CURRENCY}

    def _countries(self, _: Call) -> object:
        rows = [{"id": one.id, "name": one.name} for one in self._catalog.countries.values()]
        return {"countries": rows}

    def _services(self, call: Call) -> object:
        _, offers = self._asked_offers(call)
        return {"services": [_row(offer) for offer in offers]}

    def _prices(self, call: Call) -> object:
        country, offers = self._asked_offers(call)
        if self._prices_are_nested:
            cells = {one.code: {"cost": f"{one.price:f}", "count": one.stock} for one in offers}
            return {country: cells}
        rows = [
            {
                "country": country,
                "service": one.code,
                "price": f"{one.price:f}",
                "stock": one.stock,
            }
            for one in offers
        ]
        return {"prices": rows}

    def _asked_offers(self, call: Call) -> tuple[str, list[Offer]]:
        country = self._known_country(call.query.get("country", HOME))
        offers = self._catalog.offers(country)
        if (service := call.query.get("service")) is None:
            return country, list(offers.values())
        self._must_know(service)
        return country, [offers[service]] if service in offers else []

    def _rent(self, call: Call) -> object:
        if call.fields is None:
            raise Refused("INVALID_PARAMETER", "The body must be a JSON object.")
        service = call.fields.get("service")
        if not isinstance(service, str) or not service:
            raise Refused("INVALID_PARAMETER", "The service field is required.")
        country = call.fields.get("country", ANY)
        max_price = _max_price(call.fields.get("max_price"))
        activation = self._rent_checked(service, self._known_country(country), max_price)
        self._postman.address(activation, "rent")
        return {
            "activation_id": activation.activation_id,
            "phone_number": activation.phone_number,
            "service": activation.service,
            "country": activation.country,
            "price": f"{activation.price:f}",
            "currency": _CURRENCY,
            "expires_at": activation.expires_at.isoformat(timespec="seconds"),
            "new_balance": f"{self._books.balance:f}",
        }

    def _rent_checked(self, service: str, country: str, max_price: Decimal | None) -> Activation:
        self._must_know(service)
        if country == ANY:
            country = self._catalog.best_country(service)
        offer = self._catalog.offers(country).get(service)
        if offer is None or (max_price is not None and max_price < offer.price):
            raise Refused("NO_NUMBERS_AVAILABLE", "No numbers available at this price.")
        return self._books.rent(service, country)

    def _status(self, call: Call) -> object:
        activation = self._known(call)
        sms = activation.current_sms
        return {
            "activation_id": activation.activation_id,
            "activation_status": activation.status,
            "phone_number": activation.phone_number,
            "sms": sms and {"code": sms.code, "full_text": sms.full_text},
        }

    def _cancel(self, call: Call) -> object:
        activation = self._known(call)
        self._books.cancel(activation)
        return _brief(activation) | {
            "refund_amount": f"{activation.price:f}",
            "new_balance": f"{self._books.balance:f}",
        }

    def _complete(self, call: Call) -> object:
        activation = self._known(call)
        self._books.complete(activation)
        return _brief(activation)

    def _another(self, call: Call) -> object:
        activation = self._known(call)
        self._books.request_another_sms(activation)
        self._postman.address(activation, "another")
        return _brief(activation)

    def _rerent(self, call: Call) -> object:
        activation = self._books.rent_again(self._known(call))
        self._postman.address(activation, "rerent")
        return {
            "activation_id": activation.activation_id,
            "phone_number": activation.phone_number,
            "service": activation.service,
            "price": f"{activation.price:f}",
            "expires_at": activation.expires_at.isoformat(timespec="seconds"),
            "new_balance": f"{self._books.balance:f}",
        }

    def _unknown_patch(self, call: Call) -> object:
        self._known(call)
        words = ", ".join(_PATCHES)
        raise Refused("INVALID_PARAMETER", f"The status field must be one of: {words}.")

    def _known(self, call: Call) -> Activation:
        if call.activation_id not in self._books.activations:
            raise Refused("ACTIVATION_NOT_FOUND", "Activation not found.")
        return self._books.activations[call.activation_id]

    def _known_country(self, country: object) -> str:
        if country == ANY or (isinstance(country, str) and country in self._catalog.countries):
            return str(country)
        raise Refused("INVALID_PARAMETER", "The country is unknown.")

    def _must_know(self, service: str) -> None:
        if not self._catalog.knows(service):
            raise Refused("SERVICE_NOT_FOUND", "Service not found.")


def _max_price(value: object) -> Decimal | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or value < 0:
        raise Refused("INVALID_PARAMETER", "The max_price must be a number.")
    return Decimal(value)


def _row(offer: Offer) -> dict[str, object]:
    return {
        "code": offer.code,
        "name": offer.name,
        "price": f"{offer.price:f}",
        "stock": offer.stock,
    }


def _brief(activation: Activation) -> dict[str, object]:
    return {
        "activation_id": activation.activation_id,
        "activation_status": activation.status,
    }
