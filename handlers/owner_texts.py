"""What owners read of answers that do not fit their question, as Telegram HTML."""

from collections.abc import Callable, Mapping
from gettext import gettext as _

from activations.model import Activation
from activations.notes import Note, NoteKind
from handlers import card_texts, formats
from handlers.formats import escape

Words = Mapping[str, str]


def news(note: Note, activation: Activation | None) -> str:
    """Empty for a note of another kind."""
    if note.kind is NoteKind.OWNER_DUPLICATES:
        return duplicates(note.words)
    text = OF_AN_ORDER.get(note.kind)
    return text(activation, note.words) if text and activation else ""


def duplicates(words: Words) -> str:
    return _(
        "⚠️ Several orders in the database had the same BloomSMS id. The oldest of each keeps it;"
        " these gave it up: {orders}. Those that were still open are listed in /admin; look at"
        " BloomSMS's pages, then close them."
    ).format(orders=escape(formats.clip(words.get("orders", ""), 2000)))


def _mismatch(activation: Activation, _words: Words) -> str:
    return _(
        "⚠️ I asked BloomSMS about the number of order {id}, and the answer was about another"
        " number.\n{what}\nI don't believe such answers, and I keep asking. If no code arrives,"
        " contact BloomSMS."
    ).format(id=activation.id, what=card_texts.what(activation))


def _held(activation: Activation, words: Words) -> str:
    return _(
        "⚠️ BloomSMS answered order {id} with the id <code>{provider_id}</code>, which belongs to"
        " another order here.\n{what}, for the user <code>{user_id}</code>\nThe outcome is unknown;"
        " look at BloomSMS's pages to see whether it was charged."
    ).format(
        id=activation.id, provider_id=escape(words.get("provider_id", "")),
        what=card_texts.what(activation), user_id=activation.user_id,
    )  # fmt: skip


def _different(activation: Activation, _words: Words) -> str:
    return _("⚠️ BloomSMS gave something other than ordered.\nOrder {id}: {what}\n{given}").format(
        id=activation.id,
        what=card_texts.what(activation),
        given="\n".join(card_texts.surprises(activation)),
    )


def _overcharged(activation: Activation, _words: Words) -> str:
    return _(
        "⚠️ BloomSMS took more than the price shown.\nOrder {id}: {what}\nShown: {shown}. Taken:"
        " {taken}. The user <code>{user_id}</code> pays {paid}. The account's balance is read anew"
        " before it is compared again."
    ).format(
        id=activation.id, what=card_texts.what(activation), user_id=activation.user_id,
        shown=formats.money(activation.offer.price), taken=formats.money(activation.taken),
        paid=formats.money(activation.price),
    )  # fmt: skip


OF_AN_ORDER: Mapping[NoteKind, Callable[[Activation, Words], str]] = {
    NoteKind.OWNER_MISMATCH: _mismatch,
    NoteKind.OWNER_HELD: _held,
    NoteKind.OWNER_DIFFERENT: _different,
    NoteKind.OWNER_OVERCHARGED: _overcharged,
}
