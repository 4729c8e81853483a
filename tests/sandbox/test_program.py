"""`python -m sandbox` as a program: what it prints, where it reads, how it ends."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import pytest

from sandbox.telegram_server import TelegramServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOT = Path(__file__).parent.parent.parent
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/")
LIMIT_S = 20.0
REAL = (
    "TELEGRAM_BOT_TOKEN=99:real\nBLOOMSMS_API_KEY=sk_real\nTELEGRAM_BASE_URL=http://127.0.0.1:1\n"
)


async def start(folder: Path, *arguments: str, **variables: str) -> asyncio.subprocess.Process:
    """Start it in a folder that is not the project's, with only these settings."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sandbox", "--port", "0", *arguments),
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **variables},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@asynccontextmanager
async def running(folder: Path, *arguments: str, **variables: str) -> AsyncIterator[str]:
    """Shape: the address; afterwards it has ended in order and said nothing else."""
    process = await start(folder, "--quiet", *arguments, **variables)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(LIMIT_S):
            address = (await process.stdout.readline()).decode().strip()
        assert ADDRESS.fullmatch(address)
        yield address
    finally:
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(LIMIT_S):
            printed, warned = await process.communicate()
    assert (0, b"", b"") == (process.returncode, printed, warned)


async def until(address: str, wanted: str) -> None:
    """Follow what the page is told until it contains this."""
    async with (
        asyncio.timeout(LIMIT_S),
        aiohttp.ClientSession() as visitor,
        visitor.get(address + "events") as response,
    ):
        async for line in response.content:
            if wanted in line.decode():
                return


async def test_the_address_is_the_only_line(tmp_path: Path) -> None:
    """A machine can read it; the bot runs although another's settings lie about."""
    (tmp_path / ".env").write_text(REAL)
    variables = {"DATABASE_PATH": "/nowhere/x", "http_proxy": "http://127.0.0.1:9"}

    async with running(tmp_path, **variables) as address:
        await until(address, '"state": "running"')

    assert [".env"] == os.listdir(tmp_path)  # noqa: PTH208  a name is all that is wanted


async def test_a_database_can_be_kept(tmp_path: Path) -> None:
    """The second run knows what the first one wrote."""
    path = tmp_path / "kept.db"
    for _ in range(2):
        async with running(tmp_path, "--database", "kept.db") as address:
            await until(address, '"state": "running"')
            assert path.is_file()


async def test_a_newcomer_is_told_that_nothing_is_real(tmp_path: Path) -> None:
    """Without --quiet there is one address too, and the bot's log on the other stream."""
    process = await start(tmp_path)
    assert process.stdout is not None
    assert process.stderr is not None
    async with asyncio.timeout(LIMIT_S):
        printed = (await process.stdout.readuntil(b"Ctrl-C")).decode()
        await process.stderr.readuntil(b"I am @")
    process.terminate()
    await process.communicate()

    assert 1 == len(ADDRESS.findall(printed))
    assert "Nothing here is real" in printed
    assert 0 == process.returncode


@pytest.mark.parametrize(
    ("mode", "missing", "given"),
    [
        ("--bloomsms-live", "BLOOMSMS_API_KEY", {"TELEGRAM_BOT_TOKEN": "99:real"}),
        ("--telegram-live", "TELEGRAM_BOT_TOKEN", {"BLOOMSMS_API_KEY": "sk_real"}),
    ],
)
async def test_a_live_mode_needs_its_setting(
    tmp_path: Path, mode: str, missing: str, given: dict[str, str]
) -> None:
    """One sentence that names it, and status 2."""
    process = await start(tmp_path, mode, **given)
    printed, said = await process.communicate()

    assert (2, b"") == (process.returncode, printed)
    assert re.fullmatch(rf"{missing} is missing: [^\n]+\n", said.decode())


async def test_bloomsms_live_uses_the_real_key_and_keeps_its_database(tmp_path: Path) -> None:
    """The chat stays here; numbers that cost money are not forgotten."""
    (tmp_path / ".env").write_text("BLOOMSMS_API_KEY=sk_real\nTELEGRAM_BOT_TOKEN=99:real\n")
    seen: list[str | None] = []
    real = await serve(seen)
    place = f"http://127.0.0.1:{real.sockets[0].getsockname()[1]}"

    async with running(tmp_path, "--bloomsms-live", BLOOMSMS_BASE_URL=place) as address:
        await until(address, '"state": "running"')

    real.close()
    assert {"Bearer sk_real"} == set(seen)
    assert (tmp_path / "data/sandbox-live.db").is_file()


