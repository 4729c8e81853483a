"""What can be rented: fetched once for everybody, kept for a while, most wanted first."""

import asyncio
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
from tests.moved_clock import MovedClock

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


async def test_one_fetch_serves_everybody(shop: Shop, provider: ScriptedProvider) -> None:
    """Whoever asks while the list is on its way gets the same list."""
    provider.gate.clear()
    waiting = [asyncio.create_task(asyncio.wait_for(service_names(shop), 5)) for _ in range(10)]
    await provider.is_asked(1)
    provider.gate.set()

    assert [["WhatsApp", "Telegram"]] * 10 == await asyncio.gather(*waiting)
    assert ["countries", "services 187"] == provider.asked


async def test_those_who_wait_share_the_failure(shop: Shop, provider: ScriptedProvider) -> None:
    """One request that fails is told to everybody who waited for it."""
    provider.always("countries", AWAY)
    provider.gate.clear()
    waiting = [
        asyncio.create_task(asyncio.wait_for(shop.catalog.countries(ANN), 5)) for _ in range(5)
    ]
    await provider.is_asked(1)
    provider.gate.set()
    ends = await asyncio.gather(*waiting, return_exceptions=True)

    assert [ProviderAway] * 5 == [type(end) for end in ends]
    assert 1 == len(provider.asked)


async def test_prices_forgotten_just_as_they_come(shop: Shop, provider: ScriptedProvider) -> None:
    """Whoever waited for prices gets some, also when an order proves them wrong that moment."""
    await shop.catalog.countries(ANN)
    provider.gate.clear()
    first, second = (
        asyncio.create_task(asyncio.wait_for(shop.catalog.services(ANN, "187"), 5))
        for _ in range(2)
    )
    await provider.is_asked(2)

    async def forget() -> None:
        await provider.gate.wait()
        shop.catalog.forget_prices("187")

    forgetting = asyncio.create_task(forget())
    await asyncio.sleep(0)
    provider.gate.set()

    found = await asyncio.gather(first, second)
    await forgetting

    assert [SERVICES, SERVICES] == list(found)


async def test_who_gives_up_does_not_stop_the_others(
    shop: Shop, provider: ScriptedProvider
) -> None:
    """When the one whose fetch it was leaves, the next one fetches."""
    await shop.catalog.countries(ANN)
    provider.gate.clear()
    first, second = (
        asyncio.create_task(asyncio.wait_for(service_names(shop), 5)) for _ in range(2)
    )
    await provider.is_asked(2)
    first.cancel()
    await asyncio.wait([first])
    provider.gate.set()

    assert ["WhatsApp", "Telegram"] == await second


async def test_countries_of_one_do_not_wait_for_another(
    shop: Shop, provider: ScriptedProvider
) -> None:
    """A list that is slow to come does not hold up another country's."""
    await shop.catalog.countries(ANN)
    provider.gate.clear()
    slow = asyncio.create_task(asyncio.wait_for(shop.catalog.services(ANN, "0"), 5))
    await provider.is_asked(2)
    other = asyncio.create_task(asyncio.wait_for(shop.catalog.services(ANN, "187"), 5))
    await provider.is_asked(3)
    provider.gate.set()

    assert SERVICES == await slow == await other


@pytest.mark.parametrize(
    ("seconds", "fetches"), [(0, 1), (60, 1), (60.1, 2)], ids=["at once", "a minute", "later"]
)
async def test_prices_are_kept_for_a_minute(
    shop: Shop, provider: ScriptedProvider, clock: MovedClock, seconds: float, fetches: int
) -> None:
    """Browsing a minute long asks once."""
    await service_names(shop)
    clock.move(seconds)
    await service_names(shop)

    assert fetches == provider.count("services")


@pytest.mark.parametrize(("seconds", "fetches"), [(5, 1), (5.1, 2)])
async def test_an_offer_has_the_price_of_now(
    shop: Shop, provider: ScriptedProvider, clock: MovedClock, seconds: float, fetches: int
) -> None:
    """For an offer a price is at most five seconds old."""
    await service_names(shop)
    clock.move(seconds)

    assert SERVICES[0] == await shop.catalog.fresh_service("187", "wa")
    assert fetches == provider.count("services")


async def test_an_answer_that_takes_its_time(
    shop: Shop, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """An answer that took longer than it may be old is new when it comes; nobody asks again."""

    def slow(_country_id: str) -> list[Service]:
        clock.move(6)
        return SERVICES

    provider.next("services", slow, slow)

    assert SERVICES[0] == await shop.catalog.fresh_service("187", "wa")
    assert 1 == provider.count("services")


@pytest.mark.parametrize(("hours", "fetches"), [(24, 1), (24.1, 2)])
async def test_countries_are_kept_for_a_day(
    shop: Shop, provider: ScriptedProvider, clock: MovedClock, hours: float, fetches: int
) -> None:
    """Countries rarely change."""
    await shop.catalog.countries(ANN)
    clock.move(hours=hours)
    await shop.catalog.countries(ANN)

    assert fetches == provider.count("countries")


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
    ("minutes", "is_shown"), [(10, True), (10.1, False)], ids=["ten minutes", "more"]
)
async def test_an_old_list_is_better_than_none(
    shop: Shop, provider: ScriptedProvider, clock: MovedClock, minutes: float, *, is_shown: bool
) -> None:
    """While the provider is away, prices of the last ten minutes are shown."""
    await service_names(shop)
    clock.move(minutes=minutes)
    provider.always("services", AWAY)

    if is_shown:
        assert ["WhatsApp", "Telegram"] == await service_names(shop)
    else:
        with pytest.raises(ProviderAway):
            await service_names(shop)


async def test_an_old_price_makes_no_offer(
    shop: Shop, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """For an offer an old price is not good enough."""
    await service_names(shop)
    clock.move(6)
    provider.always("services", AWAY)

    with pytest.raises(ProviderAway):
        await shop.catalog.fresh_service("187", "wa")


async def test_old_countries_are_better_than_none(
    shop: Shop, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """While the provider is away, the countries of the last week will do."""
    await shop.catalog.countries(ANN)
    provider.always("countries", AWAY)
    clock.move(days=7)
    shown = await shop.catalog.countries(ANN)
    clock.move(1)

    with pytest.raises(ProviderAway):
        await shop.catalog.countries(ANN)

    assert set(COUNTRIES) == set(shown)


async def test_forgotten_prices(shop: Shop, provider: ScriptedProvider) -> None:
    """Prices that proved wrong are fetched anew, those of other countries stay."""
    for country_id in ("187", "0"):
        await shop.catalog.services(ANN, country_id)
    shop.catalog.forget_prices("187")
    shop.catalog.forget_prices("16")
    for country_id in ("187", "0"):
        await shop.catalog.services(ANN, country_id)

    assert ["services 187", "services 0", "services 187"] == provider.asked[1:]


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
