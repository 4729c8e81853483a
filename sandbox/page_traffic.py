"""The log of HTTP calls on the page: what the bot asked both services, and their answers."""

import json
import time
from collections.abc import Iterable
from typing import Any

from sandbox.bloomsms_traffic import Exchange
from sandbox.telegram_server import Call

HIDDEN = "•••"
_SHOWN_CALLS = 120
_SHOWN_CHARACTERS = 4_000
_SECRET_FIELDS = frozenset({"secret_token", "provider_token", "api_key"})

Shown = dict[str, Any]  # JSON objects of many shapes, made here and read by the page


class CallLog:
    """Shape of a part: `call/KIND-INDEX`; the newest calls of each service, secrets taken out."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = [secret for secret in secrets if secret]
        self._finished: dict[str, Shown] = {}

    def parts(self, calls: list[Call], exchanges: list[Exchange]) -> dict[str, Shown]:
        telegram = [(f"call/telegram-{at}", one) for at, one in enumerate(calls) if not _idle(one)]
        parts = {name: self._telegram(name, call) for name, call in telegram[-_SHOWN_CALLS:]}
        first = max(0, len(exchanges) - _SHOWN_CALLS)
        for at, exchange in enumerate(exchanges[first:], first):
            name = f"call/bloomsms-{at}"
            parts[name] = self._bloomsms(name, exchange)
        self._finished = {name: part for name, part in self._finished.items() if name in parts}
        return parts

    def _telegram(self, name: str, call: Call) -> Shown:
        if name in self._finished:
            return self._finished[name]
        is_finished = call.ok or call.error_code is not None
        shown = {
            "to": "telegram",
            "at": time.time() - time.monotonic() + call.at_s,
            "title": f"POST /bot{HIDDEN}/{call.method}",
            "status": 200 if call.ok else call.error_code or 0,
            "request": self._text(_without_secrets(call.parameters)),
            "answer": self._text(call.result if call.ok else call.description),
            "note": call.fault or "",
        }
        # The clocks drift against each other; a call keeps the time it was first shown with.
        return self._kept(name, shown, is_finished=is_finished)

    def _bloomsms(self, name: str, exchange: Exchange) -> Shown:
        if name in self._finished:
            return self._finished[name]
        shown = {
            "to": "bloomsms",
            "at": exchange.arrived_at,
            "title": f"{exchange.method} {self._hidden(exchange.path)}",
            "status": exchange.status,
            "request": self._pretty(exchange.request_body),
            "answer": self._pretty(exchange.response_body),
            "note": "",
        }
        return self._kept(name, shown, is_finished=exchange.status > 0)

    def _kept(self, name: str, shown: Shown, *, is_finished: bool) -> Shown:
        shown["at"] = round(shown["at"], 1)
        if is_finished:
            self._finished[name] = shown
        return shown

    def _pretty(self, body: str) -> str:
        try:
            return self._text(json.loads(body))
        except ValueError:
            return self._clipped(self._hidden(body))

    def _text(self, body: object) -> str:
        if body is None or body in ({}, ""):
            return ""
        return self._clipped(self._hidden(json.dumps(body, ensure_ascii=False, indent=1)))

    def _hidden(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text

    @staticmethod
    def _clipped(text: str) -> str:
        if len(text) <= _SHOWN_CHARACTERS:
            return text
        return f"{text[:_SHOWN_CHARACTERS]}\n… {len(text) - _SHOWN_CHARACTERS} more characters"


def _idle(call: Call) -> bool:
    """A long poll that waits, or brought nothing."""
    return call.method == "getUpdates" and call.error_code is None and not call.result


def _without_secrets(fields: Shown) -> Shown:
    return {name: HIDDEN if name in _SECRET_FIELDS else one for name, one in fields.items()}
