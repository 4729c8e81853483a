"""Which activation a press is about: by its token, or by its id where an old button still may."""

from telegram import Update

from activations.errors import NotFound
from activations.model import Activation
from handlers.desk import Desk, press_of, user_of


async def pressed(desk: Desk, update: Update) -> Activation:
    """Anybody's, so only for owners. Errors: NotFound, StalePressError."""
    press = press_of(update)
    if press.has_token:
        found = await desk.store.by_token(press.token())
    else:
        found = await desk.store.from_before(press.id())
    if found is None:
        raise NotFound
    return found


async def owned(desk: Desk, update: Update) -> Activation:
    """Errors: NotFound, alike for a missing activation and for another person's."""
    found = await pressed(desk, update)
    if found.user_id != user_of(update):
        raise NotFound
    return found
