"""A Telegram Bot API server for one bot, on localhost, with people to play.

It answers as Telegram does, but refuses what Telegram would silently ignore, and fails on demand.
"""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from sandbox.person import Person
from sandbox.telegram_account import ACCOUNT_METHODS, remember_allowed
from sandbox.telegram_body import Body, raw_chat_id, read_body
from sandbox.telegram_chats import Chat, Chats, Profile
from sandbox.telegram_faults import Fault, Faults, FloodControl, FloodRules
from sandbox.telegram_files import FILE_METHODS
from sandbox.telegram_methods import CHAT_METHODS, Request
from sandbox.telegram_refusals import WEBHOOK_ACTIVE, Refusal, conflict, unauthorized
from sandbox.telegram_rules import find_method, read_parameters

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.telegram_rules import Json

_METHODS = CHAT_METHODS | FILE_METHODS | ACCOUNT_METHODS
_MAX_BODY_BYTES = 64 * 1024 * 1024
_MAX_LIMIT = 100
_SHUTDOWN_S = 0.5
_BAD_GATEWAY = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body></body>\r\n</html>"


@dataclass
class Call:
    """One call of a method and how it was answered.

    Units: `at_s` in seconds of the monotonic clock, when the call came.
    Shape: `parameters` are values once checked, raw when refused before; `error_code` is None when
    it was done, and when no answer was given (`ok` is False then); `fault` names what was armed.
    """

    at_s: float
    method: str
    parameters: Json
    chat_id: int | None = None
    ok: bool = False
    error_code: int | None = None
    description: str | None = None
    result: object = field(default=None, repr=False)
    fault: str | None = None


