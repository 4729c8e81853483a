"""How soon the bot is there, and how much memory it holds, beside the barest one."""

import asyncio
import shutil
import statistics
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sandbox.person import Person
from sandbox.telegram_chats import Message
from tests.benches.old_rows import FIRST_USER, fill
from tests.benches.stand import ECHO, OURS, standing
from tests.benches.table import Table

STARTS = 5
SETTLED_AFTER_S = 2.0
HOLDERS = 50
NUMBERS_EACH = 4
OLD_USERS = 10_000
OLD_ACTIVATIONS = 100_000
COUNTRY_ID, SERVICE_CODE = "187", "wa"

COLUMNS = ("bot", "start to first getUpdates, s", "CPU until then, s", "memory at rest, MiB")


@dataclass(frozen=True)
class Start:
    start_s: float
    cpu_s: float
    resident_mib: float


def measure() -> Table:
    with tempfile.TemporaryDirectory() as folder:
        old = Path(folder) / "bot.db"
        fill(old, users=OLD_USERS, activations=OLD_ACTIVATIONS)
        # In turn, so that all of them meet the same machine.
        rounds = [
            [asyncio.run(_started(ECHO)), asyncio.run(_started(OURS)),
             asyncio.run(_started(OURS, old))]
            for _ in range(STARTS)
        ]  # fmt: skip
    names = ("bare", "ours", f"ours, {OLD_ACTIVATIONS:,} activations of history")
    rows = [
        _row(name, starts) for name, starts in zip(names, zip(*rounds, strict=True), strict=True)
    ]
    waiting_mib = asyncio.run(_with_waiting_numbers())
    rows.append((f"ours, {HOLDERS * NUMBERS_EACH} waiting numbers", "", "", f"{waiting_mib:.0f}"))
    return Table("Start and memory", COLUMNS, tuple(rows), f"Medians of {STARTS} starts.")


async def _started(program: Path, database: Path | None = None) -> Start:
    with tempfile.TemporaryDirectory() as folder:
        if database:
            shutil.copy(database, Path(folder) / "bot.db")
        async with standing(program, Path(folder)) as stand:
            cpu_s = stand.cpu_s
            await asyncio.sleep(SETTLED_AFTER_S)
            return Start(stand.start_s, cpu_s, stand.resident_mib)


def _row(name: str, starts: tuple[Start, ...]) -> tuple[str, ...]:
    return (
        name,
        f"{statistics.median(one.start_s for one in starts):.2f}",
        f"{statistics.median(one.cpu_s for one in starts):.2f}",
        f"{statistics.median(one.resident_mib for one in starts):.0f}",
    )


async def _with_waiting_numbers() -> float:
    with tempfile.TemporaryDirectory() as folder:
        async with standing(OURS, Path(folder)) as stand:
            stand.bloomsms.set_stock(COUNTRY_ID, SERVICE_CODE, 10 * HOLDERS * NUMBERS_EACH)
            people = [stand.telegram.person(FIRST_USER + n, f"Person {n}") for n in range(HOLDERS)]
            async with asyncio.TaskGroup() as group:
                for person in people:
                    group.create_task(_rents(person))
            await asyncio.sleep(SETTLED_AFTER_S)
            return stand.resident_mib


async def _rents(person: Person) -> None:
    for _ in range(NUMBERS_EACH):
        await person.says("/rent")
        card = await person.waits_for("Where should", new=True, timeout_s=60)
        for label, then in (
            ("United States", "What is the number for?"),
            ("WhatsApp", "In stock"),
            ("Rent for $", "Waiting for the SMS"),
        ):
            await person.clicks(label, message=card, timeout_s=60)
            await person.waits_until(partial(_shows, card, then), timeout_s=60)


def _shows(card: Message, words: str, _person: Person) -> bool:
    return words in card.text
