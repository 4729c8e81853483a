"""A Telegram Bot API server for one bot, on localhost, with people to play.

It takes what Telegram takes and notes what Telegram would silently ignore, and fails on demand.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from aiohttp import web

from sandbox.person import Person
from sandbox.telegram_body import Body, read_body
from sandbox.telegram_chats import Chat, Chats, Profile
from sandbox.telegram_courier import Courier
from sandbox.telegram_desk import Call as Call
from sandbox.telegram_desk import Desk
from sandbox.telegram_faults import Fault, Faults, FloodControl, FloodRules
from sandbox.telegram_refusals import Refusal, unauthorized
from sandbox.telegram_rules import find_method

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.telegram_rules import Json

_MAX_BODY_BYTES = 64 * 1024 * 1024
_SHUTDOWN_S = 0.5
_BAD_GATEWAY = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body></body>\r\n</html>"


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
        checkout_limit_s: float = 10.0,
        webhook_retry_s: float = 1.0,
    ) -> None:
        self.token = token
        self.base_url = ""
        self.people: dict[int, Person] = {}
        self.chats = Chats(
            bot_id=int(token.partition(":")[0]),
            username=bot_username,
            name=bot_name,
            query_age_limit_s=query_age_limit_s,
            checkout_limit_s=checkout_limit_s,
        )
        self.flood = FloodControl(FloodRules() if flood_limits else None)
        self._desk = Desk(self.chats, self.flood)
        self.calls: list[Call] = self._desk.calls
        self._courier = Courier(self.chats, self._desk, retry_s=webhook_retry_s)
        self._courier_task: asyncio.Task[None] | None = None
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
        self._courier_task = asyncio.create_task(self._courier.run())
        return self.base_url

    async def stop(self) -> None:
        """Open polls end with no updates; silent and slow calls and deliveries are dropped."""
        self._stopping.set()
        self.chats.updates.close()
        if self._courier_task is not None:
            self._courier_task.cancel()
        if self._runner is not None:
            await self._runner.cleanup()
        if self._courier_task is not None:
            with suppress(asyncio.CancelledError):
                await self._courier_task

    def refused(self, *, armed: bool | None = None) -> list[Call]:
        """Calls that were answered with `ok: false`.

        Shape: `armed=True` those an armed fault refused, False those the server itself refused.
        """
        return [
            call
            for call in self.calls
            if call.error_code is not None and armed in (None, call.fault is not None)
        ]

    @property
    def oddities(self) -> list[str]:
        """What calls said that Telegram would ignore or guess without a word."""
        return [f"{call.method}: {one}" for call in self.calls for one in call.oddities]

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
        call = self._desk.record(method, body)
        fault = self._faults.take(method, call.chat_id)
        if fault is None:
            return await self._answered(call, body, request)
        call.fault = fault.name
        return await self._failed(call, body, request, fault)

    def _check_token(self, request: web.Request) -> None:
        if request.match_info["token"] != self.token:
            raise unauthorized()

    def _refuse_unread(self, request: web.Request, refusal: Refusal) -> web.Response:
        call = self._desk.record(request.match_info["method"])
        return self._refuse(call, refusal)

    def _refuse(self, call: Call, refusal: Refusal) -> web.Response:
        self._desk.refuse(call, refusal)
        return _answer(refusal)

    async def _failed(
        self, call: Call, body: Body, request: web.Request, fault: Fault
    ) -> web.StreamResponse:
        with suppress(Refusal):
            self._desk.check(call, body)
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
            await self._desk.carry_out(call, body)
        except Refusal as refusal:
            if call.method == "getUpdates" and _has_left(request):
                return _hang_up(request)
            return self._refuse(call, refusal)
        return web.json_response({"ok": True, "result": call.result})

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
