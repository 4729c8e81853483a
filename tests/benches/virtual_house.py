"""The shipped poller, budget, rows and outbox in virtual time, between a server and people."""

import asyncio
import heapq
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from activations.model import Activation, State
from activations.notes import Delivery, Note, NoteKind, Outcome
from activations.outbox import OutboxPass
from activations.poller import Poller
from bloomsms.budget import Budget, Lane
from storage.database import to_ms
from storage.requests import RequestRows
from tests.activations.shop import Shop
from tests.benches.arrivals import LIFETIME_S, Arrivals, Fate
from tests.benches.instant_database import InstantDatabase
from tests.benches.virtual_server import BACK_S, LIMIT, THERE_S, Held, Line, Server, now_s
from tests.moved_clock import START, MovedClock

PASS_S = 0.25
BURST = 3
BURSTS_EACH_S = 1 / 30
PATIENCE_S = 8.0
ASKED_WITHIN_S = 60.0  # numbers found at the start were last asked about within so long


class LoopClock(MovedClock):
    """The clock of the loop."""

    def now(self) -> datetime:
        return START + timedelta(seconds=now_s())

    def monotonic(self) -> timedelta:
        return timedelta(seconds=now_s())


@dataclass
class Ears:
    """Meets the business's Messenger: when each code rang."""

    server: Server
    latencies_s: dict[str, float] = field(default_factory=dict)

    async def deliver(self, note: Note, activation: Activation | None) -> Delivery:
        if note.kind is NoteKind.CODE and activation and activation.number:
            provider_id = activation.number.provider_id
            came_s = self.server.numbers[provider_id].sms_s or 0.0
            self.latencies_s[provider_id] = now_s() - came_s
        return Delivery(Outcome.SENT)


class House:
    """One process; `killed` begins the next one over what is on the disk."""

    def __init__(self, server: Server, ears: Ears, database: InstantDatabase) -> None:
        self.database = database
        self._server = server
        self._ears = ears
        clock = LoopClock()
        self.budget = Budget(LIMIT, RequestRows(database, now_s, "virtual"), now_s)
        line = Line(server, self.budget)
        shop = Shop(database, line, clock)
        outbox = OutboxPass(shop.notes, shop.store, ears, clock)
        self._poller = Poller(
            shop.store,
            shop.watchlist,
            line,
            shop.inspector,
            outbox,
            clock,
            lambda: self.budget.poll_interval_s,
        )
        self._passes: set[asyncio.Task[None]] = set()

    def tick(self) -> None:
        """What the job queue does four times a second."""
        task = asyncio.create_task(self._poller.run_pass())
        self._passes.add(task)
        task.add_done_callback(self._passes.discard)

    async def killed(self) -> "House":
        """Without any goodbye: what was under way arrives, and nobody notes its answer."""
        after = House(self._server, self._ears, self.database.copied())
        await after.budget.restore()
        return after

    async def rest(self) -> None:
        await asyncio.gather(*self._passes)


@dataclass
class Town:
    """So many numbers wait at any time: one that is done makes room for a fresh one."""

    arrivals: Arrivals
    rng: random.Random
    server: Server = field(default_factory=Server)
    waits_s: list[float] = field(default_factory=list)  # people's, for their turn
    house: House = field(init=False)
    ears: Ears = field(init=False)

    def __post_init__(self) -> None:
        self.ears = Ears(self.server)
        self.house = House(self.server, self.ears, InstantDatabase())
        self._people_s = now_s() + self.rng.expovariate(BURSTS_EACH_S)
        self._cancels: list[tuple[float, str]] = []
        self._people: set[asyncio.Task[None]] = set()
        self._names = iter(range(1, 10**9))

    def rent(self, fate: Fate, age_s: float = 0.0, asked_ago_s: float | None = None) -> str:
        """A number that waits for so long already; returns the provider's id."""
        provider_id = str(next(self._names))
        self.server.numbers[provider_id] = Held(now_s() - age_s, fate)
        if fate.ends_s < LIFETIME_S:
            heapq.heappush(self._cancels, (now_s() - age_s + fate.ends_s, provider_id))
        since = START + timedelta(seconds=now_s() - age_s)
        asked_at = START + timedelta(seconds=now_s() - min(age_s, asked_ago_s or age_s))
        self.house.database.run(
            "insert into activations (user_id, service_code, service_name, country_id,"
            " country_name, offered_micros, kind, state, created_at_ms, changed_at_ms,"
            " provider_id, phone_number, price_micros, expires_at_ms, waiting_since_ms,"
            " asked_at_ms) values (2001, 'wa', 'WhatsApp', '187', 'United States', 550000,"
            " 'fresh', 'waiting', ?, ?, ?, '+19001234567', 550000, ?, ?, ?)",
            (to_ms(since), to_ms(since), provider_id,
             to_ms(since + timedelta(seconds=LIFETIME_S)), to_ms(since), to_ms(asked_at)),
        )  # fmt: skip
        return provider_id

    def settle(self, count: int) -> None:
        """So many numbers wait already, as they would at any moment."""
        for _ in range(count):
            fate, age_s = self.arrivals.draw_old(self.rng)
            self.rent(fate, age_s, self.rng.random() * ASKED_WITHIN_S)

    async def live(self, seconds: float, count: int = 0) -> None:
        """Let time pass; `count` numbers wait all the time."""
        end_s = now_s() + seconds
        while now_s() < end_s:
            if count:
                self._renew(count)
            self._send_people()
            self.house.tick()
            await asyncio.sleep(PASS_S)
        await self.house.rest()
        await asyncio.gather(*self._people)

    def _renew(self, count: int) -> None:
        """People cancel, and are done with a number that brought its code; others come."""
        now_ms = to_ms(START + timedelta(seconds=now_s()))
        while self._cancels and self._cancels[0][0] <= now_s():
            self._end(heapq.heappop(self._cancels)[1], State.CANCELLED, now_ms)
        database = self.house.database
        database.run("update activations set state = 'completed' where state = 'code_received'")
        for _ in range(count - database.count("activations where state = 'waiting'")):
            self.rent(self.arrivals.draw(self.rng))

    def _end(self, provider_id: str, state: State, now_ms: int) -> None:
        self.house.database.run(
            "update activations set state = ?, changed_at_ms = ?"
            " where provider_id = ? and state = 'waiting'",
            (state.value, now_ms, provider_id),
        )

    def _send_people(self) -> None:
        """Six requests of people a minute, in bursts of three at random times."""
        while self._people_s <= now_s():
            self._people_s += self.rng.expovariate(BURSTS_EACH_S)
            for _ in range(BURST):
                task = asyncio.create_task(self._person())
                self._people.add(task)
                task.add_done_callback(self._people.discard)

    async def _person(self) -> None:
        came_s = now_s()
        async with self.house.budget.slot(Lane.PEOPLE, PATIENCE_S):
            self.waits_s.append(now_s() - came_s)
            await asyncio.sleep(THERE_S)
            self.server.arrives(now_s())
            await asyncio.sleep(BACK_S)


def quantile(values: Iterable[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def mean(values: Iterable[float]) -> float:
    known = list(values)
    return sum(known) / len(known)
