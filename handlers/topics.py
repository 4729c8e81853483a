"""Topics of private chats: an answer goes where the question was asked.

Known are the topic of the update that is handled, and those of messages met since the start.
"""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from telegram import Message, Update
from telegram.error import BadRequest, Forbidden, TelegramError

from activations.model import Card

MOST_REMEMBERED = 10_000

_asked_in: ContextVar[tuple[int, int] | None] = ContextVar("asked_in", default=None)


class Topics:
    """Which topic each of the latest messages stands in; those in none are not kept."""

    def __init__(self) -> None:
        self._known: OrderedDict[Card, int] = OrderedDict()

    def note(self, message: Message) -> None:
        if message.message_thread_id is None:
            return
        card = Card(message.chat.id, message.message_id)
        self._known[card] = message.message_thread_id
        self._known.move_to_end(card)
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)

    def of(self, card: Card) -> int | None:
        return self._known.get(card)


def enter(update: Update) -> None:
    """What is sent from here on, in this task, answers this update."""
    place = None
    message = update.effective_message
    if isinstance(message, Message) and message.message_thread_id is not None:
        place = message.chat.id, message.message_thread_id
    _asked_in.set(place)


@contextmanager
def answering(chat_id: int, topic: str) -> Iterator[None]:
    """As `enter`, for an answer that was kept with its topic's id; an empty one changes nothing."""
    token = _asked_in.set((chat_id, int(topic))) if topic else None
    try:
        yield
    finally:
        if token:
            _asked_in.reset(token)


def asked_in(chat_id: int) -> int | None:
    """The topic of the update that is handled, if it came from this chat."""
    place = _asked_in.get()
    return place[1] if place and place[0] == chat_id else None


def is_refused(err: TelegramError) -> bool:
    """Whether Telegram refused the topic and not the message."""
    said = err.message.lower()
    return isinstance(err, BadRequest | Forbidden) and ("topic" in said or "thread" in said)


async def reply(message: Message, text: str) -> None:
    """Answer in the message's topic, or in the chat if there is none. Errors: Telegram's."""
    bot, chat_id = message.get_bot(), message.chat.id
    try:
        await bot.send_message(chat_id, text, message_thread_id=message.message_thread_id)
    except (BadRequest, Forbidden) as err:
        if message.message_thread_id is None or not is_refused(err):
            raise
        await bot.send_message(chat_id, text)
