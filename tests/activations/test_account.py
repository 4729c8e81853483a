"""The account's balance, asked for once by all who ask at once."""

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
    account = Account(provider, clock)
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
    account = Account(provider, clock)
    provider.next("balance", err)

    with pytest.raises(expected):
        await account.balance()

    assert BALANCE == await account.balance()


def test_the_systems_clock() -> None:
    """The time is aware and in UTC."""
    now = SystemClock().now()

    assert UTC is now.tzinfo
    assert abs((datetime.now(UTC) - now).total_seconds()) < 60
    assert re.fullmatch(r"\d{4}-.*\+00:00", now.isoformat())
