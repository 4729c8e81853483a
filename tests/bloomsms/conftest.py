"""A client over HTTP, and the emulated provider at its other end."""

from collections.abc import AsyncIterator

import pytest

from bloomsms.client import BloomsmsClient
from sandbox.bloomsms_server import BloomsmsServer
from tests.bloomsms.caller import Caller, calling


@pytest.fixture
async def server() -> AsyncIterator[BloomsmsServer]:
    server = BloomsmsServer(requests_per_minute=1000)
    server.number_from(38496653)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def caller(server: BloomsmsServer) -> AsyncIterator[Caller]:
    async with calling(server.base_url) as caller:
        yield caller


@pytest.fixture
def client(caller: Caller) -> BloomsmsClient:
    return caller.client
