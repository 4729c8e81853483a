"""The program: settings → the wired house → jobs → run → orderly stop."""

import asyncio
import gc
import logging
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

from telegram import Update
from telegram.error import InvalidToken, TelegramError
from telegram.ext import JobQueue

import logs
from bloomsms.budget import Lane
from handlers import commands, start_checks
from handlers.desk import Context, TelegramApplication
from handlers.push import Push, secret_of
from passes import Pass
from settings import LogFormat, Settings, SettingsError
from storage.database import UnusableDatabaseError
from web.door import DoorError
from wiring import House, furnished

WRONG_START = 2
TELEGRAM_RETRY_S = DATABASE_RETRY_S = 3.0
LONG_POLL_S = 25
PUSH_LOOK_S = 30.0
KINDS_OF_UPDATES = [Update.MESSAGE, Update.CALLBACK_QUERY]
# Whoever must have the new list joins its refresh, so that does not wait long in the lowest lane.
REFRESH_TURN_LIMIT_S = 1.0
# Together below the five seconds in which the program promises to stop.
STOP_FETCHING_S = 1.5
STOP_WORKING_S = 2.0
STOP_CANCELLED_S = 0.5

SECOND_BOT = (
    "TELEGRAM_BOT_TOKEN is in use by another bot that runs already: stop that one, or give this"
    " one a token of its own."
)

log = logging.getLogger("bot")


@asynccontextmanager
async def running(house: House, stopped: asyncio.Event) -> AsyncIterator[None]:
    """Go on where the process before this one ended, then serve; stop in order at the end.

    Errors: DoorError, InvalidToken.
    """
    async with AsyncExitStack() as stack:
        # Open before anything else is there, so that whoever asks learns what is missing.
        if house.door:
            await stack.enter_async_context(house.door.opened())
        await stack.enter_async_context(_serving(house, stopped))
        yield


@asynccontextmanager
async def _serving(house: House, stopped: asyncio.Event) -> AsyncIterator[None]:
    application = house.application
    await _meet_telegram(house, stopped)
    await _meet_rows(house, stopped)
    if stopped.is_set():
        yield
        return
    await application.start()
    serving = asyncio.create_task(house.hints.serve())
    try:
        # Not awaited: a provider that is slow to answer keeps nobody from chatting.
        application.create_task(start_checks.check_balance(house.desk, house.client, house.account))
        application.create_task(_publish_commands(house))
        house.passes.start(_job_queue(application), list(_passes(house)))
        await _unless(stopped, _get_updates(house))
        yield
    finally:
        serving.cancel()
        house.passes.stop()
        await _stop(application)


async def _meet_telegram(house: House, stopped: asyncio.Event) -> None:
    """Check the token, again and again while Telegram is away. Errors: InvalidToken."""
    application = house.application
    while not stopped.is_set():
        try:
            await _unless(stopped, application.initialize())
        except InvalidToken:
            raise
        except TelegramError as err:
            house.telegram.miss()
            log.warning("Telegram cannot be reached: %s", err)
            await _unless(stopped, asyncio.sleep(TELEGRAM_RETRY_S))
        else:
            break
    if not stopped.is_set():
        house.telegram.beat()
        log.info("I am @%s (%d)", application.bot.username, application.bot.id)


async def _meet_rows(house: House, stopped: asyncio.Event) -> None:
    """Take up what the last process left, again and again while nothing can be stored."""
    level = logging.WARNING  # told once
    while not stopped.is_set():
        try:
            await start_checks.close_if_restored(house.desk)
            await house.desk.rentals.recover()
            await house.desk.notes.release_claims(house.desk.clock.now())
            await house.inbox.reopen(house.application.bot.id)
            await _take_up_unhandled(house)
        except sqlite3.Error as err:
            log.log(level, "nothing can be stored, so the start waits: %s", err)
            level = logging.DEBUG
            await _unless(stopped, asyncio.sleep(DATABASE_RETRY_S))
        else:
            break


async def _get_updates(house: House) -> None:
    """Let Telegram push its updates, or ask for them."""
    application = house.application
    if house.push:
        await _begin_push(house.push)
        look = Pass("webhook", house.push.run_pass, PUSH_LOOK_S)
        house.passes.start(_job_queue(application), [look])
    elif application.updater:
        await application.updater.start_polling(
            timeout=LONG_POLL_S,
            bootstrap_retries=-1,
            allowed_updates=KINDS_OF_UPDATES,
            drop_pending_updates=False,
            error_callback=_note_polling_error,
        )


async def _begin_push(push: Push) -> None:
    """Again and again while Telegram refuses the address: it may not be in the DNS yet."""
    while True:
        try:
            await push.begin(KINDS_OF_UPDATES)
        except TelegramError as err:
            log.warning("TELEGRAM_WEBHOOK_URL is not taken by Telegram: %s", err)
            await asyncio.sleep(TELEGRAM_RETRY_S)
        else:
            break


