"""The pass that moves the bars of waiting numbers ends soon, however slow Telegram is."""

from dataclasses import replace

import pytest
from telegram import InlineKeyboardMarkup
from telegram.ext import ExtBot

from activations.model import Card
from handlers.cards import Cards
from handlers.screens import Screens
from sandbox.telegram_server import TelegramServer
from storage.activations import ActivationRows
from storage.database import Database
from tests.made_up import ANN, BOB, OFFER, OLGA
from tests.moved_clock import MovedClock
from tests.storage.rows import waiting


class SlowScreens(Screens):
    """Each edit takes its time."""

    def __init__(self, bot: ExtBot[str], clock: MovedClock, edit_s: float) -> None:
        super().__init__(bot)
        self._clock = clock
        self._edit_s = edit_s

    async def edit(
        self,
        card: Card,
        text: str,
        keyboard: InlineKeyboardMarkup | None,
        *,
        haste: str | None = None,
    ) -> None:
        self._clock.move(self._edit_s)
        await super().edit(card, text, keyboard, haste=haste)


@pytest.mark.parametrize(("edit_s", "first", "second"), [(0.5, 3, 3), (2.0, 2, 3), (5.0, 1, 2)])
async def test_a_pass_begins_no_edit_after_three_seconds(
    database: Database,
    bot: ExtBot[str],
    telegram: TelegramServer,
    clock: MovedClock,
    edit_s: float,
    first: int,
    second: int,
) -> None:
    """What a slow pass leaves is done by the next one, so that each is seen to end."""
    store = ActivationRows(database)
    cards = Cards(SlowScreens(bot, clock, edit_s), store, clock)
    for person in (ANN, BOB, OLGA):
        number = await waiting(store, clock, replace(OFFER, user_id=person))
        await cards.refresh(number.id)
    clock.move(minutes=5)
    edited = []
    for _ in range(2):
        await cards.run_pass()
        edited.append(sum(call.method == "editMessageText" for call in telegram.calls))

    assert [first, second] == edited
