"""What the page does at the provider, without a browser."""

from __future__ import annotations

import pytest

from sandbox.bloomsms_server import BloomsmsServer
from sandbox.page_actions import ProviderActions, WrongAction
from sandbox.page_provider import SWITCHES, ProviderDesk
from sandbox.scenarios import SCENARIOS
from tests.sandbox.bloomsms_visitor import Clock, visiting


async def test_a_cancel_is_refused_for_one_number() -> None:
    """Other numbers are cancelled as ever, and this one once it is allowed again."""
    server = BloomsmsServer()
    desk = ProviderDesk(server, requests_per_minute=60)
    actions = ProviderActions(server, desk)
    async with visiting(server) as visitor:
        refused, other = await visitor.rented(), await visitor.rented()
        await actions.refuse_cancel({"number": refused, "on": True})

        assert "INVALID_PARAMETER" == (await visitor.patch(refused, "cancel")).code
        assert 200 == (await visitor.patch(other, "cancel")).status
        assert desk.parts()[f"number/{refused}"]["refuses_cancel"]

        await actions.refuse_cancel({"number": refused, "on": False})
        assert 200 == (await visitor.patch(refused, "cancel")).status


async def test_requests_of_the_last_minute_are_counted() -> None:
    """Older ones drop out as time goes by."""
    clock = Clock()
    server = BloomsmsServer(clock=clock)
    desk = ProviderDesk(server, requests_per_minute=60)
    async with visiting(server) as visitor:
        await visitor.get("/balance")
        clock.now += 30
        await visitor.get("/balance")

        assert {"count": 2, "limit": 60} == desk.parts()["provider/requests"]
        clock.now += 30
        assert 1 == desk.parts()["provider/requests"]["count"]


@pytest.mark.parametrize("name", SWITCHES)
async def test_every_switch_turns_its_scenario(name: str) -> None:
    """On arms it, twice on as well; off leaves nothing behind."""
    server = BloomsmsServer()
    actions = ProviderActions(server, ProviderDesk(server, requests_per_minute=60))
    for _ in range(2):
        await actions.turn_switch({"name": name, "on": True})
    assert {SCENARIOS[name].name} == {one.scenario.name for one in server.in_force}

    await actions.turn_switch({"name": name, "on": False})

    assert [] == server.in_force


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("balance", {"balance": "much"}),
        ("balance", {"balance": "NaN"}),
        ("balance", {"balance": "-1"}),
        ("balance", {"balance": "1e99"}),
        ("balance", {}),
        ("sms", {"number": "1", "text": "x"}),
        ("expire", {"number": 1}),
        ("switch", {"name": "nothing", "on": True}),
        ("switch", {"name": "slow", "on": "yes"}),
    ],
)
async def test_what_makes_no_sense_is_refused(action: str, fields: dict[str, object]) -> None:
    """A sentence, and nothing done."""
    server = BloomsmsServer()
    actions = ProviderActions(server, ProviderDesk(server, requests_per_minute=60)).by_name()

    with pytest.raises(WrongAction, match=r"[.]$"):
        await actions[action](fields)
    assert "125.50" == f"{server.balance}"
