from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from telegram import Bot, LabeledPrice

from sandbox.telegram_server import TelegramServer
from tests.sandbox.telegram_caller import Caller, calling, keyboard

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sandbox.person import Person
    from sandbox.telegram_rules import Json
    from sandbox.telegram_till import Payment

INVOICE: dict[str, Any] = {
    "title": "Ten numbers",
    "description": "For a rainy day",
    "payload": "order:1",
    "currency": "XTR",
    "prices": [{"label": "Ten", "amount": 50}],
}


@pytest.fixture
def server() -> TelegramServer:
    return TelegramServer()


@pytest.fixture
async def caller(server: TelegramServer) -> AsyncIterator[Caller]:
    async with calling(server) as caller:
        yield caller


@pytest.fixture
async def bot(caller: Caller) -> AsyncIterator[Bot]:
    async with Bot(caller.server.token, base_url=f"{caller.server.base_url}/bot") as bot:
        yield bot


@pytest.fixture
def ann(server: TelegramServer) -> Person:
    return server.person(1, "Ann", started=True)


async def paid(
    caller: Caller, ann: Person, answer: Json | None = None, **given: Any
) -> tuple[Payment, Json]:
    """Let Ann press pay while the bot answers; gives what became of it and the query."""
    press = asyncio.create_task(ann.pays(**given))
    await caller.server.waits_until(
        lambda one: any("pre_checkout_query" in update for update in one.chats.updates.waiting)
    )
    query = caller.server.chats.updates.waiting.pop()["pre_checkout_query"]
    said = {"ok": True} if answer is None else answer
    await caller.result("answerPreCheckoutQuery", pre_checkout_query_id=query["id"], **said)
    return await press, query


async def test_a_payment_goes_through(server: TelegramServer, caller: Caller, ann: Person) -> None:
    """Invoice, query, yes, and the message that tells the bot it was paid."""
    message = await caller.result("sendInvoice", chat_id=1, provider_token="", **INVOICE)

    payment, query = await paid(caller, ann)

    assert {
        "title": "Ten numbers",
        "description": "For a rainy day",
        "start_parameter": "",
        "currency": "XTR",
        "total_amount": 50,
    } == message["invoice"]
    price = {"currency": "XTR", "total_amount": 50, "invoice_payload": "order:1"}
    assert price == {name: query[name] for name in price}
    assert "paid" == payment.kind
    (update,) = await caller.result("getUpdates")
    assert update["message"]["from"]["id"] == 1
    assert update["message"]["successful_payment"] == {
        **price,
        "telegram_payment_charge_id": payment.charge_id,
        "provider_payment_charge_id": f"sandbox-provider-{payment.charge_id}",
    }
    assert (
        "Ten numbers\nFor a rainy day\n[Pay ⭐️50]\n\nAnn: Paid ⭐️50 for Ten numbers"
    ) == ann.sees()
    assert [] == server.oddities


async def test_ptb_can_sell(server: TelegramServer, bot: Bot, ann: Person) -> None:
    """The library sends the invoice, answers the query and reads the payment."""
    sent = await bot.send_invoice(1, "T", "D", "p", "XTR", [LabeledPrice("x", 3)])
    press = asyncio.create_task(ann.pays(ann.last()))
    (asked,) = await bot.get_updates(timeout=5)
    assert asked.pre_checkout_query is not None
    await asked.pre_checkout_query.answer(ok=True)
    (told,) = await bot.get_updates(offset=asked.update_id + 1)

    assert sent.invoice is not None
    assert told.message is not None
    assert told.message.successful_payment is not None
    charge_id = told.message.successful_payment.telegram_payment_charge_id
    assert charge_id == (await press).charge_id
    assert 3 == (await bot.get_my_star_balance()).amount
    await bot.refund_star_payment(1, charge_id)
    assert 0 == (await bot.get_my_star_balance()).amount
    transactions = (await bot.get_star_transactions()).transactions
    assert [charge_id, charge_id] == [one.id for one in transactions]
    assert [] == server.refused()
    assert [] == server.oddities


