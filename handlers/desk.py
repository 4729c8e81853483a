"""What the conversations work with: one object, built once by bot.py."""

from dataclasses import dataclass, field
from typing import Any

from telegram import Update
from telegram.ext import Application, ContextTypes

from activations.account import Account
from activations.catalog import Catalog
from activations.endings import Endings
from activations.errors import NotFound
from activations.health import ProviderHealth
from activations.outbox import OutboxPass
from activations.ports import Clock, Outbox, Store
from activations.rentals import Rentals
from handlers.callback_data import Press, StalePressError, unpack
from handlers.cards import Cards
from handlers.presses import Presses
from handlers.screens import Screens
from people.access import Access
from people.model import Limits

# What python-telegram-bot lets one choose with these six parameters is not used here.
TelegramApplication = Application[Any, Any, Any, Any, Any, Any]
Context = ContextTypes.DEFAULT_TYPE


@dataclass(frozen=True)
class Desk:
    rentals: Rentals
    endings: Endings
    catalog: Catalog
    account: Account
    access: Access
    store: Store
    notes: Outbox
    outbox: OutboxPass
    health: ProviderHealth
    screens: Screens
    cards: Cards
    presses: Presses
    clock: Clock
    # Activations about which the provider is being asked on somebody's wish: one wish at a time.
    under_way: set[int] = field(default_factory=set)

    def limits_of(self, user_id: int) -> Limits:
        return self.access.limits_of(user_id)


def user_of(update: Update) -> int:
    """Who wrote or pressed. Errors: NotFound for an update without a person, which we never get."""
    if update.effective_user is None:
        raise NotFound
    return update.effective_user.id


def press_of(update: Update) -> Press:
    """The press, unpacked. Errors: StalePressError."""
    if update.callback_query is None:
        raise StalePressError
    return unpack(update.callback_query.data)
