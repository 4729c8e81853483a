"""What the page may do: each action with what it must be told."""

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal, InvalidOperation

from sandbox.bloomsms_server import BloomsmsServer
from sandbox.bot_process import BotProcess
from sandbox.page_provider import ProviderDesk
from sandbox.person import Person
from sandbox.telegram_chats import Message
from sandbox.telegram_server import TelegramServer

_LONGEST_TEXT = 4096
_INLINE_LIMIT_S = 3.0
_MOST_BALANCE = Decimal(1_000_000)

Fields = Mapping[str, object]
Action = Callable[[Fields], Awaitable[object]]


class WrongAction(Exception):  # noqa: N818  an answer for the page, not a fault of ours
    """The page asked for something that cannot be done; the text says what."""


class ChatActions:
    """A person's doings."""

    def __init__(self, server: TelegramServer) -> None:
        self._server = server

    def by_name(self) -> dict[str, Action]:
        return {
            "say": self.say,
            "press": self.press,
            "pay": self.pay,
            "ask": self.ask,
            "pick": self.pick,
            "block": self.block,
            "unblock": self.unblock,
        }

    async def say(self, fields: Fields) -> None:
        text = _text(fields, "text").strip()
        if not text or len(text) > _LONGEST_TEXT:
            raise WrongAction(f"A message has 1 to {_LONGEST_TEXT} characters.")
        try:
            await self._person(fields).says(text)
        except AssertionError as err:
            raise WrongAction("You blocked the bot: unblock it to write to it.") from err

    async def press(self, fields: Fields) -> object:
        person, message = self._person(fields), self._message(fields)
        await person.presses(_text(fields, "data"), message=message, wait_answer=False)
        return {"press": person.last_press.query_id}

    async def pay(self, fields: Fields) -> object:
        """Shape: what became of it, once the bot has said yes or no, or nothing in its time."""
        message = self._message(fields)
        if message.invoice is None:
            raise WrongAction("There is nothing to pay.")
        payment = await self._person(fields).pays(message)
        return {"kind": payment.kind, "text": payment.text or ""}

    async def ask(self, fields: Fields) -> object:
        """Shape: the results of an inline query; none when the bot does not answer it."""
        person, text = self._person(fields), _text(fields, "text")
        try:
            answer = await person.asks_inline(text, timeout_s=_INLINE_LIMIT_S)
        except AssertionError:
            return {"results": []}
        shown = [
            {"id": one.id, "title": one.title or one.type, "description": one.description}
            for one in answer.results
        ]
        return {"results": shown}

    async def pick(self, fields: Fields) -> None:
        try:
            self._person(fields).picks(_text(fields, "result"))
        except AssertionError as err:
            raise WrongAction("That result is gone.") from err

    async def block(self, fields: Fields) -> None:
        self._person(fields).blocks()

    async def unblock(self, fields: Fields) -> None:
        self._person(fields).unblocks()

    def _person(self, fields: Fields) -> Person:
        person = self._server.people.get(_whole(fields, "person"))
        if person is None:
            raise WrongAction("There is no such person.")
        return person

    def _message(self, fields: Fields) -> Message:
        message_id = _whole(fields, "message")
        messages = self._person(fields).messages
        found = next((one for one in messages if one.id == message_id), None)
        if found is None or found.deleted:
            raise WrongAction("That message is gone.")
        return found


class ProviderActions:
    """The provider's doings."""

    def __init__(self, server: BloomsmsServer, desk: ProviderDesk) -> None:
        self._server = server
        self._desk = desk

    def by_name(self) -> dict[str, Action]:
        return {
            "balance": self.set_balance,
            "sms": self.send_sms,
            "expire": self.expire,
            "refuse-cancel": self.refuse_cancel,
            "switch": self.turn_switch,
        }

    async def set_balance(self, fields: Fields) -> None:
        try:
            amount = Decimal(_text(fields, "balance").strip().removeprefix("$"))
        except InvalidOperation as err:
            raise WrongAction("A balance is an amount such as 125.50.") from err
        if not (amount.is_finite() and 0 <= amount <= _MOST_BALANCE):
            raise WrongAction(f"A balance lies between 0 and {_MOST_BALANCE}.")
        self._server.balance = amount.quantize(Decimal("0.01"))

    async def send_sms(self, fields: Fields) -> None:
        text = _text(fields, "text")
        if not text.strip() or len(text) > _LONGEST_TEXT:
            raise WrongAction(f"An SMS has 1 to {_LONGEST_TEXT} characters.")
        self._server.send_sms(self._number(fields), text)

    async def expire(self, fields: Fields) -> None:
        self._server.expire(self._number(fields))

    async def refuse_cancel(self, fields: Fields) -> None:
        self._desk.refuse_cancel(self._number(fields), is_on=_flag(fields, "on"))

    async def turn_switch(self, fields: Fields) -> None:
        try:
            self._desk.turn(_text(fields, "name"), is_on=_flag(fields, "on"))
        except KeyError as err:
            raise WrongAction("There is no such scenario.") from err

    def _number(self, fields: Fields) -> str:
        activation_id = _text(fields, "number")
        if activation_id not in self._server.activations:
            raise WrongAction("There is no such number.")
        return activation_id


def bot_actions(bot: BotProcess) -> dict[str, Action]:
    def doing(work: Callable[[], Awaitable[None]]) -> Action:
        async def action(_fields: Fields) -> None:
            await work()

        return action

    return {
        "bot-start": doing(bot.start),
        "bot-stop": doing(bot.stop),
        "bot-kill": doing(bot.kill),
        "bot-restart": doing(bot.restart),
    }


def _text(fields: Fields, name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise WrongAction(f"{name} must be a text.")
    return value


def _whole(fields: Fields, name: str) -> int:
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise WrongAction(f"{name} must be a whole number.")
    return value


def _flag(fields: Fields, name: str) -> bool:
    value = fields.get(name)
    if not isinstance(value, bool):
        raise WrongAction(f"{name} must be true or false.")
    return value
