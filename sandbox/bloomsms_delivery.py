"""How an answer leaves the house: whole, late, in pieces, or not at all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final, NoReturn

from aiohttp import web

from sandbox.bloomsms_envelope import Reply
from sandbox.bloomsms_faults import Armed

_PIECE_BYTES: Final = 65_536
_HEAD: Final = b'{"status": "success", "data": {"filler": "'
_TAIL: Final = b'"}, "errors": null}'


class HungUp(Exception):  # noqa: N818  an end of the talk, not a fault of ours
    """The connection is to be closed instead of answered."""


async def pause(delay_s: float, stopping: asyncio.Event) -> None:
    """Errors: HungUp when the server stops meanwhile."""
    with suppress(TimeoutError):
        async with asyncio.timeout(delay_s):
            await wait_for_ever(stopping)


async def wait_for_ever(stopping: asyncio.Event) -> NoReturn:
    await stopping.wait()
    raise HungUp


def whole(reply: Reply) -> web.Response:
    return web.Response(
        status=reply.status,
        body=reply.body.encode(),
        content_type=reply.content_type,
        charset="utf-8",
        headers=reply.headers,
    )


async def stream(
    request: web.Request, reply: Reply, fault: Armed, stopping: asyncio.Event
) -> web.StreamResponse:
    """Send the pieces of a streaming scenario, for as long as the client listens."""
    response = web.StreamResponse(status=reply.status, headers=reply.headers)
    response.content_type = reply.content_type
    with suppress(ConnectionError):
        await response.prepare(request)
        async for piece in _pieces(reply, fault, stopping):
            await response.write(piece)
        await response.write_eof()
    return response


async def _pieces(reply: Reply, fault: Armed, stopping: asyncio.Event) -> AsyncIterator[bytes]:
    if fault.scenario.name == "drip":
        for byte in reply.body.encode():
            yield bytes([byte])
            await pause(fault.number("interval_s"), stopping)
        return
    left = max(0, int(fault.number("bytes")) - len(_HEAD) - len(_TAIL))
    yield _HEAD
    while left and not stopping.is_set():
        yield b"a" * min(left, _PIECE_BYTES)
        left -= min(left, _PIECE_BYTES)
    yield _TAIL
