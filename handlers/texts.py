"""Every sentence a person reads, as Telegram HTML. Outside strings pass through `escape`."""

from gettext import gettext as _

from activations.account import Balance
from activations.errors import (
    GoneAlready,
    NotAllowed,
    NotConfirmed,
    NotInDollars,
    OutOfStock,
    ProviderAway,
    ProviderBusy,
    ProviderSaysNo,
    Refusal,
    RentingClosed,
    SpentToday,
    TooDear,
    TooMany,
    WishRefused,
)
from activations.model import Activation, State
from handlers import formats, wish_texts
from handlers.formats import escape

REASONS = {
    "INVALID_API_KEY": _("BloomSMS does not accept this bot's key. The owner has been told."),
    "INSUFFICIENT_FUNDS": _("Numbers are not available now. The owner has been told."),
    "ACCOUNT_SUSPENDED": _("BloomSMS has paused this bot's account. The owner has been told."),
    "SERVICE_NOT_FOUND": _("BloomSMS does not offer this service any more."),
    "NO_NUMBERS_AVAILABLE": _("There is no number left at this price."),
    "MAX_RENTALS_EXCEEDED": _("Too many numbers are open at once. Try again when some are done."),
    "INVALID_PARAMETER": _("BloomSMS does not accept this combination of service and country."),
    "MAINTENANCE": _("BloomSMS is closed for maintenance. Try again in a few minutes."),
}
# What became of an order whose outcome was unknown, by the reason kept with it.
SETTLED = {
    "not_charged": _("It is clear now: that order never took effect. Nothing was charged."),
    "charged": _(
        "BloomSMS did charge for that order, but the answer with the number was lost. Without a"
        " code the money comes back by itself."
    ),
    "returned": _("The money for that order came back."),
    "costs_nothing": _("It is clear now: nothing is charged for that order."),
    "closed_by_owner": _("The owner has settled that order."),
    "found": _("The number of that order was found after all."),
}
# Before the provider's own words, where its error code is none that we know.
OWN_WORDS = "OTHER "
SAYS_NO = _("BloomSMS says no.")
BUSY = _("Many people are asking right now. Try again in {seconds} s.")
SLOW = _("BloomSMS is slow right now.")
AWAY = _("BloomSMS cannot be reached right now. Try again in a minute.")

NOT_FOUND = _("That number is not yours, or it is gone.")
OUT_OF_DATE = _("That button is out of date. Here is the menu.")
PRESSED_ELSEWHERE = _("This button works only in the chat with the bot. Send /start there.")
BLANK_SMS = _("An SMS came, but BloomSMS has no text for it. Should it turn up, it comes here.")
SURPRISE = _("Sorry, something went wrong here. It was noted as {log_id}.")
CHOOSE_COUNTRY = _("<b>Where should the number be from?</b>")
RENTING = _("Renting…")
RENTING_SLOWLY = _(
    "BloomSMS takes long to answer. The order is not repeated, so you pay at most once; what comes"
    " of it is told here."
)
UNDER_WAY = _("BloomSMS is being asked already.")
STORED_LATER = _(
    "Nothing can be stored right now. What you asked for is done later, by itself; there is no need"
    " to ask again."
)
TOO_FAST = _("That was too fast. Try again in a moment.")
ASKING = _("Asking BloomSMS…")
OWNERS_ONLY = _("Only owners can do that.")
NUMBERS_ONLY = _(
    "🔒 This bot is private. You can't rent with it, but your open numbers stay yours until they"
    " end: /numbers"
)
RENTING_CLOSED = _(
    "Renting is paused until the owner has checked the account. Nothing was charged."
)
RENTING_OPENED = _("✅ Renting is open again.")
OWNER_RESTORED = _(
    "⚠️ <b>Renting is closed: this database is older than its newest order</b>\n"
    "A backup was restored, or a file was lost. Numbers rented since then are not known here;"
    " they are on BloomSMS's pages. Offers that were shown are withdrawn, and orders that were"
    " under way have an unknown outcome now (/admin).\n"
    "Compare with BloomSMS's pages, then open renting for everybody."
)
GOODBYE = _("Closed. /start opens the menu.")

