"""What the card of an activation says in each state, and the news of its code."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from gettext import gettext as _

from activations.model import Activation, Kind, Sms, State
from handlers import formats, texts
from handlers.formats import escape
from handlers.phones import phone_of

# Leaves room for the rest of the message below Telegram's 4,096 units.
LONGEST_SMS = 3500
LONGEST_NAME = 80
# After so long without BloomSMS's answer a person is told why they see nothing.
SLOW_AFTER = timedelta(seconds=10)

HEADS = {
    State.RENTING: _("⏳ Renting the number…"),
    State.UNCERTAIN: _("❓ The outcome is unknown. It was not tried again."),
    State.CODE_RECEIVED: _("✅ Code received"),
    State.COMPLETED: _("🏁 <b>Completed</b>"),
    State.CANCELLED: _("✖️ <b>Cancelled</b>"),
    State.EXPIRED: _("⌛ <b>Expired</b>"),
    State.REFUSED: _("⚠️ <b>Not rented</b>"),
}


def what(activation: Activation) -> str:
    """Service and country of an activation in one line."""
    offer = activation.offer
    name = formats.clip(offer.service_name, LONGEST_NAME)
    place = formats.country(offer.country_id, formats.clip(offer.country_name, LONGEST_NAME))
    return f"<b>{escape(name)}</b> · {escape(place)}"


def confirm(activation: Activation, stock: int | None = None) -> str:
    lines = [what(activation)]
    if activation.offer.kind is Kind.AGAIN:
        lines.append(_("The same number as before, for another code."))
        lines.append(_("Price: <b>{price}</b>").format(price=formats.money(activation.price)))
    else:
        lines.append(
            _("Price: <b>{price}</b> (at most this price)").format(
                price=formats.money(activation.price)
            )
        )
    if stock is not None:
        lines.append(_("In stock: {stock}").format(stock=stock))
    lines += ["", _("The number is yours for about 20 minutes."), _(
        "No code in that time: the money comes back by itself. "
        "Cancelled before a code came: it comes back at once."
    )]  # fmt: skip
    if activation.reason:
        lines += ["", not_sent(activation.reason)]
    return "\n".join(lines)


def not_sent(reason: str) -> str:
    if reason == "busy":
        return _("⚠️ BloomSMS is busy. Nothing was charged; press again in a moment.")
    return _("⚠️ BloomSMS could not be reached. Nothing was charged; press again in a moment.")


def card(activation: Activation, now: datetime) -> str:
    """The card of an activation, whatever its state."""
    if activation.state is State.INTENT:
        return confirm(activation)
    lines = [*_number_line(activation), what(activation) + " · " + formats.money(activation.price)]
    lines += surprises(activation)
    return "\n".join([*lines, "", *_state_lines(activation, now)])


def surprises(activation: Activation) -> list[str]:
    """Where the number is not what was ordered: one line each."""
    number = activation.number
    if number is None:
        return []
    service, country = _given(number.given_service), _given(number.given_country)
    return [
        sentence
        for sentence, is_so in (
            (_("⚠️ BloomSMS gave a number for another service: {it}").format(it=service), service),
            (_("⚠️ BloomSMS gave a number of another country: {it}").format(it=country), country),
            (_("⚠️ This is a new number: BloomSMS didn't give the same one again."),
             number.is_other_phone),
        )
        if is_so
    ]  # fmt: skip


def _given(name: str) -> str:
    return escape(formats.clip(name, LONGEST_NAME))


def code_messages(activation: Activation, sms: Sms) -> list[str]:
    """The news of an SMS: the code alone on its line, then the whole text.

    Shape: one message, more only for a text that does not fit; the first one has the buttons.
    """
    text = texts.BLANK_SMS if sms.is_blank else sms.full_text.strip() or sms.code
    first, *rest = formats.pieces(text, LONGEST_SMS)
    lines = [f"<code>{escape(sms.code)}</code>", ""] if sms.code else []
    lines += [escape(first), "", what(activation)]
    if phone := phone_of(activation):
        lines.append(escape(phone.with_flag))
    if activation.state in (State.CANCELLED, State.EXPIRED):
        lines.append(_("It came after the number had ended."))
    return ["\n".join(lines), *(escape(piece) for piece in rest)]


def uncertain(activation: Activation) -> str:
    return _(
        "❓ <b>The outcome is unknown</b>\n{what} · {price}\n"
        "The order went out, but BloomSMS's answer was lost. It was not tried again, so you pay at"
        " most once. If a number was rented and gets no code, BloomSMS gives the money back by"
        " itself. The owner has been told."
    ).format(what=what(activation), price=formats.money(activation.price))


def settled(activation: Activation) -> str:
    sentence = texts.SETTLED.get(activation.reason, texts.became(activation))
    return f"{what(activation)} · {formats.money(activation.price)}\n{sentence}"


def duplicate(activation: Activation) -> str:
    return _(
        "❓ {what} · {price}\nSorry, BloomSMS gave the number of this order to another order as"
        " well, so I can't use it here. The owner has been told."
    ).format(what=what(activation), price=formats.money(activation.price))


def owner_uncertain(activation: Activation) -> str:
    return _(
        "❓ The outcome of an order is unknown\n{what} · {price}\nOrder {id}, for the user"
        " <code>{user_id}</code>. It was not tried again; look at the account at BloomSMS to see"
        " whether it was charged."
    ).format(
        what=what(activation), price=formats.money(activation.price), id=activation.id,
        user_id=activation.user_id,
    )  # fmt: skip


def owner_unsettled(activation: Activation) -> str:
    """Empty when it was settled before this could be told."""
    if activation.state is not State.UNCERTAIN:
        return ""
    sentence = (
        _("BloomSMS charged for it, and the money has not come back.")
        if activation.is_charged_without_number
        else _("The balance doesn't show whether it was charged.")
    )
    return _(
        "❓ <b>An order needs your decision</b>\n{what} · {price}\nOrder {id}, for the user"
        " <code>{user_id}</code>. {sentence} Look for the order at BloomSMS. Once it cost nothing"
        " or its money is back, close it here; that refunds and repeats nothing."
    ).format(
        what=what(activation), price=formats.money(activation.price), id=activation.id,
        user_id=activation.user_id, sentence=sentence,
    )  # fmt: skip


def _number_line(activation: Activation) -> Sequence[str]:
    if activation.number is None:
        return ()
    phone = phone_of(activation)
    if phone is None:
        return (_("📱 <i>number not shown yet</i>"),)
    line = f"📱 <code>{escape(phone.shown)}</code>"
    if not phone.country:
        return (line,)
    offer = activation.offer
    country = escape(formats.country("", phone.country))
    asked = escape(formats.country("", formats.clip(offer.country_name, LONGEST_NAME)))
    warning = _("⚠️ This number is from {country}, not from {asked}.")
    return (line, warning.format(country=country, asked=asked))


def _state_lines(activation: Activation, now: datetime) -> list[str]:
    if activation.state is State.WAITING:
        return _waiting_lines(activation, now)
    lines = [HEADS.get(activation.state) or texts.became(activation)]
    if activation.state is State.RENTING and now - activation.changed_at >= SLOW_AFTER:
        lines.append(texts.RENTING_SLOWLY)
    if activation.state in (State.CANCELLED, State.EXPIRED):
        lines.append(_refund_line(activation))
    if activation.state is State.REFUSED:
        lines += _refused_lines(activation.reason)
    return lines + _code_lines(activation)


def _refused_lines(reason: str) -> list[str]:
    if reason in texts.SETTLED:
        return [texts.SETTLED[reason]]
    words = reason.removeprefix(texts.OWN_WORDS) if reason.startswith(texts.OWN_WORDS) else ""
    quoted = f" “{escape(words)}”" if words else ""
    return [texts.REASONS.get(reason, texts.SAYS_NO) + quoted, _("Nothing was charged.")]


def _waiting_lines(activation: Activation, now: datetime) -> list[str]:
    number = activation.number
    end = number.expires_at if number else now
    lines = [_("⏳ Waiting for the SMS") if not activation.sms else _("⏳ Waiting for another SMS")]
    if now >= end:
        lines.append(_("The time is over; waiting for BloomSMS to say so."))
    else:
        bar, left = formats.bar(now, activation.created_at, end), formats.time_left(now, end)
        lines.append(_("{bar} {time} left").format(bar=bar, time=left))
    if number and not number.phone_number:
        lines.append(_("BloomSMS hasn't sent the number yet. I keep asking and show it here."))
    if activation.is_cancel_asked:
        lines.append(_("Cancelling was asked for; BloomSMS has not confirmed it yet."))
    return lines + _code_lines(activation)


def _refund_line(activation: Activation) -> str:
    if activation.sms:
        return _("Its code was delivered, so it stays paid.")
    if activation.is_refund_confirmed:
        return _("{price} went back to the account.").format(price=formats.money(activation.price))
    return _("The money's return is not confirmed yet.")


def _code_lines(activation: Activation) -> list[str]:
    last = activation.last_sms
    if last is None:
        return []
    if last.is_blank:
        return [texts.BLANK_SMS]
    if not last.code:
        return [escape(formats.clip(last.full_text.strip(), 500))]
    return [f"<code>{escape(last.code)}</code>"]
