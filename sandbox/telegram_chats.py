"""What Telegram remembers: people, their chats with the bot, messages, presses, files.

State and its plain changes only; what may be asked for is decided in `telegram_methods`.
"""

from __future__ import annotations

import asyncio
import time
import zlib
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, TypeVar

from sandbox.telegram_till import Invoice, Till
from sandbox.telegram_updates import UpdateQueue

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.telegram_inline import InlineAsk
    from sandbox.telegram_rules import Json
    from sandbox.telegram_webhook import Webhook

_Found = TypeVar("_Found")
_FIRST_UPDATE_ID = 731_000_001


@dataclass(frozen=True)
class Profile:
    """How a person is called."""

    id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = "en"


@dataclass(frozen=True)
class Button:
    """One button of an inline keyboard; one of the three actions is set, or another in `raw`."""

    text: str
    callback_data: str | None
    copy_text: str | None
    url: str | None
    style: str | None
    raw: Json = field(repr=False)


@dataclass(frozen=True)
class StoredFile:
    """A file the bot uploaded."""

    id: str
    name: str
    content_type: str
    content: bytes = field(repr=False)


@dataclass
class Message:
    """One message as it is now.

    Units: dates in whole seconds since 1970. `html` is the text as the bot sent it.
    Shape: `content` is what the message carries instead of text or a file, as Telegram tells it;
    `text` says it in words then. `via_bot` is the bot a person's message came through.
    """

    id: int
    chat_id: int
    from_bot: bool
    text: str
    date: int
    html: str = ""
    entities: list[Json] = field(default_factory=list)
    keyboard: list[list[Button]] = field(default_factory=list)
    kind: str = "text"
    file: StoredFile | None = None
    content: Json | None = None
    invoice: Invoice | None = None
    via_bot: Json | None = None
    inline_message_id: str | None = None
    media_group_id: str | None = None
    thread_id: int | None = None
    silent: bool = False
    protected: bool = False
    other_markup: Json | None = None
    reply_to: int | None = None
    link_preview: Json | None = None
    edits: int = 0
    edit_date: int | None = None
    deleted: bool = False
    cleared: bool = False
    pinned: bool = False
    reactions: list[Json] = field(default_factory=list)


@dataclass(frozen=True)
class Answer:
    """What a press brought.

    `kind` is `answer` (the bot's, maybe without text), `copy` (the text is now on the clipboard)
    or `link` (the address that opened); `unknown` when it was not waited for.
    `too_late`: the bot's answer came after the limit.
    """

    text: str | None = None
    show_alert: bool = False
    url: str | None = None
    kind: str = "answer"
    too_late: bool = False


@dataclass
class Press:
    """A press on a callback button; the server calls it a callback query."""

    query_id: str
    chat_id: int
    message_id: int
    data: str
    pressed_at_s: float
    answer: Answer | None = None


@dataclass
class Chat:
    """The private chat of one person with the bot."""

    profile: Profile
    started: bool = False
    blocked: bool = False
    deactivated: bool = False
    messages: list[Message] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    menu_button: Json | None = None
    topics: set[int] = field(default_factory=set)

    @property
    def id(self) -> int:
        return self.profile.id

    def find(self, message_id: int | None) -> Message | None:
        """Deleted messages are not found."""
        for message in self.messages:
            if message.id == message_id and not message.deleted:
                return message
        return None

    def shown(self) -> list[Message]:
        return [one for one in self.messages if not (one.deleted or one.cleared)]


class Changes:
    """Tells everybody who waits, and every listener, that something changed."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[], None]] = []
        self._changed = asyncio.Event()

    def wake(self) -> None:
        """Let those who wait look again; nothing changed that is shown."""
        self._changed.set()
        self._changed = asyncio.Event()

    def tell(self) -> None:
        self.wake()
        for listener in self.listeners:
            listener()

    async def wait_for(
        self, find: Callable[[], _Found | None], timeout_s: float | None
    ) -> _Found | None:
        """Wait without end when there is no time-out.

        Shape: what was found, as soon as it is there; None when it did not come in time.
        """
        try:
            async with asyncio.timeout(timeout_s):
                while (found := find()) is None:
                    await self._changed.wait()
        except TimeoutError:
            return find()
        return found


class Chats:
    """Everything one bot's token gives access to."""

    def __init__(
        self,
        *,
        bot_id: int,
        username: str,
        name: str,
        query_age_limit_s: float = 15.0,
        checkout_limit_s: float = 10.0,
    ) -> None:
        self.bot_id = bot_id
        self.username = username
        self.name = name
        self.query_age_limit_s = query_age_limit_s
        self.checkout_limit_s = checkout_limit_s
        self.chats: dict[int, Chat] = {}
        self.presses: dict[str, Press] = {}
        self.asks: dict[str, InlineAsk] = {}
        self.till = Till()
        self.files: dict[str, StoredFile] = {}
        self.commands: dict[tuple[str, str], list[Json]] = {}
        self.texts: dict[tuple[str, str], str] = {}
        self.menu_button: Json = {"type": "commands"}
        self.webhook: Webhook | None = None
        self.refusals: list[str] = []
        self.changes = Changes()
        self.updates = UpdateQueue(first_id=_FIRST_UPDATE_ID, on_added=self.changes.wake)
        self._message_ids = count(1)
        self._query_ids = count(4_000_000_000_000_000_001)

    def skip_ids(self, by: int) -> None:
        """Begin behind the ids of an earlier run, for a bot whose database remembers them."""
        self._message_ids = count(1 + by)
        self._query_ids = count(next(self._query_ids) + by)
        self.updates.skip_ids(by)

    def add_message(self, chat: Chat, message: Message) -> Message:
        chat.messages.append(message)
        self.changes.tell()
        return message

    def new_message(self, chat: Chat, text: str, *, from_bot: bool) -> Message:
        """Make a message with the next id; it is not in the chat yet."""
        return Message(next(self._message_ids), chat.id, from_bot, text, int(time.time()))

    def new_press(self, message: Message, data: str, *, age_s: float) -> Press:
        press = Press(
            self.new_query_id(),
            message.chat_id,
            message.id,
            data,
            time.monotonic() - age_s,
        )
        self.presses[press.query_id] = press
        return press

    def new_query_id(self) -> str:
        return str(next(self._query_ids))

    def is_too_old(self, press: Press) -> bool:
        return time.monotonic() - press.pressed_at_s > self.query_age_limit_s

    def store_file(self, name: str, content_type: str, content: bytes) -> StoredFile:
        file_id = f"sandbox-file-{len(self.files) + 1}-{zlib.crc32(content):08x}"
        self.files[file_id] = StoredFile(file_id, name, content_type, content)
        return self.files[file_id]


def read_keyboard(markup: Json | None) -> list[list[Button]]:
    """Shape: rows of buttons, empty rows left out; empty when it is no inline keyboard."""
    rows = (markup or {}).get("inline_keyboard", [])
    return [[_button(raw) for raw in row] for row in rows if row]


def _button(raw: Json) -> Button:
    return Button(
        raw["text"],
        raw.get("callback_data"),
        raw.get("copy_text", {}).get("text"),
        raw.get("url"),
        raw.get("style"),
        raw,
    )
