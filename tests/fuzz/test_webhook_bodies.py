"""Nonsense for both webhooks: through the readers, and over a connection to the real door."""

import asyncio
import json
import random
from pathlib import Path

from handlers.push import Push
from tests.fuzz.test_bad_input import (
    ANN,
    SEED,
    MemoryTelegram,
    any_update,
    bloomsms,
    bodies,
    house,
    mutated,
    telegram,
)
from tests.web.visitor import Visitor, at_door, head
from web.bloomsms_webhook import MOST_BYTES, BloomsmsWebhook, Hint
from wiring import House, _read_hint

__all__ = ["bloomsms", "house", "telegram"]  # fixtures

# How many cases each test makes; together 26,000.
OF_BODIES = 20_000
OF_SENT_BODIES = 4_000
OF_UPDATES = 2_000
AT_ONCE = 50

WEBHOOK = json.loads((Path(__file__).parent.parent / "samples" / "webhook.json").read_bytes())


def any_body(dice: random.Random) -> bytes:
    """A webhook's body with something wrong in it, or another body altogether."""
    if dice.random() < 0.7:
        return json.dumps(mutated(dice, WEBHOOK), default=str).encode()
    return next(bodies(dice))[:MOST_BYTES]


def is_plausible(hint: Hint) -> bool:
    words = (hint.provider_id, hint.service_code)
    return all(len(word) <= 200 and (not word or word.isprintable()) for word in words) and bool(
        hint.provider_id
    )


def test_any_body_is_a_hint_or_none() -> None:
    """Whatever a stranger sends names a number in plain signs, or nothing."""
    dice = random.Random(SEED)
    hints = [hint for _ in range(OF_BODIES) if (hint := _read_hint(any_body(dice)))]

    assert OF_BODIES / 10 < len(hints) < OF_BODIES
    assert [] == [hint for hint in hints if not is_plausible(hint)]


class Notebook:
    def __init__(self) -> None:
        self.taken = 0

    def take(self, provider_id: str, service_code: str) -> None:
        assert is_plausible(Hint(provider_id, service_code))
        self.taken += 1


async def statuses(visitor: Visitor, sent: list[bytes]) -> list[int]:
    """Many requests behind each other on one connection, and their answers in order."""
    path = "/webhooks/bloomsms/s3cret"
    reader, writer = await visitor.says(b"".join(head(path, len(one)) + one for one in sent))
    found = []
    for _ in sent:
        answer = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(2)
        found.append(int(answer.split()[1]))
    writer.close()
    return found


async def test_any_body_is_answered() -> None:
    """The door takes every body that comes whole, and none breaks it."""
    dice = random.Random(SEED)
    notebook = Notebook()
    async with at_door([BloomsmsWebhook("s3cret", _read_hint, notebook)]) as visitor:
        for _ in range(OF_SENT_BODIES // AT_ONCE):
            sent = [any_body(dice) for _ in range(AT_ONCE)]
            assert [200] * AT_ONCE == await statuses(visitor, sent)

    assert notebook.taken > OF_SENT_BODIES / 10


async def test_any_pushed_update(house: House, telegram: MemoryTelegram) -> None:
    """A disfigured update is kept or dropped: it is confirmed either way, and others go on."""
    dice = random.Random(SEED)
    push = Push(house.application, house.inbox, house.telegram, "", house.webhooks)
    for number in range(1, OF_UPDATES + 1):
        await push.take(json.dumps(mutated(dice, any_update(dice, number))).encode())
    await push.take(json.dumps({"update_id": 10**6, "message": said("/help")}).encode())
    async with asyncio.timeout(30):
        while not any("How it works" in text for text in telegram.said):
            await asyncio.sleep(0.05)


def said(command: str) -> dict[str, object]:
    person = {"id": ANN, "is_bot": False, "first_name": "Ann"}
    entities = [{"type": "bot_command", "offset": 0, "length": len(command)}]
    chat = {"id": ANN, "type": "private"}
    message = {"message_id": 5, "date": 1, "chat": chat, "from": person}
    return message | {"text": command, "entities": entities}
