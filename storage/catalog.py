"""The provider's lists as rows, one a key: a cache, so that a restart costs no request."""

import json
import logging
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from bloomsms.models import Country, Service
from storage.database import Database, Value, to_dollars, to_micros, to_ms, to_time

T = TypeVar("T")

log = logging.getLogger(__name__)


class ListRows(Generic[T]):
    """Lists of one kind. The body is JSON: a list of entries, each a list of its columns.

    Errors: writing raises none. What it cannot keep costs a request after the next start.
    """

    def __init__(
        self,
        database: Database,
        kind: str,
        kept_for: timedelta,
        pack: Callable[[T], Sequence[Value]],
        unpack: Callable[..., T],
    ) -> None:
        self._database = database
        self._kind = kind
        self._kept_for = kept_for
        self._pack = pack
        self._unpack = unpack

    async def read(self, key: str) -> tuple[datetime, list[T]] | None:
        row = await self._database.row(
            "select asked_at_ms, body from lists where kind = ? and key = ?", (self._kind, key)
        )
        if row is None:
            return None
        return to_time(row[0]), [self._unpack(*columns) for columns in json.loads(row[1])]

    async def keep(self, key: str, asked_at: datetime, found: Sequence[T]) -> None:
        """Replace the list, and drop those of its kind that are too old for anybody."""
        body = json.dumps([self._pack(one) for one in found])
        oldest = to_ms(asked_at - self._kept_for)
        await self._write(
            ("delete from lists where kind = ? and asked_at_ms < ?", (self._kind, oldest)),
            (
                "insert or replace into lists (kind, key, body, asked_at_ms) values (?, ?, ?, ?)",
                (self._kind, key, body, to_ms(asked_at)),
            ),
        )

    async def forget(self, key: str) -> None:
        await self._write(
            ("delete from lists where kind = ? and key = ?", (self._kind, key)),
        )

    async def _write(self, *statements: tuple[str, Iterable[Value]]) -> None:
        try:
            async with self._database.transaction() as db:
                for sql, values in statements:
                    await db.execute(sql, values)
        except sqlite3.Error as err:
            log.warning("the kept %s could not be written: %s", self._kind, err)


def country_rows(database: Database, kept_for: timedelta) -> ListRows[Country]:
    def pack(country: Country) -> Sequence[Value]:
        return country.id, country.name

    return ListRows(database, "countries", kept_for, pack, Country)


def service_rows(database: Database, kept_for: timedelta) -> ListRows[Service]:
    def pack(service: Service) -> Sequence[Value]:
        return service.code, service.name, to_micros(service.price), service.stock

    def unpack(code: str, name: str, price_micros: int, stock: int | None) -> Service:
        return Service(code, name, to_dollars(price_micros), stock)

    return ListRows(database, "services", kept_for, pack, unpack)
