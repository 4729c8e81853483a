"""Texts of the screens that list or explain: numbers, history, settings, help, the owners' page."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from gettext import gettext as _

from activations.model import Activation, State
from activations.tally import Sum, Tally
from handlers import card_texts, formats
from handlers.formats import escape
from handlers.phones import phone_of
from people.model import Limits, Person

MOST_SMS = 3
MOST_UNSURE = 20

HELP = _(
    "<b>How it works</b>\n"
    "1. /rent: choose a country and a service, and confirm the price.\n"
    "2. Type the number where a code is asked for.\n"
    "3. The code comes here as a new message.\n\n"
    "No code in time, or cancelled before one came: the money goes back.\n"
    "You can also just type a name, such as <i>whatsapp</i> or <i>brazil</i>.\n\n"
    "/numbers: your open numbers\n"
    "/history: earlier ones with their codes\n"
    "/balance: the account's balance\n"
    "/settings: your limits"
)

ENDS = {
    State.COMPLETED: _("Completed"),
    State.CANCELLED: _("Cancelled"),
    State.EXPIRED: _("Expired"),
    State.UNCERTAIN: _("Outcome unknown"),
}


def numbers(count: int) -> str:
    if not count:
        return _("You have no open numbers.")
    return _("<b>Your open numbers: {count}</b>").format(count=count)


def history(past: Sequence[Activation]) -> str:
    if not past:
        return _("Nothing here yet. Numbers that are done appear here with their codes.")
    return "\n\n".join([_("<b>History</b>"), *(_past(activation) for activation in past)])


def settings(user_id: int, limits: Limits, *, is_owner: bool) -> str:
    lines = [_("<b>Settings</b>"), _("Your id: <code>{id}</code>").format(id=user_id)]
    if is_owner:
        return "\n".join([*lines, _("You are an owner of this bot; no limits apply to you.")])
    lines.append(_("Numbers at once: {count}").format(count=limits.max_active))
    if limits.max_price is not None:
        price = formats.money(limits.max_price)
        lines.append(_("Highest price of one number: {price}").format(price=price))
    if limits.daily is not None:
        amount = formats.money(limits.daily)
        lines.append(_("Spending in 24 hours: {amount}").format(amount=amount))
    lines.append(_("The owner of the bot sets these limits."))
    return "\n".join(lines)


def admin(
    condition: str, used: int, limit: int, asked: Sequence[Person], let_in: Sequence[Person],
    unsure: Sequence[Activation], owed: Sequence[Activation], tally: Tally,
) -> str:  # fmt: skip
    lines = [
        _("<b>For owners</b>"),
        _("BloomSMS: {condition}").format(condition=escape(condition.replace("_", " "))),
        _("Requests in the last 60 s: {used} of {limit}").format(used=used, limit=limit),
        _("Let in: {count}").format(count=len(let_in)),
        _("Waiting to be let in: {count}").format(count=len(asked)),
    ]
    if owed:
        total = formats.money(sum((a.taken for a in owed), Decimal(0)))
        lines.append(
            _("Money back not confirmed: {total} for {count}").format(total=total, count=len(owed))
        )
    lines += ["", *_books(tally)]
    if unsure:
        lines += ["", _("Orders with an unknown outcome:")]
        lines += [_unsure(activation) for activation in unsure[:MOST_UNSURE]]
    return "\n".join(lines)


def _unsure(activation: Activation) -> str:
    """An order of unknown outcome, with what is known of it."""
    is_charged = activation.is_charged_without_number
    known = _("charged, its number unknown") if is_charged else _("charged or not: unknown")
    what, price = card_texts.what(activation), formats.money(activation.price)
    person = f"<code>{activation.user_id}</code>"
    return f"{activation.id}: {what} · {price}, {person}, {when(activation.changed_at)}, {known}"


def _books(tally: Tally) -> list[str]:
    """What the bot knows of the money and the codes, to be compared with BloomSMS's own pages."""
    lines = [
        _("<b>Books</b>"),
        _("Numbers rented: {sum}").format(sum=_of(tally.rented)),
        _("Money back: {sum}").format(sum=_of(tally.returned)),
        _("Charged, number unknown: {sum}").format(sum=_of(tally.nameless)),
        _("Orders not known to be charged: {sum}").format(sum=_of(tally.unknown)),
        _("SMS: {count}, delivered: {sent}").format(count=tally.sms, sent=tally.sms_sent),
    ]
    for sentence, count in (
        (_("on their way: {count}"), tally.sms_pending),
        (_("waiting until their person writes: {count}"), tally.sms_parked),
        (_("given up: {count}"), tally.sms_dead),
        (_("Parked updates: {count}"), tally.parked_updates),
    ):
        lines += [sentence.format(count=count)] if count else []
    return lines


def _of(some: Sum) -> str:
    return _("{count} for {amount}").format(count=some.count, amount=formats.money(some.amount))


def when(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC"


def _past(activation: Activation) -> str:
    phone = phone_of(activation)
    lines = [
        card_texts.what(activation) + " · " + formats.money(activation.price),
        escape(phone.with_flag) if phone else "",
        f"{ENDS.get(activation.state, '')} · {when(activation.created_at)}",
    ]
    for sms in activation.sms[-MOST_SMS:]:
        lines += [f"<code>{escape(sms.code)}</code>"] if sms.code else []
        lines += [_short(sms.full_text)] if sms.full_text.strip() != sms.code else []
    return "\n".join(line for line in lines if line)


def _short(text: str) -> str:
    return escape(formats.clip(text.strip(), 120))