async def test_a_bot_can_decline(caller: Caller, ann: Person) -> None:
    """The person reads why; nothing is paid. A press on the button is told the same way."""
    await caller.result("sendInvoice", chat_id=1, **INVOICE)
    no = {"ok": False, "error_message": "Sold out"}

    payment, _ = await paid(caller, ann, no)

    assert ("declined", "Sold out", None) == (payment.kind, payment.text, payment.charge_id)
    assert {"amount": 0} == await caller.result("getMyStarBalance")
    press = asyncio.create_task(ann.clicks("Pay"))
    await caller.server.waits_until(lambda one: one.chats.updates.waiting)
    query = caller.server.chats.updates.waiting[0]["pre_checkout_query"]["id"]
    await caller.result("answerPreCheckoutQuery", pre_checkout_query_id=query, **no)
    assert ("declined", "Sold out") == ((await press).kind, (await press).text)


async def test_an_answer_must_come_in_time(server: TelegramServer, caller: Caller) -> None:
    """Afterwards the payment has failed, and the answer is too old."""
    server.chats.checkout_limit_s = 0.01
    ann = server.person(1, started=True)
    await caller.result("sendInvoice", chat_id=1, **INVOICE)

    assert "timed_out" == (await ann.pays()).kind

    (query,) = [one["pre_checkout_query"]["id"] for one in server.chats.updates.waiting]
    code, description = await caller.refusal(
        "answerPreCheckoutQuery", pre_checkout_query_id=query, ok=True
    )
    assert 400 == code
    assert "query is too old" in description
    assert {"amount": 0} == await caller.result("getMyStarBalance")


async def test_a_query_is_answered_once(caller: Caller, ann: Person) -> None:
    """A second answer and one to nothing are too old; a no needs its reason."""
    await caller.result("sendInvoice", chat_id=1, **INVOICE)
    _, query = await paid(caller, ann)

    for query_id in (query["id"], "1"):
        given = {"pre_checkout_query_id": query_id, "ok": True}
        assert 400 == (await caller.refusal("answerPreCheckoutQuery", **given))[0]
    assert (400, 'Bad Request: parameter "error_message" is required') == await caller.refusal(
        "answerPreCheckoutQuery", pre_checkout_query_id="1", ok=False
    )


async def test_an_invoice_is_paid_once(server: TelegramServer, caller: Caller, ann: Person) -> None:
    """Later presses show the receipt, and so does one that was under way meanwhile."""
    await caller.result("sendInvoice", chat_id=1, **INVOICE)
    presses = [asyncio.create_task(ann.pays()) for _ in range(2)]
    await server.waits_until(lambda one: len(one.chats.updates.waiting) == 2)
    for update in list(server.chats.updates.waiting):
        query = update["pre_checkout_query"]["id"]
        await caller.result("answerPreCheckoutQuery", pre_checkout_query_id=query, ok=True)

    assert ["paid", "receipt"] == [(await press).kind for press in presses]
    assert "receipt" == (await ann.pays()).kind
    assert {"amount": 50} == await caller.result("getMyStarBalance")


async def test_a_link_is_paid_by_anybody(server: TelegramServer, caller: Caller) -> None:
    """As often as it is opened; a subscription tells when it ends."""
    link = await caller.result("createInvoiceLink", subscription_period=2592000, **INVOICE)

    for user_id in (1, 2):
        payment, _ = await paid(caller, server.person(user_id, started=True), invoice=link)
        assert "paid" == payment.kind

    told = server.chats.updates.waiting[-1]["message"]["successful_payment"]
    assert told["is_first_recurring"]
    assert told["subscription_expiration_date"] > 2592000
    transactions = (await caller.result("getStarTransactions", offset=1, limit=1))["transactions"]
    assert [(2, 2592000)] == [
        (one["source"]["user"]["id"], one["source"]["subscription_period"]) for one in transactions
    ]


