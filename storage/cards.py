"""Which message shows which activation, inside the caller's transaction."""

import aiosqlite

from activations.model import Card


async def place_card(db: aiosqlite.Connection, activation_id: int, card: Card) -> None:
    """A message shows one activation: whoever had it before has no card any more."""
    await drop_card(db, card)
    await db.execute(
        "update activations set chat_id = ?, message_id = ?, card_shown = '' where id = ?",
        (card.chat_id, card.message_id, activation_id),
    )


async def drop_card(db: aiosqlite.Connection, card: Card) -> None:
    await db.execute(
        "update activations set chat_id = null, message_id = null"
        " where chat_id = ? and message_id = ?",
        (card.chat_id, card.message_id),
    )