CONDITIONS = {
    "well": _("✅ BloomSMS answers again. Renting is open."),
    "key_refused": _(
        "⚠️ BloomSMS refuses the API key (INVALID_API_KEY). Nobody can rent until BLOOMSMS_API_KEY"
        " is right. I keep trying."
    ),
    "suspended": _("⚠️ BloomSMS has suspended the account. Nobody can rent. I keep trying."),
    "maintenance": _("⚠️ BloomSMS is closed for maintenance. I keep trying."),
    "other_currency": _(
        "⚠️ BloomSMS names amounts in {currency} instead of US dollars. Renting is closed until the"
        " balance is in US dollars again. I keep checking."
    ),
    "unreachable": _("⚠️ BloomSMS does not answer. Open numbers are kept and I keep trying."),
}
HINTS = {
    "missing": _(
        "⚠️ Codes came without a call of BloomSMS's webhook. Every number is asked about in full"
        " until it works; look at the webhook's address on BloomSMS's API Management page."
    ),
    "back": _("✅ BloomSMS's webhook works again."),
}
WEBHOOK_CHANGED = _(
    "⚠️ Another program changed this bot's webhook at Telegram, so that the bot could not hear you."
    " It was put back. If that was not you, another bot has the same token; this one stops when it"
    " happens a fourth time in ten minutes."
)


def greeting(name: str, balance: str) -> str:
    hello = _("Hello, {name}!").format(name=escape(name)) if name else _("Hello!")
    return _(
        "👋 <b>{hello}</b>\n"
        "Rent a phone number, use it where a code is asked for, and get the code here.\n\n"
        "{balance}"
    ).format(hello=hello, balance=balance)


def balance(balance: Balance) -> str:
    if balance.is_in_dollars:
        return _("💰 Balance: <b>{amount}</b>").format(amount=formats.money(balance.amount))
    is_usual = balance.amount == round(balance.amount, 2)
    amount = f"{balance.amount:,.2f}" if is_usual else f"{balance.amount.normalize():,f}"
    return _("💰 Balance: <b>{amount} {currency}</b> (not US dollars; renting is closed)").format(
        amount=amount, currency=escape(balance.currency)
    )


def condition(word: str, currency: str) -> str:
    """How the provider is doing, for owners; empty for a condition that is not known."""
    return CONDITIONS.get(word, "").format(currency=escape(currency))


def balance_unknown(sentence: str) -> str:
    return _("💰 Balance: not known right now. {sentence}").format(sentence=sentence)


def choose_service(country: str, count: int) -> str:
    if not count:
        return _("<b>{country}</b>\nNo service has a number in stock right now.").format(
            country=escape(country)
        )
    return _("<b>{country}</b>\nWhat is the number for? {count} services in stock.").format(
        country=escape(country), count=count
    )


def found(text: str, country: str, services: int, countries: int) -> str:
    if not services + countries:
        return _("Nothing is called “{text}”. Try another word, or choose from the lists.").format(
            text=escape(formats.clip(text, 60))
        )
    return _("Services in {country} and countries with “{text}”:").format(
        country=escape(country), text=escape(formats.clip(text, 60))
    )


def owner_funds() -> str:
    return _("⚠️ The balance at BloomSMS is too low: people cannot rent numbers.")


def owner_balance(balance: str, expected: str) -> str:
    return _(
        "⚠️ When the bot started, the balance at BloomSMS was {balance}; {expected} was expected."
        " Money was added or used outside of this bot, or this database has lost orders."
    ).format(balance=escape(balance), expected=escape(expected))


def owner_parked(update_id: str) -> str:
    return _("⚠️ The update <code>{id}</code> is parked: the log says why.").format(
        id=escape(update_id)
    )


def owner_unclaimed(provider_id: str, orders: str) -> str:
    return _(
        "❓ BloomSMS has an SMS for number <code>{provider_id}</code>, which is of one of the"
        " orders {orders}. They are of different people, so it was given to nobody; look at"
        " BloomSMS's pages and close the orders in /admin."
    ).format(provider_id=escape(provider_id), orders=escape(orders))


