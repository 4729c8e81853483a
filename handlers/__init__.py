"""Telegram in, Telegram out: unpack, call one use case, show the answer."""

from collections.abc import Callable

from handlers.admin import Admin
from handlers.authorization import check_all_guarded
from handlers.balance import BalanceScreen
from handlers.desk import Desk, TelegramApplication
from handlers.fallback import Fallback
from handlers.inbox import Inbox
from handlers.inline_presses import InlinePresses
from handlers.live_cards import LiveCards
from handlers.numbers import Numbers
from handlers.rent import Renting
from handlers.service_messages import ServiceMessages
from handlers.start import Start


def register(
    application: TelegramApplication,
    desk: Desk,
    inbox: Inbox,
    requests_used: Callable[[], tuple[int, int]],
) -> None:
    """Every handler, in the order in which they are tried, each with the right it needs."""
    InlinePresses(desk).register(application)
    ServiceMessages(desk).register(application)
    start = Start(desk)
    start.register(application)
    Renting(desk).register(application)
    Numbers(desk).register(application)
    BalanceScreen(desk).register(application)
    Admin(desk, requests_used).register(application)
    Fallback(desk, start, inbox).register(application)
    LiveCards(desk).register(application)
    check_all_guarded(application)
