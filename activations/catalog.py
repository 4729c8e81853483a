"""What can be rented: countries and services with an age limit, most wanted first; search."""

import re
from collections.abc import Mapping
from datetime import timedelta

from activations.errors import OutOfStock
from activations.model import EVER_RENTED_STATES
from activations.ports import Clock, Provider, Store
from activations.shelf import Shelf
from bloomsms.errors import ErrorCode, Refused
from bloomsms.models import ANY_COUNTRY, DEFAULT_COUNTRY
from bloomsms.models import Country as Country
from bloomsms.models import Service as Service

LEADING_SIGNS = re.compile(r"^\W+")  # quotes and the like do not count in the order of names
COUNTRIES_AGE = timedelta(days=1)
PRICES_AGE = timedelta(seconds=60)
STALE_PRICES_AGE = timedelta(minutes=10)
OFFER_AGE = timedelta(seconds=5)
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


class Catalog:
    """Fetches each list once for everybody who asks meanwhile.

    Errors: a Refusal when nothing young enough is at hand; OutOfStock from `fresh_service`.
    """

    def __init__(self, provider: Provider, store: Store, clock: Clock) -> None:
        self._provider = provider
        self._store = store
        self._countries = Shelf(self._fetch_countries, clock)
        self._services = Shelf(self._fetch_services, clock)

    async def countries(self, user_id: int) -> list[Country]:
        """Shape: most rented first, then the popular ones, then by name."""
        found = await self._all_countries()
        usage = (await self._store.usage(user_id)).get("country", {})
        return sorted(found, key=lambda c: _order(usage, POPULAR_COUNTRIES, c.id, c.name))

    async def country(self, country_id: str) -> Country | None:
        if country_id == ANY_COUNTRY:
            return ANYWHERE
        return next((c for c in await self._all_countries() if c.id == country_id), None)

    async def services(self, user_id: int, country_id: str) -> list[Service]:
        """Shape: those in stock, most rented first, then the popular ones, then by name."""
        found = await self._all_services(country_id, PRICES_AGE, STALE_PRICES_AGE)
        usage = (await self._store.usage(user_id)).get("service", {})
        in_stock = [service for service in found if service.stock > 0]
        return sorted(in_stock, key=lambda s: _order(usage, POPULAR_SERVICES, s.code, s.name))

    async def fresh_service(
        self, country_id: str, service_code: str, *, needs_stock: bool = True
    ) -> Service:
        """The service with the price and stock of now, for an offer."""
        found = await self._all_services(country_id, OFFER_AGE, OFFER_AGE)
        for service in found:
            if service.code == service_code and (service.stock > 0 or not needs_stock):
                return service
        raise OutOfStock

    def forget_prices(self, country_id: str) -> None:
        """Something that was on offer is not to be had: ask anew next time."""
        self._services.forget(country_id)

    async def usual_country(self, user_id: int) -> Country:
        """Where this person rents: as the last time, else the provider's own default."""
        rented = await self._store.page_of(user_id, EVER_RENTED_STATES, 0, 1)
        country_id = rented[0].offer.country_id if rented else DEFAULT_COUNTRY
        return await self.country(country_id) or ANYWHERE

    async def search(
        self, user_id: int, text: str, country_id: str
    ) -> tuple[list[Service], list[Country]]:
        """Services of that country and countries whose name holds `text`, in the usual order."""
        wanted = text.strip().casefold()
        services = await self.services(user_id, country_id)
        countries = await self.countries(user_id)
        return (
            [service for service in services if wanted in service.name.casefold()],
            [country for country in countries if wanted in country.name.casefold()],
        )

    async def _all_countries(self) -> list[Country]:
        return await self._countries.take("", COUNTRIES_AGE, 7 * COUNTRIES_AGE)

    async def _all_services(
        self, country_id: str, age: timedelta, stale_age: timedelta
    ) -> list[Service]:
        if await self.country(country_id) is None:
            raise OutOfStock
        return await self._services.take(country_id, age, stale_age)

    async def _fetch_countries(self, _key: str) -> list[Country]:
        return await self._provider.countries()

    async def _fetch_services(self, country_id: str) -> list[Service]:
        # That /services knows "any" is documented nowhere. The prices of its default country
        # stand in: whatever they are worth, nobody pays more than the price shown.
        try:
            found = await self._provider.services(country_id)
        except Refused as err:
            if country_id != ANY_COUNTRY or err.code in _NOT_ABOUT_THE_COUNTRY:
                raise
            found = []
        if not found and country_id == ANY_COUNTRY:
            return await self._provider.services(DEFAULT_COUNTRY)
        return found


_NOT_ABOUT_THE_COUNTRY = frozenset(
    {ErrorCode.INVALID_API_KEY, ErrorCode.ACCOUNT_SUSPENDED, ErrorCode.MAINTENANCE}
)


def _order(
    usage: Mapping[str, int], popular: tuple[str, ...], ref: str, name: str
) -> tuple[int, int, str]:
    folded = name.casefold()
    rank = popular.index(folded) if folded in popular else len(popular)
    return (-usage.get(ref, 0), rank, LEADING_SIGNS.sub("", folded))
