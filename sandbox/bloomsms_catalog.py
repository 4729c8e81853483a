"""What the provider sells: countries, services, and an offer (price, stock) for each pair.

The prices outside country 187 are derived from catalog.json by a checksum: the same in every run,
different in every country.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Final
from zlib import crc32

ANY: Final = "any"
HOME: Final = "187"
_WELL_KNOWN: Final = 40


@dataclass(frozen=True, slots=True)
class Country:
    """`phone_mask` is the number without plus, each # a digit to be filled."""

    id: str
    name: str
    phone_mask: str = "1900#######"


@dataclass(frozen=True, slots=True)
class Offer:
    code: str
    name: str
    price: Decimal
    stock: int


class Catalog:
    """Offers by country. The tables given are copied; without one, catalog.json is used."""

    def __init__(
        self,
        countries: Sequence[Mapping[str, object]] | None,
        services: Mapping[str, Sequence[Mapping[str, object]]] | None,
    ) -> None:
        self.countries = (
            dict(_default_countries())
            if countries is None
            else {str(row["id"]): _country(row) for row in countries}
        )
        self._given = services
        self._offers: dict[str, dict[str, Offer]] = {}
        self._any: dict[str, Offer] = {}

    def offers(self, country: str) -> dict[str, Offer]:
        """The offers of a country by service code, in the provider's order; "any" joins all."""
        if country == ANY:
            return self._joined()
        if country not in self._offers:
            self._offers[country] = {offer.code: offer for offer in self._first_offers(country)}
        return self._offers[country]

    def best_country(self, service: str) -> str:
        """The cheapest with stock, else the cheapest; "" when no country sells the service."""
        sellers = [country for country in self.countries if service in self.offers(country)]
        return min(sellers, key=lambda one: self._rank(self.offers(one)[service]), default="")

    def knows(self, service: str) -> bool:
        return any(service in self.offers(country) for country in self.countries)

    def change(
        self, country: str, service: str, *, price: Decimal | None = None, stock: int | None = None
    ) -> None:
        offer = self.offers(country)[service]
        self._offers[country][service] = replace(
            offer,
            price=offer.price if price is None else price,
            stock=offer.stock if stock is None else stock,
        )
        if self._any:
            self._any[service] = self._join(service)

    def _first_offers(self, country: str) -> Iterable[Offer]:
        if self._given is None:
            return _default_offers(country)
        return [_offer(row) for row in self._given.get(country, ())]

    @staticmethod
    def _rank(offer: Offer) -> tuple[bool, Decimal]:
        return offer.stock < 1, offer.price

    def _joined(self) -> dict[str, Offer]:
        if not self._any:
            home_first = sorted(self.countries, key=lambda one: one != HOME)
            codes = dict.fromkeys(code for one in home_first for code in self.offers(one))
            self._any = {code: self._join(code) for code in codes}
        return self._any

    def _join(self, code: str) -> Offer:
        """The price of the cheapest in stock, or of the cheapest when there is none; all stock."""
        offers = [self.offers(one)[code] for one in self.countries if code in self.offers(one)]
        cheapest = min(offers, key=self._rank)
        return replace(cheapest, stock=sum(one.stock for one in offers))


def _country(row: Mapping[str, object]) -> Country:
    return Country(str(row["id"]), str(row["name"]), str(row.get("phone_mask", "1900#######")))


def _offer(row: Mapping[str, object]) -> Offer:
    price, stock = Decimal(str(row["price"])), int(str(row["stock"]))
    return Offer(str(row["code"]), str(row["name"]), price, stock)


@cache
def _table() -> dict[str, list[list[str | int]]]:
    path = Path(__file__).with_name("catalog.json")
    table: dict[str, list[list[str | int]]] = json.loads(path.read_text(encoding="utf-8"))
    return table


@cache
def _default_countries() -> dict[str, Country]:
    rows = _table()["countries"]
    return {str(row[0]): Country(str(row[0]), str(row[1]), str(row[2])) for row in rows}


@cache
def _default_offers(country: str) -> tuple[Offer, ...]:
    offers = []
    for place, (code, name, price, stock) in enumerate(_table()["services"]):
        home = Offer(str(code), str(name), Decimal(str(price)), int(stock))
        dice = crc32(f"{country}/{code}".encode())
        if country == HOME:
            offers.append(home)
        elif place < _WELL_KNOWN or dice % 3:
            offers.append(_abroad(home, dice))
    return tuple(offers)


def _abroad(home: Offer, dice: int) -> Offer:
    """Between 0.3 and 1.7 times the price at home; one offer in eleven is out of stock."""
    factor = Decimal(30 + dice // 3 % 141) / 100
    price = max((home.price * factor).quantize(Decimal("0.01")), Decimal("0.02"))
    stock = 0 if dice % 11 == 0 else dice // 7 % 1500 + 1
    return replace(home, price=price, stock=stock)
