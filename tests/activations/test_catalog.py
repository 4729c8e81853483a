"""What can be rented: fetched once for everybody, kept for a while, most wanted first."""

from dataclasses import replace
from decimal import Decimal

import pytest

from activations.catalog import ANYWHERE, Country, Service
from activations.errors import OutOfStock, ProviderAway, ProviderBusy, ProviderSaysNo, Refusal
from activations.model import State
from bloomsms.errors import (
    BloomsmsError,
    ErrorCode,
    NotSent,
    RateLimited,
    Refused,
    Unreadable,
)
from tests.activations.scripted_provider import COUNTRIES, SERVICES, ScriptedProvider
from tests.activations.shop import Shop
from tests.made_up import ANN, BOB, OFFER

ONE = Decimal(1)
AWAY = Unreadable("no answer")


def services(*names: str) -> list[Service]:
    return [Service(name.lower(), name, ONE, 5) for name in names]


async def service_names(shop: Shop, user_id: int = ANN) -> list[str]:
    return [service.name for service in await shop.catalog.services(user_id, "187")]


async def test_countries_in_order(shop: Shop, provider: ScriptedProvider) -> None:
    """Popular ones first, the rest by name, whatever their case."""
    names = ["Zambia", "Canada", "albania", "Usa", "Åland", "England"]
    provider.always("countries", [Country(name[:2], name) for name in names])

    assert ["Usa", "England", "Canada", "albania", "Zambia", "Åland"] == [
        country.name for country in await shop.catalog.countries(ANN)
    ]


async def test_services_in_order(shop: Shop, provider: ScriptedProvider) -> None:
    """Popular ones first, the rest by name."""
    provider.always("services", services("Zalo", "Telegram", "adidas", "WhatsApp"))

    assert ["WhatsApp", "Telegram", "adidas", "Zalo"] == await service_names(shop)


async def test_what_was_rented_goes_first(shop: Shop, provider: ScriptedProvider) -> None:
    """What people rent counts more than what is popular, and one's own rentals most."""
    provider.always("services", services("WhatsApp", "Zalo", "Adidas"))
    for _ in range(2):
        await shop.waiting(replace(OFFER, user_id=BOB, service_code="zalo"))
    await shop.waiting(replace(OFFER, service_code="adidas"))

    assert ["Adidas", "Zalo", "WhatsApp"] == await service_names(shop)
    assert ["Zalo", "Adidas", "WhatsApp"] == await service_names(shop, BOB)


async def test_rented_countries_go_first(shop: Shop) -> None:
    """Countries follow the same order."""
    await shop.waiting(replace(OFFER, country_id="0"))

    assert ["Russia", "United States"] == [
        country.name for country in await shop.catalog.countries(ANN)
    ]


async def test_only_what_is_in_stock(shop: Shop, provider: ScriptedProvider) -> None:
    """What is sold out is not shown."""
    provider.always("services", [*services("WhatsApp"), Service("tg", "Telegram", ONE, 0)])

    assert ["WhatsApp"] == await service_names(shop)


@pytest.mark.parametrize(
    ("err", "expected"),
    [
        (AWAY, ProviderAway),
        (NotSent("x"), ProviderAway),
        (RateLimited(5.0), ProviderBusy),
        (Refused(ErrorCode.MAINTENANCE, "MAINTENANCE", "", 503), ProviderSaysNo),
    ],
)
async def test_nothing_at_hand(
    shop: Shop, provider: ScriptedProvider, err: BloomsmsError, expected: type[Refusal]
) -> None:
    """Without a list the person hears why."""
    provider.always("services", err)

    with pytest.raises(expected):
        await shop.catalog.services(ANN, "187")


@pytest.mark.parametrize(
    ("country_id", "expected"),
    [("any", ANYWHERE), ("187", COUNTRIES[1]), ("99", None), ("", None)],
)
async def test_a_country_by_its_id(shop: Shop, country_id: str, expected: Country | None) -> None:
    """A known country, any country, or none."""
    assert expected == await shop.catalog.country(country_id)


async def test_a_country_nobody_knows_is_not_asked_about(
    shop: Shop, provider: ScriptedProvider
) -> None:
    """A made-up country costs no request and no memory."""
    with pytest.raises(OutOfStock):
        await shop.catalog.services(ANN, "99")

    assert ["countries"] == provider.asked


async def test_any_country_has_prices_of_its_own(shop: Shop, provider: ScriptedProvider) -> None:
    """Where the provider knows any country, its answer is shown."""
    await shop.catalog.services(ANN, "any")

    assert ["services any"] == provider.asked


async def test_any_country_that_the_provider_does_not_know(
    shop: Shop, provider: ScriptedProvider
) -> None:
    """Else the prices of its default country stand in."""
    unknown = Refused(ErrorCode.INVALID_PARAMETER, "INVALID_PARAMETER", "country", 422)
    provider.next("services", unknown)

    assert SERVICES == await shop.catalog.services(ANN, "any")
    assert ["services any", "services 187"] == provider.asked


@pytest.mark.parametrize(
    "code", [ErrorCode.INVALID_API_KEY, ErrorCode.ACCOUNT_SUSPENDED, ErrorCode.MAINTENANCE]
)
async def test_a_refusal_that_is_not_about_the_country(
    shop: Shop, provider: ScriptedProvider, code: ErrorCode
) -> None:
    """Where nothing can be had, no second request is made."""
    provider.next("services", Refused(code, code.value, "", 503))

    with pytest.raises(ProviderSaysNo):
        await shop.catalog.services(ANN, "any")

    assert ["services any"] == provider.asked


async def test_the_usual_country(shop: Shop) -> None:
    """Where a person rented last; before that, the provider's default."""
    first = await shop.catalog.usual_country(ANN)
    await shop.became(await shop.waiting(replace(OFFER, country_id="0")), State.EXPIRED)
    await shop.offered()

    assert [COUNTRIES[1], COUNTRIES[0]] == [first, await shop.catalog.usual_country(ANN)]


async def test_a_usual_country_that_is_gone(shop: Shop) -> None:
    """A country that is not on offer any more is any country."""
    await shop.waiting(replace(OFFER, country_id="99"))

    assert ANYWHERE == await shop.catalog.usual_country(ANN)


@pytest.mark.parametrize(
    ("text", "found_services", "found_countries"),
    [
        ("tele", ["Telegram"], []),
        ("  WHATS ", ["WhatsApp"], []),
        ("us", [], ["Russia"]),
        ("u", [], ["United States", "Russia"]),
        ("a", ["WhatsApp", "Telegram"], ["United States", "Russia"]),
        ("nothing", [], []),
        (".*", [], []),
    ],
)
async def test_search(
    shop: Shop, text: str, found_services: list[str], found_countries: list[str]
) -> None:
    """Names that hold the text, whatever its case, in the usual order."""
    services_, countries = await shop.catalog.search(ANN, text, "187")

    assert found_services == [service.name for service in services_]
    assert found_countries == [country.name for country in countries]
