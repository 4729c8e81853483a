"""What people do, as the library hands it over."""

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.ext import ExtBot

from sandbox.person import Person

BUTTON = InlineKeyboardMarkup([[InlineKeyboardButton("press", callback_data="1:m")]])


class Post:
    def __init__(self, bot: ExtBot[str]) -> None:
        self.bot = bot
        self._next_id = 0

    async def fetched(self) -> Update:
        """The one update that is there."""
        (update,) = await self.bot.get_updates(offset=self._next_id, timeout=0)
        self._next_id = update.update_id + 1
        return update

    async def pressed(self, person: Person, *, age_s: float = 0.0) -> Update:
        """A press on a button below a message of the bot."""
        if not any(message.from_bot for message in person.messages):
            await self.bot.send_message(person.id, "a screen", reply_markup=BUTTON)
        await person.presses("1:m", wait_answer=False, age_s=age_s)
        return await self.fetched()

    async def said(self, person: Person, text: str = "hello") -> Update:
        await person.says(text)
        return await self.fetched()