async def test_a_refund_gives_back(server: TelegramServer, caller: Caller, ann: Person) -> None:
    """Once, to who paid; both are told, and the books show both ways."""
    await caller.result("sendInvoice", chat_id=1, **INVOICE)
    payment, _ = await paid(caller, ann)
    refund = {"user_id": 1, "telegram_payment_charge_id": payment.charge_id}

    assert 400 == (await caller.refusal("refundStarPayment", **{**refund, "user_id": 2}))[0]
    await caller.result("refundStarPayment", **refund)

    assert (400, "Bad Request: CHARGE_ALREADY_REFUNDED") == await caller.refusal(
        "refundStarPayment", **refund
    )
    told = server.chats.updates.waiting[-1]["message"]["refunded_payment"]
    assert (50, payment.charge_id) == (told["total_amount"], told["telegram_payment_charge_id"])
    assert ann.sees().endswith("Got ⭐️50 back for Ten numbers")
    transactions = (await caller.result("getStarTransactions"))["transactions"]
    assert [("source", 50), ("receiver", 50)] == [
        ("source" if "source" in one else "receiver", one["amount"]) for one in transactions
    ]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"currency": "USD"}, "PAYMENT_PROVIDER_INVALID"),
        ({"provider_token": "1:x"}, "no provider_token"),
        ({"prices": INVOICE["prices"] * 2}, "STARS_INVOICE_INVALID"),
        ({"prices": []}, "STARS_INVOICE_INVALID"),
        ({"max_tip_amount": 5}, "STARS_INVOICE_INVALID"),
        ({"prices": [{"label": "x", "amount": 0}]}, "CURRENCY_TOTAL_AMOUNT_INVALID"),
        ({"prices": [{"label": "", "amount": 1}]}, "LabeledPrice label must be non-empty"),
        ({"title": "x" * 33}, "must be 1..32 characters long"),
        ({"payload": "é" * 65}, "must be 1..128 bytes long"),
        ({"reply_markup": keyboard("Go")}, "must be its pay button"),
    ],
)
async def test_an_invoice_that_cannot_be(
    server: TelegramServer, caller: Caller, given: Json, reason: str
) -> None:
    """Refused before anybody sees it."""
    ann = server.person(1, started=True)

    code, description = await caller.refusal("sendInvoice", chat_id=1, **{**INVOICE, **given})

    assert 400 == code
    assert reason in description
    assert "" == ann.sees()


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"subscription_period": 60}, "SUBSCRIPTION_PERIOD_INVALID"),
        (
            {"subscription_period": 2592000, "prices": [{"label": "x", "amount": 10001}]},
            "STARS_INVOICE_INVALID",
        ),
    ],
)
async def test_a_subscription_has_its_limits(caller: Caller, given: Json, reason: str) -> None:
    """Thirty days, and not more than ten thousand Stars."""
    assert (400, f"Bad Request: {reason}") == await caller.refusal(
        "createInvoiceLink", **{**INVOICE, **given}
    )


async def test_what_stars_do_not_need_is_noted(
    server: TelegramServer, caller: Caller, ann: Person
) -> None:
    """An address and the like are never asked for; a keyboard of its own may begin with pay."""
    pay = {"text": "Give", "pay": True}
    rows = {"inline_keyboard": [[pay, {"text": "Why", "url": "https://a.b"}]]}

    await caller.result("sendInvoice", chat_id=1, need_email=True, reply_markup=rows, **INVOICE)

    assert ["Give", "Why"] == ann.labels()
    assert ['sendInvoice: "need_email" means nothing for Stars'] == server.oddities


async def test_only_an_invoice_can_be_paid(caller: Caller, ann: Person) -> None:
    """A pay button elsewhere is refused; there is nothing to press."""
    given = {"chat_id": 1, "text": "x"}
    rows = {"inline_keyboard": [[{"text": "Pay", "pay": True}]]}

    assert 400 == (await caller.refusal("sendMessage", reply_markup=rows, **given))[0]
    await caller.result("sendMessage", **given)
    for nothing in (None, "https://t.me/$nothing"):
        with pytest.raises(AssertionError):
            await ann.pays(nothing)
