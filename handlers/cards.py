"""Cards: the one message of an activation, kept as the row says."""

import asyncio
import logging
from datetime import timedelta
from hashlib import blake2s

from telegram import InlineKeyboardMarkup
from telegram.error import RetryAfter, TelegramError

from activations.model import HELD_STATES, Activation, Card, State
from activations.ports import Clock, Store
from handlers import card_texts, keyboards, topics
from handlers.pace import PATIENT, seconds_of
from handlers.screens import Gone, Screens

EDIT_EVERY = timedelta(seconds=15)
MOST_EDITS_A_PASS = 5
# A pass begins no edit after this: each may have to wait for its turn.
LONGEST_PASS = timedelta(seconds=3)

log = logging.getLogger(__name__)


class Cards:
    """Edits of one card wait for each other, and each shows the row as it stands then."""

    def __init__(self, screens: Screens, store: Store, clock: Clock) -> None:
        self._screens = screens
        self._store = store
        self._clock = clock
        self._locks: dict[int, asyncio.Lock] = {}
        self._edited_at: dict[int, timedelta] = {}
        self._started_at = self._hold_until = clock.monotonic()

    async def refresh(self, activation_id: int) -> None:
        """Bring the card up to date; a number in hand without a card gets one.

        Errors: Telegram's.
        """
        async with self._locks.setdefault(activation_id, asyncio.Lock()):
            activation = await self._store.get(activation_id)
            if activation is None:
                return
            if activation.card is not None:
                await self._edit(activation, activation.card)
            elif activation.state in HELD_STATES:
                await self._send(activation)
        if activation.state not in HELD_STATES:
            self._locks.pop(activation_id, None)
            self._edited_at.pop(activation_id, None)

    async def show_anew(self, activation_id: int, *, below: int = 0) -> None:
        """Put the card at the end of the chat and take the old one away.

        Where it is `below` that message already, or the number has ended, it stays.
        """
        async with self._locks.setdefault(activation_id, asyncio.Lock()):
            activation = await self._store.get(activation_id)
            if activation is None or (below and not _is_above(activation, below)):
                return
            old = activation.card
            await self._send(activation)
        if old and not await self._screens.take_away(old):
            await self._screens.set_keyboard(old, None)

    async def run_pass(self) -> None:
        """Move the bars of waiting numbers whose card was not edited for a while.

        Orders that wait for their answer get a line that says so.
        """
        now = self._clock.monotonic()
        if now < self._hold_until:
            return
        waiting = await self._store.in_states(frozenset({State.WAITING, State.RENTING}))
        due = [a for a in waiting if a.card and now - self._last_edit(a) >= EDIT_EVERY]
        due.sort(key=self._last_edit)
        for activation in _one_a_chat(due)[:MOST_EDITS_A_PASS]:
            if self._clock.monotonic() - now >= LONGEST_PASS:
                break
            await self._move_bar(activation)

    async def _move_bar(self, activation: Activation) -> None:
        self._edited_at[activation.id] = self._clock.monotonic()
        try:
            await self.refresh(activation.id)
        except RetryAfter as err:
            self._hold_until = self._clock.monotonic() + timedelta(seconds=seconds_of(err))
        except TelegramError as err:
            log.info("the card of activation %d stays as it is: %s", activation.id, err)

    async def _edit(self, activation: Activation, card: Card) -> None:
        now = self._clock.now()
        text, keyboard = card_texts.card(activation, now), keyboards.card(activation)
        shown = _digest(text, keyboard)
        if shown == activation.card_shown:
            return
        try:
            await self._screens.edit(card, text, keyboard, haste=PATIENT)
        except Gone:
            await self._send(activation)
            return
        self._edited_at[activation.id] = self._clock.monotonic()
        await self._store.mark_shown(activation.id, shown)

    async def _send(self, activation: Activation) -> None:
        now = self._clock.now()
        text, keyboard = card_texts.card(activation, now), keyboards.card(activation)
        near = None if topics.asked_in(activation.user_id) else activation.card
        card = await self._screens.send(
            activation.user_id, text, keyboard, is_silent=True, near=near
        )
        self._edited_at[activation.id] = self._clock.monotonic()
        await self._store.place_card(activation.id, card)
        await self._store.mark_shown(activation.id, _digest(text, keyboard))

    def _last_edit(self, activation: Activation) -> timedelta:
        # What a process before this one showed last is not known; it may have been just now.
        return self._edited_at.get(activation.id, self._started_at)


def _is_above(activation: Activation, message_id: int) -> bool:
    """Whether an open number's card stands above that message."""
    card = activation.card
    return activation.state in HELD_STATES and card is not None and card.message_id < message_id


def _one_a_chat(due: list[Activation]) -> list[Activation]:
    chats: dict[int, Activation] = {}
    for activation in due:
        chats.setdefault(activation.user_id, activation)
    return list(chats.values())


def _digest(text: str, keyboard: InlineKeyboardMarkup | None) -> str:
    """What a card shows, so that it is not asked to become what it is, also after a restart."""
    buttons = keyboard.to_json() if keyboard else ""
    return blake2s(f"{text}{buttons}".encode(), digest_size=12).hexdigest()
