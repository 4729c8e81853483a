"""The Reseller API over HTTP: one session, one request function, one short method an endpoint."""

import asyncio
import copy
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from decimal import Decimal
from functools import partial
from types import TracebackType
from typing import Self, TypeVar

import aiohttp

import tls
from bloomsms import answers, wire
from bloomsms.budget import Budget, Lane
from bloomsms.errors import (
    BloomsmsError,
    NotNoted,
    NotSent,
    OtherCurrency,
    OutcomeUnknown,
    RateLimited,
    Refused,
    Unreadable,
)
from bloomsms.models import (
    DOLLARS,
    ActivationStatus,
    Balance,
    Changed,
    Country,
    PriceRow,
    Rental,
    Service,
    StatusChange,
)
from bloomsms.repeats import jitter, may_pass, says_nothing
from bloomsms.version import VERSION

LARGEST_BODY = 4 * 1024 * 1024
# Some servers send cookies and policies of many kilobytes; an order's answer is behind them.
LARGEST_HEADER = 65 * 1024
MOST_HEADERS = 1000
USER_AGENT = f"bloomsms-bot/{VERSION}"
CONNECT_LIMIT_S = 5.0
READ_ATTEMPTS = 3
READ_LIMIT_S = 12.0  # one attempt
READS_LIMIT_S = 25.0  # all attempts of one read
WRITE_LIMIT_S = 75.0  # a late number is still a number: a paid answer is waited for
PAUSE_BETWEEN_READS_S = 0.4
TURN_LIMIT_S = {Lane.PEOPLE: 8.0, Lane.HINTED: 8.0, Lane.POLLS: 0.0, Lane.UPKEEP: 5.0}

T = TypeVar("T")

log = logging.getLogger(__name__)


def unheard(_place: str, _currency: str) -> None:
    """Where no one minds which currency the provider names."""


