"""The provider's bad days by name: what each means, where it strikes and what can be set about it.

Data only; bloomsms_faults.py keeps which are armed and bloomsms_server.py acts on them.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import Final


class Kind(Enum):
    DELAY = "the answer comes late, whatever else it is"
    SILENCE = "no answer at all"
    HANG_UP = "the connection is closed before the first byte of an answer"
    ERROR = "an error envelope"
    PAGE = "a page where JSON belongs"
    GARBLE = "the true answer, disfigured"
    STREAM = "a body that comes piece by piece"
    SMS = "which SMS a number gets, and when"
    HINT = "whether the webhook tells of an SMS, and when"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One way to fail.

    `operations` empty means every operation. A `works` of True among the params says that the
    request takes its full effect, charge included, although the answer does not show it.
    """

    name: str
    meaning: str
    kind: Kind
    operations: frozenset[str] = frozenset()
    params: dict[str, object] = field(default_factory=dict)


OPERATIONS: Final = frozenset(
    {"balance", "countries", "services", "prices"}
    | {"rent", "status", "cancel", "complete", "another", "rerent"}
)
_RENTING: Final = frozenset({"rent", "rerent"})
_AWAITING: Final = frozenset({"rent", "rerent", "another"})
_CANCEL: Final = frozenset({"cancel"})
_ONE_NUMBER: Final = frozenset({"status", "cancel", "complete", "another", "rerent"})


def _hang_up(
    name: str, meaning: str, *, works: bool, operations: frozenset[str] = frozenset()
) -> Scenario:
    return Scenario(name, meaning, Kind.HANG_UP, operations, {"works": works})


def _error(
    name: str,
    meaning: str,
    code: str,
    message: str,
    operations: frozenset[str] = frozenset(),
    **params: object,
) -> Scenario:
    params = {"code": code, "message": message, "works": False} | params
    return Scenario(name, meaning, Kind.ERROR, operations, params)


def _page(name: str, meaning: str, http: int, title: str, *, works: bool) -> Scenario:
    params: dict[str, object] = {"http": http, "title": title, "works": works}
    return Scenario(name, meaning, Kind.PAGE, frozenset(), params)


def _hint(name: str, meaning: str, **params: object) -> Scenario:
    return Scenario(name, meaning, Kind.HINT, frozenset({"hint"}), params)


def _garble(
    name: str, meaning: str, operations: frozenset[str] = frozenset(), **params: object
) -> Scenario:
    return Scenario(name, meaning, Kind.GARBLE, operations, {"works": True} | params)


_ALL: Final = (
    Scenario(
        "slow",
        "The answer comes after delay_s; the work is done on arrival, or last with work_last.",
        Kind.DELAY,
        params={"delay_s": 5.0, "work_last": False},
    ),
    Scenario(
        "silent",
        "The request is taken and never answered.",
        Kind.SILENCE,
        params={"works": False},
    ),
    _hang_up("hang_up_before", "The connection closes before anything is done.", works=False),
    _hang_up(
        "hang_up_after_accept",
        "Everything is done and charged, then the connection closes without a byte.",
        works=True,
    ),
    _hang_up(
        "cancel_answer_lost",
        "The number is cancelled, then the connection closes without a byte.",
        works=True,
        operations=_CANCEL,
    ),
    _error(
        "rate_limited",
        "429 with Retry-After: seconds, the same as an HTTP date with as_date, or any string.",
        "RATE_LIMITED",
        "Too many requests.",
        retry_after=30,
        as_date=False,
    ),
    _error("rate_limited_bare", "429 without Retry-After.", "RATE_LIMITED", "Too many requests."),
    _page("bad_gateway", "502 with a page, nothing done.", 502, "Bad gateway", works=False),
    _page(
        "bad_gateway_after",
        "Everything done, then 502 with a page.",
        502,
        "Bad gateway",
        works=True,
    ),
    _page("shield", "403 with the web shield's page.", 403, "Just a moment...", works=False),
    _page("html_ok", "200 with a page, nothing done.", 200, "Welcome", works=False),
    _error(
        "provider_error",
        "502 PROVIDER_ERROR; nothing done, or everything with works=True.",
        "PROVIDER_ERROR",
        "Upstream provider failure.",
    ),
    _error("maintenance", "503 MAINTENANCE.", "MAINTENANCE", "Service is temporarily unavailable."),
    _error(
        "out_of_stock",
        "No number to be had, whatever the list says.",
        "NO_NUMBERS_AVAILABLE",
        "No numbers available.",
        _RENTING,
    ),
    _error(
        "insufficient_funds",
        "The balance is too low, whatever it says.",
        "INSUFFICIENT_FUNDS",
        "Insufficient balance.",
        _RENTING,
    ),
    _error("suspended", "The account is disabled.", "ACCOUNT_SUSPENDED", "Account is suspended."),
    _error("invalid_key", "The key is no longer known.", "INVALID_API_KEY", "Invalid API key."),
    _error(
        "cancel_refused",
        "The cancel is refused with a reason.",
        "INVALID_PARAMETER",
        "Cancel is allowed 2 minutes after renting",
        _CANCEL,
    ),
    _error(
        "forgotten",
        "404 for a number that was rented.",
        "ACTIVATION_NOT_FOUND",
        "Activation not found.",
        _ONE_NUMBER,
    ),
    _garble("empty", "Everything done, 200 with an empty body."),
    _garble("truncated", "Everything done, the JSON is cut in half."),
    _garble("array", "Everything done, the answer is a JSON array."),
    _garble(
        "altered",
        "Everything done, each field named key holds value; without a value it is missing.",
        key="",
        value=...,
    ),
    _garble(
        "unknown_status",
        "The status is a word nobody knows.",
        frozenset({"status"}),
        word="on_hold",
    ),
    Scenario(
        "huge",
        "Everything done, the answer is as many bytes of JSON.",
        Kind.STREAM,
        params={"bytes": 200_000_000, "works": True},
    ),
    Scenario(
        "drip",
        "Everything done, the true answer comes one byte every interval_s.",
        Kind.STREAM,
        params={"interval_s": 1.0, "works": True},
    ),
    Scenario("no_code", "Numbers rented meanwhile get no SMS by themselves.", Kind.SMS, _RENTING),
    Scenario(
        "code_after",
        "The SMS comes as many seconds after renting or after another was asked for.",
        Kind.SMS,
        _AWAITING,
        {"seconds": 10.0},
    ),
    Scenario(
        "late_code",
        "The SMS comes delay_s after expiry or cancel; with revives it undoes them and the refund.",
        Kind.SMS,
        _RENTING,
        {"delay_s": 0.0, "revives": False},
    ),
    Scenario(
        "code_without_digits",
        "The code of the SMS is empty, its text is there.",
        Kind.SMS,
        _AWAITING | {"sms"},
    ),
    _hint("hint_lost", "The webhook tells nothing of as large a share of the SMS.", share=1.0),
    _hint("hint_doubled", "The webhook tells of the SMS twice."),
    _hint("hint_late", "The webhook tells of the SMS delay_s after it came.", delay_s=5.0),
    _hint("hint_held", "The webhook tells of the SMS only right after it told of another one."),
)

SCENARIOS: Final = {scenario.name: scenario for scenario in _ALL}
