"""A server that says the given bytes to whoever connects, whatever they asked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class RawServer:
    def __init__(self, says: bytes, *, is_reset: bool = False) -> None:
        self.heard: list[bytes] = []
        self._says = says
        self._is_reset = is_reset
        self._server: asyncio.Server | None = None

    @property
    def address(self) -> str:
        if self._server is None:
            raise AssertionError("not started")
        return f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    @asynccontextmanager
    async def running(self) -> AsyncIterator["RawServer"]:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        try:
            yield self
        finally:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard.append(await reader.read(65_536))
        writer.write(self._says)
        if self._is_reset:
            writer.transport.abort()
        writer.close()


@asynccontextmanager
async def mute_server() -> AsyncIterator[str]:
    """Takes connections and never says a word, not even that of an encrypted greeting."""
    ended = asyncio.Event()

    async def hold(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ended.wait()
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        ended.set()
        server.close()
