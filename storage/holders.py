"""Which row holds a provider id: one at most, checked inside the caller's transaction."""

import aiosqlite

from activations.model import PAST_STATES, Activation, IdHeldError, Kind, State


async def hold_id(db: aiosqlite.Connection, activation: Activation, provider_id: str) -> None:
    """Give the row this provider id.

    An id that another row holds stays there, except where the same number was rented again and
    the provider uses the ended one's id once more: then it is passed on.

    Errors: IdHeldError.
    """
    rows = await db.execute_fetchall(
        "select id, user_id, state from activations where provider_id = ? and id <> ?",
        (provider_id, activation.id),
    )
    for holder_id, user_id, state in rows:
        is_own = user_id == activation.user_id and State(state) in PAST_STATES
        if not is_own or not await _is_rented_again(db, activation, provider_id):
            raise IdHeldError(f"activation {holder_id} has that id")
        await db.execute(
            "update activations set former_provider_id = provider_id, provider_id = null"
            " where id = ?",
            (holder_id,),
        )
    await db.execute(
        "update activations set provider_id = ? where id = ?", (provider_id, activation.id)
    )


async def _is_rented_again(
    db: aiosqlite.Connection, activation: Activation, provider_id: str
) -> bool:
    """Whether the order was to rent again the very id that its answer names."""
    rows = await db.execute_fetchall(
        "select coalesce(provider_id, former_provider_id) from activations where id = ?",
        (activation.offer.source_id,),
    )
    asked_for = [row[0] for row in rows]
    return activation.offer.kind is Kind.AGAIN and asked_for == [provider_id]
