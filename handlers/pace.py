"""How fast we talk to Telegram: below its limits, and silent for as long as it asks."""

import asyncio
import logging
import math
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

from telegram.error import BadRequest, NetworkError, RetryAfter, TimedOut
from telegram.ext import BaseRateLimiter

# Telegram allows about one message a second in a chat and thirty in all, and short bursts.
CHAT_BURST = 18
CHAT_PER_S = 1.0
OVERALL_BURST = 30
OVERALL_PER_S = 25.0
# A flood wait of at most so long is sat out here; a longer one is the caller's affair: the outbox
# and the inbox have the patience.
LONGEST_WAIT_S = 5.0
# Answers to presses do not wait, so a rush may owe without end: what waits for it would then be
# silent for minutes after the rush.
OVERALL_MOST_OWED = OVERALL_PER_S * LONGEST_WAIT_S
SLACK_S = 0.2
LOST_RETRY_S = 5.0
RETRY_AFTER_S = (0.3, 1.0)
MOST_CHATS = 10_000

URGENT = "urgent"  # a code: goes at once, whatever was said just before
PATIENT = "patient"  # nobody pressed for it: also waits while we talk much overall
ONCE = "once"  # not worth a second try

log = logging.getLogger(__name__)

Call = Callable[..., Coroutine[Any, Any, Any]]


class Bucket:
    """Tokens that come back with time; taking one may mean to wait for it.

    Units: `time_s` is a monotonic clock's.
    """

    def __init__(self, burst: int, per_s: float, most_owed: float = math.inf) -> None:
        self._burst = burst
        self._most_owed = most_owed
        self._per_s = per_s
        self._tokens = float(burst)
        self._seen_at_s = 0.0
        self._closed_until_s = 0.0

    def wait_s(self, time_s: float) -> float:
        """Seconds until the next token is there."""
        self._refill(time_s)
        return max(0.0, (1 - self._tokens) / self._per_s, self.closed_for_s(time_s))

    def closed_for_s(self, time_s: float) -> float:
        return max(0.0, self._closed_until_s - time_s)

    def take(self, time_s: float) -> None:
        """Take a token, maybe one that is still to come."""
        self._refill(time_s)
        self._tokens = max(-self._most_owed, self._tokens - 1)

    def close(self, until_s: float) -> None:
        self._closed_until_s = max(self._closed_until_s, until_s)

    def is_full(self, time_s: float) -> bool:
        self._refill(time_s)
        return self._tokens >= self._burst and self._closed_until_s <= time_s

    def _refill(self, time_s: float) -> None:
        passed_s = max(0.0, time_s - self._seen_at_s)
        self._tokens = min(self._burst, self._tokens + passed_s * self._per_s)
        self._seen_at_s = time_s


class Pacer(BaseRateLimiter[str]):
    """Lets calls that show something in a chat go at the chat's pace; all others pass.

    Source: the Bot API's FAQ on limits; a RetryAfter closes its chat until then.
    """

    def __init__(self) -> None:
        self._overall = Bucket(OVERALL_BURST, OVERALL_PER_S, OVERALL_MOST_OWED)
        self._chats: dict[int, Bucket] = {}

    async def initialize(self) -> None:
        """Nothing to prepare."""

    async def shutdown(self) -> None:
        """Nothing to release."""

    async def process_request(
        self,
        callback: Call,
        args: Any,  # noqa: ANN401 - handed through to PTB's own callback
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: str | None,
    ) -> Any:  # noqa: ANN401 - as above
        """Make the call in its turn, again after a short flood wait.

        What answers a press is also tried again when it got lost on the way; notes have the outbox
        for that. A time-out is not: the message may be there.
        """
        chat_id = data.get("chat_id")
        if not isinstance(chat_id, int):
            return await callback(*args, **kwargs)
        for wait_s in RETRY_AFTER_S:
            await self._wait_for_turn(chat_id, rate_limit_args)
            try:
                return await callback(*args, **kwargs)
            except RetryAfter as err:
                self._close(chat_id, endpoint, err)
                if rate_limit_args == ONCE:
                    raise
            except NetworkError as err:
                if rate_limit_args is not None or not is_passing(err):
                    raise
                log.info("%s: %s", endpoint, err)
                await asyncio.sleep(wait_s)
        await self._wait_for_turn(chat_id, rate_limit_args)
        return await callback(*args, **kwargs)

    def _close(self, chat_id: int, endpoint: str, err: RetryAfter) -> None:
        """Nothing more to this chat before its time; a long wait is the caller's affair."""
        wait_s = seconds_of(err) + SLACK_S
        self._bucket(chat_id).close(_now_s() + wait_s)
        if wait_s > LONGEST_WAIT_S:
            raise err
        log.info("%s: Telegram asks for %.1f s of silence", endpoint, wait_s)

    async def _wait_for_turn(self, chat_id: int, haste: str | None) -> None:
        chat, now_s = self._bucket(chat_id), _now_s()
        wait_s = flood_s = chat.closed_for_s(now_s)
        if haste != URGENT:
            wait_s = max(wait_s, chat.wait_s(now_s))
        if haste == PATIENT:
            wait_s = max(wait_s, self._overall.wait_s(now_s))
        if (flood_s if haste is None else wait_s) > LONGEST_WAIT_S:
            raise RetryAfter(math.ceil(wait_s))
        chat.take(now_s)
        self._overall.take(now_s)
        if wait_s > 0:
            await asyncio.sleep(wait_s)

    def _bucket(self, chat_id: int) -> Bucket:
        if len(self._chats) > MOST_CHATS:
            now_s = _now_s()
            self._chats = {c: b for c, b in self._chats.items() if not b.is_full(now_s)}
        return self._chats.setdefault(chat_id, Bucket(CHAT_BURST, CHAT_PER_S))


def is_passing(err: Exception | None) -> bool:
    """Whether Telegram takes nothing right now, and surely did not take this.

    After a time-out the message may be there all the same.
    """
    is_lost = isinstance(err, NetworkError) and not isinstance(err, BadRequest | TimedOut)
    return is_lost or isinstance(err, RetryAfter)


def patience_s(err: Exception | None) -> float:
    """How long to leave Telegram alone after such an error."""
    return seconds_of(err) + SLACK_S if isinstance(err, RetryAfter) else LOST_RETRY_S


def seconds_of(err: RetryAfter) -> float:
    after = err.retry_after
    return after.total_seconds() if isinstance(after, timedelta) else float(after)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
