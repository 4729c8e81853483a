"""What the conversations work with: one object, built once by bot.py."""

from collections.abc import Coroutine
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
from activations.ports import Clock, Ledger, Outbox, Store
from activations.rentals import Rentals
from handlers.callback_data import Press, StalePressError, unpack
from handlers.cards import Cards
from handlers.inbox import Inbox
from handlers.presses import Presses
from handlers.screens import Screens
from people.access import Access
from people.model import Limits

# What python-telegram-bot lets one choose with these six parameters is not used here.
TelegramApplication = Application[Any, Any, Any, Any, Any, Any]
Context = ContextTypes.DEFAULT_TYPE
Work = Coroutine[Any, Any, None]


@dataclass(frozen=True)
class Desk:
    rentals: Rentals
    endings: Endings
    catalog: Catalog
    account: Account
    access: Access
    store: Store
    ledger: Ledger
    notes: Outbox
    outbox: OutboxPass
    health: ProviderHealth
    screens: Screens
    cards: Cards
    presses: Presses
    clock: Clock
    inbox: Inbox
    # Activations about which the provider is being asked on somebody's wish: one wish at a time.
    under_way: set[int] = field(default_factory=set)

    def beside(self, update: Update, context: Context, work: Work) -> None:
        """Do work beside the person's lane, so that they can go on pressing meanwhile.

        The update counts as handled only when the work is through: after a kill it starts again.
        """
        self.inbox.hold(update)
        context.application.create_task(self._through(update, context, work), update=update)

    async def _through(self, update: Update, context: Context, work: Work) -> None:
        try:
            await work
        except Exception as err:  # noqa: BLE001 - handled as a handler's own
            # Here and not by the library, which would do so only after the release.
            self.inbox.end(update)
            await context.application.process_error(update, err)
        await self.inbox.release(update)

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
