"""Log lines: one a fact, without secrets, for people or as JSON."""

import json
import logging
from collections.abc import Iterator

import pytest

import logs

TOKEN = "1234567:AAE-secret"
KEY = "sk_secret"
SET_BY_US = ("aiohttp.access", "aiosqlite", "apscheduler", "httpcore", "httpx", "telegram")


@pytest.fixture
def _as_before() -> Iterator[None]:
    """Puts the process's logging back as it was."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    levels = {name: logging.getLogger(name).level for name in SET_BY_US}
    root.handlers.clear()  # setting up closes what it finds
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


pytestmark = pytest.mark.usefixtures("_as_before")


def fails() -> None:
    try:
        int(f"/bot{TOKEN}/getMe")
    except ValueError:
        logging.getLogger("room").exception("a surprise for %s", KEY)


@pytest.mark.parametrize("is_json", [False, True], ids=["console", "json"])
def test_secrets_are_hidden(capsys: pytest.CaptureFixture[str], *, is_json: bool) -> None:
    """No secret leaves in a message, in its arguments or in a traceback."""
    logs.set_up("DEBUG", is_json=is_json, secrets=(TOKEN, KEY, ""))

    logging.getLogger("room").info("token %s and key %r", TOKEN, [KEY])
    fails()

    told = capsys.readouterr().err
    assert "token *** and key ['***']" in told
    assert "with base 10: '/bot***/getMe'" in told
    assert [] == [secret for secret in (TOKEN, KEY) if secret in told]


def test_a_secret_that_json_writes_differently(capsys: pytest.CaptureFixture[str]) -> None:
    """A key with a quote in it is hidden in a JSON line, too."""
    logs.set_up("INFO", is_json=True, secrets=('sk_"secret"',))

    logging.getLogger("room").info("key %s", 'sk_"secret"')

    assert "secret" not in capsys.readouterr().err


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Each line holds time, level, logger and message, and is JSON by itself."""
    logs.set_up("INFO", is_json=True, secrets=())

    logging.getLogger("room").warning("two\nlines of “text”")

    (line,) = capsys.readouterr().err.splitlines()
    entry = json.loads(line)
    assert ["level", "logger", "message", "time"] == sorted(entry)
    assert ("WARNING", "room", "two\nlines of “text”") == (
        entry["level"],
        entry["logger"],
        entry["message"],
    )


def test_json_holds_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    """A surprise's traceback stays inside its object."""
    logs.set_up("INFO", is_json=True, secrets=())

    fails()

    (line,) = capsys.readouterr().err.splitlines()
    assert "Traceback" in json.loads(line)["error"]


def test_a_console_line_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    """Level, room and message stand in one line."""
    logs.set_up("INFO", is_json=False, secrets=())

    logging.getLogger("room").info("activation 7: %s", "renting")

    assert capsys.readouterr().err.endswith("INFO    room: activation 7: renting\n")


def test_less_severe_lines_stay_out(capsys: pytest.CaptureFixture[str]) -> None:
    """Only what is as severe as the level, or more, is logged."""
    logs.set_up("WARNING", is_json=False, secrets=())

    logging.getLogger("room").info("quiet")
    logging.getLogger("room").warning("loud")

    assert "quiet" not in (told := capsys.readouterr().err)
    assert "loud" in told


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("httpx", logging.INFO),
        ("httpcore", logging.INFO),
        ("httpcore.http11", logging.DEBUG),
        ("aiohttp.access", logging.INFO),
        ("aiosqlite", logging.DEBUG),
        ("telegram.ext.ExtBot", logging.DEBUG),
    ],
)
def test_whoever_logs_everything_is_quiet(
    capsys: pytest.CaptureFixture[str], name: str, severity: int
) -> None:
    """Libraries that log addresses, statements or messages in full are not heard, even at DEBUG."""
    logs.set_up("DEBUG", is_json=False, secrets=())

    logging.getLogger(name).log(severity, "insert into sms values ('852508')")

    assert "" == capsys.readouterr().err


@pytest.mark.parametrize("name", ["httpx", "aiosqlite", "telegram.ext"])
def test_their_warnings_are_heard(capsys: pytest.CaptureFixture[str], name: str) -> None:
    """What such a library warns of is logged."""
    logs.set_up("INFO", is_json=False, secrets=())

    logging.getLogger(name).warning("slow")

    assert "slow" in capsys.readouterr().err


def test_the_scheduler_reports_only_errors(capsys: pytest.CaptureFixture[str]) -> None:
    """A pass that found its predecessor still waiting is no news."""
    logs.set_up("DEBUG", is_json=False, secrets=())

    logging.getLogger("apscheduler.scheduler").warning("maximum number of running instances")

    assert "" == capsys.readouterr().err


def test_setting_up_twice_logs_once(capsys: pytest.CaptureFixture[str]) -> None:
    """A second start in the same process does not double the lines."""
    logs.set_up("INFO", is_json=False, secrets=())
    logs.set_up("INFO", is_json=False, secrets=())

    logging.getLogger("room").info("once")

    assert 1 == capsys.readouterr().err.count("once")
