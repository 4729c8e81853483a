"""What can be rented: countries and services with an age limit, most wanted first; search."""

import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from activations.errors import OutOfStock
from activations.keeping import KeptLists
from activations.model import EVER_RENTED_STATES, LEAST_PRICE
from activations.ports import Clock, Lists, Provider, Store
from activations.shelf import Shelf
from bloomsms.errors import ErrorCode, Refused, Unreadable
from bloomsms.models import ANY_COUNTRY, DEFAULT_COUNTRY
from bloomsms.models import Country as Country
from bloomsms.models import Service as Service

LEADING_SIGNS = re.compile(r"^\W+")  # quotes and the like do not count in the order of names
# Up to the first age a list is good as it is; up to the second it is shown while a newer one comes.
COUNTRIES_AGE = timedelta(days=1)
STALE_COUNTRIES_AGE = timedelta(days=7)
PRICES_AGE = timedelta(seconds=60)
STALE_PRICES_AGE = timedelta(minutes=10)
OFFER_AGE = timedelta(seconds=5)
# Entries of lists in memory, about 400 bytes each: those of some hundred countries as they are
# today, of four with ten thousand services.
ROOM_IN_MEMORY = 40_000
ANYWHERE = Country(ANY_COUNTRY, "Any country")

# Asked for most, as far as nobody has rented anything yet; names in lower case.
POPULAR_COUNTRIES = (
    "united states", "usa", "united kingdom", "england", "canada", "germany", "france",
    "netherlands", "spain", "italy", "poland", "india", "indonesia", "philippines", "brazil",
)  # fmt: skip
POPULAR_SERVICES = (
    "whatsapp", "telegram", "google", "instagram", "facebook", "tiktok", "discord", "twitter",
    "x", "openai", "microsoft", "amazon", "uber", "tinder", "paypal", "apple", "netflix",
)  # fmt: skip

# Whether the country of a name is also called something that holds a text.
IsCalled = Callable[[str, str], bool]


def _holds(name: str, text: str) -> bool:
    return text in name.casefold()


class Catalog:
    """Fetches each list once for everybody who asks meanwhile; `run_pass` renews what is shown old.

    Errors: a Refusal when nothing young enough is at hand; OutOfStock from `fresh_service`.
    Source: docs/decisions/0014-catalogue-cache.md.
    """

    def __init__(
        self,
        provider: Provider,
        store: Store,
        country_lists: Lists[Country],
        service_lists: Lists[Service],
        clock: Clock,
        is_called: IsCalled = _holds,
    ) -> None:
        self._store = store
        self.known_countries: list[Country] = []  # as they were listed last by this process
        self._is_called = is_called
        fetch_countries = partial(_fetch_countries, provider)
        fetch_services = partial(_fetch_services, provider)
        countries = KeptLists(country_lists, ROOM_IN_MEMORY, clock)
        services = KeptLists(service_lists, ROOM_IN_MEMORY, clock)
        self._countries = Shelf(fetch_countries, countries, clock)
        self._services = Shelf(fetch_services, services, clock)

    async def run_pass(self, provider: Provider) -> None:
        """Fetch one list of each kind that was shown old, if any was."""
        await self._countries.refresh_one(partial(_fetch_countries, provider))
        await self._services.refresh_one(partial(_fetch_services, provider))

    async def countries(self, user_id: int) -> list[Country]:
        """Shape: most rented first, then the popular ones, then by name."""
        found = await self._all_countries()
        usage = (await self._store.usage(user_id)).get("country", {})
        return sorted(found, key=lambda country: -usage.get(country.id, 0))

    async def country(self, country_id: str) -> Country | None:
        if country_id == ANY_COUNTRY:
            return ANYWHERE
        return next((c for c in await self._all_countries() if c.id == country_id), None)

    async def services(self, user_id: int, country_id: str) -> list[Service]:
        """Shape: without those sold out; most rented first, then the popular ones, then by name."""
        found = await self._all_services(country_id, PRICES_AGE, STALE_PRICES_AGE)
        usage = (await self._store.usage(user_id)).get("service", {})
        in_stock = [service for service in found if service.may_be_had]
        return sorted(in_stock, key=lambda service: -usage.get(service.code, 0))

    async def fresh_service(
        self, country_id: str, service_code: str, *, needs_stock: bool = True
    ) -> Service:
        """The service with the price and stock of now, for an offer."""
        found = await self._all_services(country_id, OFFER_AGE, OFFER_AGE)
        for service in found:
            if service.code == service_code and (service.may_be_had or not needs_stock):
                return service
        raise OutOfStock

    async def forget_prices(self, country_id: str) -> None:
        """Something that was on offer is not to be had: ask anew next time."""
        await self._services.forget(country_id)

    async def usual_country(self, user_id: int) -> Country:
        """Where this person rents: as the last time, else the provider's own default."""
        rented = await self._store.page_of(user_id, EVER_RENTED_STATES, 0, 1)
        country_id = rented[0].offer.country_id if rented else DEFAULT_COUNTRY
        return await self.country(country_id) or ANYWHERE

    async def search(
        self, user_id: int, text: str, country_id: str
    ) -> tuple[list[Service], list[Country]]:
        """Services of that country whose name holds `text`, and countries that are called so; both
        in the usual order.
        """
        wanted = text.strip().casefold()
        services = await self.services(user_id, country_id)
        countries = await self.countries(user_id)
        return (
            [service for service in services if wanted in service.name.casefold()],
            [country for country in countries if self._is_called(country.name, wanted)],
        )

    async def _all_countries(self) -> list[Country]:
        self.known_countries = await self._countries.take("", COUNTRIES_AGE, STALE_COUNTRIES_AGE)
        return self.known_countries

    async def _all_services(
        self, country_id: str, age: timedelta, stale_age: timedelta
    ) -> list[Service]:
        if await self.country(country_id) is None:
            raise OutOfStock
        found = await self._services.take(country_id, age, stale_age)
        return [service for service in found if service.price >= LEAST_PRICE]


async def _fetch_countries(provider: Provider, _key: str) -> list[Country]:
    """Shape: never empty; in the order that holds as far as nobody has rented anything."""
    found = await provider.countries()
    if not found:  # it would be kept for a day
        raise Unreadable("not one country")
    return sorted(found, key=lambda country: _order(POPULAR_COUNTRIES, country.name))


async def _fetch_services(provider: Provider, country_id: str) -> list[Service]:
    """Shape: in the order that holds as far as nobody has rented anything."""
    found = await _services_of(provider, country_id)
    return sorted(found, key=lambda service: _order(POPULAR_SERVICES, service.name))


async def _services_of(provider: Provider, country_id: str) -> list[Service]:
    # That /services knows "any" is documented nowhere. The prices of its default country
    # stand in: whatever they are worth, nobody pays more than the price shown.
    try:
        found = await provider.services(country_id)
    except Refused as err:
        if country_id != ANY_COUNTRY or err.code in _NOT_ABOUT_THE_COUNTRY:
            raise
        found = []
    if not found and country_id == ANY_COUNTRY:
        return await provider.services(DEFAULT_COUNTRY)
    return found


_NOT_ABOUT_THE_COUNTRY = frozenset(
    {ErrorCode.INVALID_API_KEY, ErrorCode.ACCOUNT_SUSPENDED, ErrorCode.MAINTENANCE}
)


def _order(popular: tuple[str, ...], name: str) -> tuple[int, str]:
    folded = name.casefold()
    rank = popular.index(folded) if folded in popular else len(popular)
    return rank, LEADING_SIGNS.sub("", folded)
