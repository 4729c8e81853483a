"""Somebody who comes to the web door over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from web.door import Door, Room


@dataclass(frozen=True)
class Answer:
    status: int
    text: str
    headers: dict[str, str]  # without the date


class Visitor:
    def __init__(self, port: int, session: aiohttp.ClientSession) -> None:
        self.port = port
        self._session = session

    async def sends(self, method: str, path: str, **options: Any) -> Answer:
        address = f"http://127.0.0.1:{self.port}{path}"
        async with self._session.request(method, address, **options) as response:
            headers = {name: value for name, value in response.headers.items() if name != "Date"}
            return Answer(response.status, await response.text(), headers)

    async def status(self, method: str, path: str, **options: Any) -> int:
        return (await self.sends(method, path, **options)).status

    async def says(self, words: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Over a connection of its own, to the letter."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(words)
        await writer.drain()
        return reader, writer


@asynccontextmanager
async def visiting(port: int) -> AsyncIterator[Visitor]:
    async with aiohttp.ClientSession() as session:
        yield Visitor(port, session)


@asynccontextmanager
async def at_door(rooms: Sequence[Room]) -> AsyncIterator[Visitor]:
    """In front of an open door with these rooms behind it."""
    door = Door("127.0.0.1", 0, rooms)
    async with door.opened(), visiting(door.port) as visitor:
        yield visitor


def head(path: str, length: int, *more: str) -> bytes:
    """The head of a POST whose body follows, or never does."""
    lines = [f"POST {path} HTTP/1.1", "Host: door", f"Content-Length: {length}", *more]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
