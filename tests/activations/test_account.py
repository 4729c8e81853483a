"""The account's balance, asked for once by all who ask at once."""

import asyncio
import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from activations.account import Account
from activations.clock import SystemClock
from activations.errors import ProviderAway, ProviderBusy, ProviderSaysNo, Refusal
from bloomsms.errors import BloomsmsError, ErrorCode, RateLimited, Refused, Unreadable
from bloomsms.models import Balance
from tests.activations.scripted_provider import BALANCE, ScriptedProvider
from tests.moved_clock import MovedClock


@pytest.mark.parametrize(("seconds", "asked"), [(0, 1), (0.5, 1), (0.6, 2)])
async def test_the_balance_of_now(
    provider: ScriptedProvider, clock: MovedClock, seconds: float, asked: int
) -> None:
    """Those who ask within half a second share the answer."""
    account = Account(provider, clock, lambda: 0)
    first = await account.balance()
    provider.always("balance", Balance(Decimal(1), "USD"))
    clock.move(seconds)

    second = await account.balance()

    assert asked == len(provider.asked)
    assert (BALANCE, Decimal(1) if asked == 2 else BALANCE.amount) == (first, second.amount)


@pytest.mark.parametrize(
    ("err", "expected"),
    [
        (Unreadable("x"), ProviderAway),
        (RateLimited(5.0), ProviderBusy),
        (Refused(ErrorCode.MAINTENANCE, "MAINTENANCE", "", 503), ProviderSaysNo),
    ],
)
async def test_no_balance(
    provider: ScriptedProvider, clock: MovedClock, err: BloomsmsError, expected: type[Refusal]
) -> None:
    """Why there is none can be told to a person; the next one asks again."""
    account = Account(provider, clock, lambda: 0)
    provider.next("balance", err)

    with pytest.raises(expected):
        await account.balance()

    assert BALANCE == await account.balance()


@pytest.mark.parametrize(
    ("minutes", "amount", "is_old"),
    [(0, BALANCE.amount, False), (1, BALANCE.amount, True), (10.1, None, True)],
    ids=["just read", "older", "too old"],
)
async def test_a_glance(
    provider: ScriptedProvider,
    clock: MovedClock,
    minutes: float,
    amount: Decimal | None,
    is_old: bool,
) -> None:
    """A balance that was read lately is at hand without asking; an older one is to be renewed."""
    account = Account(provider, clock, lambda: 0)
    await account.balance()
    clock.move(minutes=minutes)

    seen = account.glance()

    assert (amount, is_old) == (seen.amount if seen else None, account.is_glance_old)
    assert 1 == len(provider.asked)


async def test_no_glance_across_an_order(provider: ScriptedProvider, clock: MovedClock) -> None:
    """A balance from before money moved is not shown any more; the next one is."""
    moved = 0
    account = Account(provider, clock, lambda: moved)
    seen = [account.glance()]
    await account.balance()
    moved = 1
    seen.append(account.glance())
    await account.balance()

    assert [None, None, BALANCE] == [*seen, account.glance()]


async def test_nobody_asks_twice(provider: ScriptedProvider, clock: MovedClock) -> None:
    """While an old glance is being renewed, it need not be again."""
    account = Account(provider, clock, lambda: 0)
    await account.balance()
    clock.move(minutes=1)
    provider.gate.clear()
    asking = asyncio.create_task(account.balance())
    await provider.is_asked(2)
    while_asking = account.is_glance_old
    provider.gate.set()
    await asking

    assert (False, False) == (while_asking, account.is_glance_old)


def test_the_systems_clock() -> None:
    """The time is aware and in UTC."""
    now = SystemClock().now()

    assert UTC is now.tzinfo
    assert abs((datetime.now(UTC) - now).total_seconds()) < 60
    assert re.fullmatch(r"\d{4}-.*\+00:00", now.isoformat())
