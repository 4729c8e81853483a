"""Which addresses of this machine one HTTP_LISTEN means."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from web import listening
from web.door import Door, DoorError

V4, V6 = "127.0.0.1", "::1"
# Addresses of this kind are for documents only: no machine has one.
NO_ADDRESS = "2001:db8::1"


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as one:
            one.bind((V6, 0))
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not _has_ipv6(), reason="this machine speaks no IPv6")


@asynccontextmanager
async def at(host: str) -> AsyncIterator[Door]:
    door = Door(host, 0, [])
    async with door.opened():
        yield door


async def answers(host: str, port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.write(b"GET / HTTP/1.0\r\n\r\n")
    answer = await reader.read()
    writer.close()
    return b"404" in answer


@needs_ipv6
@pytest.mark.parametrize(
    ("host", "served"),
    [
        ("::", (True, True)),
        ("0:0::0", (True, True)),
        ("localhost", (True, True)),
        ("LocalHost", (True, True)),
        ("127.0.0.1", (True, False)),
        ("0.0.0.0", (True, False)),  # noqa: S104 - for a moment
        ("::1", (False, True)),
    ],
)
async def test_families(host: str, served: tuple[bool, bool]) -> None:
    """Every IPv6 address means every IPv4 address, too, and localhost means both of its own."""
    async with at(host) as door:
        assert served == (await answers(V4, door.port), await answers(V6, door.port))


async def test_without_ipv6(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where there is no IPv6 every IPv4 address is served, and the log says so at the start."""
    # An address that this machine has not, as it has none of that family then.
    monkeypatch.setattr(listening, "EVERY_V6", NO_ADDRESS)
    async with at(NO_ADDRESS) as door:
        assert await answers(V4, door.port)

    assert "HTTP_LISTEN is served over IPv4 only" in caplog.text


async def test_localhost_without_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no IPv6 localhost is the IPv4 address."""
    monkeypatch.setattr(listening, "LOOPBACK", (V4, NO_ADDRESS))
    async with at("localhost") as door:
        assert await answers(V4, door.port)


async def test_an_address_of_another_machine() -> None:
    """An address that this machine has not is told, and not replaced by another one."""
    with pytest.raises(DoorError, match=r"^HTTP_LISTEN cannot be used: .*: Cannot assign"):
        async with at(NO_ADDRESS):
            pass


@needs_ipv6
@pytest.mark.parametrize("host", ["localhost", "::"])
@pytest.mark.parametrize("taken", [V4, V6])
async def test_one_family_is_in_use(host: str, taken: str) -> None:
    """A port that another program has for one family is in use, and nothing stays open."""
    with socket.socket(socket.AF_INET6 if ":" in taken else socket.AF_INET) as other:
        other.bind((taken, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(DoorError, match=r"in use\.$"):
            async with Door(host, port, []).opened():
                pass
        free = V6 if taken == V4 else V4

        assert not await answers(free, port)
