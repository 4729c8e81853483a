"""Carries out calls of methods, wherever they come from, and keeps a record of them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.telegram_account import ACCOUNT_METHODS
from sandbox.telegram_body import raw_chat_id
from sandbox.telegram_edits import EDIT_METHODS
from sandbox.telegram_files import FILE_METHODS
from sandbox.telegram_inline import INLINE_METHODS
from sandbox.telegram_methods import CHAT_METHODS, Request
from sandbox.telegram_payments import PAYMENT_METHODS
from sandbox.telegram_refusals import WEBHOOK_ACTIVE, Refusal, conflict
from sandbox.telegram_rules import find_method, read_parameters
from sandbox.telegram_webhook import WEBHOOK_METHODS, remember_allowed

if TYPE_CHECKING:
    from sandbox.telegram_body import Body
    from sandbox.telegram_chats import Chats
    from sandbox.telegram_faults import FloodControl
    from sandbox.telegram_rules import Json

_METHODS = (
    CHAT_METHODS
    | EDIT_METHODS
    | FILE_METHODS
    | ACCOUNT_METHODS
    | WEBHOOK_METHODS
    | PAYMENT_METHODS
    | INLINE_METHODS
)
_MAX_LIMIT = 100
_NOT_IN_A_REPLY = ("deletewebhook", "setwebhook", "close", "logout")


@dataclass
class Call:
    """One call of a method and how it was answered.

    Units: `at_s` in seconds of the monotonic clock, when the call came.
    Shape: `parameters` are values once checked, raw when refused before; `error_code` is None when
    it was done, and when no answer was given (`ok` is False then); `fault` names what was armed;
    `oddities` are what Telegram would have ignored or guessed without a word.
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
    oddities: list[str] = field(default_factory=list)


class Desk:
    """Where every call is recorded, checked and carried out."""

    def __init__(self, chats: Chats, flood: FloodControl) -> None:
        self.calls: list[Call] = []
        self._chats = chats
        self._flood = flood

    def record(self, method: str, body: Body | None = None) -> Call:
        """Without a body nothing could be read."""
        call = Call(time.monotonic(), method, {})
        if body is not None:
            call.parameters = dict(body.parameters)
            call.chat_id = raw_chat_id(body)
            call.oddities = list(body.oddities)
        self.calls.append(call)
        self._chats.changes.wake()
        return call

    def refuse(self, call: Call, refusal: Refusal) -> None:
        call.error_code, call.description = refusal.error_code, refusal.description
        self._chats.refusals.append(f"{call.method}: {refusal.error_code} {refusal.description}")
        self._chats.changes.wake()

    def check(self, call: Call, body: Body) -> None:
        """Errors: Refusal 400."""
        call.parameters = read_parameters(
            call.method, body.parameters, is_json=body.is_json, notes=call.oddities
        )

    async def carry_out(self, call: Call, body: Body) -> None:
        """Check it and do it; the result is the call's.

        Errors: Refusal, which is not recorded yet.
        """
        self.check(call, body)
        call.result = await self._run(call, body)
        call.ok = True
        self._chats.changes.wake()

    async def carry_out_reply(self, body: Body) -> None:
        """Do what the answer of a webhook asks for; the bot never learns what became of it.

        Shape: the name of the method is the parameter `method`.
        """
        name = str(body.parameters.pop("method"))
        call = self.record(name, body)
        if name.lower() in _NOT_IN_A_REPLY or name.lower().startswith("get"):
            call.oddities.append(f'"{name}" is not done when it is the answer of a webhook')
            return
        try:
            call.method = find_method(name)
            await self.carry_out(call, body)
        except Refusal as refusal:
            self.refuse(call, refusal)

    async def _run(self, call: Call, body: Body) -> object:
        if call.method == "getUpdates":
            return await self._get_updates(call)
        self._flood.count(call.method, call.chat_id, call.at_s)
        request = Request(call.method, call.parameters, body.uploads, call.oddities)
        return _METHODS[call.method](self._chats, request)

    async def _get_updates(self, call: Call) -> list[Json]:
        if self._chats.webhook is not None:
            raise conflict(WEBHOOK_ACTIVE)
        remember_allowed(self._chats, call.parameters, call.oddities)
        return await self._chats.updates.take(
            offset=call.parameters.get("offset", 0),
            limit=call.parameters.get("limit", _MAX_LIMIT),
            timeout_s=call.parameters.get("timeout", 0),
        )
