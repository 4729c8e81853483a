"""The provider as a stranger: a real HTTP server that speaks the API text and fails on command.

It knows nothing of our client. What it believes lies open (books, exchanges) for tests and for a
page that shows it.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from random import Random
from typing import Final

from aiohttp import web

from sandbox.bloomsms_books import Activation, Books, Charge
from sandbox.bloomsms_catalog import Catalog
from sandbox.bloomsms_delivery import HungUp, pause, stream, wait_for_ever, whole
from sandbox.bloomsms_desk import ROOT, Call, Desk, read_call
from sandbox.bloomsms_envelope import Reply, failure
from sandbox.bloomsms_faults import Armed, Faults, answer
from sandbox.bloomsms_postman import Postman
from sandbox.bloomsms_traffic import Exchange, Traffic, answered
from sandbox.bloomsms_webhook import Hint, Webhook
from sandbox.scenarios import Kind

_DELAYS: Final = frozenset({Kind.DELAY})
_ANSWERS: Final = frozenset(Kind) - {Kind.DELAY, Kind.SMS, Kind.HINT}
_TOO_MANY: Final = 429
_GRACE_S: Final = 0.2
_NOTHING_DONE: Final = Reply(200, "")


class BloomsmsServer:
    """One account at the provider. stop() and start() keep the books, as an outage would."""

    def __init__(
        self,
        *,
        api_key: str = "sk_sandbox",
        requests_per_minute: int = 60,
        balance: str = "125.50",
        lifetime_s: float = 1200.0,
        sms_delay_s: tuple[float, float] | None = None,
        countries: Sequence[Mapping[str, object]] | None = None,
        services: Mapping[str, Sequence[Mapping[str, object]]] | None = None,
        clock: Callable[[], float] = time.time,
        max_open_rentals: int = 1000,
        expired_status: str = "cancelled",
        prices_are_nested: bool = False,
        seed: int = 0,
    ) -> None:
        self.base_url = ""
        self.api_key = api_key
        self.on_change: list[Callable[[], None]] = []
        self._clock = clock
        self._traffic = Traffic(requests_per_minute, clock)
        self._faults = Faults()
        self._catalog = Catalog(countries, services)
        self._books = Books(
            self._catalog,
            balance=Decimal(balance),
            lifetime_s=lifetime_s,
            max_open_rentals=max_open_rentals,
            expired_status=expired_status,
            clock=clock,
        )
        self._postman = Postman(
            self._catalog, self._faults, delay_s=sms_delay_s, random=Random(seed), clock=clock
        )
        self._desk = Desk(
            self._books, self._postman, api_key=api_key, prices_are_nested=prices_are_nested
        )
        self._webhook = Webhook(self._books, self._faults, random=Random(seed), clock=clock)
        self._stopping = asyncio.Event()
        self._runner: web.AppRunner | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        self._stopping.clear()
        application = web.Application()
        application.router.add_route("*", "/{place:.*}", self._handle)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=_GRACE_S)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        port = self._runner.addresses[0][1]
        self.base_url = f"http://{host}:{port}{ROOT}"
        self._webhook.start()
        return self.base_url

    async def stop(self) -> None:
        """Hang up on everybody who still waits; at once, and harmless when already stopped."""
        self._stopping.set()
        await self._webhook.stop()
        if self._runner is not None:
            await self._runner.cleanup()
        self._runner = None

    def arm(
        self,
        scenario: str,
        *,
        times: int | None = None,
        on: str | None = None,
        only_for: str | None = None,
        **params: object,
    ) -> None:
        """Let a scenario strike `times` times or until disarmed, `on` one operation or on any.

        Shape: `only_for` is the id of the one number it strikes.
        Errors: ValueError for a scenario, a param or an operation it does not have.
        """
        self._faults.arm(scenario, times=times, on=on, params=params, only_for=only_for)
        self._changed()

    def disarm(self, scenario: str | None = None, *, only_for: str | None = None) -> None:
        self._faults.disarm(scenario, only_for=only_for)
        self._changed()

    @property
    def in_force(self) -> list[Armed]:
        """Shape: the scenarios that can still strike, oldest first."""
        return self._faults.in_force

    def count(self, operation: str) -> int:
        return self._traffic.count(operation)

    @property
    def exchanges(self) -> list[Exchange]:
        return self._traffic.exchanges

    @property
    def charges(self) -> list[Charge]:
        self._books.settle()
        return self._books.charges

    @property
    def activations(self) -> dict[str, Activation]:
        self._books.settle()
        return self._books.activations

    @property
    def balance(self) -> Decimal:
        self._books.settle()
        return self._books.balance

    @balance.setter
    def balance(self, amount: Decimal) -> None:
        self._books.settle()
        self._books.balance = amount
        self._changed()

    @property
    def webhook_url(self) -> str:
        """Where each SMS is told of; empty: nowhere."""
        return self._webhook.url

    @webhook_url.setter
    def webhook_url(self, url: str) -> None:
        self._webhook.url = url

    @property
    def hints(self) -> list[Hint]:
        """Shape: what the webhook was sent, oldest first, and how it answered."""
        return self._webhook.hints

    @property
    def answered_429(self) -> int:
        """Every 429, also those a scenario gave; `over_limit` counts the earned ones."""
        return sum(exchange.status == _TOO_MANY for exchange in self.exchanges)

    @property
    def over_limit(self) -> int:
        return self._traffic.over_limit

    def busiest_minute(self) -> int:
        return self._traffic.busiest_minute()

    def send_sms(self, activation_id: str, text: str | None, code: str | None = "auto") -> None:
        """Let an SMS come now, also to a number that has ended."""
        activation = self.activations[activation_id]
        self._books.deliver(activation, self._postman.sms(text, code))
        self._changed()

    def expire(self, activation_id: str) -> None:
        self._books.expire(self.activations[activation_id])
        self._changed()

    def now(self) -> float:
        """By the server's clock, in seconds since the epoch."""
        return self._clock()

    def usual_text(self, activation_id: str) -> str:
        """What an SMS to this number may well say; a new code every time."""
        return self._postman.usual_text(self.activations[activation_id])

    def names(self, activation: Activation) -> tuple[str, str]:
        """Shape: the service's name and the country's, as the catalog has them."""
        service = self._catalog.offers(activation.country)[activation.service]
        return service.name, self._catalog.countries[activation.country].name

    def number_from(self, first_id: int) -> None:
        """Let the ids of what is rented from now on begin here, as a test may want to know them."""
        self._books.number_from(first_id)

    def set_price(self, country: str, service: str, price: str) -> None:
        self._catalog.change(country, service, price=Decimal(price))
        self._changed()

    def set_stock(self, country: str, service: str, stock: int) -> None:
        self._catalog.change(country, service, stock=stock)
        self._changed()

    def _changed(self) -> None:
        for tell in list(self.on_change):
            tell()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = (await request.read()).decode(errors="replace")
        call = read_call(request.method, request.path, request.query, body, _bearer(request))
        exchange = self._traffic.arrive(call.operation, request.method, request.path_qs, body)
        self._changed()
        try:
            return await self._answer(request, call, exchange)
        except HungUp:
            if request.transport is not None:
                request.transport.close()
            return web.Response()
        finally:
            self._changed()

    async def _answer(
        self, request: web.Request, call: Call, exchange: Exchange
    ) -> web.StreamResponse:
        if (wait_s := self._traffic.wait_s()) is not None:
            headers = {"Retry-After": str(wait_s)}
            return _send(exchange, failure("RATE_LIMITED", "Too many requests.", headers=headers))
        delay = self._faults.take(_DELAYS, call.operation, call.activation_id)
        fault = self._faults.take(_ANSWERS, call.operation, call.activation_id)
        if delay is not None and delay.flag("work_last"):
            await pause(delay.number("delay_s"), self._stopping)
        reply = self._work(call, fault)
        if delay is not None and not delay.flag("work_last"):
            await pause(delay.number("delay_s"), self._stopping)
        if fault is not None and fault.scenario.kind is Kind.STREAM:
            answered(exchange, reply.status, "")
            return await stream(request, reply, fault, self._stopping)
        if fault is not None:
            reply = await self._spoilt(reply, fault)
        return _send(exchange, reply)

    def _work(self, call: Call, fault: Armed | None) -> Reply:
        if fault is not None and not fault.flag("works"):
            return _NOTHING_DONE
        reply = self._desk.serve(call)
        self._changed()
        return reply

    async def _spoilt(self, reply: Reply, fault: Armed) -> Reply:
        if fault.scenario.kind is Kind.SILENCE:
            await wait_for_ever(self._stopping)
        if fault.scenario.kind is Kind.HANG_UP:
            raise HungUp
        return answer(fault, reply, self._clock())


def _bearer(request: web.Request) -> str | None:
    scheme, _, api_key = request.headers.get("Authorization", "").partition(" ")
    return api_key.strip() if scheme.lower() == "bearer" and api_key.strip() else None


def _send(exchange: Exchange, reply: Reply) -> web.Response:
    answered(exchange, reply.status, reply.body)
    return whole(reply)
