"""What Telegram remembers of payments in Stars: invoices, checkouts, and the bot's account.

State and its plain changes only; what may be asked for is decided in `telegram_payments`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from sandbox.telegram_rules import Json

STARS = "XTR"


@dataclass(frozen=True)
class Invoice:
    """What is asked to be paid.

    Units: `amount` in Stars; `subscription_s` in seconds, None when it is paid once.
    """

    title: str
    description: str
    payload: str
    amount: int
    start_parameter: str = ""
    subscription_s: int | None = None


@dataclass(frozen=True)
class Payment:
    """What became of a press on the pay button.

    `kind` is `paid`, `declined` (by the bot, with its `text`), `timed_out` (the bot did not answer
    the query in time) or `receipt` (it was paid before).
    """

    kind: str
    text: str | None = None
    charge_id: str | None = None


@dataclass(eq=False)
class Checkout:
    """A press on a pay button, until the bot said yes or no to the query."""

    query_id: str
    chat_id: int
    invoice: Invoice
    message_id: int | None
    begun_at_s: float
    payment: Payment | None = None


@dataclass(frozen=True)
class Transaction:
    """Stars that came, or went back.

    Units: `date` in whole seconds since 1970.
    """

    charge_id: str
    user: Json = field(repr=False)
    invoice: Invoice
    date: int
    is_refund: bool = False


class Till:
    """The invoices that have a link, the checkouts under way, and what was paid."""

    def __init__(self) -> None:
        self.links: dict[str, Invoice] = {}
        self.checkouts: dict[str, Checkout] = {}
        self.transactions: list[Transaction] = []
        self.paid_messages: dict[tuple[int, int], str] = {}

    @property
    def balance(self) -> int:
        """Units: Stars."""
        return sum(
            -one.invoice.amount if one.is_refund else one.invoice.amount
            for one in self.transactions
        )

    def new_charge_id(self) -> str:
        """It is never one of an earlier run, which a bot may remember."""
        return f"stxSandbox{uuid4().hex}"

    def find(self, charge_id: str, user_id: int, *, is_refund: bool) -> Transaction | None:
        for one in self.transactions:
            wanted = (charge_id, user_id, is_refund)
            if (one.charge_id, one.user["id"], one.is_refund) == wanted:
                return one
        return None
