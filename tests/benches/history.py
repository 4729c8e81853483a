"""Menus and passes over the rows of ten thousand people."""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

from activations.clock import SystemClock
from activations.model import HISTORY_STATES, IN_HAND_STATES, OPEN_STATES, State
from storage.activations import ActivationRows
from storage.database import Database
from storage.notes import NoteRows
from storage.updates import UpdateRows
from tests.benches.old_rows import FIRST_USER, fill
from tests.benches.table import Table

USERS = 10_000
ACTIVATIONS = 200_000
BUSIEST = FIRST_USER - 1
ROWS_OF_BUSIEST = 5_000
PAGE = 5
TIMES = 200
MOST_REMEMBERED = 10_000

Question = Callable[[int], Awaitable[object]]

COLUMNS = ("question", "p50, ms", "p99, ms", "for somebody with 5,000 rows: p50, ms")


def measure() -> Table:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bot.db"
        fill(path, users=USERS, activations=ACTIVATIONS, also=(BUSIEST, ROWS_OF_BUSIEST))
        rows = asyncio.run(_measured(path))
    note = f"{USERS:,} people, {ACTIVATIONS:,} activations with their SMS, notes and updates."
    return Table("Long histories", COLUMNS, rows, note)


async def _measured(path: Path) -> tuple[tuple[str, ...], ...]:
    async with Database.opened(path) as database:
        return tuple(
            [await _row(name, question) for name, question in _questions(database).items()]
        )


def _questions(database: Database) -> dict[str, Question]:
    store, notes, updates = ActivationRows(database), NoteRows(database), UpdateRows(database)
    now = SystemClock().now()

    async def numbers(user_id: int) -> None:
        await store.count_of(user_id, IN_HAND_STATES)
        await store.page_of(user_id, IN_HAND_STATES, 0, PAGE)

    async def history(user_id: int) -> None:
        await store.count_of(user_id, HISTORY_STATES)
        await store.page_of(user_id, HISTORY_STATES, PAGE, PAGE)

    async def polls(_user_id: int) -> None:
        await store.in_states(OPEN_STATES)
        await store.ended_since(now - timedelta(minutes=12))

    return {
        "/numbers": numbers,
        "/history, second page": history,
        "order of the menus": store.usage,
        "whom to ask next": polls,
        "which card to move": lambda _: store.in_states(frozenset({State.WAITING})),
        "which note to deliver": lambda _: notes.claim_due(now),
        "which updates wait": lambda _: updates.due_ids(now),
        "which updates are handled, once at the start": (
            lambda _: updates.handled_ids(MOST_REMEMBERED)
        ),
    }


async def _row(name: str, question: Question) -> tuple[str, ...]:
    anybodys = [await _timed_ms(question, FIRST_USER + 37 * n % USERS) for n in range(TIMES)]
    busiests = [await _timed_ms(question, BUSIEST) for _ in range(TIMES // 4)]
    p50, p99 = sorted(anybodys)[TIMES // 2], sorted(anybodys)[TIMES * 99 // 100]
    return (name, f"{p50:.2f}", f"{p99:.2f}", f"{sorted(busiests)[len(busiests) // 2]:.2f}")


async def _timed_ms(question: Question, user_id: int) -> float:
    began_s = time.perf_counter()
    await question(user_id)
    return (time.perf_counter() - began_s) * 1000