async def _publish_commands(house: House) -> None:
    await commands.publish(house.application.bot)
    for owner_id in await house.users.known_among(house.desk.access.owner_ids):
        await commands.publish_to_owner(house.application.bot, owner_id)


def _passes(house: House) -> Iterator[Pass]:
    """Passes over rows: nothing that must happen lives in one of them."""
    desk = house.desk
    upkeep = house.client.in_lane(Lane.UPKEEP)
    refreshes = house.client.in_lane(Lane.UPKEEP, turn_limit_s=REFRESH_TURN_LIMIT_S)
    yield Pass("poll", house.poller.run_pass, every_s=0.25, at_most=1000)
    yield Pass("codes", desk.outbox.deliver_codes, every_s=0.5, at_most=8)
    yield Pass("notifications", desk.outbox.run_pass, every_s=0.5, at_most=8)
    yield Pass("cards", desk.cards.run_pass, every_s=1.0)
    yield Pass("unhandled updates", lambda: _take_up_unhandled(house), every_s=1.0)
    yield Pass("provider health", lambda: desk.health.run_pass(upkeep), every_s=2.0)
    yield Pass("balance", lambda: house.books.run_pass(upkeep), every_s=2.0)
    yield Pass("old updates", house.inbox.run_pass, every_s=3600.0)
    yield Pass("webhook reliability", house.watch.run_pass, every_s=1.0)
    yield Pass("lists", lambda: desk.catalog.run_pass(refreshes), every_s=1.0, at_most=20)


def _job_queue(application: TelegramApplication) -> JobQueue[Context]:
    if application.job_queue is None:
        raise RuntimeError("python-telegram-bot was installed without its job queue")
    return application.job_queue


async def _take_up_unhandled(house: House) -> None:
    """Queue the kept updates that no handler has in hand: after a kill, or after a failure."""
    for update in await house.inbox.unhandled(house.application.bot):
        await house.application.update_queue.put(update)


async def _stop(application: TelegramApplication) -> None:
    """Fetch no more, finish what is under way, give up on what takes too long."""
    log.info("stopping")
    try:
        async with asyncio.timeout(STOP_FETCHING_S):
            if application.updater and application.updater.running:
                await application.updater.stop()
    except TimeoutError:
        log.warning("Telegram did not confirm the last updates; they will come again")
    try:
        async with asyncio.timeout(STOP_WORKING_S):
            await application.stop()
    except TimeoutError:
        log.warning("some work took too long; it goes on from the database at the next start")


async def _cancel_the_rest() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    if others:
        await asyncio.wait(others, timeout=STOP_CANCELLED_S)


def _note_polling_error(err: TelegramError) -> None:
    log.warning("fetching updates: %s", err)


async def _unless(stopped: asyncio.Event, work: Coroutine[object, object, object]) -> None:
    """Do the work, or drop it when the program is to stop."""
    task, stop = asyncio.create_task(work), asyncio.create_task(stopped.wait())
    await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if task.done():
        await task
    else:
        task.cancel()
        await asyncio.wait({task})


async def _other_bot(house: House) -> None:
    await house.rivals.found.wait()


async def run(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT, or until a bot that was there before; the exit status."""
    stopped = asyncio.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_number, stopped.set)
    try:
        async with furnished(settings) as house:
            # What was loaded stays; the collector need not look through it again and again.
            gc.freeze()
            async with running(house, stopped):
                await _unless(stopped, _other_bot(house))
            await _cancel_the_rest()
            if house.rivals.found.is_set():
                return _refuse(SECOND_BOT)
    except InvalidToken:
        return _refuse("TELEGRAM_BOT_TOKEN is wrong: TELEGRAM_BASE_URL does not know this token.")
    except (DoorError, UnusableDatabaseError) as err:
        return _refuse(str(err))
    log.info("stopped")
    return 0


def main() -> int:
    # python-telegram-bot's coming default; without it every flood wait raises a warning.
    os.environ.setdefault("PTB_TIMEDELTA", "true")
    try:
        settings = Settings.load()
    except SettingsError as err:
        return _refuse(str(err))
    token = settings.telegram_bot_token.get_secret_value()
    secrets = (
        token,
        secret_of(token),
        settings.bloomsms_api_key.get_secret_value(),
        settings.bloomsms_webhook_secret.get_secret_value(),
    )
    is_json = settings.log_format is LogFormat.JSON
    logs.set_up(settings.log_level.value, is_json=is_json, secrets=secrets)
    for sentence in settings.warnings:
        log.warning("%s", sentence)
    return asyncio.run(run(settings))


def _refuse(sentence: str) -> int:
    sys.stderr.write(sentence + "\n")
    return WRONG_START


if __name__ == "__main__":
    sys.exit(main())
