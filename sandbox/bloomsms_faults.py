"""Which scenarios are armed, and the answers they make; sending those is the server's business."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from email.utils import formatdate
from typing import Final

from sandbox.bloomsms_envelope import Reply, failure
from sandbox.scenarios import OPERATIONS, SCENARIOS, Kind, Scenario

SMS_OPERATION: Final = "sms"
HINT_OPERATION: Final = "hint"
_MISSING: Final = ...


@dataclass(slots=True)
class Armed:
    """A scenario in force.

    `times_left` None: until disarmed. `on` None: wherever it can strike. `only_for` is the number
    it strikes, by the id it was rented under; None: any.
    """

    scenario: Scenario
    params: dict[str, object]
    times_left: int | None
    on: str | None
    only_for: str | None = None

    def strikes(self, kinds: frozenset[Kind], operation: str, activation_id: str = "") -> bool:
        places = self.scenario.operations
        return (
            self.scenario.kind in kinds
            and (not places or operation in places)
            and self.on in {None, operation}
            and self.only_for in {None, activation_id}
        )

    def number(self, param: str) -> float:
        return float(str(self.params[param]))

    def word(self, param: str) -> str:
        return str(self.params[param])

    def flag(self, param: str) -> bool:
        return bool(self.params[param])


class Faults:
    """The armed scenarios, oldest first: one that is used up makes room for the next."""

    def __init__(self) -> None:
        self._armed: list[Armed] = []

    @property
    def in_force(self) -> list[Armed]:
        return [one for one in self._armed if one.times_left != 0]

    def arm(
        self,
        name: str,
        *,
        times: int | None,
        on: str | None,
        params: dict[str, object],
        only_for: str | None = None,
    ) -> None:
        scenario = _scenario(name)
        if unknown := params.keys() - scenario.params.keys():
            raise ValueError(f"{name} has no {sorted(unknown)}; it has {sorted(scenario.params)}")
        places = scenario.operations or OPERATIONS
        if on is not None and on not in places:
            raise ValueError(f"{name} never strikes on {on!r}; it does on {sorted(places)}")
        self._armed.append(Armed(scenario, scenario.params | params, times, on, only_for))

    def disarm(self, name: str | None, *, only_for: str | None = None) -> None:
        """Take one scenario away wherever it is armed, or all of them; absent ones are no error.

        Shape: with `only_for` what was armed for that number only.
        """
        gone = None if name is None else _scenario(name)
        self._armed = [
            one
            for one in self._armed
            if (gone is not None and one.scenario != gone)
            or (only_for is not None and one.only_for != only_for)
        ]

    def take(self, kinds: frozenset[Kind], operation: str, activation_id: str = "") -> Armed | None:
        """The oldest scenario of these kinds that strikes here, one time of it used, or None."""
        return _use(one for one in self._armed if one.strikes(kinds, operation, activation_id))

    def take_named(self, name: str, operation: str) -> Armed | None:
        """As take(), for one scenario."""
        kinds = frozenset({_scenario(name).kind})
        found = (one for one in self._armed if one.scenario.name == name)
        return _use(one for one in found if one.strikes(kinds, operation))


def _use(candidates: Iterable[Armed]) -> Armed | None:
    armed = next((one for one in candidates if one.times_left != 0), None)
    if armed is not None and armed.times_left is not None:
        armed.times_left -= 1
    return armed


def _scenario(name: str) -> Scenario:
    if name not in SCENARIOS:
        raise ValueError(f"no scenario {name!r}; there are {sorted(SCENARIOS)}")
    return SCENARIOS[name]


def answer(fault: Armed, true_reply: Reply, now: float) -> Reply:
    """The answer of an error, page or garbling scenario made out of the true one."""
    if fault.scenario.kind is Kind.ERROR:
        return failure(fault.word("code"), fault.word("message"), headers=_retry_after(fault, now))
    if fault.scenario.kind is Kind.PAGE:
        return _page(int(fault.number("http")), fault.word("title"))
    return _garbled(fault, true_reply)


def _page(http: int, title: str) -> Reply:
    page = (
        f"<!DOCTYPE html>\n<html><head><title>{title}</title></head>"
        f"<body><h1>{title}</h1><p>bloomsms.com &middot; Ray ID 8f2c41d09b7e</p></body></html>\n"
    )
    return Reply(http, page, content_type="text/html")


def _retry_after(fault: Armed, now: float) -> dict[str, str]:
    if "retry_after" not in fault.params:
        return {}
    if fault.flag("as_date"):
        return {"Retry-After": formatdate(now + fault.number("retry_after"), usegmt=True)}
    return {"Retry-After": fault.word("retry_after")}


def _garbled(fault: Armed, reply: Reply) -> Reply:
    match fault.scenario.name:
        case "empty":
            return replace(reply, status=200, body="")
        case "truncated":
            return replace(reply, body=reply.body[: len(reply.body) // 2])
        case "array":
            return replace(reply, body=f"[{reply.body}]")
        case "unknown_status":
            key, value = "activation_status", fault.params["word"]
        case _:
            key, value = fault.word("key"), fault.params["value"]
    body = json.dumps(_changed(json.loads(reply.body or "null"), key, value), ensure_ascii=False)
    return replace(reply, body=body)


def _changed(part: object, key: str, value: object) -> object:
    if isinstance(part, list):
        return [_changed(one, key, value) for one in part]
    if not isinstance(part, dict):
        return part
    kept = {name: _changed(one, key, value) for name, one in part.items() if name != key}
    if key in part and value is not _MISSING:
        kept[key] = value
    return kept
