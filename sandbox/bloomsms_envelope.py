"""The provider's envelope and its eleven errors, as an answer before it is sent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

HTTP_OF: Final = {
    "INVALID_API_KEY": 401,
    "INSUFFICIENT_FUNDS": 402,
    "ACCOUNT_SUSPENDED": 403,
    "ACTIVATION_NOT_FOUND": 404,
    "SERVICE_NOT_FOUND": 404,
    "NO_NUMBERS_AVAILABLE": 400,
    "MAX_RENTALS_EXCEEDED": 400,
    "INVALID_PARAMETER": 422,
    "RATE_LIMITED": 429,
    "PROVIDER_ERROR": 502,
    "MAINTENANCE": 503,
}


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: str
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


class Refused(Exception):  # noqa: N818  the request was understood; saying no is an answer
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def success(data: object) -> Reply:
    body = {"status": "success", "data": data, "errors": None}
    return Reply(200, json.dumps(body, ensure_ascii=False))


def failure(
    code: str, message: str, *, http: int | None = None, headers: Mapping[str, str] | None = None
) -> Reply:
    body = {"status": "error", "data": None, "errors": {"code": code, "message": message}}
    status = HTTP_OF.get(code, 400) if http is None else http
    return Reply(status, json.dumps(body, ensure_ascii=False), headers=headers or {})
