"""The catalogue's faults of both webhooks, as strangers cause them (lines 25 to 28)."""

import asyncio
import json
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from handlers.push import secret_of
from tests.e2e.books import books_agree, copies, rows, states
from tests.e2e.conftest import World
from tests.e2e.door import (
    HOOK,
    TELEGRAM_PATH,
    at_open_door,
    free_port,
    hint,
    open_door,
    opens,
    variables,
)
from tests.e2e.program import Program
from tests.e2e.test_catalogue_storage import breaks, mends
from tests.web.visitor import Visitor, head, visiting
from web.telegram_webhook import SECRET_HEADER

HINTS_A_SECOND = 1000
FLOOD_S = 3
SENDERS = 8


async def flood(port: int) -> Counter[bytes]:
    """Forged hints at that rate over a few kept connections; the status lines, counted."""
    body = json.dumps(hint("99999999")).encode()
    message = head(HOOK, len(body)) + body
    statuses: Counter[bytes] = Counter()

    async def send() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        began_at = time.monotonic()
        for turn in range(HINTS_A_SECOND * FLOOD_S // SENDERS):
            writer.write(message)
            answer = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(2)
            statuses[answer.split(b" ")[1]] += 1
            ahead_s = turn * SENDERS / HINTS_A_SECOND - (time.monotonic() - began_at)
            if ahead_s > 0:
                await asyncio.sleep(ahead_s)
        writer.close()

    await asyncio.gather(*(send() for _ in range(SENDERS)))
    return statuses


async def test_flood_of_forged_hints(world: World, tmp_path: Path) -> None:
    """Line 26: a thousand a second hold nobody up, take no memory, and change nothing."""
    port = free_port()
    program = Program(tmp_path, world.variables() | variables(port))
    await program.start()
    try:
        number = await world.rent(world.ann)
        before = program.resident_bytes()
        flooding = asyncio.create_task(flood(port))
        await asyncio.sleep(0.5)
        for _ in range(3):
            await world.bob.says("/start")
            await world.bob.waits_for("Hello", new=True, timeout_s=2)
        statuses = await flooding

        assert {b"200"} == set(statuses)
        assert program.resident_bytes() - before < 10_000_000
        assert "waiting" == world.bloomsms.activations[number].status
        assert len(program.log.splitlines()) < 50
        await books_agree(world)
    finally:
        await program.stop(signal.SIGKILL)


async def test_odd_requests_of_strangers(world: World) -> None:
    """Line 26: whatever else comes is refused without a fault, and holds nobody up."""
    async with at_open_door(world) as visitor:
        await world.rent(world.ann)
        slow = [await visitor.says(head(HOOK, 100) + b"x") for _ in range(30)]
        unknown = hint("1") | {"event": "rental.expired"}
        statuses = [
            await visitor.status("POST", HOOK, data=_large()),
            await visitor.status("POST", HOOK, json=unknown),
            await visitor.status("POST", HOOK, data=b"nonsense"),
            await visitor.status("GET", HOOK),
            await visitor.status("DELETE", HOOK),
            await visitor.status("POST", HOOK + "x", json=hint("1")),
            await visitor.status("POST", "/webhooks/bloomsms/", json=hint("1")),
        ]
        await world.bob.says("/start")
        await world.bob.waits_for("Hello", timeout_s=2)
        cut_off = [await asyncio.wait_for(reader.readline(), 10) for reader, _ in slow]
        for _, writer in slow:
            writer.close()

    assert [413, 200, 200, 404, 404, 404, 404] == statuses
    assert {b"HTTP/1.1 408"} == {line[:12] for line in cut_off}
    await books_agree(world)


async def _large() -> AsyncIterator[bytes]:
    for _ in range(160):
        yield b"x" * 65_536


async def test_forged_code_is_never_shown(world: World) -> None:
    """Line 25: a false code for an open number reaches nobody."""
    async with at_open_door(world) as visitor:
        number = await world.rent(world.ann)
        for _ in range(20):
            assert 200 == await visitor.status("POST", HOOK, json=hint(number, "666666"))
        await asyncio.sleep(1)

    assert not any("666666" in message.text for message in world.ann.messages)
    assert ["waiting"] == states(world.folder)
    await books_agree(world)


@pytest.mark.parametrize("fault", [None, "hint_doubled", "hint_late", "hint_held", "hint_lost"])
async def test_true_hints(world: World, fault: str | None) -> None:
    """Line 27: however the webhook tells of an SMS, its code is told once, and never lost."""
    port = await open_door(world)
    world.bloomsms.webhook_url = f"http://127.0.0.1:{port}{HOOK}"
    first, second = await world.rent(world.ann), await world.rent(world.bob)
    if fault == "hint_late":
        world.bloomsms.arm(fault, times=1, delay_s=1.0)
    elif fault:
        world.bloomsms.arm(fault, times=1)
    world.bloomsms.send_sms(first, "code 111111")
    world.bloomsms.send_sms(second, "code 222222")
    await world.ann.waits_for("111111", new=True)
    await world.bob.waits_for("222222", new=True)
    await asyncio.sleep(1.5)

    expected = {None: 2, "hint_doubled": 3, "hint_late": 2, "hint_held": 2, "hint_lost": 1}[fault]
    assert [200] * expected == [one.status for one in world.bloomsms.hints]
    assert {1: 2} == copies(world)
    await books_agree(world)


async def test_number_of_a_lost_order(world: World) -> None:
    """A number whose order's answer was lost reaches its person when the webhook names it."""
    port = await open_door(world)
    world.bloomsms.webhook_url = f"http://127.0.0.1:{port}{HOOK}"
    card = await world.choose(world.ann)
    world.bloomsms.arm("hang_up_after_accept", on="rent", times=1)
    await world.ann.clicks("Rent for $0.55", message=card)
    await world.ann.waits_for("The outcome is unknown", new=True)
    world.bloomsms.send_sms(world.only_number(), "code 852508")
    await world.ann.waits_for("852508", new=True)
    await world.ann.waits_until(lambda _: "Code received" in card.text)

    assert 1 == world.bloomsms.count("rent")
    assert ["code_received"] == states(world.folder)
    assert "was found" in world.ann.sees()
    await books_agree(world)


async def test_webhook_that_falls_silent(world: World) -> None:
    """While hints come polls only reconcile; codes without hints are told, and so are owners."""
    port = await open_door(world, max_active_per_user=20)
    world.bloomsms.webhook_url = f"http://127.0.0.1:{port}{HOOK}"
    assert world.house
    for code in range(3):
        world.bloomsms.send_sms(await world.rent(world.ann), f"code 10000{code}")
        await world.ann.waits_for(f"10000{code}", new=True)
    await until(lambda: world.house is not None and world.house.watch.is_reliable)
    quiet, second = await world.rent(world.ann), await world.rent(world.ann)
    await asyncio.sleep(1)
    before = world.bloomsms.count("status")
    await asyncio.sleep(4)
    looks = world.bloomsms.count("status") - before
    world.bloomsms.webhook_url = ""
    world.bloomsms.send_sms(quiet, "code 200001")
    world.bloomsms.send_sms(second, "code 200002")
    await world.ann.waits_for("200001", timeout_s=20)
    await world.ann.waits_for("200002", timeout_s=20)
    await world.owner.waits_for("without a call of BloomSMS's webhook", timeout_s=15)

    assert looks <= 2
    assert not world.house.watch.is_reliable
    await books_agree(world)


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not is_so():
            await asyncio.sleep(0.05)


def forged_start(user_id: int) -> dict[str, object]:
    chat = {"id": user_id, "type": "private", "first_name": "Bob"}
    sender = {"id": user_id, "is_bot": False, "first_name": "Bob"}
    entities = [{"type": "bot_command", "offset": 0, "length": 6}]
    message = {"message_id": 5, "date": 1, "chat": chat, "from": sender, "text": "/start"}
    return {"update_id": 10**8, "message": message | {"entities": entities}}


@pytest.mark.parametrize("headers", [{}, {SECRET_HEADER: "x" * 64}], ids=["without", "wrong"])
async def test_forged_updates(world: World, headers: dict[str, str]) -> None:
    """Line 28: an update without Telegram's secret is refused and has no effect."""
    async with at_open_door(world, is_pushed=True) as visitor:
        world.telegram.person(world.bob.id, started=True)
        status = await visitor.status(
            "POST", TELEGRAM_PATH, json=forged_start(world.bob.id), headers=headers
        )
        await asyncio.sleep(0.5)

    assert 403 == status
    assert [] == world.bob.messages
    assert [] == rows(world.folder, "select * from updates")


async def test_pushed_updates(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """A whole rental over Telegram's webhook; nothing is ever asked for."""
    async with at_open_door(world, is_pushed=True):
        number = await world.rent(world.ann)
        world.bloomsms.send_sms(number, "code 852508")
        await world.ann.waits_for("852508", new=True)

    assert not any(call.method == "getUpdates" for call in world.telegram.calls)
    assert secret_of(world.telegram.token) not in caplog.text
    world.nothing_was_refused()
    await books_agree(world, caplog)


async def test_pushed_twice(world: World) -> None:
    """What Telegram repeats has one effect."""
    async with at_open_door(world, is_pushed=True) as visitor:
        world.telegram.person(world.bob.id, started=True)
        headers = {SECRET_HEADER: secret_of(world.telegram.token)}
        for _ in range(3):
            pushed = forged_start(world.bob.id)
            assert 200 == await visitor.status("POST", TELEGRAM_PATH, json=pushed, headers=headers)
        await world.bob.waits_for("Hello")
        await asyncio.sleep(0.5)

    assert 1 == sum("Hello" in message.text for message in world.bob.messages)


async def test_pushed_while_nothing_can_be_kept(world: World) -> None:
    """An update is confirmed only once it is kept: after a full disk it comes again."""
    async with at_open_door(world, is_pushed=True):
        await breaks(world)
        await world.ann.says("/start")
        await world.telegram.waits_until(lambda t: t.chats.webhook and t.chats.webhook.last_error)
        assert [] == rows(world.folder, "select * from updates")
        await mends(world)
        await world.ann.waits_for("Hello")

    assert 1 == sum("Hello" in message.text for message in world.ann.messages)


async def test_killed_with_pushed_updates(world: World, tmp_path: Path) -> None:
    """What was confirmed to Telegram takes effect also after kill -9, once."""
    port = free_port()
    program = Program(tmp_path, world.variables() | variables(port, is_pushed=True))
    await program.start()
    try:
        await world.ann.says("/start")
        await world.ann.waits_for("Hello", timeout_s=15)
        await asyncio.sleep(0.6)  # the balance that /start showed is not shown again
        world.bloomsms.arm("slow", on="balance", delay_s=3)
        await world.ann.says("/balance")
        await world.ann.says("/help")
        await world.telegram.waits_until(lambda t: not t.chats.updates.waiting)
        await program.stop(signal.SIGKILL)
        world.bloomsms.disarm()
        await program.start()
        await world.ann.waits_for("How it works", timeout_s=15)

        assert 1 == sum("How it works" in message.text for message in world.ann.messages)
    finally:
        await program.stop(signal.SIGKILL)


async def test_from_pushing_to_asking_and_back(world: World) -> None:
    """Either way of getting updates takes over from the other, and nothing is lost between."""
    async with at_open_door(world, is_pushed=True):
        await world.ann.says("/start")
        await world.ann.waits_for("Hello")
        await world.stop_bot()
        await world.ann.says("/help")
        await world.start_bot(telegram_webhook_url="")
        await world.ann.waits_for("How it works")
        assert world.telegram.chats.webhook is None
        await world.stop_bot()
        await world.ann.says("/settings")
    async with at_open_door(world, is_pushed=True):
        await world.ann.waits_for("Your id")

    assert 1 == sum("How it works" in message.text for message in world.ann.messages)


async def test_telegram_away_at_the_start(world: World) -> None:
    """The webhook is set once Telegram answers; what waited comes then."""
    world.telegram.arm("bad_gateway", method="setWebhook", times=1)
    await world.ann.says("/start")
    async with at_open_door(world, is_pushed=True):
        await world.ann.waits_for("Hello")

    assert 1 == len(world.telegram.refused())


async def test_door_of_a_process(world: World, tmp_path: Path) -> None:
    """It is open before Telegram answers and says what is missing; SIGTERM closes it in time."""
    port = free_port()
    program = Program(tmp_path, world.variables() | variables(port))
    world.telegram.arm("hang_up")
    await program.start()
    try:
        async with visiting(port) as visitor:
            await opens(visitor)
            early = await visitor.sends("GET", "/healthz")
            world.telegram.disarm()
            await _ready(visitor)
            metrics = await visitor.sends("GET", "/metrics")
            # A visitor who never ends keeps nobody from stopping.
            _, endless = await visitor.says(head(HOOK, 100))
            began_at = time.monotonic()
            status = await program.stop()
            endless.close()

        assert (503, False) == (early.status, json.loads(early.text)["telegram"]["ok"])
        assert "bloomsms_bot_requests_limit 60.0" in metrics.text
        assert 0 == status
        assert time.monotonic() - began_at < 5
        assert "Traceback" not in program.log
    finally:
        await program.stop(signal.SIGKILL)


async def _ready(visitor: Visitor) -> None:
    async with asyncio.timeout(15):
        while await visitor.status("GET", "/healthz") != 200:
            await asyncio.sleep(0.2)


async def test_port_in_use(world: World, tmp_path: Path) -> None:
    """A door that cannot be opened ends the start with exit 2 and one sentence."""
    taken = int(world.bloomsms.base_url.split(":")[2].split("/")[0])
    program = Program(tmp_path, world.variables() | variables(taken))
    await program.start()

    assert 2 == await program.ended()
    assert program.log.splitlines()[-1].startswith("HTTP_LISTEN cannot be used: 127.0.0.1")
    assert "Traceback" not in program.log
