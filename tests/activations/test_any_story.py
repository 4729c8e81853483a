"""Any story of presses, lost answers, codes, hints, expiries and kills keeps the books in order.

One press orders at most one number; a state moves only along the table; each SMS of a number we
know is recorded and told once, to its person alone; nobody passes their limits. Looks are answered
at once here; orders and changes wait at the counter while everything else may happen.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from activations.errors import Refusal
from activations.model import OPEN_STATES, TRANSITIONS, Activation, Card, State
from activations.notes import Delivery, Note, Outcome
from activations.outbox import OutboxPass
from activations.poller import Poller
from bloomsms.models import ProviderStatus, Sms
from people.model import Limits
from storage.database import Database, to_micros
from tests.activations.shop import Shop
from tests.activations.till import SERVED, Fate, Till
from tests.made_up import ANN, BOB, PRICE
from tests.moved_clock import MovedClock

WITNESS = (
    "create table steps (id integer, old text, new text)",
    (
        "create trigger steps_are_noted after update of state on activations"
        " when old.state <> new.state begin"
        " insert into steps values (old.id, old.state, new.state); end"
    ),
)
ANY = st.integers(0, 1000)


PEOPLE = st.sampled_from([ANN, BOB])
LIMITS = Limits(max_active=3, max_price=None, daily=4 * PRICE)


class Told:
    """Meets the business's Messenger: everything arrives."""

    def __init__(self) -> None:
        self.codes: list[tuple[int, str]] = []

    async def deliver(self, note: Note, activation: Activation | None) -> Delivery:
        assert note.activation_id is None or activation
        if note.sms:
            self.codes.append((note.user_id, note.sms.full_text))
        return Delivery(Outcome.SENT)


