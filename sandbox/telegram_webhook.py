"""The methods that choose how updates reach the bot: by webhook, and which kinds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sandbox.telegram_refusals import WEBHOOK_SET, bad_request
from sandbox.telegram_rules import load_api

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.telegram_chats import Chats
    from sandbox.telegram_methods import Request
    from sandbox.telegram_rules import Json

_DEFAULT_CONNECTIONS = 40
_MAX_CONNECTIONS = 100
_PORTS = (443, 80, 88, 8443)


@dataclass(eq=False)
class Webhook:
    """The address updates are posted to, and what went wrong there last.

    Units: `last_error_at` in whole seconds since 1970.
    """

    url: str
    secret_token: str
    max_connections: int
    has_certificate: bool
    ip_address: str | None
    last_error_at: int | None = None
    last_error: str = ""

    @property
    def is_local(self) -> bool:
        return is_loopback(urlsplit(self.url).hostname or "")


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def remember_allowed(chats: Chats, given: Json, notes: list[str]) -> None:
    """An empty list means all kinds again; no list leaves it as it was."""
    if "allowed_updates" not in given:
        return
    known = load_api()["types"]["Update"]["fields"].keys() - {"update_id"}
    strange = [kind for kind in given["allowed_updates"] if kind not in known]
    notes.extend(f'"{kind}" is no kind of update' for kind in strange)
    chats.updates.allowed = [kind for kind in given["allowed_updates"] if kind in known]


def _set_webhook(chats: Chats, request: Request) -> bool:
    given = request.parameters
    if not given["url"]:
        return _delete_webhook(chats, request)
    _check_url(given["url"])
    if not re.fullmatch(r"[\w-]*", given.get("secret_token", ""), re.ASCII):
        raise bad_request("secret token contains unallowed characters")
    chats.webhook = Webhook(
        given["url"],
        given.get("secret_token", ""),
        _connections(request),
        has_certificate="certificate" in given,
        ip_address=given.get("ip_address"),
    )
    remember_allowed(chats, given, request.notes)
    _drop_if_asked(chats, given)
    chats.updates.end_poll(WEBHOOK_SET)
    return True


def _check_url(url: str) -> None:
    """On this machine Telegram's rules for addresses are waived."""
    try:
        parts, port = urlsplit(url), urlsplit(url).port
    except ValueError as err:
        raise bad_request("bad webhook: Invalid URL specified") from err
    if parts.scheme in ("http", "https") and is_loopback(parts.hostname or ""):
        return
    if parts.scheme != "https":
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if (port or _PORTS[0]) not in _PORTS:
        raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")


def _connections(request: Request) -> int:
    wanted: int = request.parameters.get("max_connections", _DEFAULT_CONNECTIONS)
    if not 1 <= wanted <= _MAX_CONNECTIONS:
        request.notes.append(f'"max_connections" must be 1..{_MAX_CONNECTIONS}, not {wanted}')
    return max(1, min(_MAX_CONNECTIONS, wanted))


def _delete_webhook(chats: Chats, request: Request) -> bool:
    chats.webhook = None
    _drop_if_asked(chats, request.parameters)
    return True


def _get_webhook_info(chats: Chats, _request: Request) -> Json:
    hook = chats.webhook
    shape: Json = {"url": "", "has_custom_certificate": False}
    if hook is not None:
        shape = {"url": hook.url, "has_custom_certificate": hook.has_certificate}
        shape["max_connections"] = hook.max_connections
        if hook.ip_address is not None:
            shape["ip_address"] = hook.ip_address
        if hook.last_error_at is not None:
            shape["last_error_date"] = hook.last_error_at
            shape["last_error_message"] = hook.last_error
    shape["pending_update_count"] = len(chats.updates.waiting)
    if chats.updates.allowed:
        shape["allowed_updates"] = chats.updates.allowed
    return shape


def _drop_if_asked(chats: Chats, given: Json) -> None:
    if given.get("drop_pending_updates", False):
        chats.updates.waiting.clear()


WEBHOOK_METHODS: dict[str, Callable[[Chats, Request], object]] = {
    "deleteWebhook": _delete_webhook,
    "getWebhookInfo": _get_webhook_info,
    "setWebhook": _set_webhook,
}
