"""The methods about payments in Stars, and what a press on a pay button sets off.

Source: for the wordings STARS_INVOICE_INVALID, PAYMENT_PROVIDER_INVALID and CHARGE_ALREADY_REFUNDED
reports of bot authors; other currencies are not part of this emulator.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from uuid import uuid4

from sandbox.telegram_chats import Button
from sandbox.telegram_markup import MarkedText
from sandbox.telegram_methods import find_chat, new_bot_message, send
from sandbox.telegram_refusals import QUERY_TOO_OLD, bad_request, strict
from sandbox.telegram_shapes import message_shape, person_user
from sandbox.telegram_till import STARS, Checkout, Invoice, Payment, Transaction

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.telegram_chats import Chat, Chats, Message
    from sandbox.telegram_methods import Request
    from sandbox.telegram_rules import Json

_LINK = "https://t.me/$"
_MONTH_S = 30 * 24 * 60 * 60
_MAX_SUBSCRIPTION = 10_000
_MAX_TRANSACTIONS = 100
_NOT_FOR_STARS = (
    "need_name",
    "need_phone_number",
    "need_email",
    "need_shipping_address",
    "send_phone_number_to_provider",
    "send_email_to_provider",
    "is_flexible",
    "provider_data",
)
_TIPS = ("max_tip_amount", "suggested_tip_amounts")


def press_pay(chats: Chats, chat: Chat, paid: Message | str) -> Checkout:
    """Ask the bot whether a person may pay; the answer is the checkout's `payment`.

    Shape: `paid` is the message of an invoice or an invoice's link. An invoice in a chat is paid
    once, a link as often as it is opened.
    """
    message_id = None if isinstance(paid, str) else paid.id
    invoice = _linked(chats, paid) if isinstance(paid, str) else paid.invoice
    if invoice is None:
        raise AssertionError("this message has no pay button")
    checkout = Checkout(chats.new_query_id(), chat.id, invoice, message_id, time.monotonic())
    if message_id is not None and (chat.id, message_id) in chats.till.paid_messages:
        charge_id = chats.till.paid_messages[chat.id, message_id]
        checkout.payment = Payment("receipt", charge_id=charge_id)
        return checkout
    chats.till.checkouts[checkout.query_id] = checkout
    query = {"id": checkout.query_id, "from": person_user(chat.profile), **_price(invoice)}
    chats.updates.add("pre_checkout_query", query)
    chats.changes.tell()
    return checkout


def give_up(chats: Chats, checkout: Checkout) -> Payment:
    """End a checkout whose query was not answered in time; a later answer is refused."""
    if checkout.payment is None:
        checkout.payment = Payment("timed_out")
        chats.changes.tell()
    return checkout.payment


def invoice_content(invoice: Invoice) -> Json:
    shown = {
        "title": invoice.title,
        "description": invoice.description,
        "start_parameter": invoice.start_parameter,
        "currency": STARS,
        "total_amount": invoice.amount,
    }
    return {"invoice": shown}


def pay_button(invoice: Invoice) -> Button:
    """Telegram shows it when the bot gave no buttons of its own."""
    label = f"Pay ⭐️{invoice.amount}"
    return Button(label, None, None, None, None, {"text": label, "pay": True})


def read_invoice(given: Json, notes: list[str]) -> Invoice:
    """Errors: Refusal 400 for what cannot be paid in Stars."""
    if given["currency"] != STARS:
        raise bad_request("PAYMENT_PROVIDER_INVALID")
    if given.get("provider_token"):
        raise strict("a payment in Stars has no provider_token")
    if len(given["prices"]) != 1 or any(given.get(name) for name in _TIPS):
        raise bad_request("STARS_INVOICE_INVALID")
    (price,) = given["prices"]
    if not price["label"]:
        raise bad_request("can't parse labeled price: LabeledPrice label must be non-empty")
    if price["amount"] < 1:
        raise bad_request("CURRENCY_TOTAL_AMOUNT_INVALID")
    notes.extend(f'"{name}" means nothing for Stars' for name in _NOT_FOR_STARS if given.get(name))
    return Invoice(
        given["title"],
        given["description"],
        given["payload"],
        price["amount"],
        given.get("start_parameter", ""),
        given.get("subscription_period"),
    )


def _send_invoice(chats: Chats, request: Request) -> Json:
    chat = find_chat(chats, request.parameters["chat_id"])
    invoice = read_invoice(request.parameters, request.notes)
    words = MarkedText(f"{invoice.title}\n{invoice.description}", [])
    message = new_bot_message(chats, chat, request, words)
    message.kind = "invoice"
    message.html = message.text
    message.invoice = invoice
    message.content = invoice_content(invoice)
    message.keyboard = message.keyboard or [[pay_button(invoice)]]
    if "pay" not in message.keyboard[0][0].raw:
        raise strict("the first button of an invoice must be its pay button")
    return send(chats, chat, message)


def _create_invoice_link(chats: Chats, request: Request) -> str:
    invoice = read_invoice(request.parameters, request.notes)
    if invoice.subscription_s not in (None, _MONTH_S):
        raise bad_request("SUBSCRIPTION_PERIOD_INVALID")
    if invoice.subscription_s is not None and invoice.amount > _MAX_SUBSCRIPTION:
        raise bad_request("STARS_INVOICE_INVALID")
    link = f"{_LINK}sandbox{uuid4().hex}"
    chats.till.links[link] = invoice
    return link


def _linked(chats: Chats, link: str) -> Invoice:
    if link not in chats.till.links:
        raise AssertionError(f"{link} is no link to an invoice")
    return chats.till.links[link]


def _answer_pre_checkout_query(chats: Chats, request: Request) -> bool:
    given = request.parameters
    if not given["ok"] and "error_message" not in given:
        raise bad_request('parameter "error_message" is required')
    checkout = chats.till.checkouts.get(given["pre_checkout_query_id"])
    if checkout is None or checkout.payment is not None:
        raise bad_request(QUERY_TOO_OLD)
    if time.monotonic() - checkout.begun_at_s > chats.checkout_limit_s:
        give_up(chats, checkout)
        raise bad_request(QUERY_TOO_OLD)
    if given["ok"]:
        _take_payment(chats, checkout)
    else:
        checkout.payment = Payment("declined", given["error_message"])
    chats.changes.tell()
    return True


def _take_payment(chats: Chats, checkout: Checkout) -> None:
    till, chat, invoice = chats.till, chats.chats[checkout.chat_id], checkout.invoice
    if checkout.message_id is not None:
        place = (checkout.chat_id, checkout.message_id)
        if place in till.paid_messages:
            checkout.payment = Payment("receipt", charge_id=till.paid_messages[place])
            return
    charge_id = till.new_charge_id()
    if checkout.message_id is not None:
        till.paid_messages[chat.id, checkout.message_id] = charge_id
    now = int(time.time())
    till.transactions.append(Transaction(charge_id, person_user(chat.profile), invoice, now))
    checkout.payment = Payment("paid", charge_id=charge_id)
    paid = {**_price(invoice), "telegram_payment_charge_id": charge_id}
    paid["provider_payment_charge_id"] = f"sandbox-provider-{charge_id}"
    if invoice.subscription_s is not None:
        paid |= {"is_recurring": True, "is_first_recurring": True}
        paid["subscription_expiration_date"] = now + invoice.subscription_s
    words = f"Paid ⭐️{invoice.amount} for {invoice.title}"
    _tell(chats, chat, words, "successful_payment", paid)


def _tell(chats: Chats, chat: Chat, words: str, kind: str, body: Json) -> None:
    message = chats.new_message(chat, words, from_bot=False)
    message.kind = kind
    message.content = {kind: body}
    chats.add_message(chat, message)
    chats.updates.add("message", message_shape(chat, message, None))


def _price(invoice: Invoice) -> Json:
    return {
        "currency": STARS,
        "total_amount": invoice.amount,
        "invoice_payload": invoice.payload,
    }


def _refund_star_payment(chats: Chats, request: Request) -> bool:
    user_id: int = request.parameters["user_id"]
    charge_id: str = request.parameters["telegram_payment_charge_id"]
    paid = chats.till.find(charge_id, user_id, is_refund=False)
    if paid is None:
        raise bad_request("CHARGE_NOT_FOUND")
    if chats.till.find(charge_id, user_id, is_refund=True) is not None:
        raise bad_request("CHARGE_ALREADY_REFUNDED")
    refund = Transaction(charge_id, paid.user, paid.invoice, int(time.time()), is_refund=True)
    chats.till.transactions.append(refund)
    body = {**_price(paid.invoice), "telegram_payment_charge_id": charge_id}
    words = f"Got ⭐️{paid.invoice.amount} back for {paid.invoice.title}"
    _tell(chats, chats.chats[user_id], words, "refunded_payment", body)
    return True


def _get_my_star_balance(chats: Chats, _request: Request) -> Json:
    return {"amount": chats.till.balance}


def _get_star_transactions(chats: Chats, request: Request) -> Json:
    begin = request.parameters.get("offset", 0)
    end = begin + request.parameters.get("limit", _MAX_TRANSACTIONS)
    return {"transactions": [_transaction(one) for one in chats.till.transactions[begin:end]]}


def _transaction(one: Transaction) -> Json:
    partner: Json = {
        "type": "user",
        "transaction_type": "invoice_payment",
        "user": one.user,
        "invoice_payload": one.invoice.payload,
    }
    if one.invoice.subscription_s is not None:
        partner["subscription_period"] = one.invoice.subscription_s
    return {
        "id": one.charge_id,
        "amount": one.invoice.amount,
        "date": one.date,
        "receiver" if one.is_refund else "source": partner,
    }


PAYMENT_METHODS: dict[str, Callable[[Chats, Request], object]] = {
    "answerPreCheckoutQuery": _answer_pre_checkout_query,
    "createInvoiceLink": _create_invoice_link,
    "getMyStarBalance": _get_my_star_balance,
    "getStarTransactions": _get_star_transactions,
    "refundStarPayment": _refund_star_payment,
    "sendInvoice": _send_invoice,
}
