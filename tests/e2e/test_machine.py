"""What the machine around the bot may get wrong, seen from outside of its process."""

import asyncio
import signal
from pathlib import Path

import pytest

from sandbox.person import Person
from tests.e2e.conftest import World
from tests.e2e.program import Program
from tests.self_signed import self_signed_server


async def refusal(folder: Path, variables: dict[str, str]) -> list[str]:
    """The last lines of a start that ends with status 2."""
    program = Program(folder, variables)
    await program.start()

    assert 2 == await program.ended()
    assert "Traceback" not in program.log
    return program.log.splitlines()


def files(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


@pytest.mark.parametrize("value", ['"{}"', "'{}'\r", "{} \r"], ids=["quotes", "all", "return"])
async def test_values_of_an_env_file(world: World, tmp_path: Path, value: str) -> None:
    """Line 66: values as `docker --env-file` passes them are cleaned, the path's too."""
    program = Program(
        tmp_path, {name: value.format(held) for name, held in world.variables().items()}
    )
    await program.start()
    await world.ann.says("/start")
    await world.ann.waits_for("Hello", timeout_s=15)
    await program.stop()

    assert [] == [name for name in files(tmp_path) if not name.startswith("bot.")]
    assert "bot.db" in files(tmp_path)


async def test_all_wrong_settings_at_once(world: World, tmp_path: Path) -> None:
    """Lines 59, 63, 66: each wrong setting has its sentence, and no file was made."""
    wrong = {
        "DATABASE_PATH": f"{tmp_path}/bot.db # here",
        "TELEGRAM_BASE_URL": f"{world.telegram.base_url}/bot",
        "ADMIN_IDS": "-1001234567890",
        "MAX_PRICE": "0.50",
    }
    told = await refusal(tmp_path, world.variables() | wrong)

    assert [
        "TELEGRAM_BASE_URL is malformed",
        "DATABASE_PATH is malformed",
        "ADMIN_IDS is malformed",
        "MAX_PRICE is unknown",
    ] == [line.partition(":")[0] for line in told]
    assert ["bot.log"] == files(tmp_path)


async def test_misspelt_beside_the_right_one(world: World, tmp_path: Path) -> None:
    """Line 66: where the setting is there, its misspelt twin is a warning."""
    program = Program(tmp_path, world.variables() | {"ADMIN_ID": "1"})
    await program.start()
    await world.ann.says("/start")
    await world.ann.waits_for("Hello", timeout_s=15)
    await program.stop()

    assert "ADMIN_ID is unknown: was ADMIN_IDS meant?" in program.log


async def test_old_sqlite(world: World, tmp_path: Path) -> None:
    """Line 65: an old SQLite is told with both versions before a file is made."""
    modules = tmp_path / "modules"
    modules.mkdir()
    (modules / "sitecustomize.py").write_text(
        "import sqlite3\nsqlite3.sqlite_version_info = (3, 34, 1)\n"
    )
    folder = tmp_path / "folder"
    folder.mkdir()
    change = {"PYTHONPATH": str(modules), "DATABASE_PATH": str(folder / "bot.db")}
    told = await refusal(tmp_path, world.variables() | change)

    assert told[-1].endswith("SQLite 3.34.1 is too old: 3.37.0 or newer is needed.")
    assert [] == files(folder)


@pytest.mark.parametrize("is_new", [False, True], ids=["old", "new"])
async def test_no_shared_memory(world: World, tmp_path: Path, *, is_new: bool) -> None:
    """Line 65: a folder that lets no processes share memory ends the start with one sentence."""
    if not is_new:
        await world.start_bot()
        await world.stop_bot()
    (tmp_path / "bot.db-shm").mkdir()
    told = await refusal(tmp_path, world.variables())

    assert f"{tmp_path}/bot.db-shm is not a regular file." in told[-1]


async def test_a_folder_instead_of_a_database(world: World, tmp_path: Path) -> None:
    """Line 65: a folder under the database's name ends the start with one sentence."""
    (tmp_path / "bot.db").mkdir()
    told = await refusal(tmp_path, world.variables())

    assert told[-1].endswith("bot.db cannot be used: it is a folder, not a file.")
    assert not (tmp_path / "bot.db.lock").exists()


@pytest.mark.parametrize("name", ["TELEGRAM_BASE_URL", "BLOOMSMS_BASE_URL"])
async def test_uncheckable_certificate(world: World, tmp_path: Path, name: str) -> None:
    """Line 68: the log names the certificate store and the setting."""
    async with self_signed_server() as address:
        store = {"SSL_CERT_FILE": "/nowhere/all.pem"}
        program = Program(tmp_path, world.variables() | store | {name: address})
        await program.start()
        async with asyncio.timeout(15):
            while "certificate" not in program.log:
                await asyncio.sleep(0.05)
        await program.stop(signal.SIGKILL)

    assert f"the TLS certificate of {name} cannot be checked: self-signed" in program.log
    assert "/nowhere/all.pem, which is missing (SSL_CERT_FILE)" in program.log


async def test_a_country_by_another_name(world: World, ann: Person) -> None:
    """Line 56: a country is found under a name that the provider does not use."""
    await ann.says("ivory coast")
    await ann.waits_for("ivory coast", new=True)

    assert any("🇨🇮" in label for label in ann.labels())