async def test_telegram_live_uses_the_real_token_and_its_own_provider(tmp_path: Path) -> None:
    """The chat is elsewhere; numbers are made up."""
    real = TelegramServer(token="99:real")
    await real.start()
    owner = real.person(7, "Olga")
    given = {"TELEGRAM_BOT_TOKEN": real.token, "TELEGRAM_BASE_URL": real.base_url, "ADMIN_IDS": "7"}

    async with running(tmp_path, "--telegram-live", **given) as address:
        await until(address, '"state": "running"')
        await owner.says("/start")
        await owner.waits_for("Balance: $125.50")

    await real.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of the end")
async def test_a_killed_sandbox_leaves_no_bot(tmp_path: Path) -> None:
    """The bot goes with it, even when nobody can tell it to."""
    process = await start(tmp_path, "--quiet", TMPDIR=str(tmp_path))
    assert process.stdout is not None
    address = (await process.stdout.readline()).decode().strip()
    await until(address, '"state": "running"')
    (bot,) = children(process.pid)

    process.kill()
    await process.communicate()

    async with asyncio.timeout(LIMIT_S):
        while is_running(bot):
            await asyncio.sleep(0.05)


def children(pid: int) -> list[int]:
    told = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in told.split()]


def is_running(pid: int) -> bool:
    """What has ended has no command line any more, even while nobody has asked for its status."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    except FileNotFoundError:
        return False


async def serve(seen: list[str | None]) -> asyncio.Server:
    """Play the real BloomSMS: note the key, know a balance."""
    body = b'{"status": "success", "data": {"balance": "5.00", "currency": "USD"}, "errors": null}'
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = (await reader.readuntil(b"\r\n\r\n")).decode()
        found = re.search("authorization: (.*)\r\n", asked, re.IGNORECASE)
        seen.append(found[1] if found else None)
        writer.write(head.encode() + b"Connection: close\r\n\r\n" + body)
        await writer.drain()
        writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", 0)


async def test_an_outside_client(tmp_path: Path) -> None:
    """With --show-api both emulators can be used from outside; with --no-bot our bot is not."""
    process = await start(tmp_path, "--quiet", "--show-api", "--no-bot")
    assert process.stdout is not None
    async with asyncio.timeout(LIMIT_S):
        address = (await process.stdout.readline()).decode().strip()
        lines = [(await process.stdout.readline()).decode().strip() for _ in range(4)]
    known = dict(line.split("=", 1) for line in lines)
    await until(address, '"state": "absent"')
    token, key = known["TELEGRAM_BOT_TOKEN"], known["BLOOMSMS_API_KEY"]
    async with aiohttp.ClientSession() as client:
        async with client.get(f"{known['TELEGRAM_BASE_URL']}/bot{token}/getUpdates") as answer:
            updates = await answer.json()
        headers = {"Authorization": f"Bearer {key}"}
        async with client.get(f"{known['BLOOMSMS_BASE_URL']}/balance", headers=headers) as answer:
            balance = await answer.json()
        async with client.post(address + "do/bot-start", json={}) as answer:
            refused = answer.status
    bots = children(process.pid) if sys.platform == "linux" else []
    process.terminate()
    printed, warned = await process.communicate()

    assert {"ok": True, "result": []} == updates
    assert "success" == balance["status"]
    assert (400, [], b"", b"") == (refused // 100 * 100, bots, printed, warned)


async def test_the_api_of_what_is_real_is_not_shown(tmp_path: Path) -> None:
    """A real key never is printed."""
    real = await serve([])
    place = f"http://127.0.0.1:{real.sockets[0].getsockname()[1]}"
    given = {"BLOOMSMS_API_KEY": "sk_real", "BLOOMSMS_BASE_URL": place}
    process = await start(tmp_path, "--show-api", "--no-bot", "--bloomsms-live", **given)
    assert process.stdout is not None
    async with asyncio.timeout(LIMIT_S):
        printed = await process.stdout.readuntil(b"TELEGRAM_BOT_TOKEN=")
    process.terminate()
    printed += (await process.communicate())[0]
    real.close()

    assert b"sk_real" not in printed
    assert b"BLOOMSMS_API_KEY" not in printed
