"""The provider's lists as rows: exact, replaced by newer ones, dropped when too old for anybody."""

import logging
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bloomsms.models import Country, Service
from storage.catalog import ListRows, country_rows, service_rows
from storage.database import Database
from tests.moved_clock import START

TEN_MINUTES = timedelta(minutes=10)
SERVICES = [
    Service("wa", "WhatsApp", Decimal("0.55"), 980),
    Service("x-1", '«Вконтакте» "x"', Decimal("0.000001"), 0),
    Service("0", "微信 & 支付宝", Decimal(1_000_000), 999_999_999_999),
]


@pytest.fixture
def services(database: Database) -> ListRows[Service]:
    return service_rows(database, TEN_MINUTES)


async def test_services_come_back_as_they_were(services: ListRows[Service]) -> None:
    """Prices are exact, odd names show to the letter, the order is kept."""
    await services.keep("187", START, SERVICES)

    assert (START, SERVICES) == await services.read("187")


async def test_prices_are_whole_micro_dollars(
    services: ListRows[Service], database: Database
) -> None:
    """Money at rest is an integer."""
    await services.keep("187", START, SERVICES[:1])
    row = await database.row("select body from lists")

    assert row is not None
    assert '[["wa", "WhatsApp", 550000, 980]]' == row["body"]


async def test_countries_come_back_after_a_restart(path: Path) -> None:
    """The next process reads what this one kept."""
    countries = [Country("187", "United States"), Country("0", "Côte d'Ivoire")]
    async with Database.opened(path) as database:
        await country_rows(database, timedelta(days=7)).keep("", START, countries)

    async with Database.opened(path) as database:
        assert (START, countries) == await country_rows(database, timedelta(days=7)).read("")


async def test_a_newer_list_replaces_the_older(services: ListRows[Service]) -> None:
    """One list a key."""
    later = START + timedelta(seconds=1)
    await services.keep("187", START, SERVICES)
    await services.keep("187", later, [])

    assert (later, []) == await services.read("187")


async def test_lists_too_old_for_anybody_go(
    services: ListRows[Service], database: Database
) -> None:
    """What is older than it may be shown takes no room; other kinds have other ages."""
    await country_rows(database, timedelta(days=7)).keep("", START, [])
    await services.keep("0", START, SERVICES)
    await services.keep("1", START + timedelta(seconds=1), SERVICES)
    await services.keep("2", START + TEN_MINUTES + timedelta(seconds=1), SERVICES)
    rows = await database.rows("select kind, key from lists order by kind, key")

    assert [("countries", ""), ("services", "1"), ("services", "2")] == [tuple(r) for r in rows]


async def test_forgotten(services: ListRows[Service]) -> None:
    """A forgotten list is gone, the others stay."""
    for key in ("0", "187"):
        await services.keep(key, START, SERVICES)
    await services.forget("0")

    assert [None, (START, SERVICES)] == [await services.read(key) for key in ("0", "187")]


async def test_what_cannot_be_written(
    services: ListRows[Service], database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """A failing database costs a log line, not the list that just came."""
    async with database.transaction() as db:
        await db.execute("drop table lists")

    with caplog.at_level(logging.WARNING):
        await services.keep("187", START, SERVICES)
        await services.forget("187")

    assert 2 == caplog.text.count("could not be written: no such table: lists")