class Stories(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.runner = asyncio.Runner()
        self.clock = MovedClock()
        self.till = Till(self.clock)
        self.tasks: list[asyncio.Task[object]] = []
        self.sent: list[tuple[str, Sms]] = []
        self.told = Told()
        self.runner.run(self.opens(is_new=True))

    # The process

    async def opens(self, *, is_new: bool) -> None:
        self.stack = AsyncExitStack()
        self.database = await self.stack.enter_async_context(
            Database.opened(self.folder / "bot.db")
        )
        if is_new:
            async with self.database.transaction() as db:
                for statement in WITNESS:
                    await db.execute(statement)
        self.shop = Shop(self.database, self.till, self.clock)
        self.outbox = outbox = OutboxPass(self.shop.notes, self.shop.store, self.told, self.clock)
        shop = self.shop
        self.poller = Poller(
            shop.store, shop.watchlist, self.till, shop.inspector, outbox, self.clock, lambda: 0.01
        )
        await self.shop.rentals.recover()
        await self.shop.notes.release_claims(self.clock.now())

    @rule(fates=st.lists(st.sampled_from(Fate), min_size=8, max_size=8))
    def kill(self, fates: list[Fate]) -> None:
        """The process dies; what was on its way to the provider happens or does not."""

        async def die() -> None:
            await self.stack.aclose()  # nothing that still runs can write any more
            for task in self.tasks:
                task.cancel()
            await asyncio.gather(*self.tasks, return_exceptions=True)
            self.tasks.clear()
            for question, fate in zip(list(self.till.counter), fates * 10, strict=False):
                self.till.forget(question, fate)
            await self.opens(is_new=False)

        self.runner.run(die())

    def runs(self, work: Coroutine[object, object, object]) -> None:
        """Begin some work; return when everybody is done or waits at the counter."""

        async def begin() -> None:
            self.tasks.append(asyncio.create_task(self.refusals_are_answers(work)))
            await self.settle()

        self.runner.run(begin())

    async def refusals_are_answers(self, work: Coroutine[object, object, object]) -> None:
        try:
            await work
        except Refusal:
            return

    async def settle(self) -> None:
        def is_still(task: asyncio.Task[object]) -> bool:
            waits = any(q.task is task and not q.answer.done() for q in self.till.counter)
            return task.done() or waits

        # Some are at work in the database's thread; nobody tells when all have come to rest.
        while not all(is_still(task) for task in self.tasks):
            await asyncio.sleep(0.0003)
        for task in [task for task in self.tasks if task.done()]:
            self.tasks.remove(task)
            task.result()

    # People

    async def all(self) -> list[Activation]:
        return await self.shop.store.in_states(frozenset(State))

    async def one(
        self, who: int, number: int, states: frozenset[State] = frozenset(State)
    ) -> Activation | None:
        """One that the person may mean: of theirs in these states, or now and then any at all."""
        found = await self.all()
        meant = [a for a in found if a.user_id == who and a.state in states]
        chosen = meant if number % 4 and meant else found
        return chosen[number % len(chosen)] if chosen else None

    @rule(who=PEOPLE)
    def chooses(self, who: int) -> None:
        self.runs(self.shop.rentals.quote(who, LIMITS, "187", "wa"))

    @rule(who=PEOPLE, number=ANY)
    def chooses_again(self, who: int, number: int) -> None:
        async def quote() -> None:
            if source := await self.one(who, number):
                await self.shop.rentals.quote_again(who, LIMITS, source.id)

        self.runs(quote())

    @rule(who=PEOPLE, number=ANY, times=st.integers(1, 3))
    def presses_rent(self, who: int, number: int, times: int) -> None:
        async def press() -> None:
            if offer := await self.one(who, number, frozenset({State.INTENT})):
                SERVED.set(offer.id)
                begun = await self.shop.rentals.confirm(who, LIMITS, offer.id, Card(who, offer.id))
                await self.shop.rentals.pay(begun)

        for _ in range(times):
            self.runs(press())

    @rule(who=PEOPLE, fate=st.sampled_from([Fate.ANSWERED, Fate.ANSWER_LOST, Fate.LOST]))
    def orders(self, who: int, fate: Fate) -> None:
        """The whole way at once: an offer, its press, and what becomes of the order."""
        before = len(self.till.counter)
        self.chooses(who)
        offers = [
            a.id for a in self.runner.run(self.all()) if (a.user_id, a.state) == (who, State.INTENT)
        ]

        async def press() -> None:
            SERVED.set(offers[-1])
            begun = await self.shop.rentals.confirm(who, LIMITS, offers[-1], Card(who, offers[-1]))
            await self.shop.rentals.pay(begun)

        self.runs(press())
        if len(self.till.counter) > before:
            self.serves(number=before, fate=fate)

    @rule(who=PEOPLE, number=ANY, times=st.integers(1, 2))
    def presses_other_number(self, who: int, number: int, times: int) -> None:
        async def press() -> None:
            if old := await self.one(who, number, frozenset({State.WAITING})):
                begun = await self.shop.rentals.swap(who, LIMITS, old.id)
                SERVED.set(begun.id)
                await self.shop.rentals.pay(begun)

        for _ in range(times):
            self.runs(press())

    @rule(who=PEOPLE, number=ANY, wish=st.sampled_from(["cancel", "complete", "another_sms"]))
    def presses(self, who: int, number: int, wish: str) -> None:
        async def press() -> None:
            if activation := await self.one(who, number, OPEN_STATES):
                await getattr(self.shop.endings, wish)(who, activation.id)

        self.runs(press())

    # The provider

    @precondition(lambda self: self.till.counter)
    @rule(number=ANY, fate=st.sampled_from(Fate))
    def serves(self, number: int, fate: Fate) -> None:
        """One that waits at the counter has its turn."""
        question = self.till.counter[number % len(self.till.counter)]

        async def serve() -> None:
            self.till.serve(question, fate)
            await self.settle()

        self.runner.run(serve())

    @precondition(lambda self: any(phone.is_open for phone in self.till.phones.values()))
    @rule(number=ANY)
    def an_sms_comes(self, number: int) -> None:
        phones = [phone for phone in self.till.phones.values() if phone.is_open]
        phone = phones[number % len(phones)]
        sms = Sms(f"{len(self.sent):06}", f"Your code is {len(self.sent):06}")
        phone.sms.append(sms)
        phone.status = ProviderStatus.CODE_RECEIVED
        self.sent.append((phone.provider_id, sms))

    @precondition(lambda self: any(phone.is_open for phone in self.till.phones.values()))
    @rule(number=ANY)
    def time_is_over(self, number: int) -> None:
        phones = [phone for phone in self.till.phones.values() if phone.is_open]
        phones[number % len(phones)].status = ProviderStatus.EXPIRED

    @rule(seconds=st.sampled_from([1, 20, 400]))
    def looks(self, seconds: int) -> None:
        """Time passes, and the poller has its pass."""
        self.clock.move(seconds)
        self.runs(self.poller.run_pass())

    @precondition(lambda self: self.till.phones)
    @rule(number=ANY, is_forged=st.booleans())
    def a_hint_comes(self, number: int, *, is_forged: bool) -> None:
        """Somebody says that a number has an SMS, whether or not we know it or it is true."""
        phones = [p for p in self.till.phones.values() if is_forged or p.sms]
        if phones:
            self.runs(self.follow(phones[number % len(phones)].provider_id))

    async def follow(self, provider_id: str) -> None:
        """What a hint makes us do."""
        known = await self.shop.store.by_provider_ids([provider_id])
        after: Activation | None = None
        if known:
            after = await self.shop.inspector.look(known[0], self.till)
        else:
            after = await self.shop.adoption.adopt(provider_id, "wa", self.till)
        if after:
            await self.outbox.run_pass(after.user_id)

    # What always holds

    def rows(self, sql: str) -> list[tuple[Any, ...]]:  # whatever SQL asks for
        return [tuple(row) for row in self.runner.run(self.database.rows(sql))]

    @invariant()
    def one_press_orders_one_number(self) -> None:
        assert {1} >= set(self.till.orders.values()) - {0}
        assert {1} >= set(self.till.done.values())

    @invariant()
    def states_keep_to_the_table(self) -> None:
        steps = self.rows("select old, new from steps")
        assert [] == [step for step in steps if State(step[1]) not in TRANSITIONS[State(step[0])]]

    @invariant()
    def each_sms_is_recorded_and_told_once(self) -> None:
        recorded = [text for (text,) in self.rows("select full_text from sms")]
        assert len(set(recorded)) == len(recorded)
        assert [(len(recorded),)] == self.rows("select count(*) from notes where kind = 'code'")

    @invariant()
    def nobody_is_told_another_persons_code(self) -> None:
        persons = dict(self.rows("select id, user_id from activations"))
        of = {sms.full_text: self.till.phones[id_].served for id_, sms in self.sent}
        assert [] == [text for who, text in self.told.codes if persons[of[text]] != who]

    @invariant()
    def nobody_passes_their_limits(self) -> None:
        """A number that was found later may come on top: it was ordered within the limits."""
        held = self.rows(
            "select user_id, count(*) from activations where reason <> 'found'"
            " and state in ('renting', 'waiting', 'code_received') group by user_id"
        )
        paid = self.rows(
            "select user_id, sum(offered_micros) from activations where state in ('renting',"
            " 'uncertain', 'waiting', 'code_received', 'completed') group by user_id"
        )
        assert [] == [count for _who, count in held if count > 3]
        assert [] == [sum_ for _who, sum_ in paid if sum_ > to_micros(4 * PRICE)]

    @invariant()
    def what_was_paid_is_known(self) -> None:
        """Each number given out is in our books, or its order counts as under way or unknown."""
        kept = {id_ for (id_,) in self.rows("select provider_id from activations")}
        unsure = self.rows(
            "select count(*) from activations where state in ('renting', 'uncertain')"
        )
        assert len(self.till.phones.keys() - kept) <= unsure[0][0]

    def teardown(self) -> None:
        try:
            while self.till.counter:
                self.serves(number=0, fate=Fate.ANSWERED)
            self.what_an_open_number_shows_arrives()
        finally:
            self.runner.run(self.stack.aclose())
            self.runner.close()
            shutil.rmtree(self.folder)

    def what_an_open_number_shows_arrives(self) -> None:
        """In the end every SMS that the provider shows for an open number has arrived."""
        open_ids = self.rows(
            "select provider_id from activations where state in ('waiting', 'code_received')"
        )
        for _ in range(5):
            self.looks(seconds=400)
        recorded = [text for (text,) in self.rows("select full_text from sms")]
        shown = [
            phone.sms[-1].full_text
            for (id_,) in open_ids
            if len((phone := self.till.phones[id_]).sms) > phone.seen
        ]

        assert [] == [text for text in shown if text not in recorded]


TestStories = Stories.TestCase
TestStories.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
