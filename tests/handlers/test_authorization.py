"""No handler runs without its right: which handlers there are, and how a grant is bound."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from telegram import Update
from telegram.ext import CallbackQueryHandler, CommandHandler

from handlers.authorization import Ending, Guarded, check_all_guarded, rights_for
from handlers.callback_data import Verb, pack
from handlers.desk import Context
from people.access import Right
from sandbox.bloomsms_server import BloomsmsServer
from sandbox.telegram_server import TelegramServer
from settings import AccessMode, Settings
from tests.made_up import ANN, OLGA
from wiring import House, furnished

FOLLOWED = {
    Verb.MENU,
    Verb.MENU_BELOW,
    Verb.NUMBERS,
    Verb.CANCEL,
    Verb.ANOTHER,
    Verb.DONE,
    Verb.CLOSE,
    Verb.STILL,
}
OWNED = {Verb.ADMIN, Verb.SETTLE, Verb.OPEN, Verb.LET_IN, Verb.TURN_AWAY}
USER = {"id": ANN, "is_bot": False, "first_name": "Ann"}
PRESS = {"id": "9", "from": USER, "chat_instance": "1"}
COMMANDS = {"start": Right.FOLLOW, "numbers": Right.FOLLOW, "admin": Right.OWNER}


@pytest.fixture
async def house(telegram: TelegramServer, tmp_path: Path) -> AsyncIterator[House]:
    bloomsms = BloomsmsServer()
    await bloomsms.start()
    values: dict[str, object] = {
        "telegram_bot_token": telegram.token,
        "telegram_base_url": telegram.base_url,
        "bloomsms_api_key": "sk_sandbox",
        "bloomsms_base_url": bloomsms.base_url,
        "database_path": tmp_path / "house.db",
        "admin_ids": frozenset({OLGA}),
        "access": AccessMode.PUBLIC,
    }
    settings = Settings(**values)
    async with furnished(settings) as house:
        await house.application.initialize()
        yield house
    await bloomsms.stop()


def pressed(house: House, verb: Verb) -> Guarded | None:
    """What the button runs, unless it is left to the last handlers of all."""
    update = Update.de_json(
        {"update_id": 1, "callback_query": PRESS | {"data": pack(verb)}}, house.application.bot
    )
    first = next(one for one in house.application.handlers[0] if one.check_update(update))
    if isinstance(first, CallbackQueryHandler) and not first.pattern:
        return None
    return first.callback if isinstance(first.callback, Guarded) else None


def message(house: House, update_id: int = 1) -> Update:
    sent = {"message_id": 5, "date": 1, "chat": {"id": ANN, "type": "private"}, "from": USER}
    update = Update.de_json(
        {"update_id": update_id, "message": sent | {"text": "hello"}}, house.application.bot
    )
    assert update
    return update


def test_every_handler_states_its_right(house: House) -> None:
    """There is no handler that runs without a right."""
    guarded, ending = (0, 1), (-3, -2)
    groups = house.application.handlers

    assert {*guarded, *ending} == set(groups)
    assert all(isinstance(one.callback, Guarded) for group in guarded for one in groups[group])
    assert all(isinstance(one.callback, Ending) for group in ending for one in groups[group])


@pytest.mark.parametrize("verb", Verb)
def test_the_right_of_each_button(house: House, verb: Verb) -> None:
    """What follows a number needs the lesser right, what owners do theirs, all else to rent."""
    expected = Right.RENT
    if verb in FOLLOWED:
        expected = Right.FOLLOW
    elif verb in OWNED:
        expected = Right.OWNER

    guarded = pressed(house, verb)

    assert guarded is not None
    assert expected is guarded.right


def test_the_right_of_each_command(house: House) -> None:
    """As for buttons."""
    rights = {
        command: one.callback.right
        for one in house.application.handlers[0]
        if isinstance(one, CommandHandler) and isinstance(one.callback, Guarded)
        for command in one.commands
    }

    assert rights == dict.fromkeys(rights, Right.RENT) | COMMANDS


async def forgotten(_update: Update, _context: Context) -> None:
    """A handler that states no right."""


def test_a_handler_without_a_right(house: House) -> None:
    """The program does not start with a handler that states no right."""
    house.application.add_handler(CommandHandler("forgotten", forgotten), group=7)

    with pytest.raises(TypeError, match="states no right"):
        check_all_guarded(house.application)


async def test_a_grant_is_of_one_update(house: House) -> None:
    """What one update was granted is not granted to the next, also not one just like it."""
    first, second = message(house), message(house)
    seen: list[frozenset[Right]] = []

    async def look(update: Update, _context: Context) -> None:
        seen.extend((rights_for(update), rights_for(second)))

    guarded = Guarded(house.desk, Right.FOLLOW, look)
    before = rights_for(first)
    await guarded(first, Context.from_update(first, house.application))

    assert frozenset() == before
    assert [frozenset({Right.RENT, Right.FOLLOW}), frozenset()] == seen
