"""What is looked at once a start: whether the database is a restored one, and the balance."""

import json
import logging
import re

from activations.notes import Draft, NoteKind
from activations.ports import AccountStore, Provider
from activations.start_balance import open_sums
from handlers import formats
from handlers.callback_data import Verb, pattern
from handlers.desk import Desk

SPENDING = re.compile("|".join(pattern(verb) for verb in (Verb.RENT, Verb.OTHER)))

log = logging.getLogger(__name__)


async def close_if_restored(desk: Desk) -> None:
    """Close renting, before any update is handled, if the database lost its newest order.

    Errors: the store's, when there is no owner to open it again.
    """
    drafts = [Draft(NoteKind.OWNER_RESTORED, owner) for owner in sorted(desk.access.owner_ids)]
    if await desk.store.close_if_restored(drafts, is_spending, desk.clock.now()):
        log.warning("the database is older than its newest order: renting is closed")


def is_spending(body: str) -> bool:
    """Whether a kept update is a press that orders a number."""
    try:
        query = json.loads(body).get("callback_query")
    except (ValueError, AttributeError, RecursionError):
        return False
    return isinstance(query, dict) and bool(SPENDING.match(str(query.get("data"))))


async def check_balance(desk: Desk, provider: Provider, account: AccountStore) -> None:
    """Tell the owners of a balance that is not the expected one and that no order of ours explains.

    What an order has overtaken says nothing.
    """
    known, ours = await account.expected(), await open_sums(desk.store)
    expected = known[0] if known else await desk.store.expected_when_closed()
    version = desk.account.version
    balance = await desk.health.check_in(provider)
    if balance is None or expected is None or version != desk.account.version:
        return
    if not balance.is_in_dollars:
        return  # told by itself; what is not in dollars cannot be compared
    difference = balance.amount - expected
    is_closed = await desk.store.lost_order() is not None
    if not difference or (ours.explain(difference) and not is_closed):
        return
    words = {"balance": formats.money(balance.amount), "expected": formats.money(expected)}
    log.warning("the balance is %(balance)s where %(expected)s was expected", words)
    owners = sorted(desk.access.owner_ids)
    drafts = [Draft(NoteKind.OWNER_BALANCE, owner, None, words) for owner in owners]
    await desk.notes.add(drafts, desk.clock.now())