def owner_word(word: str) -> str:
    return _(
        "⚠️ BloomSMS says “{word}” of a number, which is no state I know. I go on asking."
    ).format(word=escape(word))


def access_asked(user_id: str, name: str) -> str:
    return _("🚪 <b>{name}</b> (<code>{user_id}</code>) would like to use the bot.").format(
        name=escape(name), user_id=escape(user_id)
    )


def decided(name: str, user_id: int, *, is_let_in: bool) -> str:
    sentence = (
        _("✅ {name} ({id}) may use the bot.") if is_let_in else _("⛔ {name} ({id}) may not.")
    )
    return sentence.format(name=escape(name), id=f"<code>{user_id}</code>")


def let_in() -> str:
    return _("✅ You may use this bot now. /start opens the menu.")


def turned_away(*, is_holding: bool) -> str:
    declined = _("⛔ The owner has declined your access to this bot: you can't rent with it.")
    keeps = _("Your open numbers stay yours until they end.")
    return f"{declined} {keeps}" if is_holding else declined


def closed_door(user_id: int, *, is_asked: bool) -> str:
    asked = _("The owner has been asked to let you in.") if is_asked else ""
    return _("🔒 This bot is private. Your id is <code>{user_id}</code>. {asked}").format(
        user_id=user_id, asked=asked
    )


def became(activation: Activation) -> str:
    """What became of an activation, in one plain sentence for a toast."""
    return {
        State.INTENT: _("Nothing was rented yet."),
        State.RENTING: _("It is being rented already."),
        State.UNCERTAIN: _("The outcome of that order is unknown. It was not tried again."),
        State.WAITING: _("It is rented already and waits for its code."),
        State.CODE_RECEIVED: _("The code is there already."),
        State.COMPLETED: _("That number is completed."),
        State.CANCELLED: _("That number is cancelled."),
        State.EXPIRED: _("That number's time is over."),
        State.REFUSED: _("BloomSMS refused that order. Nothing was charged."),
        State.WITHDRAWN: _("That offer is no longer valid."),
    }[activation.state]


def refusal(err: Refusal) -> str:
    """One plain sentence for a person, at most 200 characters; not HTML."""
    if isinstance(err, GoneAlready):
        return became(err.activation)
    if isinstance(err, WishRefused):
        return wish_texts.refused(err)
    if isinstance(err, ProviderSaysNo):
        sentence = REASONS.get(err.code.value, SAYS_NO)
        return formats.clip(f"{sentence} {_quoted(err)}".strip(), 190)
    if isinstance(err, ProviderBusy):
        return BUSY.format(seconds=max(1, round(err.wait_s)))
    if isinstance(err, NotInDollars):
        return _not_in_dollars(err)
    return _limit(err) or {
        NotAllowed: _("🔒 This bot is private, and you can't rent with it. Nothing was charged."),
        RentingClosed: RENTING_CLOSED,
        OutOfStock: _("Nothing is in stock there right now. Choose another country or service."),
        ProviderAway: AWAY,
        NotConfirmed: _("BloomSMS has not confirmed it yet. I keep looking and will show it here."),
    }.get(type(err), NOT_FOUND)


def _not_in_dollars(err: NotInDollars) -> str:
    return _(
        "BloomSMS names amounts in {currency} instead of US dollars, so renting is closed."
        " The owner has been told."
    ).format(currency=formats.clip(err.currency, 20))


def _limit(err: Refusal) -> str:
    if isinstance(err, TooDear):
        return _("This number costs {price}; your limit for one is {limit}.").format(
            price=formats.money(err.price), limit=formats.money(err.limit)
        )
    if isinstance(err, TooMany):
        return _("You may have {limit} open numbers at once. Finish or cancel one first.").format(
            limit=err.limit
        )
    if isinstance(err, SpentToday):
        return _("That would pass your limit of {limit} in 24 hours.").format(
            limit=formats.money(err.limit)
        )
    return ""


def _quoted(err: ProviderSaysNo) -> str:
    """The provider's own reason, where ours does not already say it all."""
    says_enough = err.code.value in REASONS and err.code.value != "INVALID_PARAMETER"
    return "" if says_enough or not err.reason else f"“{err.reason}”"
