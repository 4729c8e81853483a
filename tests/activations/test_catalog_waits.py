"""Many who want the same list: one request serves them all, whoever began it."""

import asyncio

from activations.errors import ProviderAway
from bloomsms.errors import Unreadable
from tests.activations.scripted_provider import SERVICES, ScriptedProvider
from tests.activations.shop import Shop
from tests.made_up import ANN
from tests.moved_clock import MovedClock

AWAY = Unreadable("no answer")


async def test_one_fetch_serves_everybody(shop: Shop, provider: ScriptedProvider) -> None:
    """Whoever asks while the list is on its way gets the same list."""
    provider.gate.clear()
    waiting = [
        asyncio.create_task(asyncio.wait_for(shop.catalog.services(ANN, "187"), 5))
        for _ in range(10)
    ]
    await provider.is_asked(1)
    provider.gate.set()

    assert [SERVICES] * 10 == await asyncio.gather(*waiting)
    assert ["countries", "services 187"] == provider.asked


async def test_those_who_wait_share_the_failure(
    shop: Shop, provider: ScriptedProvider, clock: MovedClock
) -> None:
    """One request that fails is told to everybody who waited for it."""
    await shop.catalog.countries(ANN)
    clock.move(days=8)
    provider.always("countries", AWAY)
    provider.gate.clear()
    waiting = [
        asyncio.create_task(asyncio.wait_for(shop.catalog.countries(ANN), 5)) for _ in range(5)
    ]
    await provider.is_asked(2)
    provider.gate.set()
    ends = await asyncio.gather(*waiting, return_exceptions=True)

    assert [ProviderAway] * 5 == [type(end) for end in ends]
    assert 2 == len(provider.asked)


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
        await shop.catalog.forget_prices("187")

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
        asyncio.create_task(asyncio.wait_for(shop.catalog.services(ANN, "187"), 5))
        for _ in range(2)
    )
    await provider.is_asked(2)
    first.cancel()
    await asyncio.wait([first])
    provider.gate.set()

    assert SERVICES == await second


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
