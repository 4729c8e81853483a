"""Notes to Telegram calls, and Telegram's refusals to what the outbox does next."""

import logging
import re
from html import unescape

from telegram import InlineKeyboardMarkup
from telegram.error import BadRequest, ChatMigrated, Forbidden, RetryAfter, TelegramError

from activations.model import Activation, Card, Sms
from activations.notes import Delivery, Note, NoteKind, Outcome
from activations.ports import Outbox
from handlers import card_texts, formats, keyboards, owner_texts, texts, topics
from handlers.cards import Cards
from handlers.pace import PATIENT, SLACK_S, URGENT, seconds_of
from handlers.screens import Screens

log = logging.getLogger(__name__)

SENT = Delivery(Outcome.SENT)
PARKED = Delivery(Outcome.PARKED)
DEAD = Delivery(Outcome.DEAD)
LATER = Delivery(Outcome.LATER)

# Telegram's words, `_` read as a space, for a person who cannot be written to until they write.
ABSENT = (
    "chat not found", "user not found", "peer id invalid", "user id invalid", "chat id invalid",
    "user is deactivated", "user deactivated", "bot was blocked", "user is blocked",
    "bot was kicked", "can't initiate conversation", "user is bot", "chat write forbidden",
    "no rights to send a message", "chat was deleted", "chat was deactivated", "channel private",
    "channel invalid",
)  # fmt: skip
# A code that Telegram refused so often, for a quarter of an hour, waits for the person as well.
MOST_REFUSALS = 20

ABOUT_AN_ORDER = {
    NoteKind.UNCERTAIN: card_texts.uncertain,
    NoteKind.SETTLED: card_texts.settled,
    NoteKind.DUPLICATE: card_texts.duplicate,
    NoteKind.OWNER_UNCERTAIN: card_texts.owner_uncertain,
    NoteKind.OWNER_UNSETTLED: card_texts.owner_unsettled,
}


class TelegramMessenger:
    def __init__(self, screens: Screens, cards: Cards, outbox: Outbox) -> None:
        self._screens = screens
        self._cards = cards
        self._outbox = outbox

    async def deliver(self, note: Note, activation: Activation | None) -> Delivery:
        """Tell it; what Telegram answers becomes SENT, LATER, PARKED or DEAD."""
        try:
            with topics.answering(note.user_id, note.words.get("topic", "")):
                await self._tell(note, activation)
        except TelegramError as err:
            log.info("note %d: Telegram says %s", note.id, type(err).__name__)
            found = verdict(err, note.kind)
            is_lasting = isinstance(err, BadRequest) and note.attempts >= MOST_REFUSALS
            return PARKED if found is LATER and is_lasting else found
        return SENT

    async def _tell(self, note: Note, activation: Activation | None) -> None:
        if note.kind is NoteKind.CARD and activation:
            await self._cards.refresh(activation.id)
        elif note.kind is NoteKind.CODE and activation and note.sms:
            await self._tell_code(note, activation, note.sms)
        elif text := _news(note, activation):
            card = activation.card if activation else None
            await self._send(note, text, _keyboard(note, activation), card)

    async def _tell_code(self, note: Note, activation: Activation, sms: Sms) -> None:
        """Piece by piece: what Telegram has of it is not sent again."""
        pieces = card_texts.code_messages(activation, sms)
        for number, text in enumerate(pieces):
            if number < note.pieces_sent:
                continue
            keyboard = keyboards.code(activation, sms) if number == 0 else None
            await self._send(note, text, keyboard, activation.card)
            if number + 1 < len(pieces):
                await self._outbox.mark_pieces(note, number + 1)

    async def _send(
        self, note: Note, text: str, keyboard: InlineKeyboardMarkup | None, card: Card | None
    ) -> None:
        """What is of a number goes to the topic of its card, where that is its person's."""
        near = card if card and card.chat_id == note.user_id else None
        haste = URGENT if note.kind is NoteKind.CODE else PATIENT
        try:
            await self._screens.send(note.user_id, text, keyboard, haste=haste, near=near)
        except BadRequest as err:
            if is_absent(err):
                raise
            # Whatever it is that Telegram does not take, a bare text has none of it.
            log.warning("note %d is sent as plain text: Telegram says %s", note.id, err)
            await self._screens.send_plain(note.user_id, plain(text), near)


def verdict(err: TelegramError, kind: NoteKind) -> Delivery:
    """What a refused delivery means for its note."""
    if isinstance(err, RetryAfter):
        return Delivery(Outcome.LATER, seconds_of(err) + SLACK_S)
    # Only chats of people are kept, and they do not move.
    if isinstance(err, Forbidden | ChatMigrated) or is_absent(err):
        return PARKED
    # A code is never given up.
    return DEAD if isinstance(err, BadRequest) and kind is not NoteKind.CODE else LATER


def is_absent(err: TelegramError) -> bool:
    said = err.message.lower().replace("_", " ")
    return any(words in said for words in ABSENT)


def plain(html: str) -> str:
    """Our own HTML without its markup."""
    return unescape(re.sub(r"</?[a-z][^<>]*>", "", html))


def _keyboard(note: Note, activation: Activation | None) -> InlineKeyboardMarkup | None:
    """The buttons of news."""
    if note.kind is NoteKind.OWNER_ACCESS:
        return keyboards.access(note.words["user_id"])
    if note.kind is NoteKind.OWNER_UNSETTLED and activation:
        return keyboards.unsettled(activation)
    if note.kind is NoteKind.OWNER_RESTORED:
        return keyboards.open_renting(note.words["lost"])
    if note.kind is NoteKind.TURNED_AWAY:
        return keyboards.to_numbers() if note.words else None
    return keyboards.TO_MENU


def _news(note: Note, activation: Activation | None) -> str:
    words = note.words
    if text := owner_texts.news(note, activation):
        return text
    if activation and (about := ABOUT_AN_ORDER.get(note.kind)):
        return about(activation)
    if note.kind is NoteKind.OWNER_ACCESS:
        return texts.access_asked(words["user_id"], words["name"])
    return {
        NoteKind.SENTENCE: formats.escape(words.get("sentence", "")),
        NoteKind.LET_IN: texts.let_in(),
        NoteKind.TURNED_AWAY: texts.turned_away(is_holding=bool(words)),
        NoteKind.OWNER_PARKED: texts.owner_parked(words.get("update_id", "")),
        NoteKind.OWNER_WORD: texts.owner_word(words.get("word", "")),
        NoteKind.OWNER_HINTS: texts.HINTS.get(words.get("condition", ""), ""),
        NoteKind.OWNER_UNCLAIMED: texts.owner_unclaimed(
            words.get("provider_id", ""), words.get("orders", "")
        ),
        NoteKind.OWNER_RESTORED: texts.OWNER_RESTORED,
        NoteKind.OWNER_BALANCE: texts.owner_balance(
            words.get("balance", ""), words.get("expected", "")
        ),
        NoteKind.OWNER_WEBHOOK: texts.WEBHOOK_CHANGED,
        NoteKind.OWNER_FUNDS: texts.owner_funds(),
        NoteKind.OWNER_PROVIDER: texts.condition(
            words.get("condition", ""), words.get("currency", "")
        ),
    }.get(note.kind, "")
