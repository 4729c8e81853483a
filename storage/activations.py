"""Activations as rows, with their SMS. Every step is guarded by the state it starts from."""

import json
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import aiosqlite

from activations.model import Activation, Card, Kind, Offer, State, may_become
from activations.notes import Draft, card
from bloomsms.models import Sms, StatusChange
from people.model import Usage
from storage.cards import drop_card, place_card
from storage.database import Database, marks, state_words, to_micros, to_ms
from storage.newest_order import NewestOrder
from storage.notes import insert_drafts
from storage.restored import close_if_restored, count_order, open_renting, read_count
from storage.rows import activation_of
from storage.sequence import NEXT, NOW
from storage.steps import update_row
from storage.usage import usage_of
from storage.uses import read_uses
from storage.watch import told_elsewhere

TOKEN_BYTES = 12
MOST_AT_ONCE = 500  # well below the number of values a statement may have


class ActivationRows:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._newest = NewestOrder(database.path)

    async def offer(
        self, offer: Offer, now: datetime, check: Callable[[Usage], None] | None = None
    ) -> Activation | None:
        """Write an INTENT; None when an INSTEAD of the same source stands already."""
        async with self._database.transaction() as db:
            if check:
                check(await usage_of(db, offer.user_id, now))
            cursor = await db.execute(
                "insert or ignore into activations (user_id, service_code, service_name,"
                " country_id, country_name, offered_micros, kind, source_id, state, created_at_ms,"
                " changed_at_ms, token) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (offer.user_id, offer.service_code, offer.service_name, offer.country_id,
                 offer.country_name, to_micros(offer.price), offer.kind.value, offer.source_id,
                 State.INTENT.value, to_ms(now), to_ms(now), secrets.token_urlsafe(TOKEN_BYTES)),
            )  # fmt: skip
        if cursor.rowcount != 1 or cursor.lastrowid is None:
            return None
        return await self.get(cursor.lastrowid)

    async def get(self, activation_id: int) -> Activation | None:
        found = await self._find("id = ?", (activation_id,))
        return found[0] if found else None

    async def by_token(self, token: str) -> Activation | None:
        found = await self._find("token = ?", (token,))
        return found[0] if found else None

    async def from_before(self, activation_id: int) -> Activation | None:
        """Only a row that was open when tokens came: other buttons with an id are not believed."""
        found = await self._find("id = ? and is_from_before", (activation_id,))
        return found[0] if found else None

    async def shown_at(self, card: Card) -> Activation | None:
        found = await self._find("chat_id = ? and message_id = ?", (card.chat_id, card.message_id))
        return found[0] if found else None

    async def begin(
        self,
        activation: Activation,
        check: Callable[[Usage], None],
        card: Card | None,
        now: datetime,
    ) -> bool:
        """INTENT → RENTING; what `check` raises takes the step back."""
        async with self._database.transaction() as db:
            await db.execute(NEXT)
            cursor = await db.execute(
                f"update activations set changed_seq = ({NOW}), state = ?, changed_at_ms = ?,"
                " reason = '' where id = ? and state = ?",
                (State.RENTING.value, to_ms(now), activation.id, State.INTENT.value),
            )
            if cursor.rowcount != 1:
                return False
            check(await usage_of(db, activation.user_id, now))
            if card:
                await place_card(db, activation.id, card)
            number = await count_order(db)
        await self._newest.write(number)
        return True

    async def record(
        self,
        before: Activation,
        after: Activation,
        drafts: Sequence[Draft],
        now: datetime,
        sms: Sms | None = None,
        waited_s: float | None = None,
    ) -> bool:
        """Write `after`, its SMS and its notes, if the row still stands as `before`."""
        if before.state is not after.state and not may_become(before.state, after.state):
            raise ValueError(f"{before.state} cannot become {after.state}")
        async with self._database.transaction() as db:
            if not await update_row(db, before, after):
                return False
            sms_id = await _insert_sms(db, before, sms, now, waited_s) if sms else None
            if sms and sms_id is None:
                # An SMS that is known already must not bring its notes again.
                await update_row(db, after, before)
                return False
            await insert_drafts(db, drafts, now, sms_id)
        return True

    async def mark_wish(self, activation_id: int, wish: StatusChange | None) -> None:
        await self._set(activation_id, "wish", wish.value if wish else "")

    async def mark_change(
        self,
        activation_id: int,
        wish: StatusChange | None,
        last: StatusChange | None,
        *,
        is_accepted: bool,
    ) -> None:
        await self._database.write(
            "update activations set wish = ?, last_change = ?, is_change_accepted = ?"
            " where id = ?",
            (wish.value if wish else "", last.value if last else "", int(is_accepted),
             activation_id),
        )  # fmt: skip

    async def mark_accepted(self, activation_id: int, change: StatusChange) -> None:
        await self._database.write(
            "update activations set is_change_accepted = 1 where id = ? and last_change = ?",
            (activation_id, change.value),
        )

    async def told_elsewhere(self, activation_id: int) -> set[Sms]:
        return await told_elsewhere(self._database, activation_id)

    async def is_word_told(self, words: Mapping[str, str]) -> bool:
        found = await self._database.row(
            "select 1 from notes where words = ? and kind = 'owner_word'", (json.dumps(words),)
        )
        return found is not None

    async def learn_phone(
        self, activation: Activation, phone_number: str, now: datetime, *, is_other: bool
    ) -> None:
        """Write a phone number that was not known yet, and have its card brought up to date."""
        async with self._database.transaction() as db:
            cursor = await db.execute(
                "update activations set phone_number = ?, is_other_phone = ? where id = ?"
                " and provider_id is not null and coalesce(phone_number, '') = ''",
                (phone_number, int(is_other), activation.id),
            )
            if cursor.rowcount == 1:
                await insert_drafts(db, (card(activation.user_id, activation.id),), now)

    async def mark_shown(self, activation_id: int, shown: str) -> None:
        await self._set(activation_id, "card_shown", shown)

    async def drop_card(self, card: Card) -> None:
        """The message is gone; whatever it showed has no card any more."""
        async with self._database.transaction() as db:
            await drop_card(db, card)

    async def mark_asked(self, activation_id: int, now: datetime) -> None:
        await self._set(activation_id, "asked_at_ms", to_ms(now))

    async def place_card(self, activation_id: int, card: Card) -> None:
        async with self._database.transaction() as db:
            await place_card(db, activation_id, card)

    async def in_states(self, states: frozenset[State]) -> list[Activation]:
        return await self._find(f"state in ({marks(states)}) order by id", state_words(states))

    async def unfinished_swaps(self) -> list[Activation]:
        return await self._find("state = ? and kind = ?", (State.INTENT.value, Kind.INSTEAD.value))

    async def page_of(
        self, user_id: int, states: frozenset[State], offset: int, limit: int
    ) -> list[Activation]:
        # The page is found in the index alone; only its rows are read whole.
        page = (
            f"select id from activations where user_id = ? and state in ({marks(states)})"
            " order by id desc limit ? offset ?"
        )
        return await self._find(
            f"id in ({page}) order by id desc", (user_id, *state_words(states), limit, offset)
        )

    async def count_of(self, user_id: int, states: frozenset[State]) -> int:
        row = await self._database.row(
            f"select count(*) from activations where user_id = ? and state in ({marks(states)})",
            (user_id, *state_words(states)),
        )
        return int(row[0]) if row else 0

    async def ended_since(self, since: datetime) -> list[Activation]:
        ended = (State.CANCELLED, State.EXPIRED)
        return await self._find(
            f"state in ({marks(ended)}) and changed_at_ms >= ? and provider_id is not null",
            (*state_words(ended), to_ms(since)),
        )

    async def awaiting_return(self) -> list[Activation]:
        return await self._find("is_refund_due order by changed_seq, changed_at_ms", ())

    async def by_provider_ids(self, provider_ids: Sequence[str]) -> list[Activation]:
        return await self._find(f"provider_id in ({marks(provider_ids)})", provider_ids)

    async def tell_mismatch(
        self, activation_id: int, drafts: Sequence[Draft], now: datetime
    ) -> None:
        """Keep these notes, the first time that they are for this row."""
        async with self._database.transaction() as db:
            cursor = await db.execute(
                "update activations set is_mismatch_told = 1 where id = ? and not is_mismatch_told",
                (activation_id,),
            )
            if cursor.rowcount == 1:
                await insert_drafts(db, drafts, now)

    async def duplicates(self) -> list[Activation]:
        return await self._find("id in (select activation_id from duplicates) order by id", ())

    async def tell_duplicates(self, drafts: Sequence[Draft], now: datetime) -> None:
        async with self._database.transaction() as db:
            await insert_drafts(db, drafts, now)
            await db.execute("delete from duplicates")

    async def usage(self, user_id: int) -> Mapping[str, Mapping[str, int]]:
        """How often each country and service was rented; one's own rentals weigh tenfold."""
        return await read_uses(self._database, user_id)

    async def close_if_restored(
        self, drafts: Sequence[Draft], is_spending: Callable[[str], bool], now: datetime
    ) -> bool:
        return await close_if_restored(self._database, self._newest, drafts, is_spending, now)

    async def lost_order(self) -> int | None:
        return (await read_count(self._database)).lost

    async def expected_when_closed(self) -> Decimal | None:
        return (await read_count(self._database)).expected

    async def open_renting(self) -> None:
        await open_renting(self._database)

    async def _set(self, activation_id: int, column: str, value: int | str) -> None:
        await self._database.write(
            f"update activations set {column} = ? where id = ?", (value, activation_id)
        )

    async def _find(self, where: str, values: Iterable[str | int]) -> list[Activation]:
        rows = await self._database.rows(f"select * from activations where {where}", values)
        if not rows:
            return []
        ids = [int(row["id"]) for row in rows]
        texts: dict[int, list[Sms]] = {}
        rounds: dict[int, list[int]] = {}
        for start in range(0, len(ids), MOST_AT_ONCE):
            some = ids[start : start + MOST_AT_ONCE]
            for sms in await self._database.rows(
                f"select * from sms where activation_id in ({marks(some)}) order by id", some
            ):
                found = Sms(sms["code"], sms["full_text"])
                texts.setdefault(sms["activation_id"], []).append(found)
                rounds.setdefault(sms["activation_id"], []).append(sms["round"])
        return [
            activation_of(
                row,
                tuple(texts.get(row["id"], ())),
                sum(number < row["rounds"] for number in rounds.get(row["id"], ())),
            )
            for row in rows
        ]


async def _insert_sms(
    db: aiosqlite.Connection,
    activation: Activation,
    sms: Sms,
    now: datetime,
    waited_s: float | None,
) -> int | None:
    waited_ms = None if waited_s is None else round(waited_s * 1000)
    cursor = await db.execute(
        "insert or ignore into sms (activation_id, round, code, full_text, received_at_ms,"
        " waited_ms) values (?, ?, ?, ?, ?, ?)",
        (activation.id, activation.rounds, sms.code, sms.full_text, to_ms(now), waited_ms),
    )
    return cursor.lastrowid if cursor.rowcount == 1 else None
