"""The command list that Telegram shows; owners see one more."""

import logging

from telegram import Bot, BotCommand, BotCommandScopeChat
from telegram.error import TelegramError

COMMANDS = (
    BotCommand("rent", "Rent a number"),
    BotCommand("numbers", "Your open numbers"),
    BotCommand("history", "Earlier numbers and their codes"),
    BotCommand("balance", "The balance"),
    BotCommand("settings", "Your limits"),
    BotCommand("help", "How it works"),
    BotCommand("start", "The menu"),
)
OWNER_COMMANDS = (*COMMANDS, BotCommand("admin", "For owners"))

log = logging.getLogger(__name__)


async def publish(bot: Bot) -> None:
    """Everybody's list. A bot without it works all the same."""
    try:
        await bot.set_my_commands(COMMANDS)
    except TelegramError as err:
        log.warning("the command list is not registered: %s", err)


async def publish_to_owner(bot: Bot, owner_id: int) -> None:
    """An owner's list; Telegram takes it only once the owner has written to the bot."""
    try:
        await bot.set_my_commands(OWNER_COMMANDS, scope=BotCommandScopeChat(owner_id))
    except TelegramError as err:
        log.warning("the owners' command list is not registered: %s", err)
