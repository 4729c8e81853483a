"""The door itself: one address, a few rooms behind it, and the same 404 for everything else."""

import asyncio
import logging
import os
import resource
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from typing import Protocol

from aiohttp import web

from web.listening import bound

# More cost memory; and half of the files a process may open are left to the bot's own calls.
MOST_VISITORS = 1000
# Longer than reverse proxies keep a connection they do not use: they close it, never we.
KEEP_ALIVE_S = 130.0
# What is still on its way when it was refused is read so long, so that the answer can arrive.
LINGER_S = 2.0
LONGEST_HEADER = 4096
MOST_HEADERS = 64
CLOSING_S = 0.3
# Connections that the system keeps until we get to them.
BACKLOG = 512

log = logging.getLogger(__name__)


class DoorError(Exception):
    """The address cannot be listened on; the text is one sentence."""


class Room(Protocol):
    """What stands behind the door."""

    def is_at(self, method: str, path: str) -> bool: ...
    async def answer(self, request: web.BaseRequest) -> web.Response: ...


class Door:
    """Opened and closed once. Whoever knows no room learns nothing about the others."""

    def __init__(
        self, host: str, port: int, rooms: Sequence[Room], most_visitors: int = MOST_VISITORS
    ) -> None:
        self._host = host
        self._port = port
        self._rooms = rooms
        most_files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._most_visitors = min(most_visitors, most_files // 2)
        self.port = port  # the real one, once it is open

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Errors: DoorError."""
        # The plain server: an application's router answers a wrong method unlike a wrong path.
        visits = web.Server(
            self._answer,
            access_log=None,
            auto_decompress=False,  # a small body stays small
            keepalive_timeout=KEEP_ALIVE_S,
            lingering_time=LINGER_S,
            max_field_size=LONGEST_HEADER,
            max_line_size=LONGEST_HEADER,
            max_headers=MOST_HEADERS,
        )
        with ExitStack() as listening:
            try:
                await self._listen(visits, listening)
            except OSError as err:
                raise DoorError(
                    f"HTTP_LISTEN cannot be used: {self._host}, port {self._port}: {_reason(err)}."
                ) from err
            log.info("the web door is open at %s, port %d", self._host, self.port)
            try:
                yield
            finally:
                listening.close()
                visits.pre_shutdown()
                await visits.shutdown(CLOSING_S)

    async def _listen(self, visits: web.Server, listening: ExitStack) -> None:
        """Errors: OSError."""
        sockets = await bound(self._host, self._port)
        for one in sockets:
            listening.callback(one.close)
        for one in sockets:
            server = await asyncio.get_running_loop().create_server(
                lambda: self._met(visits), sock=one, backlog=BACKLOG
            )
            listening.callback(server.close)
        self.port = sockets[0].getsockname()[1]

    def _met(self, visits: web.Server) -> asyncio.Protocol:
        """Whoever takes the next visitor."""
        return visits() if len(visits.connections) < self._most_visitors else _TurnAway()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        room = next((one for one in self._rooms if one.is_at(request.method, request.path)), None)
        if room is None:
            return web.Response(status=404, text="404: Not Found")
        try:
            return await room.answer(request)
        except Exception:
            log.exception("a surprise at the web door")
            return web.Response(status=503, text="503: Service Unavailable")


def _reason(err: OSError) -> str:
    """The system's own words; those of the library repeat the address."""
    if err.errno is None or isinstance(err, socket.gaierror):
        return err.strerror or type(err).__name__
    return os.strerror(err.errno)


class _TurnAway(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()
