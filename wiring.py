"""Settings become objects: every room's parts are built and handed to each other here."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import handlers
from activations.account import Account
from activations.adoption import Adoption
from activations.books import Books
from activations.clock import SystemClock
from activations.endings import Endings
from activations.health import ProviderHealth
from activations.hint_watch import HintWatch
from activations.hints import Hints
from activations.inspection import Inspector
from activations.meters import NO_METERS, Meters
from activations.orders import Orders
from activations.outbox import OutboxPass
from activations.poller import Poller
from activations.pulse import Pulse
from activations.rentals import Rentals
from bloomsms import answers
from bloomsms.budget import Budget, Lane
from bloomsms.client import BloomsmsClient
from bloomsms.errors import Unreadable
from handlers.cards import Cards
from handlers.desk import Desk, TelegramApplication
from handlers.inbox import Inbox
from handlers.lanes import person_asking
from handlers.messenger import TelegramMessenger
from handlers.presses import Presses
from handlers.push import Push, secret_of
from handlers.rivals import Rivals
from handlers.screens import Screens
from handlers.webhook_guard import WebhookGuard
from passes import Passes
from settings import Settings
from storage.account import AccountRows
from storage.activations import ActivationRows
from storage.database import Database
from storage.figures import FigureRows
from storage.ledger import LedgerRows
from storage.notes import NoteRows
from storage.requests import RequestRows
from storage.updates import UpdateRows
from storage.users import UserRows
from storage.watch import WatchRows
from web.bloomsms_webhook import BloomsmsWebhook, Hint
from web.door import Door, Room
from web.health import HealthRoom, Vitals
from web.metrics import PrometheusMeters
from web.metrics_room import MetricsRoom, Readings
from web.telegram_webhook import TelegramWebhook
from wiring_parts import build_access, build_application, build_catalog, build_client


@dataclass(frozen=True)
class House:
    """Everything that runs, wired together."""

    application: TelegramApplication
    desk: Desk
    books: Books
    account: AccountRows
    client: BloomsmsClient
    poller: Poller
    hints: Hints
    watch: HintWatch
    rivals: Rivals
    webhooks: WebhookGuard
    users: UserRows
    telegram: Pulse
    passes: Passes
    push: Push | None = None  # None: Telegram is asked for updates
    door: Door | None = None

    @property
    def inbox(self) -> Inbox:
        return self.desk.inbox


@dataclass(frozen=True)
class _Ground:
    """What is opened first, and all else stands on."""

    database: Database
    budget: Budget
    health: ProviderHealth
    client: BloomsmsClient
    clock: SystemClock
    meters: Meters


@asynccontextmanager
async def furnished(settings: Settings) -> AsyncIterator[House]:
    """Open what needs opening and wire the rooms; closes everything at the end.

    Errors: UnusableDatabaseError.
    """
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database.opened(settings.database_path))
        health = ProviderHealth(NoteRows(database), clock, settings.admin_ids)
        limit, log = settings.bloomsms_requests_per_minute, RequestRows(database)
        budget = Budget(limit, log, whose=person_asking)
        await budget.restore()
        client = await stack.enter_async_context(build_client(settings, budget, health))
        meters = PrometheusMeters() if settings.http_address else None
        ground = _Ground(database, budget, health, client, clock, meters or NO_METERS)
        house = _wire(settings, ground)
        if meters:
            house = _with_door(house, settings, ground, meters)
        handlers.register(
            house.application, house.desk, house.inbox, lambda: (budget.used, budget.limit)
        )
        # Also when Telegram refused the token, so that the application never began.
        stack.push_async_callback(house.application.bot.shutdown)
        stack.push_async_callback(house.application.shutdown)
        yield house


def _wire(settings: Settings, ground: _Ground) -> House:
    database, client, clock = ground.database, ground.client, ground.clock
    notes, store, users = NoteRows(database), ActivationRows(database), UserRows(database, clock)
    account, presses, rivals = AccountRows(database), Presses(), Rivals(clock)
    inbox, pulse = Inbox(UpdateRows(database), notes, clock, settings.admin_ids), Pulse(clock)
    webhooks = WebhookGuard(notes, clock, settings.admin_ids, rivals.found)
    application = build_application(
        settings, clock, ground.meters, inbox, presses, pulse, rivals, webhooks
    )
    screens = Screens(application.bot)
    cards = Cards(screens, store, clock)
    messenger = TelegramMessenger(screens, cards, notes)
    outbox = OutboxPass(notes, store, messenger, clock, ground.meters)
    books = Books(store, account, clock, settings.admin_ids)
    catalog = build_catalog(database, client, store, clock)
    watch = _hint_watch(settings, notes, clock)
    inspector = Inspector(store, books, clock, settings.admin_ids, watch.code_seen)
    orders = Orders(store, client, catalog, books, clock, settings.admin_ids)
    endings = Endings(store, client, inspector, clock)
    desk = Desk(
        rentals=Rentals(store, catalog, endings, orders, clock), endings=endings, catalog=catalog,
        account=Account(client, clock, lambda: books.version), access=build_access(settings, users),
        store=store, ledger=LedgerRows(database), notes=notes, outbox=outbox, health=ground.health,
        screens=screens, cards=cards, presses=presses, clock=clock, inbox=inbox,
    )  # fmt: skip
    poller = _poller(ground, store, inspector, outbox, watch)
    hints = _hints(settings, ground, store, inspector, outbox, watch)
    passes = Passes(lambda: clock.monotonic().total_seconds())
    return House(
        application, desk, books, account, client, poller, hints, watch, rivals, webhooks, users,
        pulse, passes,
    )  # fmt: skip


def _hint_watch(settings: Settings, notes: NoteRows, clock: SystemClock) -> HintWatch:
    is_expected = bool(settings.http_listen and settings.bloomsms_webhook_secret.get_secret_value())
    return HintWatch(notes, clock, settings.admin_ids, is_expected=is_expected)


def _hints(
    settings: Settings, ground: _Ground, store: ActivationRows, inspector: Inspector,
    outbox: OutboxPass, watch: HintWatch,
) -> Hints:  # fmt: skip
    adoption = Adoption(store, inspector, ground.clock, settings.admin_ids)
    looks, budget = ground.client.in_lane(Lane.HINTED), ground.budget
    return Hints(
        store, looks, inspector, adoption, outbox, watch, ground.clock, lambda: budget.allowed
    )


def _poller(
    ground: _Ground,
    store: ActivationRows,
    inspector: Inspector,
    outbox: OutboxPass,
    watch: HintWatch,
) -> Poller:
    return Poller(
        store,
        WatchRows(ground.database),
        ground.client.in_lane(Lane.POLLS),
        inspector,
        outbox,
        ground.clock,
        interval_s=lambda: ground.budget.poll_interval_s,
        shortest_gap_s=lambda: watch.shortest_gap_s,
    )


def _with_door(
    house: House, settings: Settings, ground: _Ground, meters: PrometheusMeters
) -> House:
    """With the web door and, where Telegram pushes its updates, whoever takes them."""
    if settings.http_address is None:
        return house
    if settings.telegram_webhook_url:
        url = settings.telegram_webhook_url
        push = Push(house.application, house.inbox, house.telegram, url, house.webhooks)
        house = replace(house, push=push)
    figures = FigureRows(ground.database)
    vitals = Vitals(
        telegram=house.telegram,
        provider=house.desk.health,
        looked_at=lambda: house.poller.answered_at,
        waiting_since=figures.waiting_since,
        write=figures.write,
        late_passes=lambda: house.passes.late,
    )
    readings = Readings(
        figures=figures,
        requests=lambda: (ground.budget.used, ground.budget.limit),
        pauses=lambda: ground.budget.pauses,
        hints_waiting=lambda: house.hints.waiting,
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
