"""Single parts of the program, each built from the settings; wiring.py hands them to each other."""

from telegram.ext import ApplicationBuilder

from activations.catalog import STALE_COUNTRIES_AGE, STALE_PRICES_AGE, Catalog
from activations.clock import SystemClock
from activations.health import ProviderHealth
from activations.meters import Meters
from activations.pulse import Pulse
from bloomsms.budget import Budget
from bloomsms.client import BloomsmsClient
from handlers.country_names import is_called
from handlers.desk import TelegramApplication
from handlers.inbox import Inbox
from handlers.keeping_bot import KeepingBot
from handlers.lanes import PersonLanes
from handlers.pace import Pacer
from handlers.presses import Presses
from handlers.readable import clean
from handlers.rivals import Rivals
from handlers.unkept import Unkept
from handlers.webhook_guard import WebhookGuard
from people.access import Access
from people.model import Limits
from settings import AccessMode, Settings
from storage.activations import ActivationRows
from storage.catalog import country_rows, service_rows
from storage.database import Database
from storage.users import UserRows
from telegram_http import TelegramHttp

# Calls to Telegram under way at once: a hundred taps a second, two calls each, of 0.3 s.
TELEGRAM_CONNECTIONS = 64
# One fetches, and one may end what is left of the fetch before it.
FETCHING_CONNECTIONS = 2


def build_client(settings: Settings, budget: Budget, health: ProviderHealth) -> BloomsmsClient:
    url, key = settings.bloomsms_base_url, settings.bloomsms_api_key.get_secret_value()
    return BloomsmsClient(url, key, budget, health.observe, health.note_currency)


def build_catalog(
    database: Database, client: BloomsmsClient, store: ActivationRows, clock: SystemClock
) -> Catalog:
    countries = country_rows(database, STALE_COUNTRIES_AGE)
    services = service_rows(database, STALE_PRICES_AGE)
    return Catalog(client, store, countries, services, clock, is_called)


def build_application(
    settings: Settings,
    clock: SystemClock,
    meters: Meters,
    inbox: Inbox,
    presses: Presses,
    pulse: Pulse,
    rivals: Rivals,
    webhooks: WebhookGuard,
) -> TelegramApplication:
    bot = KeepingBot(
        inbox,
        pulse,
        rivals,
        Unkept(presses, clock),
        webhooks,
        token=settings.telegram_bot_token.get_secret_value(),
        base_url=f"{settings.telegram_base_url}/bot",
        base_file_url=f"{settings.telegram_base_url}/file/bot",
        request=TelegramHttp(TELEGRAM_CONNECTIONS, clean=clean),
        get_updates_request=TelegramHttp(FETCHING_CONNECTIONS, clean=clean),
        rate_limiter=Pacer(),
    )
    lanes = PersonLanes(presses, inbox, meters)
    return ApplicationBuilder().bot(bot).concurrent_updates(lanes).build()


def build_access(settings: Settings, users: UserRows) -> Access:
    limits = Limits(settings.max_active_per_user, settings.max_price_usd, settings.daily_limit_usd)
    return Access(users, settings.admin_ids, settings.access is AccessMode.PUBLIC, limits)