class BloomsmsClient:
    """Every documented endpoint, typed. Reads are retried, writes never.

    Errors: each method raises only BloomsmsError's children. A read ends in NotSent, RateLimited,
    Refused or Unreadable; a write in NotSent, RateLimited, Refused or OutcomeUnknown.
    Shape: `on_currency` hears which currency each place named: the balance, a list of prices or an
    order; `USD` where it named none.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        budget: Budget,
        on_outcome: Callable[[BloomsmsError | None], None],
        on_currency: Callable[[str, str], None] = unheard,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._headers = {
            "Authorization": f"Bearer {api_key}",
            "Accept": "application/json",
            "User-Agent": USER_AGENT,
        }
        self._budget = budget
        self._on_outcome = on_outcome
        self._on_currency = on_currency
        self._lane = Lane.PEOPLE
        self._attempts = READ_ATTEMPTS
        self._turn_limit_s = TURN_LIMIT_S[Lane.PEOPLE]
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        # A server closes idle connections after seconds; a write on one that it is just closing
        # would end as unknown. So ours are dropped sooner than theirs.
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=3.0, ttl_dns_cache=60)
        self._session = aiohttp.ClientSession(
            connector=connector,
            headers=self._headers,
            auto_decompress=True,
            max_line_size=LARGEST_HEADER,
            max_field_size=LARGEST_HEADER,
            max_headers=MOST_HEADERS,
        )
        # aiohttp repeats a GET by itself when a kept connection turns out closed; the budget
        # would not count that request.
        self._session._retry_connection = False  # noqa: SLF001 - there is no public switch
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        err: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session:
            await self._session.close()

    def in_lane(self, lane: Lane, *, attempts: int = 1, turn_limit_s: float | None = None) -> Self:
        """The same open client, its requests in another lane of the budget.

        Shape: a read is tried `attempts` times.
        Units: a request waits `turn_limit_s` seconds for its turn, by default what suits the lane.
        """
        other = copy.copy(self)
        other._lane, other._attempts = lane, attempts  # noqa: SLF001 - its own class
        other._turn_limit_s = TURN_LIMIT_S[lane] if turn_limit_s is None else turn_limit_s  # noqa: SLF001 - its own class
        return other

    async def balance(self) -> Balance:
        balance = await self._read(wire.balance(), answers.read_balance)
        self._on_currency("balance", balance.currency)
        return balance

    async def countries(self) -> list[Country]:
        return await self._read(wire.countries(), answers.read_countries)

    async def services(self, country_id: str) -> list[Service]:
        read = partial(answers.read_services, country_id=country_id)
        place = f"services {country_id}"
        try:
            found = await self._read(wire.services(country_id), read)
        except OtherCurrency as err:
            self._on_currency(place, err.currency)
            raise
        self._on_currency(place, DOLLARS)
        return found

    async def prices(self, country_id: str, service_code: str) -> list[PriceRow]:
        return await self._read(wire.prices(country_id, service_code), answers.read_prices)

    async def activation(self, activation_id: str) -> ActivationStatus:
        return await self._read(wire.activation(activation_id), answers.read_activation)

    async def rent(self, service_code: str, country_id: str, max_price: Decimal) -> Rental:
        """Rent one number for at most `max_price` US dollars. Spends money."""
        return await self._order(wire.rent(service_code, country_id, max_price))

    async def re_rent(self, activation_id: str) -> Rental:
        """Rent the number of an earlier activation again. Spends money, with no price limit."""
        return await self._order(wire.re_rent(activation_id))

    async def change(self, activation_id: str, new_status: StatusChange) -> Changed:
        """Ask for a change; a quiet return means `status: success`, nothing more.

        Shape: which activation the answer names, for the caller to compare.
        """
        return answers.read_change(await self._write(wire.change(activation_id, new_status)))

    async def _order(self, request: wire.Request) -> Rental:
        rental = _rented(await self._write(request))
        self._on_currency("order", rental.currency)
        return rental

    async def _read(self, request: wire.Request, read: Callable[[wire.Json], T]) -> T:
        try:
            async with asyncio.timeout(READS_LIMIT_S):
                for attempt in range(1, self._attempts):
                    try:
                        return read(await self._request(request))
                    except BloomsmsError as err:
                        if not may_pass(err):
                            raise
                        log.info(
                            "GET %s, attempt %d: %s", _room(request), attempt, type(err).__name__
                        )
                    await asyncio.sleep(PAUSE_BETWEEN_READS_S * attempt * jitter())
                return read(await self._request(request))
        except TimeoutError as err:
            raise Unreadable("no answer in time") from err

    async def _write(self, request: wire.Request) -> wire.Json:
        try:
            return await self._request(request)
        except Unreadable as err:
            raise OutcomeUnknown(f"{request.method}: {err}") from err
        except Refused as err:
            if says_nothing(err):
                raise OutcomeUnknown(f"{request.method}: {err}") from err
            raise

    async def _request(self, request: wire.Request) -> wire.Json:
        try:
            data = await self._request_in_turn(request)
        except BloomsmsError as err:
            self._on_outcome(err)
            raise
        self._on_outcome(None)
        return data

    async def _request_in_turn(self, request: wire.Request) -> wire.Json:
        """Make one request in its turn and read its envelope.

        Errors: Unreadable whenever bytes may have left and no trustworthy answer came.
        """
        async with AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(self._budget.slot(self._lane, self._turn_limit_s))
            except BloomsmsError:
                raise
            except Exception as err:
                raise NotNoted("the request could not be noted") from err
            http_status, headers, body = await self._exchange(request)
        if wire.is_redirect(http_status):
            host = wire.redirect_host(headers)
            log.warning("%s %s: %d to %s", request.method, _room(request), http_status, host)
        try:
            return wire.read_envelope(http_status, headers, body)
        except RateLimited as err:
            log.warning("%s %s: 429, silent for %.0f s", request.method, _room(request), err.wait_s)
            await self._budget.obey(err.wait_s)
            raise

    async def _exchange(self, request: wire.Request) -> tuple[int, dict[str, str], bytes]:
        if self._session is None:
            raise NotSent("the client is closed")
        limit_s = READ_LIMIT_S if request.is_read else WRITE_LIMIT_S
        # A total limit inside aiohttp would hide whether a write had left: connecting has its own,
        # so that this one can only end a request that is on its way.
        timeout = aiohttp.ClientTimeout(
            total=None, connect=CONNECT_LIMIT_S, sock_connect=CONNECT_LIMIT_S, sock_read=limit_s
        )
        try:
            async with (
                asyncio.timeout(CONNECT_LIMIT_S + limit_s),
                self._session.request(
                    request.method,
                    self._base_url + request.path,
                    params=request.query,
                    data=request.body,
                    headers={"Content-Type": "application/json"},
                    timeout=timeout,
                    allow_redirects=False,
                ) as response,
            ):
                body = await _read_body(response)
                return response.status, dict(response.headers), body
        except aiohttp.ClientSSLError as err:
            raise NotSent(tls.reason(err.os_error, "BLOOMSMS_BASE_URL")) from err
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as err:
            raise NotSent(type(err).__name__) from err
        except aiohttp.InvalidURL as err:
            raise NotSent("the address is malformed") from err
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as err:
            raise Unreadable(f"no answer ({type(err).__name__})") from err


async def _read_body(response: aiohttp.ClientResponse) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > LARGEST_BODY:
            raise Unreadable(f"HTTP {response.status} with more than {LARGEST_BODY} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def _rented(data: wire.Json) -> Rental:
    try:
        return answers.read_rental(data)
    except Unreadable as err:
        raise OutcomeUnknown(str(err)) from err


def _room(request: wire.Request) -> str:
    """The path as far as a log may show it."""
    return request.path.split("/")[1]
