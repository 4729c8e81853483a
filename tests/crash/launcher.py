"""Runs the bot like bot.py, but names every point it passes, and may end at one of them.

A point lies before or after a commit, a request to the provider or a call to Telegram. Each passed
point is a line in the file CRASH_TRACE; at the one named by CRASH_AT the process kills itself. The
story lies between the first fetched update that holds CRASH_FROM and the one that holds CRASH_TO;
what comes before and after has no points.
"""

import json
import os
import re
import signal
import sys
from collections import Counter
from collections.abc import Awaitable, Iterable
from contextvars import ContextVar
from types import TracebackType
from typing import Any
from unittest.mock import patch

import aiosqlite
from aiohttp import ClientResponse, ClientSession
from aiohttp.http_writer import StreamWriter
from telegram import Update
from telegram.ext import Application

import bot
from telegram_http import TelegramHttp

KindOfError = type[BaseException] | None

WRITE = re.compile(r"\s*(insert|update|delete)(?: or ignore)?(?: into| from)? (\w+)")
WORD = re.compile(r"[a-z_]{3,16}")
# What a pass repeats is a point only so often; how often it happens is a matter of time alone.
MOST_REPEATS_OF_A_PASS = 2
# The log of requests: its commits stand directly beside requests, which are points themselves.
NO_PART_OF_THE_STORY = "requests"

# Whose doing a point is: a pass of the clock, the fetching of updates, or one update.
origin: ContextVar[str] = ContextVar("origin", default="a pass")
request_name: ContextVar[str] = ContextVar("request_name", default="")


