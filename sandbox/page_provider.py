"""The provider's side of the page: balance, numbers, scenarios and the request count."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.bloomsms_books import Activation
from sandbox.bloomsms_server import BloomsmsServer
from sandbox.bloomsms_traffic import WINDOW_S

_SHOWN_NUMBERS = 30
_REFUSING = "cancel_refused"


@dataclass(frozen=True, slots=True)
class Switch:
    """A scenario the page can turn on and off."""

    name: str
    label: str
    meaning: str
    on: tuple[str | None, ...] = (None,)
    params: dict[str, Any] = field(default_factory=dict)  # as the scenario has them


SWITCHES = {
    switch.name: switch
    for switch in (
        Switch("slow", "Slow, 5 s", "Every answer takes five seconds.", params={"delay_s": 5.0}),
        Switch("out_of_stock", "Out of stock", "Renting finds no number, whatever the list says."),
        Switch("bad_gateway", "502 page", "A web page comes where an answer belongs."),
        Switch(
            "rate_limited",
            "429",
            "Too many requests: come back in ten seconds.",
            params={"retry_after": 10},
        ),
        Switch(
            "hang_up_after_accept",
            "Hang up after accept",
            "The number is rented and charged, then the connection closes without an answer.",
            on=("rent", "rerent"),
        ),
        Switch("maintenance", "Maintenance", "503: closed for maintenance."),
        Switch("no_code", "No SMS by itself", "Numbers rented meanwhile wait until you send one."),
    )
}


class ProviderDesk:
    """What the page shows of the provider and may do there."""

    def __init__(self, server: BloomsmsServer, *, requests_per_minute: int) -> None:
        self._server = server
        self._limit = requests_per_minute
        self._texts: dict[tuple[str, int], str] = {}

    def parts(self) -> dict[str, Any]:
        """Shape: `provider/account`, `provider/requests`, `switch/NAME`, `number/ID`."""
        server = self._server
        newest = list(server.activations.values())[-_SHOWN_NUMBERS:]
        in_force = {one.scenario.name for one in server.in_force if one.only_for is None}
        return {
            "provider/account": {"balance": f"{server.balance:.2f}"},
            "provider/requests": {"count": self._recent(), "limit": self._limit},
            **{f"switch/{one.name}": self._switch(one, in_force) for one in SWITCHES.values()},
            **{f"number/{one.activation_id}": self._number(one) for one in newest},
        }

    def turn(self, name: str, *, is_on: bool) -> None:
        """Errors: KeyError."""
        switch = SWITCHES[name]
        self._server.disarm(name)
        for operation in switch.on if is_on else ():
            self._server.arm(name, on=operation, **switch.params)

    def refuse_cancel(self, activation_id: str, *, is_on: bool) -> None:
        """Errors: KeyError."""
        known = self._server.activations[activation_id].activation_id
        self._server.disarm(_REFUSING, only_for=known)
        if is_on:
            self._server.arm(_REFUSING, only_for=known)

    def _recent(self) -> int:
        exchanges = self._server.exchanges
        since = self._server.now() - WINDOW_S
        count = 0
        for exchange in reversed(exchanges):
            if exchange.arrived_at <= since:
                break
            count += 1
        return count

    @staticmethod
    def _switch(switch: Switch, in_force: set[str]) -> dict[str, Any]:
        return {
            "name": switch.name,
            "label": switch.label,
            "meaning": switch.meaning,
            "is_on": switch.name in in_force,
        }

    def _number(self, activation: Activation) -> dict[str, Any]:
        service, country = self._server.names(activation)
        refused = {one.only_for for one in self._server.in_force if one.scenario.name == _REFUSING}
        return {
            "id": activation.activation_id,
            "phone": activation.phone_number,
            "service": service,
            "country": country,
            "price": f"{activation.price:.2f}",
            "status": activation.status,
            "is_open": activation.is_open,
            "expires_at": activation.expires_at.timestamp(),
            "sms": [one.full_text or "" for one in activation.sms],
            "next_sms_at": min((one.at for one in activation.coming), default=None),
            "suggested": self._suggested(activation),
            "refuses_cancel": activation.activation_id in refused,
        }

    def _suggested(self, activation: Activation) -> str:
        key = activation.activation_id, len(activation.sms)
        if key not in self._texts:
            self._texts[key] = self._server.usual_text(activation.activation_id)
        return self._texts[key]
