"""Another currency than US dollars closes renting, and owners are told once."""

from decimal import Decimal

import pytest

from activations.account import Account
from activations.errors import NotInDollars, OutOfStock
from activations.health import Condition, ProviderHealth
from activations.notes import NoteKind
from bloomsms.errors import ErrorCode, OtherCurrency, Refused, Unreadable
from bloomsms.models import Balance, Service
from tests.activations.scripted_provider import ScriptedProvider
from tests.activations.shop import OWNERS, Shop
from tests.made_up import OLGA
from tests.moved_clock import MovedClock

EUROS = Balance(Decimal(100), "EUR")


@pytest.fixture
def health(shop: Shop, clock: MovedClock) -> ProviderHealth:
    return ProviderHealth(shop.notes, clock, OWNERS)


def hears(health: ProviderHealth, place: str, currency: str) -> None:
    """An answer that names a currency."""
    health.observe(None)
    health.note_currency(place, currency)


def refused(health: ProviderHealth) -> str:
    assert health.refusal is None or isinstance(health.refusal, NotInDollars)
    return health.refusal.currency if health.refusal else ""


@pytest.mark.parametrize("place", ["balance", "services 187", "order"])
async def test_it_closes_renting(
    health: ProviderHealth, shop: Shop, provider: ScriptedProvider, place: str
) -> None:
    """Wherever it is named, no order leaves, and owners hear of it once, with its name."""
    hears(health, place, "EUR")
    for _ in range(3):
        await health.run_pass(provider)
    told = [note for note in await shop.told() if note.user_id == OLGA]

    assert ("EUR", Condition.CURRENCY) == (refused(health), health.condition)
    assert [(NoteKind.OWNER_PROVIDER, "other_currency", "EUR")] == [
        (note.kind, note.words["condition"], note.words["currency"]) for note in told
    ]


async def test_a_balance_in_dollars_opens_it(
    health: ProviderHealth, shop: Shop, provider: ScriptedProvider
) -> None:
    """When the balance is in dollars again everything is, and owners hear that."""
    for place in ("balance", "services 187", "order"):
        hears(health, place, "EUR")
    await health.run_pass(provider)
    hears(health, "balance", "USD")
    await health.run_pass(provider)
    words = [n.words["condition"] for n in await shop.told() if n.user_id == OLGA]

    assert ("", Condition.WELL) == (refused(health), health.condition)
    assert ["other_currency", "well"] == words


async def test_answers_that_name_none(health: ProviderHealth) -> None:
    """Renting stays closed through answers and outages that say nothing of money."""
    hears(health, "balance", "EUR")
    health.observe(None)
    health.observe(Refused(ErrorCode.NO_NUMBERS_AVAILABLE, "NO_NUMBERS_AVAILABLE", "", 400))
    assert "EUR" == refused(health)
    health.observe(Refused(ErrorCode.MAINTENANCE, "MAINTENANCE", "", 503))
    health.observe(Unreadable("no answer"))
    health.observe(None)

    assert "EUR" == refused(health)


async def test_a_refused_key_counts_more(health: ProviderHealth) -> None:
    """What keeps requests from being answered at all is not hidden by a currency."""
    health.observe(Refused(ErrorCode.INVALID_API_KEY, "INVALID_API_KEY", "", 401))
    health.note_currency("balance", "EUR")

    assert Condition.KEY_REFUSED is health.condition


async def test_prices_alone(health: ProviderHealth, clock: MovedClock) -> None:
    """Prices in euros beside a balance in dollars close renting until those prices are right."""
    hears(health, "services 187", "EUR")
    hears(health, "services 0", "USD")
    clock.move(599)
    hears(health, "balance", "USD")
    assert "EUR" == refused(health)
    hears(health, "services 187", "USD")

    assert not refused(health)


async def test_prices_that_are_not_seen_again(health: ProviderHealth, clock: MovedClock) -> None:
    """Where the prices are not looked at again the balance decides after ten minutes."""
    hears(health, "services 187", "EUR")
    clock.step(hours=1)
    hears(health, "balance", "USD")
    assert "EUR" == refused(health)
    clock.move(600)
    hears(health, "balance", "USD")

    assert not refused(health)


async def test_the_balance_says_which(health: ProviderHealth) -> None:
    """Only a balance in another currency makes every price doubtful."""
    named = []
    for place, currency in (("services 187", "EUR"), ("balance", "GBP"), ("balance", "USD")):
        hears(health, place, currency)
        named.append(health.currency.of_balance)

    assert ["", "GBP", ""] == named


async def test_the_books_do_not_compare_it(shop: Shop, provider: ScriptedProvider) -> None:
    """A balance in another currency is no reading: orders are not settled by it."""
    provider.next("balance", EUROS)
    await shop.books.run_pass(provider)
    assert await shop.account.expected() is None
    shop.clock.move(60)
    await shop.books.run_pass(provider)

    assert await shop.account.expected() is not None


async def test_prices_in_another_currency_are_told(shop: Shop, provider: ScriptedProvider) -> None:
    """People who open the list hear which currency it is in, not that the provider is away."""
    provider.next("services", OtherCurrency("EUR"))

    with pytest.raises(NotInDollars) as caught:
        await shop.catalog.fresh_service("187", "wa")

    assert "EUR" == caught.value.currency


async def test_the_account_shows_it(shop: Shop, provider: ScriptedProvider) -> None:
    """A balance in euros is a balance in euros."""
    provider.next("balance", EUROS)

    assert EUROS == await Account(provider, shop.clock, lambda: 0).balance()


@pytest.mark.parametrize(("stock", "is_offered"), [(None, True), (0, False), (1, True)])
async def test_unknown_stock_is_not_none(
    shop: Shop, provider: ScriptedProvider, stock: int | None, *, is_offered: bool
) -> None:
    """A service is on offer unless the provider says that there is none; also when kept."""
    provider.always("services", [Service("wa", "WhatsApp", Decimal("0.55"), stock)])
    listed = [await shop.catalog.services(1, "187") for _ in range(2)]
    try:
        found = await shop.catalog.fresh_service("187", "wa")
    except OutOfStock:
        found = None

    assert [is_offered] * 3 == [*map(bool, listed), found is not None]


def test_maintenance_hides_no_other_currency(shop: Shop) -> None:
    """A refusal of the provider's does not open renting in another currency."""
    health = ProviderHealth(shop.notes, shop.clock, frozenset())
    health.note_currency("balance", "RUB")
    health.observe(Refused(ErrorCode.MAINTENANCE, "MAINTENANCE", "", 503))

    assert isinstance(health.refusal, NotInDollars)
