"""People as rows."""

from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Protocol

import aiosqlite

from activations.model import HELD_STATES
from activations.notes import Draft, NoteKind
from people.model import Person, Standing
from storage.database import Database, Row, to_ms
from storage.notes import insert_drafts

MOST_REMEMBERED = 10_000


class _Clock(Protocol):
    def now(self) -> datetime: ...


class UserRows:
    def __init__(self, database: Database, clock: _Clock) -> None:
        self._database = database
        self._clock = clock
        self._met: OrderedDict[int, Person] = OrderedDict()

    async def meet(self, user_id: int, name: str) -> Person:
        """Remember the person under the name shown now; the standing stays as it was."""
        met = self._met.get(user_id)
        if met is not None and met.name == name:
            return met
        rows = await self._database.write(
            "insert into users (user_id, name, standing, met_at_ms) values (?, ?, ?, ?)"
            " on conflict (user_id) do update set name = excluded.name returning *",
            (user_id, name, Standing.NEW.value, to_ms(self._clock.now())),
        )
        return self._remember(rows[0])

    async def ask_owners(self, user_id: int, owner_ids: frozenset[int]) -> bool:
        """NEW → ASKED with a note to each owner; False when they were asked before."""
        async with self._changing(user_id) as db:
            rows = await db.execute_fetchall(
                "update users set standing = ? where user_id = ? and standing = ? returning name",
                (Standing.ASKED.value, user_id, Standing.NEW.value),
            )
            for row in rows:
                words = {"user_id": str(user_id), "name": str(row["name"])}
                drafts = [
                    Draft(NoteKind.OWNER_ACCESS, owner, None, words) for owner in sorted(owner_ids)
                ]
                await insert_drafts(db, drafts, self._clock.now())
        return bool(rows)

    async def decide(self, user_id: int, standing: Standing) -> Person | None:
        """Set the standing; the person is told of a new one. None for a stranger."""
        now = self._clock.now()
        async with self._changing(user_id) as db:
            rows = list(
                await db.execute_fetchall(
                    "update users set standing = ?, decided_at_ms = ?"
                    " where user_id = ? and standing <> ? returning *",
                    (standing.value, to_ms(now), user_id, standing.value),
                )
            )
            if rows:
                await insert_drafts(db, await _told_of(db, user_id, standing), now)
        row = await self._database.row("select * from users where user_id = ?", (user_id,))
        return _person(row) if row else None

    @asynccontextmanager
    async def _changing(self, user_id: int) -> AsyncIterator[aiosqlite.Connection]:
        """A transaction after which the person is read anew, however it ended."""
        try:
            async with self._database.transaction() as db:
                yield db
        finally:
            self._met.pop(user_id, None)

    async def with_standing(self, standing: Standing) -> list[Person]:
        rows = await self._database.rows(
            "select * from users where standing = ? order by met_at_ms desc", (standing.value,)
        )
        return [_person(row) for row in rows]

    async def holds_numbers(self, user_id: int) -> bool:
        return bool(await self._database.rows(*_first_held(user_id)))

    async def known_among(self, user_ids: frozenset[int]) -> frozenset[int]:
        """Those of `user_ids` who have written to the bot before."""
        marks = ", ".join("?" for _ in user_ids)
        rows = await self._database.rows(
            f"select user_id from users where user_id in ({marks})", sorted(user_ids)
        )
        return frozenset(int(row["user_id"]) for row in rows)

    def _remember(self, row: Row) -> Person:
        """For the next press: a row that was just written is the latest there is."""
        person = self._met[row["user_id"]] = _person(row)
        if len(self._met) > MOST_REMEMBERED:
            self._met.popitem(last=False)
        return person


async def standing_of(db: aiosqlite.Connection, user_id: int) -> Standing:
    """As the caller's transaction finds it; NEW without a row."""
    rows = list(
        await db.execute_fetchall("select standing from users where user_id = ?", (user_id,))
    )
    return Standing(rows[0]["standing"]) if rows else Standing.NEW


async def _told_of(db: aiosqlite.Connection, user_id: int, standing: Standing) -> list[Draft]:
    """What a decision brings the person."""
    if standing is Standing.LET_IN:
        return [Draft(NoteKind.LET_IN, user_id)]
    if standing is not Standing.TURNED_AWAY:
        return []
    is_holding = list(await db.execute_fetchall(*_first_held(user_id)))
    words = {"holds_numbers": "yes"} if is_holding else {}
    return [Draft(NoteKind.TURNED_AWAY, user_id, None, words)]


def _first_held(user_id: int) -> tuple[str, tuple[int | str, ...]]:
    """The query for one number that the person holds or may hold."""
    marks = ", ".join("?" for _ in HELD_STATES)
    return (
        f"select id from activations where user_id = ? and state in ({marks}) limit 1",
        (user_id, *(state.value for state in HELD_STATES)),
    )


def _person(row: Row) -> Person:
    return Person(row["user_id"], row["name"], Standing(row["standing"]))
