"""Settings become objects: every room's parts are built and handed to each other here."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from telegram.ext import ApplicationBuilder

import handlers
from activations.account import Account
from activations.adoption import Adoption
from activations.books import Books
from activations.catalog import Catalog
from activations.clock import SystemClock
from activations.endings import Endings
from activations.health import ProviderHealth
from activations.hint_watch import HintWatch
from activations.hints import Hints
from activations.inspection import Inspector
from activations.orders import Orders
from activations.outbox import OutboxPass
from activations.poller import Poller
from activations.rentals import Rentals
from bloomsms.budget import Budget, Lane
from bloomsms.client import BloomsmsClient
from handlers.cards import Cards
from handlers.desk import Desk, TelegramApplication
from handlers.inbox import Inbox, KeepingBot
from handlers.lanes import PersonLanes
from handlers.messenger import TelegramMessenger
from handlers.pace import Pacer
from handlers.presses import Presses
from handlers.screens import Screens
from people.access import Access
from people.model import Limits
from settings import AccessMode, Settings
from storage.account import AccountRows
from storage.activations import ActivationRows
from storage.database import Database
from storage.notes import NoteRows
from storage.requests import RequestRows
from storage.updates import UpdateRows
from storage.users import UserRows
from telegram_http import TelegramHttp

# Calls to Telegram under way at once: a hundred taps a second, two calls each, of 0.3 s.
TELEGRAM_CONNECTIONS = 64
# One fetches, and one may end what is left of the fetch before it.
FETCHING_CONNECTIONS = 2


@dataclass(frozen=True)
class House:
    """Everything that runs, wired together."""

    application: TelegramApplication
    desk: Desk
    inbox: Inbox
    books: Books
    account: AccountRows
    client: BloomsmsClient
    poller: Poller
    hints: Hints
    watch: HintWatch
    users: UserRows


@asynccontextmanager
async def furnished(settings: Settings) -> AsyncIterator[House]:
    """Open what needs opening and wire the rooms; closes everything at the end.

    Errors: UnusableDatabaseError.
    """
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database.opened(settings.database_path))
        health = ProviderHealth(NoteRows(database), clock, settings.admin_ids)
        budget = Budget(settings.bloomsms_requests_per_minute, RequestRows(database), clock.now)
        await budget.restore()
        client = await stack.enter_async_context(_client(settings, budget, health))
        house = _wire(settings, database, budget, health, client, clock)
        # Also when Telegram refused the token, so that the application never began.
        stack.push_async_callback(house.application.bot.shutdown)
        stack.push_async_callback(house.application.shutdown)
        yield house


def _wire(
    settings: Settings,
    database: Database,
    budget: Budget,
    health: ProviderHealth,
    client: BloomsmsClient,
    clock: SystemClock,
) -> House:
    notes, store, users = NoteRows(database), ActivationRows(database), UserRows(database, clock)
    account, presses = AccountRows(database), Presses()
    inbox = Inbox(UpdateRows(database), notes, clock, settings.admin_ids)
    application = _application(settings, presses, inbox)
    screens = Screens(application.bot)
    cards = Cards(screens, store, clock)
    outbox = OutboxPass(notes, store, TelegramMessenger(screens, cards), clock)
    books, catalog = Books(store, account, clock), Catalog(client, store, clock)
    watch = _hint_watch(settings, notes, clock)
    inspector = Inspector(store, books, clock, settings.admin_ids, watch.code_seen)
    orders = Orders(store, client, catalog, books, clock, settings.admin_ids)
    endings = Endings(store, client, inspector, clock)
    desk = Desk(
        rentals=Rentals(store, catalog, endings, orders, clock),
        endings=endings,
        catalog=catalog,
        account=Account(client, clock, lambda: books.version),
        access=_access(settings, users),
        store=store,
        notes=notes,
        outbox=outbox,
        health=health,
        screens=screens,
        cards=cards,
        presses=presses,
        clock=clock,
        inbox=inbox,
    )
    poller = _poller(store, client, inspector, outbox, clock, budget)
    hints = _hints(settings, store, client, inspector, outbox, watch, clock, budget)
    handlers.register(application, desk, inbox, lambda: (budget.used, budget.limit))
    return House(application, desk, inbox, books, account, client, poller, hints, watch, users)


def _hint_watch(settings: Settings, notes: NoteRows, clock: SystemClock) -> HintWatch:
    is_expected = bool(settings.http_listen and settings.bloomsms_webhook_secret.get_secret_value())
    return HintWatch(notes, clock, settings.admin_ids, is_expected=is_expected)


def _hints(
    settings: Settings,
    store: ActivationRows,
    client: BloomsmsClient,
    inspector: Inspector,
    outbox: OutboxPass,
    watch: HintWatch,
    clock: SystemClock,
    budget: Budget,
) -> Hints:
    adoption = Adoption(store, inspector, clock, settings.admin_ids)
    looks = client.in_lane(Lane.PEOPLE)
    return Hints(
        store, looks, inspector, adoption, outbox, watch, clock, lambda: budget.limit
    )  # fmt: skip


def _poller(
    store: ActivationRows,
    client: BloomsmsClient,
    inspector: Inspector,
    outbox: OutboxPass,
    clock: SystemClock,
    budget: Budget,
) -> Poller:
    polls = client.in_lane(Lane.POLLS)
    return Poller(store, polls, inspector, outbox, clock, lambda: budget.poll_interval_s)


def _client(settings: Settings, budget: Budget, health: ProviderHealth) -> BloomsmsClient:
    key = settings.bloomsms_api_key.get_secret_value()
    return BloomsmsClient(settings.bloomsms_base_url, key, budget, health.observe)


def _application(settings: Settings, presses: Presses, inbox: Inbox) -> TelegramApplication:
    bot = KeepingBot(
        inbox,
        token=settings.telegram_bot_token.get_secret_value(),
        base_url=f"{settings.telegram_base_url}/bot",
        base_file_url=f"{settings.telegram_base_url}/file/bot",
        request=TelegramHttp(TELEGRAM_CONNECTIONS),
        get_updates_request=TelegramHttp(FETCHING_CONNECTIONS),
        rate_limiter=Pacer(),
    )
    return ApplicationBuilder().bot(bot).concurrent_updates(PersonLanes(presses, inbox)).build()


def _access(settings: Settings, users: UserRows) -> Access:
    limits = Limits(settings.max_active_per_user, settings.max_price_usd, settings.daily_limit_usd)
    return Access(users, settings.admin_ids, settings.access is AccessMode.PUBLIC, limits)
