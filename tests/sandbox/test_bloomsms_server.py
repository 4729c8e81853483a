"""The emulated provider keeps the API text: lists, refusals, its record and its request window."""

from collections.abc import AsyncIterator

import pytest

from sandbox.bloomsms_server import BloomsmsServer
from tests.sandbox.bloomsms_visitor import Clock, Visitor, visiting


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def visitor(clock: Clock) -> AsyncIterator[Visitor]:
    async with visiting(BloomsmsServer(clock=clock)) as visitor:
        yield visitor


@pytest.fixture
def server(visitor: Visitor) -> BloomsmsServer:
    return visitor.server


async def test_balance(visitor: Visitor) -> None:
    """The balance answers as in the text."""
    answer = await visitor.get("/balance")

    assert {
        "status": "success",
        "data": {"balance": "125.50", "currency": "USD"},
        "errors": None,
    } == answer.json


async def test_countries(visitor: Visitor) -> None:
    """About 190 countries are listed, with string ids and names that need escaping."""
    countries = {
        row["id"]: row["name"] for row in (await visitor.get("/countries")).data["countries"]
    }

    assert 190 <= len(countries) <= 200
    assert ("Russia", "United States", "United Kingdom") == tuple(
        countries[one] for one in ("0", "187", "16")
    )
    assert {"Côte d'Ivoire", "Bosnia & Herzegovina"} < set(countries.values())


async def test_services_default_to_the_united_states(visitor: Visitor) -> None:
    """Without a country the list is that of 187, WhatsApp and Telegram first."""
    rows = (await visitor.get("/services")).data["services"]

    assert {"code": "wa", "name": "WhatsApp", "price": "0.55", "stock": 980} == rows[0]
    assert {"code": "tg", "name": "Telegram", "price": "0.45", "stock": 1200} == rows[1]
    assert 300 <= len(rows)
    assert any(row["stock"] == 0 for row in rows)
    assert rows == (await visitor.get("/services?country=187")).data["services"]


async def test_prices_differ_by_country_and_stay(visitor: Visitor) -> None:
    """Another country has other prices, the same ones in every run."""
    again = BloomsmsServer()
    path = "/services?country=16"
    async with visiting(again) as other:
        assert (await other.get(path)).text == (await visitor.get(path)).text
    assert (await visitor.get(path)).text != (await visitor.get("/services")).text


async def test_any_country_is_the_cheapest_with_all_stock() -> None:
    """For "any" the list shows the best price in stock and the summed stock, and rents that."""
    offers = {
        "1": [{"code": "wa", "name": "WhatsApp", "price": "0.10", "stock": 0}],
        "2": [{"code": "wa", "name": "WhatsApp", "price": "0.30", "stock": 4}],
        "3": [{"code": "wa", "name": "WhatsApp", "price": "0.20", "stock": 5}],
    }
    countries = [{"id": one, "name": f"Land {one}"} for one in offers]
    async with visiting(BloomsmsServer(countries=countries, services=offers)) as visitor:
        listed = await visitor.get("/services?country=any&service=wa")
        rented = await visitor.call("POST", "/activations", json={"service": "wa"})
        left = await visitor.get("/services?country=any")

    assert [{"code": "wa", "name": "WhatsApp", "price": "0.20", "stock": 9}] == listed.data[
        "services"
    ]
    assert ("3", "0.20") == (rented.data["country"], rented.data["price"])
    assert 8 == left.data["services"][0]["stock"]


