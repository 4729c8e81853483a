"""The wire, pure: an endpoint becomes a request, an answer becomes `data` or an error.

Source: the Reseller API text. What `data` means is read in answers.py.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlsplit

from bloomsms.errors import ErrorCode, RateLimited, Refused, Unreadable
from bloomsms.models import Pause, StatusChange
from bloomsms.waits import hide_digits, pause_of

DEFAULT_RETRY_AFTER_S = 5.0
LONGEST_RETRY_AFTER_S = 3600.0
EXCERPT_LENGTH = 120
LONGEST_WORD = 40
LONGEST_HOST = 253
LONGEST_WHOLE = 1000  # digits; Python itself refuses more than 4,300

Json = Any  # a decoded JSON value: the one place where a shape is not yet known
Data = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Request:
    """One call, without host and credentials. Only a GET may be repeated."""

    method: str
    path: str
    query: Mapping[str, str] | None = None
    body: bytes | None = None

    @property
    def is_read(self) -> bool:
        return self.method == "GET"


def balance() -> Request:
    return Request("GET", "/balance")


def countries() -> Request:
    return Request("GET", "/countries")


def services(country_id: str) -> Request:
    return Request("GET", "/services", {"country": country_id})


def prices(country_id: str, service_code: str) -> Request:
    return Request("GET", "/prices", {"country": country_id, "service": service_code})


def rent(service_code: str, country_id: str, max_price: Decimal) -> Request:
    # The API text wants a JSON number; an amount of at most 15 digits survives float unchanged.
    body = {"service": service_code, "country": country_id, "max_price": float(max_price)}
    return Request("POST", "/activations", body=json.dumps(body).encode())


def activation(activation_id: str) -> Request:
    return Request("GET", _activation_path(activation_id))


def change(activation_id: str, new_status: StatusChange) -> Request:
    body = json.dumps({"status": new_status.value}).encode()
    return Request("PATCH", _activation_path(activation_id), body=body)


def re_rent(activation_id: str) -> Request:
    return Request("POST", _activation_path(activation_id) + "/re-rent")


def read_envelope(http_status: int, headers: Mapping[str, str], body: bytes) -> Json:
    """Take `data` out of a success envelope.

    Errors: RateLimited for any 429; Refused for an error envelope and for any 401; Unreadable for
    all else, a redirect included, also one that holds an envelope.
    """
    if http_status == 429:  # noqa: PLR2004 - the status itself says it best
        raise RateLimited(retry_after_s(headers))
    if is_redirect(http_status):
        raise Unreadable(f"HTTP {http_status}: no redirect is followed")
    try:
        envelope = decode(body)
    except Unreadable:
        if http_status == 401:  # noqa: PLR2004 - see above
            raise _refused("INVALID_API_KEY", "HTTP 401", http_status) from None
        raise
    if not isinstance(envelope, dict):
        raise Unreadable("the answer is not an envelope", excerpt(body))
    errors = envelope.get("errors")
    if isinstance(errors, dict) and errors.get("code"):
        raise _error(errors, http_status, headers)
    if envelope.get("status") != "success" or not 200 <= http_status < 300:  # noqa: PLR2004
        raise Unreadable(f"HTTP {http_status} without success or an error code", excerpt(body))
    return envelope.get("data")


def is_redirect(http_status: int) -> bool:
    return 300 <= http_status < 400  # noqa: PLR2004 - the 3xx range


def redirect_host(headers: Mapping[str, str]) -> str:
    """Where a redirect points, as far as a log may show it: the host, nothing else."""
    target = next((v for k, v in headers.items() if k.lower() == "location"), "")
    try:
        host = urlsplit(target).hostname
    except ValueError:
        host = "?"
    return re.sub(r"[^\w.:-]", "?", host)[:LONGEST_HOST] if host else "the same host"


def retry_after_s(headers: Mapping[str, str], now: datetime | None = None) -> float:
    """How long a 429 asks for silence: seconds or an HTTP date, 5 s when it does not say."""
    value = next((v for k, v in headers.items() if k.lower() == "retry-after"), "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", value):
        return min(float(value), LONGEST_RETRY_AFTER_S)
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return DEFAULT_RETRY_AFTER_S
    sent = next((v for k, v in headers.items() if k.lower() == "date"), "")
    try:
        since = now or parsedate_to_datetime(sent)
        wait_s = (date - since).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return DEFAULT_RETRY_AFTER_S
    return min(max(wait_s, 1.0), LONGEST_RETRY_AFTER_S)


def excerpt(body: bytes | str) -> str:
    """At most 120 printable characters, with long digit runs hidden: they may be a code."""
    text = body if isinstance(body, str) else body[: EXCERPT_LENGTH * 4].decode("utf-8", "replace")
    return re.sub(r"\d{3,}", "…", _printable(text[: EXCERPT_LENGTH * 4]))[:EXCERPT_LENGTH]


def _printable(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _activation_path(activation_id: str) -> str:
    return "/activations/" + quote(activation_id, safe="")


def decode(body: bytes) -> Json:
    """Read JSON; one value or character that cannot be read costs only itself.

    An order whose answer holds a `NaN` beside the number's id was paid for all the same.
    Errors: Unreadable.
    """
    try:
        text = body.decode(json.detect_encoding(body), "replace")
        return json.loads(
            text, parse_float=_real, parse_int=_whole, parse_constant=_nothing, strict=False
        )
    except (ValueError, RecursionError) as err:
        raise Unreadable("the answer is not JSON", excerpt(body)) from err


def _real(figures: str) -> Json:
    try:
        return Decimal(figures)
    except InvalidOperation:
        return None


def _whole(figures: str) -> Json:
    return int(figures) if len(figures) <= LONGEST_WHOLE else None


def _nothing(_constant: str) -> Json:
    return None


def _error(errors: Data, http_status: int, headers: Mapping[str, str]) -> Exception:
    # An error code may be a short number.
    word = re.sub(r"\d{6,}", "…", _printable(str(errors["code"])))[:LONGEST_WORD]
    if word == ErrorCode.RATE_LIMITED:
        return RateLimited(retry_after_s(headers))
    message = str(errors.get("message") or "")[: EXCERPT_LENGTH * 4]
    return _refused(word, message, http_status, pause_of(message, errors, headers))


def _refused(word: str, reason: str, http_status: int, pause: Pause | None = None) -> Refused:
    code = ErrorCode(word) if word in ErrorCode.__members__ else ErrorCode.OTHER
    return Refused(code, word, hide_digits(_printable(reason))[:EXCERPT_LENGTH], http_status, pause)
