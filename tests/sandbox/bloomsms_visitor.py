"""A stranger with a plain HTTP client, and a clock to move; shared by the tests of the emulator."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from sandbox.bloomsms_server import BloomsmsServer

KEY = "sk_sandbox"


class Clock:
    def __init__(self) -> None:
        self.now = 1_777_990_000.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Answer:
    status: int
    text: str
    headers: dict[str, str]

    @property
    def json(self) -> Any:  # a test reads whatever the wire holds
        return json.loads(self.text)

    @property
    def data(self) -> Any:  # as above
        return self.json["data"]

    @property
    def code(self) -> str | None:
        errors = self.json["errors"]
        return None if errors is None else str(errors["code"])


class Visitor:
    def __init__(self, server: BloomsmsServer, session: aiohttp.ClientSession) -> None:
        self.server = server
        self._session = session

    async def call(self, method: str, path: str, **options: Any) -> Answer:  # as aiohttp takes them
        headers = {"Authorization": f"Bearer {KEY}"} | options.pop("headers", {})
        url = self.server.base_url + path
        async with self._session.request(method, url, headers=headers, **options) as response:
            return Answer(response.status, await response.text(), dict(response.headers))

    async def get(self, path: str) -> Answer:
        return await self.call("GET", path)

    async def rent(self, service: str = "wa", country: str = "187") -> Answer:
        body = {"service": service, "country": country}
        return await self.call("POST", "/activations", json=body)

    async def rented(self) -> str:
        """The id of a number rented just now."""
        return str((await self.rent()).data["activation_id"])

    async def status(self, activation_id: str) -> Answer:
        return await self.get(f"/activations/{activation_id}")

    async def patch(self, activation_id: str, status: object) -> Answer:
        return await self.call("PATCH", f"/activations/{activation_id}", json={"status": status})


@asynccontextmanager
async def visiting(server: BloomsmsServer) -> AsyncIterator[Visitor]:
    """A running server and its visitor; every request on a connection of its own."""
    await server.start()
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield Visitor(server, session)
    await server.stop()
