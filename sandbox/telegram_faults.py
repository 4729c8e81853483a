"""What can be made to go wrong on purpose, and how fast a bot may talk."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from sandbox.telegram_refusals import (
    NOT_MODIFIED,
    Refusal,
    bad_request,
    blocked,
    deactivated,
    too_many,
)

FAULTS = {
    "flood": "429 with retry_after (seconds, default 1)",
    "error": "HTTP status (default 500) with a JSON body and a description",
    "bad_gateway": "502 with a page of HTML",
    "hang_up": "the connection is closed and nothing is done",
    "hang_up_after": "it is done, then the connection is closed without a byte",
    "slow": "it is done after delay_s (default 1) seconds",
    "silent": "nothing is done and no byte is sent until the client leaves",
    "silent_after": "it is done, but no byte is sent until the client leaves",
    "blocked": "403 bot was blocked by the user",
    "deactivated": "403 user is deactivated",
    "chat_not_found": "400 chat not found",
    "not_modified": "400 message is not modified",
    "edit_gone": "400 message to edit not found",
}
_OF_A_CHAT = ("flood", "blocked", "deactivated", "chat_not_found")
_OF_AN_EDIT = ("not_modified", "edit_gone")
_EDITS = ("editMessageText", "editMessageReplyMarkup")
FLOOD_COUNTED = (
    "sendMessage",
    "sendPhoto",
    "sendDocument",
    "sendMediaGroup",
    "sendInvoice",
    *_EDITS,
)


@dataclass
class Fault:
    """One armed fault; it goes off `times` times, None: until disarmed."""

    name: str
    method: str | None
    chat_id: int | None
    times: int | None
    params: dict[str, Any] = field(default_factory=dict)  # what the test said, for this fault

    def hits(self, method: str, chat_id: int | None) -> bool:
        """Without a method any method is hit that can fail so, except the poll for updates."""
        if self.times == 0 or (self.chat_id is not None and self.chat_id != chat_id):
            return False
        if self.method is not None:
            return self.method.lower() == method.lower()
        if self.name in _OF_AN_EDIT:
            return method in _EDITS
        if self.name in _OF_A_CHAT:
            return chat_id is not None
        return method != "getUpdates"

    def refusal(self) -> Refusal | None:
        """The answer of a fault that is an answer; None for one that is a behaviour."""
        status = int(self.params.get("status", 500))
        wordings = {
            "flood": too_many(int(self.params.get("retry_after", 1))),
            "error": Refusal(status, self.params.get("description", "Internal Server Error")),
            "blocked": blocked(),
            "deactivated": deactivated(),
            "chat_not_found": bad_request("chat not found"),
            "not_modified": bad_request(NOT_MODIFIED),
            "edit_gone": bad_request("message to edit not found"),
        }
        return wordings.get(self.name)


class Faults:
    """The armed faults, oldest first."""

    def __init__(self) -> None:
        self.armed: list[Fault] = []

    def arm(self, fault: Fault) -> None:
        if fault.name not in FAULTS:
            raise ValueError(f"{fault.name!r} is no fault; there are {', '.join(FAULTS)}")
        self.armed.append(fault)

    def disarm(self, name: str | None) -> None:
        self.armed = [one for one in self.armed if name is not None and one.name != name]

    def take(self, method: str, chat_id: int | None) -> Fault | None:
        """Find the fault that goes off now and count it down."""
        for fault in self.armed:
            if fault.hits(method, chat_id):
                fault.times = None if fault.times is None else fault.times - 1
                return fault
        return None


@dataclass
class FloodRules:
    """How many messages and edits a second Telegram takes, and how many at once."""

    per_chat_rate: float = 1.0
    per_chat_burst: int = 20
    overall_rate: float = 30.0
    overall_burst: int = 60


@dataclass
class _Bucket:
    rate: float
    left: float
    burst: int
    filled_at: float

    def wait_s(self, now: float) -> float:
        self.left = min(self.burst, self.left + (now - self.filled_at) * self.rate)
        self.filled_at = now
        return max(0.0, (1.0 - self.left) / self.rate)


class FloodControl:
    """Counts what is sent and edited; refuses what comes too fast."""

    def __init__(self, rules: FloodRules | None) -> None:
        self.rules = rules
        self._buckets: dict[int | None, _Bucket] = {}

    def count(self, method: str, chat_id: int | None, now: float) -> None:
        """Units: `now` in seconds of a clock that only goes forward.

        Errors: Refusal 429 with the whole seconds until there is room; it is not counted then.
        """
        if self.rules is None or method not in FLOOD_COUNTED:
            return
        buckets = [self._bucket(None, now), self._bucket(chat_id, now)]
        wait_s = max(bucket.wait_s(now) for bucket in buckets)
        if wait_s > 0:
            raise too_many(math.ceil(wait_s))
        for bucket in buckets:
            bucket.left -= 1

    def _bucket(self, chat_id: int | None, now: float) -> _Bucket:
        rules = self.rules or FloodRules()
        rate, burst = (
            (rules.overall_rate, rules.overall_burst)
            if chat_id is None
            else (rules.per_chat_rate, rules.per_chat_burst)
        )
        return self._buckets.setdefault(chat_id, _Bucket(rate, burst, burst, now))
