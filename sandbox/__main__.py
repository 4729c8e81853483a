"""python -m sandbox: both services, the real bot and a chat page, all on this machine."""

import asyncio
import os
import secrets
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from environment import looks_like
from sandbox.bloomsms_server import BloomsmsServer
from sandbox.bot_process import BotProcess
from sandbox.command_line import USUAL_PORT, Options, read_options
from sandbox.stage import OWNER_ID, REQUESTS_PER_MINUTE, Stage, open_bot, open_page, open_stage
from sandbox.telegram_server import TelegramServer
from settings import Settings, SettingsError

_WRONG_START = 2
_LIVE_DATABASE = Path("data/sandbox-live.db")
_LOOPBACK = "127.0.0.1,localhost"

_WELCOME = """
  {what}

      {address}

  Ctrl-C stops everything.
"""
_NOTHING_REAL = (
    "Nothing here is real: Telegram and BloomSMS are played by this machine.\n"
    "  No message leaves it, no number costs money."
)
_BLOOMSMS_LIVE = (
    "The chat is played by this machine, but BloomSMS is real: every number you rent\n"
    "  is paid from your account. The bot's database is {database}."
)
_TELEGRAM_LIVE = (
    "BloomSMS is played by this machine: numbers and codes are made up. The chat is\n"
    "  on the real Telegram; write to your bot there."
)


def main() -> int:
    options = read_options(sys.argv[1:])
    local = {
        "TELEGRAM_BOT_TOKEN": f"1234567:{secrets.token_urlsafe(24)}",
        "BLOOMSMS_API_KEY": f"sk_sandbox_{secrets.token_hex(12)}",
    }
    try:
        own = _own_settings(options, local)
    except SettingsError as err:
        sys.stderr.write(f"{err}\n")
        return _WRONG_START
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="sandbox-"))
        return asyncio.run(_serve(options, local | own, Path(folder)))


def _own_settings(options: Options, local: dict[str, str]) -> dict[str, str]:
    """The person's own settings that a live mode uses; none otherwise.

    Errors: SettingsError.
    """
    if not (options.is_bloomsms_live or options.is_telegram_live):
        return {}
    made_up = "TELEGRAM_BOT_TOKEN" if options.is_bloomsms_live else "BLOOMSMS_API_KEY"
    os.environ[made_up] = local[made_up]
    given = Settings.load()
    own = {
        "MAX_ACTIVE_PER_USER": str(given.max_active_per_user),
        "MAX_PRICE_USD": "" if given.max_price_usd is None else str(given.max_price_usd),
        "DAILY_LIMIT_USD": "" if given.daily_limit_usd is None else str(given.daily_limit_usd),
    }
    if options.is_bloomsms_live:
        return own | {
            "BLOOMSMS_API_KEY": given.bloomsms_api_key.get_secret_value(),
            "BLOOMSMS_BASE_URL": given.bloomsms_base_url,
            "BLOOMSMS_REQUESTS_PER_MINUTE": str(given.bloomsms_requests_per_minute),
        }
    return own | {
        "TELEGRAM_BOT_TOKEN": given.telegram_bot_token.get_secret_value(),
        "TELEGRAM_BASE_URL": given.telegram_base_url,
        "ADMIN_IDS": ",".join(str(one) for one in sorted(given.admin_ids)),
        "ACCESS": given.access.value,
    }


async def _serve(options: Options, known: dict[str, str], folder: Path) -> int:
    stopped = asyncio.Event()
    for signal_number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(signal_number, stopped.set)
    database = _database(options, folder)
    async with open_stage(_stage(options, known)) as stage:
        environment = _environment(options, known, stage, database)
        if options.has_bot:
            stage.bot = BotProcess(environment, folder, on_change=stage.feed.wake)
        async with open_page(stage, options.port) as address, open_bot(stage.bot):
            _welcome(options, address, database)
            if options.is_api_shown:
                _show_api(stage)
            await stopped.wait()
    return 0


def _stage(options: Options, known: dict[str, str]) -> Stage:
    telegram = bloomsms = None
    if not options.is_telegram_live:
        telegram = TelegramServer(token=known["TELEGRAM_BOT_TOKEN"])
    if not options.is_bloomsms_live:
        bloomsms = BloomsmsServer(
            api_key=known["BLOOMSMS_API_KEY"],
            requests_per_minute=REQUESTS_PER_MINUTE,
            sms_delay_s=options.sms_after_s,
            seed=secrets.randbits(32),
        )
    is_continued = options.database is not None or options.is_bloomsms_live
    return Stage(telegram, bloomsms, is_continued=is_continued, has_bot=options.has_bot)


def _database(options: Options, folder: Path) -> Path:
    """Numbers that cost money outlive the sandbox."""
    if options.database:
        return options.database
    return _LIVE_DATABASE.absolute() if options.is_bloomsms_live else folder / "bot.db"


def _environment(
    options: Options, known: dict[str, str], stage: Stage, database: Path
) -> dict[str, str]:
    """The bot's: this process's own without anything that sets the bot, then what it needs here."""
    settings = {name.upper() for name in Settings.model_fields}
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.upper() not in settings and not looks_like(name.upper(), settings)
    }
    here = {"DATABASE_PATH": str(database), "PYTHONUNBUFFERED": "1"}
    here["LOG_LEVEL"] = "WARNING" if options.is_quiet else "INFO"
    here["NO_PROXY"] = here["no_proxy"] = _LOOPBACK
    if stage.telegram:
        here |= {"TELEGRAM_BASE_URL": stage.telegram.base_url}
        here |= {"ADMIN_IDS": str(OWNER_ID), "ACCESS": "private"}
    if stage.bloomsms:
        here |= {"BLOOMSMS_BASE_URL": stage.bloomsms.base_url}
        here |= {"BLOOMSMS_REQUESTS_PER_MINUTE": str(REQUESTS_PER_MINUTE)}
    return kept | known | here


def _welcome(options: Options, address: str, database: Path) -> None:
    if options.is_quiet:
        print(address, flush=True)
        return
    what = _NOTHING_REAL
    if options.is_bloomsms_live:
        what = _BLOOMSMS_LIVE.format(database=database)
    if options.is_telegram_live:
        what = _TELEGRAM_LIVE
    print(_WELCOME.format(what=what, address=address), flush=True)
    if options.port and f":{options.port}/" not in address and options.port != USUAL_PORT:
        print(f"  Port {options.port} was taken.", file=sys.stderr, flush=True)


def _show_api(stage: Stage) -> None:
    """As lines of an environment file; of what is played here only, so that nothing is secret."""
    if stage.telegram:
        print(f"TELEGRAM_BASE_URL={stage.telegram.base_url}", flush=True)
        print(f"TELEGRAM_BOT_TOKEN={stage.telegram.token}", flush=True)
    if stage.bloomsms:
        print(f"BLOOMSMS_BASE_URL={stage.bloomsms.base_url}", flush=True)
        print(f"BLOOMSMS_API_KEY={stage.bloomsms.api_key}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
