"""What Telegram answers when it refuses, in its own wording.

What only this emulator refuses, because it is stricter than Telegram, begins with `strict:`.
"""

from __future__ import annotations


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not an error of the emulator
    """An answer with `ok: false`.

    Units: `retry_after_s` in whole seconds, given with 429 only.
    """

    def __init__(
        self, error_code: int, description: str, *, retry_after_s: int | None = None
    ) -> None:
        super().__init__(description)
        self.error_code = error_code
        self.description = description
        self.retry_after_s = retry_after_s


NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same"
    " as a current content and reply markup of the message"
)
QUERY_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
OTHER_POLLER = (
    "terminated by other getUpdates request; make sure that only one bot instance is running"
)
WEBHOOK_SET = "terminated by setWebhook request"
WEBHOOK_ACTIVE = (
    "can't use getUpdates method while webhook is active;"
    " use deleteWebhook to delete the webhook first"
)


def bad_request(reason: str) -> Refusal:
    return Refusal(400, f"Bad Request: {reason}")


def strict(reason: str) -> Refusal:
    return bad_request(f"strict: {reason}")


def unauthorized() -> Refusal:
    return Refusal(401, "Unauthorized")


def not_found() -> Refusal:
    return Refusal(404, "Not Found")


def forbidden(reason: str) -> Refusal:
    return Refusal(403, f"Forbidden: {reason}")


def blocked() -> Refusal:
    return forbidden("bot was blocked by the user")


def deactivated() -> Refusal:
    return forbidden("user is deactivated")


def conflict(reason: str) -> Refusal:
    return Refusal(409, f"Conflict: {reason}")


def too_many(retry_after_s: int) -> Refusal:
    return Refusal(
        429,
        f"Too Many Requests: retry after {retry_after_s}",
        retry_after_s=retry_after_s,
    )