@pytest.mark.parametrize(
    ("is_nested", "expected"),
    [
        (False, {"prices": [{"country": "187", "service": "wa", "price": "0.55", "stock": 980}]}),
        (True, {"187": {"wa": {"cost": "0.55", "count": 980}}}),
    ],
    ids=["rows", "nested"],
)
async def test_prices_have_one_of_two_shapes(*, is_nested: bool, expected: object) -> None:
    """The undocumented answer is a list of rows or nested by country and service."""
    async with visiting(BloomsmsServer(prices_are_nested=is_nested)) as visitor:
        assert expected == (await visitor.get("/prices?country=187&service=wa")).data


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("GET", "/activations/1", None, (404, "ACTIVATION_NOT_FOUND")),
        ("PATCH", "/activations/1", '{"status": "cancel"}', (404, "ACTIVATION_NOT_FOUND")),
        ("POST", "/activations/1/re-rent", None, (404, "ACTIVATION_NOT_FOUND")),
        ("GET", "/services?country=xx", None, (422, "INVALID_PARAMETER")),
        ("GET", "/prices?country=0&service=zzz", None, (404, "SERVICE_NOT_FOUND")),
        ("POST", "/activations", '{"service": "zzz"}', (404, "SERVICE_NOT_FOUND")),
        ("POST", "/activations", '{"country": "187"}', (422, "INVALID_PARAMETER")),
        ("POST", "/activations", '{"service": 5}', (422, "INVALID_PARAMETER")),
        ("POST", "/activations", '{"service": "wa", "country": "x"}', (422, "INVALID_PARAMETER")),
        ("POST", "/activations", '{"service": "wa", "max_price": "x"}', (422, "INVALID_PARAMETER")),
        ("POST", "/activations", '{"service": "wa", "max_price": NaN}', (422, "INVALID_PARAMETER")),
        ("POST", "/activations", '{"service": "wa"', (422, "INVALID_PARAMETER")),
        ("POST", "/activations", "[" * 100_000, (422, "INVALID_PARAMETER")),
        (
            "POST",
            "/activations",
            '{"service": "wa", "country": "187", "max_price": 0.54}',
            (400, "NO_NUMBERS_AVAILABLE"),
        ),
        ("GET", "/nowhere", None, (404, "NOT_FOUND")),
    ],
)
async def test_refusals(
    visitor: Visitor, method: str, path: str, body: str | None, expected: tuple[int, str]
) -> None:
    """Every wrong request is refused with its own code, and nothing is charged."""
    answer = await visitor.call(method, path, data=body)

    assert expected == (answer.status, answer.code)
    assert "error" == answer.json["status"]
    assert answer.data is None
    assert [] == visitor.server.charges


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer sk_other", "Basic sk_sandbox"])
async def test_key_is_needed(visitor: Visitor, header: str) -> None:
    """A request without the right Bearer token is 401."""
    answer = await visitor.call("GET", "/balance", headers={"Authorization": header})

    assert (401, "INVALID_API_KEY") == (answer.status, answer.code)


async def test_window_slides_and_counts_refusals(clock: Clock) -> None:
    """The limit holds for any 60 s; a refused request counts too and delays the next success."""
    async with visiting(BloomsmsServer(clock=clock, requests_per_minute=3)) as visitor:
        statuses = []
        for step_s in (0, 20, 20, 19.5, 1, 39.5):
            clock.now += step_s
            answer = await visitor.get("/balance")
            statuses.append((answer.status, answer.headers.get("Retry-After")))
        server = visitor.server

    fine = (200, None)
    assert [fine, fine, fine, (429, "21"), (429, "40"), fine] == statuses
    assert (4, 2, 2) == (server.busiest_minute(), server.answered_429, server.over_limit)


async def test_exchanges_are_recorded(visitor: Visitor, server: BloomsmsServer) -> None:
    """Each request is kept with its arrival, its words and its answer, and counted by operation."""
    one = await visitor.rented()
    await visitor.patch(one, "cancel")
    renting, cancelling = server.exchanges

    assert ("POST", "/api/v1/activations", 200) == (renting.method, renting.path, renting.status)
    assert '"wa"' in renting.request_body
    assert one in renting.response_body
    assert renting.arrived_monotonic_s <= cancelling.arrived_monotonic_s
    assert (1, 1, 0) == tuple(server.count(one) for one in ("rent", "cancel", "status"))


async def test_changes_are_told(visitor: Visitor, server: BloomsmsServer) -> None:
    """Whoever listens hears of requests, of SMS and of changed prices."""
    heard: list[int] = []
    server.on_change.append(lambda: heard.append(len(server.exchanges)))
    one = await visitor.rented()
    after_request = len(heard)
    server.send_sms(one, "1234")
    server.set_price("187", "wa", "0.60")

    assert after_request >= 1
    assert after_request + 2 == len(heard)


async def test_outage_keeps_the_books(visitor: Visitor, server: BloomsmsServer) -> None:
    """A server stopped and started on the same port remembers everything."""
    one = await visitor.rented()
    port = int(server.base_url.split(":")[2].split("/")[0])
    await server.stop()
    await server.start(port=port)

    assert "waiting" == (await visitor.status(one)).data["activation_status"]
