"""The books of a test world: what the provider charged and sent against what the bot has and told.

Read from outside: the emulators' records, the database file and the log.
"""

import asyncio
import re
import sqlite3
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from logs import HidingFormatter
from sandbox.bloomsms_books import Activation
from tests.e2e.conftest import World, numbers_and_codes
from tests.log_watch import is_logged

MICROS = 1_000_000
TOO_MANY = 429
ENDS = 200
# Rows whose order may have reached the provider.
UNKNOWN_STATES = ("renting", "uncertain")
# Of orders that were settled without a number.
CLOSED_REASONS = ("returned", "costs_nothing", "closed_by_owner")


def rows(folder: Path, sql: str = "select * from activations order by id") -> list[sqlite3.Row]:
    """What the database file holds now, read by a connection of its own."""
    connection = sqlite3.connect(f"file:{folder / 'bot.db'}?mode=ro", uri=True)
    try:
        connection.row_factory = sqlite3.Row
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def states(folder: Path) -> list[str]:
    """The states of all activations that were ever ordered, oldest first."""
    return [row["state"] for row in rows(folder) if row["state"] not in ("intent", "withdrawn")]


def integrity(folder: Path) -> str:
    return str(rows(folder, "pragma integrity_check")[0][0])


async def books_agree(
    world: World,
    caplog: pytest.LogCaptureFixture | None = None,
    *,
    limit: int = 60,
    patience_s: float = 3.0,
) -> None:
    """Compare the provider's books, the database, the chats and the log.

    Units: what is still on its way has `patience_s` seconds to arrive.
    """
    for _ in range(int(patience_s / 0.1)):
        if not undelivered(world):
            break
        await asyncio.sleep(0.1)
    _charges_agree(world)
    assert [] == undelivered(world)
    assert [] == misdelivered(world)
    assert world.bloomsms.busiest_minute() <= limit
    if caplog is not None:
        assert [] == told_secrets(world, caplog)


def _charges_agree(world: World) -> None:
    """Each charge is a number rented or an unknown order; each press was one POST at most."""
    kept = rows(world.folder)
    by_id = {row["provider_id"]: row for row in kept if row["provider_id"] is not None}
    charges = {charge.activation_id: charge for charge in world.bloomsms.charges}
    nameless = charges.keys() - by_id.keys()
    unknown = [row for row in kept if row["state"] in UNKNOWN_STATES]
    closed = [row for row in kept if row["reason"] in CLOSED_REASONS]
    ordered = [row for row in kept if row["state"] not in ("intent", "withdrawn")]
    posts = [e for e in world.bloomsms.exchanges if e.method == "POST" and e.status != TOO_MANY]

    assert len(by_id) == sum(row["provider_id"] is not None for row in kept)
    assert by_id.keys() <= charges.keys()
    assert len(nameless) <= len(unknown) + len(closed)
    assert len(posts) <= len(ordered)
    for provider_id, row in by_id.items():
        assert taken_micros(row) == charges[provider_id].amount * MICROS
        assert row["price_micros"] <= row["offered_micros"]
        if row["is_refund_confirmed"]:
            assert charges[provider_id].refunded


def taken_micros(row: sqlite3.Row) -> int:
    """What the provider said that it took, or the price shown where it did not say."""
    charged = row["charged_micros"]
    return int(row["offered_micros"] if charged is None else charged)


def paid(world: World) -> Decimal:
    """What left the provider's account and did not come back."""
    return sum((c.amount for c in world.bloomsms.charges if not c.refunded), Decimal(0))


def owners(world: World) -> dict[str, int]:
    """The person of each number that the database knows, by the provider's id."""
    kept = rows(world.folder)
    return {row["provider_id"]: row["user_id"] for row in kept if row["provider_id"]}


def undelivered(world: World) -> list[str]:
    """Shape: the provider's ids of known numbers with an SMS that its person was not sent."""
    told = {user_id: _told(world, user_id) for user_id in world.telegram.people}
    return [
        provider_id
        for provider_id, user_id in owners(world).items()
        for words in _words(world.bloomsms.activations[provider_id])
        # A long text comes in pieces with other lines between them.
        if words[:ENDS] not in told[user_id] or words[-ENDS:] not in told[user_id]
    ]


def misdelivered(world: World) -> list[str]:
    """Shape: the provider's ids of numbers whose SMS somebody else was sent."""
    told = {user_id: _told(world, user_id) for user_id in world.telegram.people}
    belongs = owners(world)
    theirs: dict[str, set[int]] = {}
    for provider_id, user_id in belongs.items():
        for words in _words(world.bloomsms.activations[provider_id]):
            theirs.setdefault(words, set()).add(user_id)
    return [
        f"{words} to {user_id}"
        for words, of in theirs.items()
        for user_id, text in told.items()
        if user_id not in of and words in text
    ]


def copies(world: World) -> Counter[int]:
    """How many messages each SMS of a known number became, counted: {1: 40} is the best."""
    found: Counter[int] = Counter()
    for provider_id, user_id in owners(world).items():
        for sms in world.bloomsms.activations[provider_id].sms:
            messages = world.telegram.people[user_id].messages
            found[
                sum(
                    m.html.startswith("<code>") and (sms.full_text or "") in m.text
                    for m in messages
                )
            ] += 1
    return found


def told_secrets(world: World, caplog: pytest.LogCaptureFixture) -> list[str]:
    """Shape: the lines that the bot would log at DEBUG level and that hold what none may hold."""
    hiding = HidingFormatter((world.telegram.token, world.bloomsms.api_key))
    lines = [hiding.format(record) for record in caplog.records if is_logged(record)]
    return [line for line in lines if any(secret in line for secret in _secrets(world))]


def _secrets(world: World) -> set[str]:
    return {world.telegram.token, world.bloomsms.api_key, *numbers_and_codes(world.bloomsms)}


def _words(activation: Activation) -> list[str]:
    """What of each SMS must be found in the chat: letters and digits of its text, or its code."""
    return [plain for sms in activation.sms if (plain := _plain(sms.full_text or sms.code or ""))]


def _told(world: World, user_id: int) -> str:
    messages = world.telegram.people[user_id].messages
    return _plain("".join(m.text for m in messages if m.from_bot))


def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "", text)
