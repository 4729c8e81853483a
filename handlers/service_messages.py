"""Messages that ask for nothing: Telegram's own notices in a chat, and the rest of an album."""

import logging
from collections import OrderedDict

from telegram import Message, Update
from telegram.constants import ChatType
from telegram.ext import ApplicationHandlerStop, TypeHandler

from handlers.authorization import Ending
from handlers.desk import Context, Desk, TelegramApplication

log = logging.getLogger(__name__)

# Before anything else looks at an update.
FIRST = -2
MOST_ALBUMS = 10_000
# What a person can send. All else is a notice about the chat, also of kinds that are yet to come.
CONTENT = (
    "text", "caption", "animation", "audio", "document", "live_photo", "paid_media", "photo",
    "sticker", "story", "video", "video_note", "voice", "checklist", "contact", "dice", "game",
    "giveaway", "giveaway_winners", "invoice", "location", "poll", "venue",
)  # fmt: skip


class ServiceMessages:
    """Ends the way of what needs no answer."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._albums: OrderedDict[tuple[int, str], int] = OrderedDict()  # their first updates

    def register(self, application: TelegramApplication) -> None:
        application.add_handler(TypeHandler(Update, Ending(self.drop)), group=FIRST)

    async def drop(self, update: Update, _context: Context) -> None:
        """Answer neither a notice nor the second picture of an album."""
        message, user = update.message, update.effective_user
        if message is None:
            return
        if self._is_rest_of_album(update.update_id, message):
            raise ApplicationHandlerStop
        if not is_service(message):
            return
        if user and not user.is_bot and message.chat.type == ChatType.PRIVATE:
            # Some of them say that the person may be written to again.
            try:
                await self._desk.notes.unpark(user.id, self._desk.clock.now())
            except Exception:
                log.exception("update %d: what waits for its person stays", update.update_id)
        raise ApplicationHandlerStop

    def _is_rest_of_album(self, update_id: int, message: Message) -> bool:
        """The first one may come again, after a flood wait: it is the one that is answered."""
        if message.media_group_id is None:
            return False
        first = self._albums.setdefault((message.chat.id, message.media_group_id), update_id)
        if len(self._albums) > MOST_ALBUMS:
            self._albums.popitem(last=False)
        return first != update_id


def is_service(message: Message) -> bool:
    """Whether no person wrote it: a pin, a timer, a background, a gift and so on."""
    return not any(getattr(message, name) for name in CONTENT)