class Trail:
    """The points passed so far."""

    def __init__(self) -> None:
        self._kill_at = os.environ.get("CRASH_AT", "")
        self._from = os.environ["CRASH_FROM"].encode()
        self._to = os.environ["CRASH_TO"].encode()
        self._trace = os.open(os.environ["CRASH_TRACE"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._passed: Counter[str] = Counter()
        self._is_on = False

    def looks_at(self, fetched: bytes) -> None:
        self._is_on = (self._is_on or self._from in fetched) and self._to not in fetched

    def point(self, what: str) -> None:
        """Here the process may end."""
        if not self._is_on:
            return
        name = f"{origin.get()}: {what}"
        self._passed[name] += 1
        if name.startswith("a pass") and self._passed[name] > MOST_REPEATS_OF_A_PASS:
            return
        name = f"{name}, {self._passed[name]}"
        os.write(self._trace, f"{name}\n".encode())
        if name == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)


class Statements:
    """What each connection has written since its last commit."""

    execute_plainly = aiosqlite.Connection.execute
    execute_many_plainly = aiosqlite.Connection.executemany
    fetch_plainly = aiosqlite.Connection.execute_fetchall
    commit_plainly = aiosqlite.Connection.commit

    def __init__(self) -> None:
        self._written: dict[int, list[str]] = {}
        self._begun: set[int] = set()

    def note(self, connection: object, sql: str, parameters: object = None) -> None:
        """Remember a write, with the words among its values: states, kinds, wishes."""
        if sql.strip().lower().startswith("begin"):
            self._written[id(connection)] = []
            self._begun.add(id(connection))
        if (match := WRITE.match(sql)) and match[2] != NO_PART_OF_THE_STORY:
            values = parameters if isinstance(parameters, tuple | list) else ()
            words = [one for one in values if isinstance(one, str) and WORD.fullmatch(one)]
            self._written.setdefault(id(connection), []).append(" ".join([*match.groups(), *words]))

    def is_commit(self, connection: object, sql: str) -> bool:
        """Whether the statement ends a transaction, or is one of its own."""
        if id(connection) not in self._begun:
            return WRITE.match(sql) is not None
        is_end = sql.strip().lower() in ("commit", "rollback")
        if is_end:
            self._begun.discard(id(connection))
        return is_end and sql.strip().lower() == "commit"

    def taken(self, connection: object) -> str:
        return ", ".join(dict.fromkeys(self._written.pop(id(connection), [])))


trail = Trail()
statements = Statements()
request_plainly = ClientSession._request
end_of_answer_plainly = ClientResponse.__aexit__
end_of_request_plainly = StreamWriter.write_eof
call_plainly = TelegramHttp.do_request
process_plainly = Application.process_update


async def around_commit(connection: object, work: Awaitable[Any]) -> Any:
    what = statements.taken(connection)
    if what:
        trail.point(f"before the commit of {what}")
    result = await work
    if what:
        trail.point(f"after the commit of {what}")
    return result


def execute(
    self: aiosqlite.Connection, sql: str, parameters: Iterable[Any] | None = None
) -> Awaitable[Any]:
    statements.note(self, sql, parameters)
    work = Statements.execute_plainly(self, sql, parameters)
    return around_commit(self, work) if statements.is_commit(self, sql) else work


def execute_many(
    self: aiosqlite.Connection, sql: str, parameters: Iterable[Iterable[Any]]
) -> Awaitable[Any]:
    statements.note(self, sql)
    return Statements.execute_many_plainly(self, sql, parameters)


def fetch(
    self: aiosqlite.Connection, sql: str, parameters: Iterable[Any] | None = None
) -> Awaitable[Any]:
    statements.note(self, sql, parameters)
    work = Statements.fetch_plainly(self, sql, parameters)
    return around_commit(self, work) if statements.is_commit(self, sql) else work


def commit(self: aiosqlite.Connection) -> Awaitable[Any]:
    return around_commit(self, Statements.commit_plainly(self))


async def request(
    self: ClientSession,
    method: str,
    url: str,
    **options: Any,
) -> ClientResponse:
    if "/api/v1" not in url:
        request_name.set("")  # a call to Telegram, whose points are those of `call`
        return await request_plainly(self, method, url, **options)
    path = re.sub(r"/\w*\d\w*", "/…", url.partition("/api/v1")[2])
    name = f"{method} {path}"
    request_name.set(name)
    trail.point(f"before {name} leaves")
    return await request_plainly(self, method, url, **options)


async def end_of_answer(
    self: ClientResponse,
    kind: KindOfError,
    error: BaseException | None,
    trace: TracebackType | None,
) -> None:
    if request_name.get():
        trail.point(f"after the answer to {request_name.get()}")
    await end_of_answer_plainly(self, kind, error, trace)


async def end_of_request(self: StreamWriter, chunk: bytes = b"") -> None:
    await end_of_request_plainly(self, chunk)
    if request_name.get():
        trail.point(f"after {request_name.get()} has left")


async def call(self: TelegramHttp, url: str, *rest: Any, **options: Any) -> tuple[int, bytes]:
    method = url.rpartition("/")[2]
    if method == "getUpdates":
        return await fetched(await call_plainly(self, url, *rest, **options))
    trail.point(f"before {method}")
    answer = await call_plainly(self, url, *rest, **options)
    trail.point(f"after {method}")
    return answer


async def fetched(answer: tuple[int, bytes]) -> tuple[int, bytes]:
    trail.looks_at(answer[1])
    updates = json.loads(answer[1]).get("result") or []
    if updates:
        origin.set(f"fetching {named(updates[-1])}")
        trail.point("after getUpdates")
    return answer


def named(update: dict[str, Any]) -> str:
    """What a person did, without the ids and tokens in it."""
    if "callback_query" in update:
        return "a press of " + re.sub(
            r"(?<=^2:..:).*|\d{2,}|:\d+$", "", update["callback_query"]["data"]
        )
    return str(update.get("message", {}).get("text", "something else"))


async def process(self: Application[Any, Any, Any, Any, Any, Any], update: object) -> None:
    if isinstance(update, Update):
        origin.set(named(update.to_dict()))
    await process_plainly(self, update)


def main() -> int:
    for owner, name, replacement in (
        (aiosqlite.Connection, "execute", execute),
        (aiosqlite.Connection, "executemany", execute_many),
        (aiosqlite.Connection, "execute_fetchall", fetch),
        (aiosqlite.Connection, "commit", commit),
        (ClientSession, "_request", request),
        (ClientResponse, "__aexit__", end_of_answer),
        (StreamWriter, "write_eof", end_of_request),
        (TelegramHttp, "do_request", call),
        (Application, "process_update", process),
    ):
        patch.object(owner, name, replacement).start()
    return bot.main()


if __name__ == "__main__":
    sys.exit(main())
