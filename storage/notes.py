"""The outbox as rows: pending → claimed → sent, parked or dead."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

import aiosqlite

from activations.notes import (
    RANK,
    RANK_OF_CARDS,
    RANK_OF_CODES,
    RANK_OF_NEWS,
    Delivery,
    Draft,
    Note,
    NoteKind,
    Outcome,
)
from bloomsms.models import Sms
from storage.database import Database, Row, to_ms, to_time

MILLISECOND = timedelta(milliseconds=1)

STATUS_AFTER = {
    Outcome.SENT: "sent",
    Outcome.LATER: "pending",
    Outcome.PARKED: "parked",
    Outcome.DEAD: "dead",
}


class NoteRows:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._parked: set[int] = set()  # those whose notes wait for them, once they were counted
        self._is_counted = False

    async def add(self, drafts: Sequence[Draft], now: datetime) -> None:
        async with self._database.transaction() as db:
            await insert_drafts(db, drafts, now)

    async def claim_due(
        self, now: datetime, user_id: int | None = None, *, codes_only: bool = False
    ) -> Note | None:
        """Take the most urgent due note.

        One that lies further ahead than it was to wait is due: the clock was set back since.
        """
        due = (
            "select id from notes where status = 'pending'"
            " and (due_at_ms <= ?1 or due_at_ms > ?1 + delay_ms)"
            " and rank <= ?2 and coalesce(?3, user_id) = user_id"
            " order by rank, due_at_ms, id limit 1"
        )
        wanted = (to_ms(now), RANK_OF_CODES if codes_only else RANK_OF_CARDS, user_id)
        if await self._database.row(due, wanted) is None:
            return None
        claimed = await self._database.write(
            "update notes set status = 'claimed', attempts = attempts + 1"
            f" where id = ({due}) returning *",
            wanted,
        )
        return await self._note(claimed[0]) if claimed else None

    async def settle(self, note: Note, delivery: Delivery, now: datetime, delay: timedelta) -> None:
        """Of no effect when the claim was released and the note was claimed again."""
        status = STATUS_AFTER[delivery.outcome]
        due_at_ms = to_ms(now + delay)
        try:
            await self._database.write(
                "update notes set status = ?, due_at_ms = ?, delay_ms = ?,"
                " settled_at_ms = case ? when 'pending' then null else ? end"
                " where id = ? and status = 'claimed' and attempts = ?",
                (
                    status,
                    due_at_ms,
                    delay // MILLISECOND,
                    status,
                    due_at_ms,
                    note.id,
                    note.attempts,
                ),
            )
        finally:
            if delivery.outcome is Outcome.PARKED:
                self._parked.add(note.user_id)

    async def unpark(self, user_id: int, now: datetime) -> None:
        if not self._is_counted:
            rows = await self._database.rows("select user_id from notes where status = 'parked'")
            self._parked.update(int(row[0]) for row in rows)
            self._is_counted = True
        if user_id not in self._parked:
            return
        await self._database.write(
            "update notes set status = 'pending', due_at_ms = ?, delay_ms = 0"
            " where user_id = ? and status = 'parked'",
            (to_ms(now), user_id),
        )
        self._parked.discard(user_id)

    async def claimed_ids(self) -> set[int]:
        rows = await self._database.rows("select id from notes where status = 'claimed'")
        return {int(row[0]) for row in rows}

    async def mark_pieces(self, note: Note, sent: int) -> None:
        """So that they are not sent again after a flood wait, or after a restart."""
        await self._database.write("update notes set pieces_sent = ? where id = ?", (sent, note.id))

    async def release_claims(self, now: datetime, note_id: int | None = None) -> None:
        """Of all notes, or of one."""
        await self._database.write(
            "update notes set status = 'pending', due_at_ms = ?, delay_ms = 0"
            " where status = 'claimed' and id = coalesce(?, id)",
            (to_ms(now), note_id),
        )

    async def _note(self, row: Row) -> Note:
        sms = None
        if row["sms_id"] is not None:
            found = await self._database.row("select * from sms where id = ?", (row["sms_id"],))
            sms = Sms(found["code"], found["full_text"]) if found else None
        return Note(
            id=row["id"],
            kind=NoteKind(row["kind"]),
            user_id=row["user_id"],
            activation_id=row["activation_id"],
            sms=sms,
            words=json.loads(row["words"]),
            attempts=row["attempts"],
            created_at=to_time(row["created_at_ms"]),
            pieces_sent=row["pieces_sent"],
        )


async def insert_drafts(
    db: aiosqlite.Connection, drafts: Sequence[Draft], now: datetime, sms_id: int | None = None
) -> None:
    """Keep notes in the caller's transaction; `sms_id` goes to the CODE among them."""
    for draft in drafts:
        await db.execute(
            "insert into notes (kind, rank, user_id, activation_id, sms_id, words, status,"
            " created_at_ms, due_at_ms) values (?, ?, ?, ?, ?, ?, 'pending', ?, ?)",
            (
                draft.kind.value,
                RANK.get(draft.kind, RANK_OF_NEWS),
                draft.user_id,
                draft.activation_id,
                sms_id if draft.kind is NoteKind.CODE else None,
                json.dumps(dict(draft.words)),
                to_ms(now),
                to_ms(now),
            ),
        )
