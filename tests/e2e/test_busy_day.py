"""A busy day in a minute: many people, faults of every kind on both sides, and then the books."""

import asyncio
import random
from collections import Counter
from functools import partial
from itertools import cycle

import pytest

from sandbox.bloomsms_server import BloomsmsServer
from sandbox.person import Person
from sandbox.telegram_chats import Message
from tests.e2e.books import books_agree, copies, paid, rows, taken_micros
from tests.e2e.conftest import World

PEOPLE = 10
RENTALS_EACH = 4
SHARE_OF_FAULTS = 0.05
# Lists are kept, so few requests go to the provider; more of them fail, for every kind to strike.
SHARE_OF_BLOOMSMS = 0.12
LIMIT = 6000
MICROS = 1_000_000
LATEST_S = 30.0
OF_BLOOMSMS = (
    "hang_up_before", "hang_up_after_accept", "bad_gateway", "bad_gateway_after", "provider_error",
    "html_ok", "truncated", "empty", "array", "slow", "rate_limited_bare", "shield",
)  # fmt: skip
OF_TELEGRAM = ("bad_gateway", "hang_up", "hang_up_after", "error", "slow", "flood", "not_modified")
ENDS = (
    "Waiting for", "Code received", "outcome is unknown", "Not rented", "Nothing was charged",
    "Expired", "Completed", "Cancelled",
)  # fmt: skip


class Weather:
    """Arms a fault for every twentieth exchange, on both sides."""

    def __init__(self, world: World, dice: random.Random) -> None:
        self._world = world
        self._dice = dice
        self._of_bloomsms = cycle(dice.sample(OF_BLOOMSMS, len(OF_BLOOMSMS)))
        self._of_telegram = cycle(dice.sample(OF_TELEGRAM, len(OF_TELEGRAM)))
        self.struck: Counter[str] = Counter()

    async def run(self) -> None:
        seen = called = 0
        while True:
            await asyncio.sleep(0.02)
            exchanges, calls = len(self._world.bloomsms.exchanges), len(self._world.telegram.calls)
            for _ in range(exchanges - seen):
                self._maybe_bloomsms()
            for _ in range(calls - called):
                self._maybe_telegram()
            seen, called = exchanges, calls

    def _maybe_bloomsms(self) -> None:
        if self._dice.random() < SHARE_OF_BLOOMSMS:
            name = next(self._of_bloomsms)
            self.struck[name] += 1
            self._world.bloomsms.arm(name, times=1)

    def _maybe_telegram(self) -> None:
        if self._dice.random() < SHARE_OF_FAULTS:
            name = next(self._of_telegram)
            self.struck[name] += 1
            self._world.telegram.arm(name, times=1)


def says(message: Message, words: tuple[str, ...], _person: Person) -> bool:
    return any(one in message.text for one in words)


async def rent_once(person: Person, dice: random.Random) -> None:
    await person.says("/rent")
    menu = await person.waits_for("Where should", new=True, timeout_s=5)
    for label, words in (
        ("United States", ("What is the number",)),
        ("WhatsApp · $0.55", ("In stock",)),
        ("Rent for $", ENDS),
    ):
        await person.clicks(label, message=menu, wait_answer=False, timeout_s=2)
        await person.waits_until(partial(says, menu, words), timeout_s=10)
    if "Waiting for" in menu.text and dice.random() < 0.2:
        await person.clicks("Cancel", message=menu, wait_answer=False, timeout_s=2)


async def live(person: Person, dice: random.Random) -> None:
    """Begin anew whenever an answer is not what was hoped for, as people do."""
    for _ in range(RENTALS_EACH):
        for _attempt in range(3):
            try:
                await rent_once(person, dice)
            except AssertionError:
                continue
            break


@pytest.mark.parametrize("seed", [7, 8])
async def test_busy_day(world: World, caplog: pytest.LogCaptureFixture, seed: int) -> None:
    """After a day of faults charges, refunds and codes agree to the cent with the provider's."""
    dice = random.Random(seed)
    world.telegram.flood.rules = None
    await world.bloomsms.stop()
    world.bloomsms = BloomsmsServer(
        requests_per_minute=LIMIT, balance="10000", sms_delay_s=(0.5, 4), seed=seed
    )
    await world.bloomsms.start()
    await world.start_bot(bloomsms_requests_per_minute=LIMIT, max_active_per_user=100)
    weather = Weather(world, dice)
    storm = asyncio.create_task(weather.run())
    people = [world.telegram.person(5000 + n, f"P{n}") for n in range(PEOPLE)]
    await asyncio.gather(*(live(person, dice) for person in people))
    storm.cancel()
    world.bloomsms.disarm()
    world.telegram.disarm()
    await _calm(world)
    await books_agree(world, caplog, limit=LIMIT, patience_s=20)

    assert weather.struck.total() > 10
    assert len(weather.struck) > 8
    assert len(world.bloomsms.charges) >= PEOPLE * RENTALS_EACH // 2
    assert 0 == world.bloomsms.over_limit
    assert max(copies(world)) <= 2
    assert 0 == sum("went wrong" in m.text for p in people for m in p.messages)
    _cents_agree(world)


async def _calm(world: World) -> None:
    """Wait until nothing is under way: no order, and no note that is due."""
    async with asyncio.timeout(LATEST_S):
        while rows(world.folder, _UNDER_WAY):
            await asyncio.sleep(0.2)


_UNDER_WAY = """
select id from activations where state = 'renting' or wish <> ''
union all select id from notes where status in ('pending', 'claimed')
union all select update_id from updates where status = 'pending'
"""


def _cents_agree(world: World) -> None:
    """What left the account is what the rows of paid numbers and of lost answers cost."""
    kept = rows(world.folder)
    named = {row["provider_id"]: row for row in kept if row["provider_id"]}
    nameless = [c for c in world.bloomsms.charges if c.activation_id not in named]
    lost = [row for row in kept if row["state"] == "uncertain"]
    ours = sum(taken_micros(row) for row in named.values() if not row["is_refund_confirmed"])
    theirs = sum(c.amount for c in nameless if not c.refunded)

    assert len(nameless) <= len(lost)
    assert paid(world) * MICROS == ours + theirs * MICROS
    assert 10000 - paid(world) == world.bloomsms.balance
