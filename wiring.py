"""Settings become objects: every room's parts are built and handed to each other here."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from telegram.ext import ApplicationBuilder
from telegram.request import HTTPXRequest

import handlers
from activations.account import Account
from activations.books import Books
from activations.catalog import Catalog
from activations.clock import SystemClock
from activations.endings import Endings
from activations.health import ProviderHealth
from activations.inspection import Inspector
from activations.orders import Orders
from activations.outbox import OutboxPass
from activations.poller import Poller
from activations.ports import NO_METERS, HintTaker, Meters
from activations.pulse import Pulse
from activations.rentals import Rentals
from bloomsms import answers
from bloomsms.budget import Budget, Lane
from bloomsms.client import BloomsmsClient
from bloomsms.errors import Unreadable
from handlers.cards import Cards
from handlers.desk import Desk, TelegramApplication
from handlers.inbox import Inbox, KeepingBot
from handlers.lanes import PersonLanes
from handlers.messenger import TelegramMessenger
from handlers.pace import Pacer
from handlers.presses import Presses
from handlers.push import Push, secret_of
from handlers.screens import Screens
from people.access import Access
from people.model import Limits
from settings import AccessMode, Settings
from storage.activations import ActivationRows
from storage.database import Database
from storage.figures import FigureRows
from storage.notes import NoteRows
from storage.requests import RequestRows
from storage.updates import UpdateRows
from storage.users import UserRows
from web.bloomsms_webhook import BloomsmsWebhook, Hint
from web.door import Door, Room
from web.health import HealthRoom, Vitals
from web.metrics import PrometheusMeters
from web.metrics_room import MetricsRoom, Readings
from web.telegram_webhook import TelegramWebhook

# Requests to Telegram under way at once; more only queue up inside the HTTP library.
TELEGRAM_CONNECTIONS = 32


@dataclass(frozen=True)
class House:
    """Everything that runs, wired together."""

    application: TelegramApplication
    desk: Desk
    inbox: Inbox
    books: Books
    client: BloomsmsClient
    poller: Poller
    users: UserRows
    hints: HintTaker
    telegram: Pulse
    push: Push | None = None  # None: Telegram is asked for updates
    door: Door | None = None


class _NoHints:
    """Polls find every code; nobody looks at a hint yet."""

    def take(self, provider_id: str, service_code: str) -> None:
        """Forget it."""


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
        meters = PrometheusMeters() if settings.http_address else None
        house = _wire(settings, database, budget, health, client, clock, meters or NO_METERS)
        if meters:
            house = _with_door(house, settings, database, budget, meters)
        stack.push_async_callback(house.application.shutdown)
        yield house


def _wire(
    settings: Settings,
    database: Database,
    budget: Budget,
    health: ProviderHealth,
    client: BloomsmsClient,
    clock: SystemClock,
    meters: Meters,
) -> House:
    notes, store, users = NoteRows(database), ActivationRows(database), UserRows(database, clock)
    inbox = Inbox(UpdateRows(database), notes, clock, settings.admin_ids)
    presses, pulse = Presses(), Pulse(clock)
    application = _application(settings, presses, inbox, pulse, meters)
    screens = Screens(application.bot)
    cards = Cards(screens, store, clock)
    outbox = OutboxPass(notes, store, TelegramMessenger(screens, cards), clock, meters)
    books, catalog = Books(store, clock), Catalog(client, store, clock)
    inspector = Inspector(store, books, clock, settings.admin_ids)
    orders = Orders(store, client, catalog, books, clock, settings.admin_ids)
    endings = Endings(store, client, inspector, clock)
    desk = Desk(
        rentals=Rentals(store, catalog, endings, orders, clock),
        endings=endings,
        catalog=catalog,
        account=Account(client, clock),
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
    polls = client.in_lane(Lane.POLLS)
    poller = Poller(store, polls, inspector, outbox, clock, lambda: budget.poll_interval_s)
    handlers.register(application, desk, inbox, lambda: (budget.used, budget.limit))
    return House(application, desk, inbox, books, client, poller, users, _NoHints(), pulse)


def _with_door(
    house: House,
    settings: Settings,
    database: Database,
    budget: Budget,
    meters: PrometheusMeters,
) -> House:
    """With the web door and, where Telegram pushes its updates, whoever takes them."""
    if settings.http_address is None:
        return house
    if settings.telegram_webhook_url:
        url = settings.telegram_webhook_url
        house = replace(house, push=Push(house.application, house.inbox, house.telegram, url))
    figures = FigureRows(database)
    vitals = Vitals(
        telegram=house.telegram,
        provider=house.desk.health,
        looked_at=lambda: house.poller.answered_at,
        waiting_since=figures.waiting_since,
        write=figures.write,
    )
    readings = Readings(
        figures=figures,
        requests=lambda: (budget.used, budget.limit),
        pauses=lambda: budget.pauses,
        hints_waiting=lambda: 0,
    )
    rooms: list[Room] = [
        HealthRoom(vitals, house.desk.clock),
        MetricsRoom(meters, readings),
        *_webhooks(house, settings),
    ]
    return replace(house, door=Door(*settings.http_address, rooms))


def _webhooks(house: House, settings: Settings) -> Iterator[Room]:
    if secret := settings.bloomsms_webhook_secret.get_secret_value():
        yield BloomsmsWebhook(secret, _read_hint, house.hints)
    if house.push:
        path = urlsplit(settings.telegram_webhook_url).path or "/"
        secret = secret_of(settings.telegram_bot_token.get_secret_value())
        yield TelegramWebhook(path, secret, house.push.take)


def _read_hint(body: bytes) -> Hint | None:
    try:
        received = answers.read_webhook(body)
    except Unreadable:
        return None
    return Hint(received.activation_id, received.service) if received else None


def _client(settings: Settings, budget: Budget, health: ProviderHealth) -> BloomsmsClient:
    key = settings.bloomsms_api_key.get_secret_value()
    return BloomsmsClient(settings.bloomsms_base_url, key, budget, health.observe)


def _application(
    settings: Settings, presses: Presses, inbox: Inbox, pulse: Pulse, meters: Meters
) -> TelegramApplication:
    bot = KeepingBot(
        inbox,
        pulse,
        token=settings.telegram_bot_token.get_secret_value(),
        base_url=f"{settings.telegram_base_url}/bot",
        base_file_url=f"{settings.telegram_base_url}/file/bot",
        request=HTTPXRequest(
            connection_pool_size=TELEGRAM_CONNECTIONS, read_timeout=15, pool_timeout=30
        ),
        get_updates_request=HTTPXRequest(connection_pool_size=2, read_timeout=15),
        rate_limiter=Pacer(),
    )
    lanes = PersonLanes(presses, inbox, meters)
    return ApplicationBuilder().bot(bot).concurrent_updates(lanes).build()


def _access(settings: Settings, users: UserRows) -> Access:
    limits = Limits(settings.max_active_per_user, settings.max_price_usd, settings.daily_limit_usd)
    return Access(users, settings.admin_ids, settings.access is AccessMode.PUBLIC, limits)
