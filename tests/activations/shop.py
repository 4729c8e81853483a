"""The whole business on a real database, between a made-up provider and a moved clock."""

import zlib
from dataclasses import replace
from datetime import timedelta

from activations.adoption import Adoption
from activations.books import Books
from activations.catalog import STALE_COUNTRIES_AGE, STALE_PRICES_AGE, Catalog
from activations.endings import Endings
from activations.hint_watch import HintWatch
from activations.inspection import Inspector
from activations.model import Activation, Kind, Offer, State
from activations.notes import Note
from activations.orders import Orders
from activations.ports import Provider
from activations.rentals import Rentals
from bloomsms.models import Sms
from people.model import NO_LIMITS
from storage.account import AccountRows
from storage.activations import ActivationRows
from storage.catalog import country_rows, service_rows
from storage.database import Database
from storage.notes import NoteRows
from storage.watch import WatchRows
from tests.made_up import CARD, NUMBER, OFFER, OLGA
from tests.moved_clock import MovedClock
from tests.storage import rows

OWNERS = frozenset({OLGA, 999})


class Shop:
    """Built anew over the same database it is the process after a restart."""

    def __init__(self, database: Database, provider: Provider, clock: MovedClock) -> None:
        self.clock = clock
        self.store = ActivationRows(database)
        self.notes = NoteRows(database)
        countries = country_rows(database, STALE_COUNTRIES_AGE)
        services = service_rows(database, STALE_PRICES_AGE)
        self.catalog = Catalog(provider, self.store, countries, services, clock)
        self.account = AccountRows(database)
        self.books = Books(self.store, self.account, clock, OWNERS)
        self.watch = HintWatch(self.notes, clock, OWNERS, is_expected=True)
        self.inspector = Inspector(self.store, self.books, clock, OWNERS, self.watch.code_seen)
        self.adoption = Adoption(self.store, self.inspector, clock, OWNERS)
        self.watchlist = WatchRows(database)
        self.endings = Endings(self.store, provider, self.inspector, clock)
        self.orders = Orders(self.store, provider, self.catalog, self.books, clock, OWNERS)
        self.rentals = Rentals(self.store, self.catalog, self.endings, self.orders, clock)

    async def offered(self, offer: Offer = OFFER) -> Activation:
        return await rows.offered(self.store, self.clock, offer)

    async def begun(self, offer: Offer = OFFER) -> Activation:
        """RENTING, with its card."""
        return await rows.begun(self.store, self.clock, offer, CARD)

    async def waiting(
        self, offer: Offer = OFFER, provider_id: str = "38496653", phone: str = ""
    ) -> Activation:
        """A number in hand, with its card; each of the provider's ids has a phone of its own."""
        is_usual = provider_id == NUMBER.provider_id
        own = NUMBER.phone_number if is_usual else f"+1{zlib.crc32(provider_id.encode()):010}"
        number = replace(
            NUMBER,
            provider_id=provider_id,
            phone_number=phone or own,
            expires_at=self.clock.now() + timedelta(minutes=20),
        )
        return await rows.waiting(self.store, self.clock, offer, CARD, number)

    async def received(self, sms: Sms) -> Activation:
        """A number whose code is there."""
        before = await self.waiting()
        after = replace(before, state=State.CODE_RECEIVED, changed_at=self.clock.now())
        await self.store.record(before, after, (), self.clock.now(), sms)
        return await self.now(before)

    async def became(self, before: Activation, state: State) -> Activation:
        after = replace(before, state=state, changed_at=self.clock.now())
        return await rows.moved(self.store, self.clock, before, after)

    async def now(self, activation: Activation) -> Activation:
        """As it stands now."""
        return await rows.again(self.store, activation)

    async def rented(self, offer: Offer = OFFER) -> Activation:
        """Confirmed and paid, whatever came of it."""
        offered = await self.offered(offer)
        begun = await self.rentals.confirm(offer.user_id, NO_LIMITS, offered.id, CARD)
        return await self.rentals.pay(begun)

    async def told(self) -> list[Note]:
        """Takes all notes that are due, most urgent first."""
        taken = []
        while note := await self.notes.claim_due(self.clock.now()):
            taken.append(note)
        return taken

    async def words(self) -> list[str]:
        """All due notes as kind and person."""
        return [f"{note.kind} {note.user_id}" for note in await self.told()]


def swapped(source: Activation) -> Offer:
    """The offer that a swap of `source` writes."""
    return replace(source.offer, kind=Kind.INSTEAD, source_id=source.id)
