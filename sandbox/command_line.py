"""What can be said to `python -m sandbox`."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

USUAL_PORT = 8600
_LAST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Options:
    """`port` 0 takes any free one; without a `database` it lies in a temporary folder."""

    port: int
    is_quiet: bool
    is_api_shown: bool
    has_bot: bool
    is_bloomsms_live: bool
    is_telegram_live: bool
    database: Path | None
    sms_after_s: tuple[float, float]


def read_options(arguments: Sequence[str]) -> Options:
    """Errors: SystemExit with status 2 for what is not understood, 0 after the help."""
    said = _parser().parse_args(arguments)
    return Options(
        port=said.port,
        is_quiet=said.quiet,
        is_api_shown=said.show_api,
        has_bot=not said.no_bot,
        is_bloomsms_live=said.bloomsms_live,
        is_telegram_live=said.telegram_live,
        database=said.database.absolute() if said.database else None,
        sms_after_s=said.sms_after,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="Try the whole bot in a browser: no token, no key, no Telegram account.",
    )
    parser.add_argument(
        "--port",
        type=_port,
        default=USUAL_PORT,
        help=f"where the page is served (default {USUAL_PORT}); a free port when it is taken",
    )
    parser.add_argument(
        "--quiet", action="store_true", help="print the page's address and warnings only"
    )
    parser.add_argument(
        "--database",
        type=Path,
        metavar="PATH",
        help="keep the bot's database in this file (default: a temporary folder)",
    )
    parser.add_argument(
        "--sms-after",
        type=_span,
        default=(5.0, 20.0),
        metavar="FROM-TO",
        help="seconds until a rented number gets an SMS by itself (default 5-20)",
    )
    _add_outside(parser)
    _add_live(parser)
    return parser


def _add_outside(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--show-api",
        action="store_true",
        help="print addresses, token and key of the emulators, for a client of your own",
    )
    parser.add_argument(
        "--no-bot",
        action="store_true",
        help="leave our bot out: another program, which --show-api tells how, plays it",
    )


def _add_live(parser: argparse.ArgumentParser) -> None:
    live = parser.add_mutually_exclusive_group()
    live.add_argument(
        "--bloomsms-live",
        action="store_true",
        help="the chat stays here, numbers are really rented and paid with BLOOMSMS_API_KEY",
    )
    live.add_argument(
        "--telegram-live",
        action="store_true",
        help="numbers are made up, the chat is on Telegram with TELEGRAM_BOT_TOKEN",
    )


def _port(word: str) -> int:
    port = int(word)
    if not 0 <= port <= _LAST_PORT:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to {_LAST_PORT}")
    return port


def _span(word: str) -> tuple[float, float]:
    first, dash, last = word.partition("-")
    span = float(first), float(last if dash else first)
    if not 0 <= span[0] <= span[1]:
        raise argparse.ArgumentTypeError("the first number of seconds must not be the larger one")
    return span