class TelegramServer:
    """Speaks the Bot API at `base_url`; PTB wants `base_url=f"{server.base_url}/bot"`."""

    def __init__(
        self,
        *,
        token: str = "1234567:sandbox-token",  # noqa: S107 - opens nothing but this emulator
        bot_username: str = "bloomsms_sandbox_bot",
        bot_name: str = "BloomSMS sandbox",
        flood_limits: bool = True,
        query_age_limit_s: float = 15.0,
    ) -> None:
        self.token = token
        self.base_url = ""
        self.calls: list[Call] = []
        self.people: dict[int, Person] = {}
        self.chats = Chats(
            bot_id=int(token.partition(":")[0]),
            username=bot_username,
            name=bot_name,
            query_age_limit_s=query_age_limit_s,
        )
        self.flood = FloodControl(FloodRules() if flood_limits else None)
        self._faults = Faults()
        self._stopping = asyncio.Event()
        self._runner: web.AppRunner | None = None

    @property
    def on_change(self) -> list[Callable[[], None]]:
        """Called after any message, edit, deletion, press or answer."""
        return self.chats.changes.listeners

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Shape: the base address, without a slash at its end. Port 0 takes a free one."""
        application = web.Application(client_max_size=_MAX_BODY_BYTES)
        application.router.add_route("*", "/bot{token}/{method}", self._serve)
        application.router.add_get("/file/bot{token}/files/{file_id}", self._serve_file)
        self._runner = web.AppRunner(
            application, access_log=None, shutdown_timeout=_SHUTDOWN_S, handle_signals=False
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        address = self._runner.addresses[0]
        self.base_url = f"http://{host}:{address[1]}"
        return self.base_url

    async def stop(self) -> None:
        """Open polls end with no updates; silent and slow calls are dropped."""
        self._stopping.set()
        self.chats.updates.close()
        if self._runner is not None:
            await self._runner.cleanup()

    def refused(self, *, armed: bool | None = None) -> list[Call]:
        """Calls that were answered with `ok: false`.

        Shape: `armed=True` those an armed fault refused, False those the server itself refused.
        """
        return [
            call
            for call in self.calls
            if call.error_code is not None and armed in (None, call.fault is not None)
        ]

    async def waits_until(
        self, predicate: Callable[[TelegramServer], object], timeout_s: float = 10.0
    ) -> None:
        """Wait for something about the calls; looked at whenever one came or was answered."""
        found = await self.chats.changes.wait_for(lambda: bool(predicate(self)) or None, timeout_s)
        if found is None:
            methods = ", ".join(call.method for call in self.calls[-20:])
            raise AssertionError(f"waited in vain for {timeout_s} s; the last calls: {methods}")

    def person(
        self,
        user_id: int,
        first_name: str = "Ann",
        *,
        username: str | None = None,
        last_name: str | None = None,
        language_code: str | None = "en",
        started: bool = False,
    ) -> Person:
        """Shape: the same person for the same id; names count the first time only."""
        if user_id not in self.people:
            profile = Profile(user_id, first_name, last_name, username, language_code)
            chat = self.chats.chats[user_id] = Chat(profile)
            self.people[user_id] = Person(self.chats, chat)
        if started:
            self.chats.chats[user_id].started = True
        return self.people[user_id]

    def arm(
        self,
        fault: str,
        *,
        method: str | None = None,
        chat_id: int | None = None,
        times: int | None = None,
        **params: Any,  # noqa: ANN401 - each fault has parameters of its own
    ) -> None:
        """Make calls go wrong, see `telegram_faults.FAULTS`; the oldest fault that fits goes off.

        Shape: without `times` until disarmed; without `method` every method but getUpdates.
        """
        self._faults.arm(Fault(fault, method, chat_id, times, params))

    def disarm(self, fault: str | None = None) -> None:
        """Without a name all faults go."""
        self._faults.disarm(fault)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        try:
            self._check_token(request)
            method = find_method(request.match_info["method"])
            body = await read_body(request)
        except Refusal as refusal:
            return self._refuse_unread(request, refusal)
        call = Call(time.monotonic(), method, dict(body.parameters), raw_chat_id(body))
        self._record(call)
        fault = self._faults.take(method, call.chat_id)
        if fault is None:
            return await self._answered(call, body, request)
        call.fault = fault.name
        return await self._failed(call, body, request, fault)

    def _check_token(self, request: web.Request) -> None:
        if request.match_info["token"] != self.token:
            raise unauthorized()

    def _refuse_unread(self, request: web.Request, refusal: Refusal) -> web.Response:
        call = Call(time.monotonic(), request.match_info["method"], {})
        self._record(call)
        return self._refuse(call, refusal)

    def _record(self, call: Call) -> None:
        self.calls.append(call)
        self.chats.changes.wake()

    def _refuse(self, call: Call, refusal: Refusal) -> web.Response:
        call.error_code, call.description = refusal.error_code, refusal.description
        self.chats.refusals.append(f"{call.method}: {refusal.error_code} {refusal.description}")
        self.chats.changes.wake()
        return _answer(refusal)

    async def _failed(
        self, call: Call, body: Body, request: web.Request, fault: Fault
    ) -> web.StreamResponse:
        with suppress(Refusal):
            call.parameters = read_parameters(call.method, body.parameters, is_json=body.is_json)
        refusal = fault.refusal()
        if refusal is not None:
            return self._refuse(call, refusal)
        if fault.name == "bad_gateway":
            call.error_code, call.description = 502, "Bad Gateway"
            return web.Response(status=502, text=_BAD_GATEWAY, content_type="text/html")
        if fault.name == "slow":
            await self._pause(float(fault.params.get("delay_s", 1.0)))
        if fault.name in ("slow", "hang_up_after", "silent_after"):
            response = await self._answered(call, body, request)
            if fault.name == "slow":
                return response
        if fault.name in ("silent", "silent_after"):
            await self._stopping.wait()
        return _hang_up(request)

    async def _pause(self, delay_s: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), delay_s)

    async def _answered(self, call: Call, body: Body, request: web.Request) -> web.StreamResponse:
        try:
            call.parameters = read_parameters(call.method, body.parameters, is_json=body.is_json)
            call.result = await self._run(call, body)
        except Refusal as refusal:
            if call.method == "getUpdates" and _has_left(request):
                return _hang_up(request)
            return self._refuse(call, refusal)
        call.ok = True
        self.chats.changes.wake()
        return web.json_response({"ok": True, "result": call.result})

    async def _run(self, call: Call, body: Body) -> object:
        if call.method == "getUpdates":
            return await self._get_updates(call.parameters)
        self.flood.count(call.method, call.chat_id, call.at_s)
        return _METHODS[call.method](
            self.chats, Request(call.method, call.parameters, body.uploads)
        )

    async def _get_updates(self, given: Json) -> list[Json]:
        if self.chats.webhook is not None:
            raise conflict(WEBHOOK_ACTIVE)
        remember_allowed(self.chats, given)
        return await self.chats.updates.take(
            offset=given.get("offset", 0),
            limit=given.get("limit", _MAX_LIMIT),
            timeout_s=given.get("timeout", 0),
        )

    async def _serve_file(self, request: web.Request) -> web.StreamResponse:
        file = self.chats.files.get(request.match_info["file_id"])
        if request.match_info["token"] != self.token or file is None:
            raise web.HTTPNotFound
        return web.Response(body=file.content)


def _answer(refusal: Refusal) -> web.Response:
    body: Json = {
        "ok": False,
        "error_code": refusal.error_code,
        "description": refusal.description,
    }
    if refusal.retry_after_s is not None:
        body["parameters"] = {"retry_after": refusal.retry_after_s}
    return web.Response(
        status=refusal.error_code, text=json.dumps(body), content_type="application/json"
    )


def _has_left(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.close()
    return web.Response(status=500)
