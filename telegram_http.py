"""How calls to Telegram travel: python-telegram-bot's request by aiohttp, with its own errors.

Source: docs/decisions/0013-telegram-over-aiohttp.md.
"""

import json
import math
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import aiohttp
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

import tls

CONNECT_LIMIT_S = 5.0
WRITE_LIMIT_S = 20.0
# A kept connection saves the next press a handshake; one that Telegram closes first is dropped.
KEPT_ALIVE_S = 50.0
ADDRESSES_KEPT_S = 60
# Far above a hundred updates with the longest of texts.
LARGEST_ANSWER = 16 * 2**20
# A flood wait that Telegram gives without a number, the longest that is sat out untried, and what
# is sat out for one that cannot be meant.
UNKNOWN_WAIT_S = 5
LONGEST_WAIT_S = 3600
ABSURD_ABOVE_S, ABSURD_WAIT_S = 86_400, 60
FLOOD = 429
FORM = {"Content-Type": "application/x-www-form-urlencoded"}

Body = bytes | aiohttp.FormData | None


class TelegramHttp(BaseRequest):
    """At most `connections` calls at once; further ones wait for their turn, oldest first.

    Units: seconds. `pool_limit_s` bounds that wait, `read_limit_s` the silence before and inside an
    answer; all limits together bound the whole call. A limit of None is none.
    Shape: `clean` takes from an answer's text what no string may hold.
    Errors: TimedOut, after which the call may have taken effect; NetworkError, also while there is
    no connection to send it on. A POST is never repeated here.
    """

    def __init__(
        self,
        connections: int,
        *,
        read_limit_s: float = 15.0,
        pool_limit_s: float = 30.0,
        clean: Callable[[str], str] = str,
    ) -> None:
        self._connections = connections
        self._read_limit_s = read_limit_s
        self._pool_limit_s = pool_limit_s
        self._clean = clean
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float | None:
        return self._read_limit_s

    async def initialize(self) -> None:
        if self._session is not None:
            return
        connector = aiohttp.TCPConnector(
            limit=self._connections,
            keepalive_timeout=KEPT_ALIVE_S,
            ttl_dns_cache=ADDRESSES_KEPT_S,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": self.USER_AGENT},
            skip_auto_headers=("Accept-Encoding",),  # answers are short
        )

    async def shutdown(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def parse_json_payload(self, payload: bytes) -> dict[str, Any]:  # type: ignore[override]
        """As the library's, with what it would stumble over made plain; logs nothing of it.

        Errors: TelegramError.
        """
        try:
            answer = json.loads(self._clean(payload.decode(errors="replace")))
        except (ValueError, RecursionError) as err:
            raise TelegramError("Invalid server response") from err
        if not isinstance(answer, dict):
            raise TelegramError("Invalid server response")
        if "result" not in answer or answer.get("ok") is False:
            _make_plain(answer)
        return answer

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = BaseRequest.DEFAULT_NONE,
        write_timeout: object = BaseRequest.DEFAULT_NONE,
        connect_timeout: object = BaseRequest.DEFAULT_NONE,
        pool_timeout: object = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        if self._session is None:
            raise RuntimeError("initialize() comes first")
        body = _body(request_data)
        limits = _limits(
            pool_s=_chosen(pool_timeout, self._pool_limit_s),
            connect_s=_chosen(connect_timeout, CONNECT_LIMIT_S),
            write_s=_chosen(write_timeout, WRITE_LIMIT_S),
            read_s=_chosen(read_timeout, self._read_limit_s),
        )
        headers = FORM if isinstance(body, bytes) else None
        try:
            async with self._session.request(
                method, url, data=body, headers=headers, timeout=limits, allow_redirects=False
            ) as response:
                return response.status, await _read(response)
        except aiohttp.ConnectionTimeoutError as err:
            raise NetworkError("no connection in time") from err
        except TimeoutError as err:
            raise TimedOut from err
        except aiohttp.ClientSSLError as err:
            raise NetworkError(tls.reason(err.os_error, "TELEGRAM_BASE_URL")) from err
        except (aiohttp.ClientError, OSError) as err:
            raise NetworkError(f"aiohttp.{type(err).__name__}") from err


async def _read(response: aiohttp.ClientResponse) -> bytes:
    pieces, size = [], 0
    async for piece in response.content.iter_any():
        size += len(piece)
        if size > LARGEST_ANSWER:
            raise NetworkError(f"an answer of more than {LARGEST_ANSWER} bytes")
        pieces.append(piece)
    return b"".join(pieces)


def _make_plain(refusal: dict[str, Any]) -> None:
    """Let a refusal hold what the library expects: a text and, where it can be read, a number."""
    refusal["result"] = None  # also when it came as a success
    refusal["description"] = description = str(refusal.get("description") or "")
    given = refusal.get("parameters")
    given = given if isinstance(given, dict) else {}
    parameters: dict[str, int] = {}
    new_chat_id = given.get("migrate_to_chat_id")
    if isinstance(new_chat_id, int) and not isinstance(new_chat_id, bool):
        parameters["migrate_to_chat_id"] = new_chat_id
    elif "retry_after" in given or refusal.get("error_code") == FLOOD:
        parameters["retry_after"] = _wait_s(given.get("retry_after"), description)
    refusal["parameters"] = parameters


def _wait_s(given: object, description: str) -> int:
    """Whole seconds to wait, from what Telegram gives or says in words."""
    said = re.search(r"retry after (\d{1,9})\b", description, re.IGNORECASE | re.ASCII)
    for one in (given, said and said[1]):
        if isinstance(one, str | int | float) and not isinstance(one, bool):
            try:
                wait_s = float(one)
            except (ValueError, OverflowError):
                continue
            if wait_s > ABSURD_ABOVE_S:
                return ABSURD_WAIT_S
            if wait_s > 0:  # also false for what is no number
                return math.ceil(min(wait_s, LONGEST_WAIT_S))
    return UNKNOWN_WAIT_S


def _body(request_data: RequestData | None) -> Body:
    if request_data is None:
        return None
    parameters = request_data.json_parameters
    if not request_data.contains_files:
        # The error of a character that cannot be sent would hold the whole text.
        return urlencode(parameters, errors="replace").encode()
    form = aiohttp.FormData(parameters)
    for name, (filename, content, content_type) in request_data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=content_type)
    return form


def _chosen(limit_s: object, usual_s: float) -> float | None:
    """What the caller chose, if they did: python-telegram-bot marks that with a DefaultValue."""
    if limit_s is None or isinstance(limit_s, int | float):
        return limit_s
    return usual_s


def _limits(
    *, pool_s: float | None, connect_s: float | None, write_s: float | None, read_s: float | None
) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(
        total=_sum(pool_s, connect_s, write_s, read_s),
        connect=_sum(pool_s, connect_s),
        sock_connect=connect_s,
        sock_read=read_s,
    )


def _sum(*limits_s: float | None) -> float | None:
    total_s = 0.0
    for limit_s in limits_s:
        if limit_s is None:
            return None
        total_s += limit_s
    return total_s
