"""How old a list may be: good as it is, shown while a newer one comes, or waited for."""

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from activations.catalog import Country, Service
from activations.errors import ProviderAway
from bloomsms.errors import Unreadable
from storage.database import Database
from tests.activations.scripted_provider import COUNTRIES, SERVICES, ScriptedProvider
from tests.activations.shop import Shop
from tests.made_up import ANN
from tests.moved_clock import MovedClock

AWAY = Unreadable("no answer")
DEARER = [replace(SERVICES[0], price=Decimal("0.60")), *SERVICES[1:]]


async def prices(shop: Shop, country_id: str = "187") -> list[Service]:
    return await shop.catalog.services(ANN, country_id)


@pytest.fixture
async def browsed(shop: Shop, provider: ScriptedProvider) -> Shop:
    """Somebody has seen the countries and the prices of one; what they ask now is dearer."""
    await prices(shop)
    provider.asked.clear()
    provider.always("services", DEARER)
    return shop


@pytest.mark.parametrize("seconds", [0, 60], ids=["at once", "a minute"])
async def test_young_prices(
    browsed: Shop, provider: ScriptedProvider, clock: MovedClock, seconds: float
) -> None:
    """Browsing a minute long asks once."""
    clock.move(seconds)
    shown = await prices(browsed)
    await browsed.catalog.run_pass(provider)

    assert SERVICES == shown
    assert [] == provider.asked


@pytest.mark.parametrize("seconds", [60.1, 600], ids=["a minute", "ten minutes"])
async def test_older_prices_are_shown_while_new_ones_come(
    browsed: Shop, provider: ScriptedProvider, clock: MovedClock, seconds: float
) -> None:
    """Nobody waits for newer prices: a pass fetches them once for all who saw the old ones."""
    clock.move(seconds)
    before = [await prices(browsed) for _ in range(10)]
    asked_before = list(provider.asked)
    for _ in range(3):
        await browsed.catalog.run_pass(provider)

    assert [SERVICES] * 10 == before
    assert [] == asked_before
    assert DEARER == await prices(browsed)
    assert ["services 187"] == provider.asked


