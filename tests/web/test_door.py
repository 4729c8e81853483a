"""One address, a few rooms behind it, and the same 404 for everything else."""

import asyncio
import socket

import aiohttp
import pytest
from aiohttp import web

from tests.web.visitor import Visitor, at_door, head, visiting
from web import door as door_module
from web.bloomsms_webhook import BloomsmsWebhook
from web.door import Door, DoorError, Room
from web.telegram_webhook import TelegramWebhook


class Hall:
    """Lets everybody in who asks for it, and answers as it is told."""

    def __init__(self) -> None:
        self.fails = False
        self.opens = asyncio.Event()
        self.opens.set()

    def is_at(self, method: str, path: str) -> bool:
        return (method, path) == ("GET", "/hall")

    async def answer(self, _request: web.BaseRequest) -> web.Response:
        if self.fails:
            raise RuntimeError("the roof is leaking")
        await self.opens.wait()
        return web.Response(text="welcome")


class NoOne:
    def take(self, provider_id: str, service_code: str) -> None:
        raise AssertionError(provider_id, service_code)


async def nobody(body: bytes) -> None:
    raise AssertionError(body)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("POST", "/hall"),
        ("DELETE", "/hall"),
        ("GET", "/hall/"),
        ("POST", "/webhooks/bloomsms/"),
        ("POST", "/webhooks/bloomsms"),
        ("POST", "/webhooks/bloomsms/wrong"),
        ("POST", "/webhooks/bloomsms/s3cre"),
        ("POST", "/webhooks/bloomsms/s3crets"),
        ("POST", "/webhooks/bloomsms/%C3%A4%FF"),
        ("GET", "/webhooks/bloomsms/s3cret"),
        ("PUT", "/webhooks/bloomsms/s3cret"),
        ("GET", "/telegram"),
    ],
)
async def test_everything_else_looks_the_same(method: str, path: str) -> None:
    """A wrong path, method or secret cannot be told from each other."""
    rooms: list[Room] = [
        Hall(),
        BloomsmsWebhook("s3cret", lambda _: None, NoOne()),
        TelegramWebhook("/telegram", "shown", nobody),
    ]
    async with at_door(rooms) as visitor:
        nothing = await visitor.sends("GET", "/nothing-here")

        assert 404 == nothing.status
        assert nothing == await visitor.sends(method, path)


async def test_no_room_is_missed() -> None:
    """Who knows a room is answered by it."""
    async with at_door([Hall()]) as visitor:
        assert "welcome" == (await visitor.sends("GET", "/hall")).text


async def test_a_surprise_stays_inside(caplog: pytest.LogCaptureFixture) -> None:
    """The visitor learns nothing of it, the log does, and the door stays open."""
    hall = Hall()
    async with at_door([hall]) as visitor:
        hall.fails = True
        failed = await visitor.sends("GET", "/hall")
        hall.fails = False

        assert (503, "503: Service Unavailable") == (failed.status, failed.text)
        assert "the roof is leaking" in caplog.text
        assert 200 == await visitor.status("GET", "/hall")


@pytest.mark.parametrize(
    "noise", [b"\x16\x03\x01\x00\xa5\n\r\n", b"GET\r\n\r\n", b"G\x00 / X\r\n\r\n"]
)
async def test_noise_is_a_bad_request(noise: bytes) -> None:
    """What is no HTTP is answered with 400 and does no harm."""
    async with at_door([Hall()]) as visitor:
        reader, writer = await visitor.says(noise)
        answer = await reader.read()
        writer.close()

        assert answer.startswith((b"HTTP/1.0 400", b"HTTP/1.1 400"))
        assert 200 == await visitor.status("GET", "/hall")


async def test_a_long_header_is_refused() -> None:
    """A head that goes on and on is not kept."""
    async with at_door([Hall()]) as visitor:
        assert 400 == await visitor.status("GET", "/hall", headers={"X-Long": "x" * 5000})


async def test_a_crowd_is_turned_away() -> None:
    """Connections that do nothing never use up all the files that the process may open."""
    door = Door("127.0.0.1", 0, [Hall()], most_visitors=20)
    async with door.opened(), visiting(door.port) as visitor:
        crowd = [await visitor.says(b"") for _ in range(20)]
        reader, late = await visitor.says(b"")
        turned_away = await reader.read()
        for writer in (late, *(writer for _, writer in crowd)):
            writer.close()
            await writer.wait_closed()

        assert b"" == turned_away
        assert 200 == await once_let_in(visitor)


async def once_let_in(visitor: Visitor) -> int:
    """The status, as soon as the door has noticed that others are gone."""
    async with asyncio.timeout(5):
        while True:
            try:
                return await visitor.status("GET", "/hall")
            except aiohttp.ClientError:
                await asyncio.sleep(0.02)


async def test_closes_in_time_though_somebody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A visitor who gets no answer holds up nobody who wants to close."""
    monkeypatch.setattr(door_module, "CLOSING_S", 0.05)
    hall = Hall()
    hall.opens.clear()
    door = Door("127.0.0.1", 0, [hall])
    async with asyncio.timeout(5):
        async with door.opened():
            reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
            writer.write(b"GET /hall HTTP/1.1\r\nHost: door\r\n\r\n")
            await asyncio.sleep(0.05)
        assert b"" == await reader.read()
        writer.close()


async def test_address_in_use() -> None:
    """A port that somebody else has is told in one sentence that names the setting."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        door = Door("127.0.0.1", other.getsockname()[1], [])
        with pytest.raises(DoorError, match=r"^HTTP_LISTEN cannot be used: .* in use\.$"):
            async with door.opened():
                pass


async def test_host_that_is_not_there() -> None:
    """A host that cannot be found is told as well."""
    door = Door("nowhere.invalid", 0, [])
    with pytest.raises(DoorError, match=r"^HTTP_LISTEN cannot be used: nowhere\.invalid, port 0: "):
        async with door.opened():
            pass


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine speaks no IPv6")
async def test_ipv6() -> None:
    """An IPv6 address can be listened on."""
    door = Door("::1", 0, [Hall()])
    try:
        async with door.opened():
            reader, writer = await asyncio.open_connection("::1", door.port)
            writer.write(b"GET /hall HTTP/1.0\r\n\r\n")
            assert b"welcome" in await reader.read()
            writer.close()
    except DoorError as err:
        pytest.skip(str(err))


async def test_who_is_refused_can_read_why() -> None:
    """An answer that comes before the body was sent arrives all the same."""
    async with at_door([Hall()]) as visitor:
        reader, writer = await visitor.says(head("/nothing", 10_000_000))
        writer.write(b"x" * 10_000_000)
        await writer.drain()

        assert (await reader.readline()).startswith(b"HTTP/1.1 404")
        writer.close()
