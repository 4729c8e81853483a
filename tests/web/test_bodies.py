"""Bodies are read within limits of size, of time and of how many at once."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from tests.web.visitor import Visitor, at_door, head
from web.bodies import Bodies

MOST = 1000


class Reader:
    """Tells how long the body was."""

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies

    def is_at(self, method: str, path: str) -> bool:
        return (method, path) == ("POST", "/read")

    async def answer(self, request: web.BaseRequest) -> web.Response:
        body = await self._bodies.read(request)
        return body if isinstance(body, web.Response) else web.Response(text=str(len(body)))


@pytest.fixture
async def visitor() -> AsyncIterator[Visitor]:
    async with at_door([Reader(Bodies(MOST, longest_s=0.3, most_at_once=2))]) as visitor:
        yield visitor


async def in_pieces(*sizes: int) -> AsyncIterator[bytes]:
    for size in sizes:
        yield b"x" * size


@pytest.mark.parametrize("sizes", [(0,), (1,), (MOST,), (MOST // 2, MOST // 2)])
async def test_a_body_within_the_limit(visitor: Visitor, sizes: tuple[int, ...]) -> None:
    """Up to the limit it is read whole, in one piece or in many."""
    whole = await visitor.sends("POST", "/read", data=b"x" * sum(sizes))
    pieces = await visitor.sends("POST", "/read", data=in_pieces(*sizes))

    assert (200, str(sum(sizes))) == (whole.status, whole.text)
    assert (200, str(sum(sizes))) == (pieces.status, pieces.text)


@pytest.mark.parametrize("size", [MOST + 1, 1_000_000])
async def test_a_body_beyond_the_limit(visitor: Visitor, size: int) -> None:
    """It is refused, whether its length was said beforehand or not."""
    assert 413 == await visitor.status("POST", "/read", data=b"x" * size)
    assert 413 == await visitor.status("POST", "/read", data=in_pieces(MOST, size - MOST))


async def test_a_slow_body_is_cut_off(visitor: Visitor) -> None:
    """Who sends too slowly is told so and hung up on."""
    reader, writer = await visitor.says(head("/read", 100) + b"x")
    async with asyncio.timeout(5):
        answer = await reader.readuntil(b"\r\n\r\n")
    writer.close()

    assert answer.startswith(b"HTTP/1.1 408")
    assert b"\r\nConnection: close\r\n" in answer


async def test_a_body_that_breaks_off(visitor: Visitor, caplog: pytest.LogCaptureFixture) -> None:
    """A visitor who leaves in the middle is no event."""
    _, writer = await visitor.says(head("/read", 100) + b"x")
    writer.close()
    await asyncio.sleep(0.1)

    assert 200 == await visitor.status("POST", "/read", data=b"x")
    assert [] == [one for one in caplog.records if one.name.startswith(("web", "aiohttp.server"))]


async def test_malformed_pieces(visitor: Visitor) -> None:
    """Chunks that are none are a bad request."""
    chunked = b"POST /read HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n"
    reader, writer = await visitor.says(chunked)
    answer = await reader.read()
    writer.close()

    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400"))


async def test_only_some_at_once(visitor: Visitor) -> None:
    """However many send slowly, only so many take memory: the next waits for a place."""
    slow = [await visitor.says(head("/read", 100) + b"x") for _ in range(2)]
    await asyncio.sleep(0.1)  # its own time is not over when theirs is
    waiting = asyncio.create_task(visitor.status("POST", "/read", data=b"x" * MOST))
    async with asyncio.timeout(5):
        cut_off = [await reader.readline() for reader, _ in slow[:1]]
        was_waiting = not waiting.done()
        cut_off += [await reader.readline() for reader, _ in slow[1:]]

    assert {b"HTTP/1.1 408"} == {line[:12] for line in cut_off}
    assert (True, 200) == (was_waiting, await waiting)
    for _, writer in slow:
        writer.close()


async def test_no_place_in_time() -> None:
    """Who gets no place within the limit is told so, as if they had been slow themselves."""
    async with at_door([Reader(Bodies(MOST, longest_s=0.1, most_at_once=0))]) as full:
        assert 408 == await full.status("POST", "/read", data=b"x")


async def test_who_asks_first_is_told_to_go_on(visitor: Visitor) -> None:
    """A sender that waits for leave to send its body gets it at once."""
    reader, writer = await visitor.says(head("/read", 2, "Expect: 100-continue"))
    assert b"HTTP/1.1 100 Continue\r\n" == await reader.readline()
    writer.write(b"xx")
    await reader.readline()

    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    writer.close()


async def test_a_compressed_body_stays_small() -> None:
    """It is not unpacked: a small body cannot become a large one."""
    async with at_door([Reader(Bodies(MOST))]) as visitor:
        packed = await visitor.sends(
            "POST", "/read", data=b"\x1f\x8b" + b"x" * 98, headers={"Content-Encoding": "gzip"}
        )

    assert "100" == packed.text