async def test_prices_too_old_to_show(
    browsed: Shop, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """After ten minutes new prices are waited for."""
    clock.move(600.1)

    assert DEARER == await prices(browsed)
    assert ["services 187"] == provider.asked


@pytest.mark.parametrize(
    ("hours", "at_once", "after_a_pass"),
    [(24, COUNTRIES[0], 0), (24.1, COUNTRIES[0], 1), (7 * 24 + 0.1, Country("0", "New"), 1)],
    ids=["a day", "more", "more than a week"],
)
async def test_countries(
    browsed: Shop,
    provider: ScriptedProvider,
    clock: MovedClock,
    hours: float,
    at_once: Country,
    after_a_pass: int,
) -> None:
    """Countries are good for a day and shown for a week."""
    provider.always("countries", [Country("0", "New")])
    clock.move(hours=hours)
    found = await browsed.catalog.country("0")
    await browsed.catalog.run_pass(provider)

    assert at_once == found
    assert after_a_pass == provider.count("countries")


async def test_no_countries_at_all(shop: Shop, provider: ScriptedProvider) -> None:
    """A list without a single country is a fault of the moment: the next one asks again."""
    provider.next("countries", [])
    with pytest.raises(ProviderAway):
        await shop.catalog.countries(ANN)

    assert set(COUNTRIES) == set(await shop.catalog.countries(ANN))


@pytest.mark.parametrize(("seconds", "expected"), [(5, SERVICES), (5.1, DEARER)])
async def test_an_offer_has_the_price_of_now(
    browsed: Shop, provider: ScriptedProvider, clock: MovedClock, seconds: float, expected: object
) -> None:
    """For an offer a price is at most five seconds old, whatever the list shows."""
    clock.move(seconds)

    assert expected[0] == await browsed.catalog.fresh_service("187", "wa")  # type: ignore[index]  # lists both
    assert int(seconds > 5) == provider.count("services")


async def test_an_old_price_makes_no_offer(
    browsed: Shop, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """For an offer an old price is not good enough, also while the list still shows it."""
    clock.move(61)
    provider.always("services", AWAY)
    shown = await prices(browsed)

    with pytest.raises(ProviderAway):
        await browsed.catalog.fresh_service("187", "wa")

    assert SERVICES == shown


async def test_what_an_offer_fetched_is_shown_to_all(
    browsed: Shop, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """An offer renews the list as well: no pass asks once more."""
    clock.move(61)
    await prices(browsed)
    await browsed.catalog.fresh_service("187", "wa")
    await browsed.catalog.run_pass(provider)

    assert DEARER == await prices(browsed)
    assert ["services 187"] == provider.asked


async def test_a_hundred_offers_cost_one_request(browsed: Shop, provider: ScriptedProvider) -> None:
    """Whoever opens a confirm card within five seconds shares the same request."""
    await browsed.catalog.forget_prices("187")
    found = await asyncio.gather(*(browsed.catalog.fresh_service("187", "wa") for _ in range(100)))

    assert [DEARER[0]] * 100 == found
    assert ["services 187"] == provider.asked


@pytest.mark.parametrize(
    ("minutes", "is_shown"), [(10, True), (10.1, False)], ids=["ten minutes", "more"]
)
async def test_an_outage(
    browsed: Shop, provider: ScriptedProvider, clock: MovedClock, minutes: float, *, is_shown: bool
) -> None:
    """While the provider is away, prices of the last ten minutes are shown."""
    clock.move(minutes=minutes)
    provider.always("services", AWAY)

    if is_shown:
        assert SERVICES == await prices(browsed)
    else:
        with pytest.raises(ProviderAway):
            await prices(browsed)


async def test_a_failing_refresh_keeps_what_there_is(
    browsed: Shop, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """A refresh that fails is not noticed, and not tried again within fifteen seconds."""
    clock.move(61)
    provider.always("services", AWAY)
    for _ in range(30):
        assert SERVICES == await prices(browsed)
        await browsed.catalog.run_pass(provider)
        clock.move(0.99)

    assert 2 == provider.count("services")


async def test_a_slow_refresh_holds_nobody_up(
    browsed: Shop, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """While a refresh is on its way the old prices are shown, and no second one begins."""
    clock.move(61)
    await prices(browsed)
    provider.gate.clear()
    refresh = asyncio.create_task(browsed.catalog.run_pass(provider))
    await provider.is_asked(1)
    clock.move(30)
    shown = await prices(browsed)
    await browsed.catalog.run_pass(provider)
    provider.gate.set()
    await refresh

    assert SERVICES == shown
    assert ["services 187"] == provider.asked


async def test_an_offer_joins_a_refresh(
    browsed: Shop, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """A request that is on its way also serves the one who must have the price of now."""
    clock.move(61)
    await prices(browsed)
    provider.gate.clear()
    refresh = asyncio.create_task(browsed.catalog.run_pass(provider))
    await provider.is_asked(1)
    offer = asyncio.create_task(browsed.catalog.fresh_service("187", "wa"))
    await asyncio.sleep(0)
    provider.gate.set()
    await refresh

    assert DEARER[0] == await offer
    assert ["services 187"] == provider.asked


async def test_an_offer_outlives_a_failing_refresh(
    browsed: Shop, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """When the refresh fails, the one who joined it asks in their own name."""
    clock.move(61)
    await prices(browsed)
    provider.next("services", AWAY)
    provider.gate.clear()
    refresh = asyncio.create_task(browsed.catalog.run_pass(provider))
    await provider.is_asked(1)
    offer = asyncio.create_task(browsed.catalog.fresh_service("187", "wa"))
    await asyncio.sleep(0)
    provider.gate.set()
    await refresh

    assert DEARER[0] == await offer
    assert 2 == provider.count("services")


@pytest.mark.parametrize(("seconds", "requests"), [(5, 1), (5.1, 2)])
async def test_an_answer_asked_for_long_ago(
    browsed: Shop, provider: ScriptedProvider, clock: MovedClock, seconds: float, requests: int
) -> None:
    """A request that left more than five seconds before the press says too little about now."""
    await browsed.catalog.forget_prices("187")
    provider.gate.clear()
    first = asyncio.create_task(browsed.catalog.fresh_service("187", "wa"))
    await provider.is_asked(1)
    clock.move(seconds)
    second = asyncio.create_task(browsed.catalog.fresh_service("187", "wa"))
    await asyncio.sleep(0)
    provider.gate.set()

    assert [DEARER[0]] * 2 == [await first, await second]
    assert requests == provider.count("services")


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


async def test_a_clock_that_was_set_back(
    browsed: Shop, database: Database, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """Prices that a process before this one read in a future are of an unknown age: no offer."""
    clock.step(hours=-1)
    restarted = Shop(database, provider, clock)

    assert DEARER[0] == await restarted.catalog.fresh_service("187", "wa")


@pytest.mark.parametrize("hours", [-720, -1, 1, 720])
async def test_a_clock_that_is_set_while_it_runs(
    browsed: Shop, provider: ScriptedProvider, clock: MovedClock, hours: int
) -> None:
    """What this process read keeps its age, whatever the clock says."""
    asked = len(provider.asked)
    clock.step(hours=hours)
    await prices(browsed, "187")
    young = len(provider.asked)
    clock.move(minutes=11)
    await prices(browsed, "187")

    assert (asked, asked + 1) == (young, len(provider.asked))


async def test_forgotten_prices(shop: Shop, provider: ScriptedProvider) -> None:
    """Prices that proved wrong are fetched anew, those of other countries stay."""
    for country_id in ("187", "0"):
        await prices(shop, country_id)
    await shop.catalog.forget_prices("187")
    await shop.catalog.forget_prices("16")
    for country_id in ("187", "0"):
        await prices(shop, country_id)

    assert ["services 187", "services 0", "services 187"] == provider.asked[1:]


async def test_a_restart_costs_no_request(
    browsed: Shop, database: Database, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """The next process shows what this one fetched, a hundred people at once."""
    provider.always("countries", AWAY)
    provider.always("services", AWAY)
    clock.move(60)
    restarted = Shop(database, provider, clock)
    shown = await asyncio.gather(*(prices(restarted) for _ in range(100)))

    assert [SERVICES] * 100 == shown
    assert [] == provider.asked


async def test_an_outage_over_a_restart(
    browsed: Shop, database: Database, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """Old lists are shown while the provider is away, also by the next process."""
    provider.always("countries", AWAY)
    provider.always("services", AWAY)
    clock.move(minutes=10)
    restarted = Shop(database, provider, clock)
    shown = await prices(restarted)
    await restarted.catalog.run_pass(provider)

    assert SERVICES == shown
    assert ["services 187"] == provider.asked


async def test_forgotten_prices_stay_forgotten(
    browsed: Shop, database: Database, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """Prices that proved wrong do not come back with the next process."""
    await browsed.catalog.forget_prices("187")

    assert DEARER == await prices(Shop(database, provider, clock))


async def test_a_list_that_cannot_be_written(browsed: Shop, database: Database) -> None:
    """Where nothing can be written, people see prices all the same."""
    async with database.transaction() as db:
        await db.execute("drop table lists")
        await db.execute("create table lists (kind, key, body, asked_at_ms)")
        await db.execute(
            "create trigger full before insert on lists begin select raise(abort, ''); end"
        )
    await browsed.catalog.forget_prices("187")

    assert DEARER == await prices(browsed)


async def test_only_the_last_lists_stay_in_memory(
    shop: Shop, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """Lists beyond the room in memory come back from the rows, without a request."""
    many = [Service(f"s{n}", f"Service {n}", Decimal("0.1"), 5) for n in range(15_000)]
    provider.always("services", many)
    provider.always("countries", [Country(str(n), f"Country {n}") for n in range(4)])
    for country_id in "0123":
        await prices(shop, country_id)
    clock.move(60)
    shown = await asyncio.gather(*(prices(shop, "0") for _ in range(5)))

    assert [15_000] * 5 == [len(one) for one in shown]
    assert 4 == provider.count("services")
