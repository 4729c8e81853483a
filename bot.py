"""The program: settings → the wired house → jobs → run → orderly stop."""

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager

from telegram import Update
from telegram.error import InvalidToken, TelegramError

import logs
from bloomsms.budget import Lane
from handlers import commands
from handlers.desk import TelegramApplication
from settings import AccessMode, LogFormat, Settings, SettingsError
from storage.database import UnusableDatabaseError
from wiring import House, furnished

WRONG_START = 2
TELEGRAM_RETRY_S = 3.0
LONG_POLL_S = 25
# Together below the five seconds in which the program promises to stop.
STOP_FETCHING_S = 1.5
STOP_WORKING_S = 2.0
STOP_CANCELLED_S = 0.5

log = logging.getLogger("bot")


@asynccontextmanager
async def running(house: House, stopped: asyncio.Event) -> AsyncIterator[None]:
    """Go on where the process before this one ended, then serve; stop in order at the end.

    Errors: InvalidToken.
    """
    application = house.application
    await _meet_telegram(application, stopped)
    if stopped.is_set():
        yield
        return
    await house.desk.rentals.recover()
    await house.desk.notes.release_claims(house.desk.clock.now())
    await house.inbox.reopen(application.bot.id)
    await application.start()
    serving = asyncio.create_task(house.hints.serve())
    try:
        # Not awaited: a provider that is slow to answer keeps nobody from chatting.
        application.create_task(house.desk.health.check_in(house.client))
        application.create_task(_publish_commands(house))
        _schedule(house)
        if application.updater:
            await _take_up_unhandled(house)
            polling = application.updater.start_polling(
                timeout=LONG_POLL_S,
                bootstrap_retries=-1,
                allowed_updates=[Update.MESSAGE, Update.CALLBACK_QUERY],
                drop_pending_updates=False,
                error_callback=_note_polling_error,
            )
            await _unless(stopped, polling)
        yield
    finally:
        serving.cancel()
        await _stop(application)


async def _meet_telegram(application: TelegramApplication, stopped: asyncio.Event) -> None:
    """Check the token, again and again while Telegram cannot be reached.

    Errors: InvalidToken.
    """
    while not stopped.is_set():
        try:
            await _unless(stopped, application.initialize())
        except InvalidToken:
            raise
        except TelegramError as err:
            log.warning("Telegram cannot be reached: %s", err)
            await _unless(stopped, asyncio.sleep(TELEGRAM_RETRY_S))
        else:
            break
    if not stopped.is_set():
        log.info("I am @%s (%d)", application.bot.username, application.bot.id)


async def _publish_commands(house: House) -> None:
    await commands.publish(house.application.bot)
    for owner_id in await house.users.known_among(house.desk.access.owner_ids):
        await commands.publish_to_owner(house.application.bot, owner_id)


def _schedule(house: House) -> None:
    """Passes over rows: nothing that must happen lives in a job."""
    desk = house.desk
    upkeep = house.client.in_lane(Lane.UPKEEP)
    for run_pass, interval_s, at_once in (
        (house.poller.run_pass, 0.25, 100),
        (desk.outbox.run_pass, 0.5, 8),
        (desk.cards.run_pass, 1.0, 1),
        (lambda: _take_up_unhandled(house), 1.0, 1),
        (lambda: desk.health.run_pass(upkeep), 2.0, 1),
        (lambda: house.books.run_pass(upkeep), 2.0, 1),
        (house.inbox.run_pass, 3600.0, 1),
        (house.watch.run_pass, 1.0, 1),
    ):
        _repeat(house.application, run_pass, interval_s, at_once)


async def _take_up_unhandled(house: House) -> None:
    """Queue the kept updates that no handler has in hand: after a kill, or after a failure."""
    for update in await house.inbox.unhandled(house.application.bot):
        await house.application.update_queue.put(update)


def _repeat(
    application: TelegramApplication,
    run_pass: Callable[[], Awaitable[None]],
    interval_s: float,
    at_once: int,
) -> None:
    is_failing = False

    async def tick(_context: object) -> None:
        nonlocal is_failing
        try:
            await run_pass()
        except Exception:
            # Told once, not four times a second: the next pass tries again.
            if not is_failing:
                log.exception("a pass failed")
            is_failing = True
        else:
            is_failing = False

    if application.job_queue is None:
        raise RuntimeError("python-telegram-bot was installed without its job queue")
    # A pass that waits for a slow answer must not keep the next one from starting.
    options = {"max_instances": at_once, "coalesce": True, "misfire_grace_time": None}
    application.job_queue.run_repeating(tick, interval_s, first=0, job_kwargs=options)


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


async def run(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; the exit status."""
    stopped = asyncio.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_number, stopped.set)
    try:
        async with furnished(settings) as house:
            # What was loaded stays; the collector need not look through it again and again.
            gc.freeze()
            async with running(house, stopped):
                await stopped.wait()
            await _cancel_the_rest()
    except InvalidToken:
        return _refuse("TELEGRAM_BOT_TOKEN is wrong: Telegram does not know this token.")
    except UnusableDatabaseError as err:
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
    secrets = (
        settings.telegram_bot_token.get_secret_value(),
        settings.bloomsms_api_key.get_secret_value(),
        settings.bloomsms_webhook_secret.get_secret_value(),
    )
    is_json = settings.log_format is LogFormat.JSON
    logs.set_up(settings.log_level.value, is_json=is_json, secrets=secrets)
    _warn_of_what_is_not_there(settings)
    if not settings.admin_ids and settings.access is AccessMode.PRIVATE:
        log.warning("ADMIN_IDS is empty: nobody can be let in; send /start to learn your id")
    return asyncio.run(run(settings))


def _warn_of_what_is_not_there(settings: Settings) -> None:
    """The web door is not built yet; a setting for it should not be taken for working."""
    for name, value in {
        "HTTP_LISTEN": settings.http_listen,
        "BLOOMSMS_WEBHOOK_SECRET": settings.bloomsms_webhook_secret.get_secret_value(),
        "TELEGRAM_WEBHOOK_URL": settings.telegram_webhook_url,
    }.items():
        if value:
            log.warning("%s is set, but this version opens no web door", name)


def _refuse(sentence: str) -> int:
    sys.stderr.write(sentence + "\n")
    return WRONG_START


if __name__ == "__main__":
    sys.exit(main())
