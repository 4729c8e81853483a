"""Settings come from the environment and `.env`; what is wrong is told in one sentence."""

from decimal import Decimal
from pathlib import Path

import pytest
from dotenv import dotenv_values
from pydantic import ValidationError

from settings import AccessMode, LogFormat, LogLevel, Settings, SettingsError

EXAMPLE = Path(__file__).parent.parent / ".env.example"
TOKEN = "123456789:AAE-something_else"
KEY = "sk_something"
REQUIRED = {"TELEGRAM_BOT_TOKEN": TOKEN, "BLOOMSMS_API_KEY": KEY}

# Every variable there is, with what it holds when it is not set.
DEFAULTS: dict[str, object] = {
    "TELEGRAM_BOT_TOKEN": None,
    "TELEGRAM_BASE_URL": "https://api.telegram.org",
    "BLOOMSMS_API_KEY": None,
    "BLOOMSMS_BASE_URL": "https://bloomsms.com/api/v1",
    "BLOOMSMS_REQUESTS_PER_MINUTE": 60,
    "DATABASE_PATH": Path("data/bot.db"),
    "ADMIN_IDS": frozenset(),
    "ACCESS": AccessMode.PRIVATE,
    "MAX_ACTIVE_PER_USER": 5,
    "MAX_PRICE_USD": None,
    "DAILY_LIMIT_USD": None,
    "HTTP_LISTEN": "",
    "BLOOMSMS_WEBHOOK_SECRET": "",
    "TELEGRAM_WEBHOOK_URL": "",
    "LOG_LEVEL": LogLevel.INFO,
    "LOG_FORMAT": LogFormat.CONSOLE,
}


class Surroundings:
    """An environment and a working directory that hold only what a test puts there."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self._monkeypatch = monkeypatch
        self.env_file = folder / ".env"
        monkeypatch.chdir(folder)
        for name in DEFAULTS:
            monkeypatch.delenv(name, raising=False)

    def hold(self, **variables: str) -> None:
        for name, value in variables.items():
            self._monkeypatch.setenv(name, value)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Surroundings:
    return Surroundings(monkeypatch, tmp_path)


@pytest.fixture
def surroundings(bare: Surroundings) -> Surroundings:
    """With what is required already there."""
    bare.hold(**REQUIRED)
    return bare


def sentence() -> str:
    """Why loading fails."""
    with pytest.raises(SettingsError) as caught:
        Settings.load()
    return str(caught.value)


def test_every_variable_is_a_field() -> None:
    """There are exactly the variables that the house knows."""
    assert set(DEFAULTS) == {name.upper() for name in Settings.model_fields}


def test_the_example_names_every_variable_once() -> None:
    """`.env.example` and the settings hold each other equal."""
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    names = [line.partition("=")[0] for line in lines if line and not line.startswith("#")]

    assert sorted(DEFAULTS) == sorted(names)


def test_the_example_explains_each_variable_in_one_line() -> None:
    """Directly above each variable stands one comment line, directly above that none."""
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    above = [
        (lines[at - 2].startswith("#"), lines[at - 1].startswith("# "))
        for at, line in enumerate(lines)
        if line and not line.startswith("#")
    ]

    assert [(False, True)] * len(DEFAULTS) == above


def test_the_example_shows_the_defaults(surroundings: Surroundings) -> None:
    """Copying the example and filling in what is required changes nothing else."""
    plain = Settings.load()
    filled = {name: value or "" for name, value in dotenv_values(EXAMPLE).items()} | REQUIRED

    surroundings.hold(**filled)

    assert plain == Settings.load()


@pytest.mark.parametrize("name", sorted(set(DEFAULTS) - set(REQUIRED)))
def test_default(surroundings: Surroundings, name: str) -> None:
    """What is not set holds what the house says."""
    value = getattr(Settings.load(), name.lower())

    assert DEFAULTS[name] == (
        value.get_secret_value() if hasattr(value, "get_secret_value") else value
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "TELEGRAM_BOT_TOKEN",
            (
                "TELEGRAM_BOT_TOKEN is missing: it should hold the token that @BotFather gave,"
                " such as 123456789:AAE-something."
            ),
        ),
        (
            "BLOOMSMS_API_KEY",
            (
                "BLOOMSMS_API_KEY is missing: it should hold the key from BloomSMS's API Management"
                " page, such as sk_something."
            ),
        ),
    ],
)
@pytest.mark.parametrize("is_empty", [False, True], ids=["unset", "empty"])
def test_missing(bare: Surroundings, name: str, expected: str, *, is_empty: bool) -> None:
    """A missing required variable is named in one sentence that says what it should hold."""
    bare.hold(**{one: value for one, value in REQUIRED.items() if one != name})
    if is_empty:
        bare.hold(**{name: ""})

    assert expected == sentence()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TELEGRAM_BOT_TOKEN", "no-colon-in-it"),
        ("TELEGRAM_BOT_TOKEN", "12 34:AAE"),
        ("TELEGRAM_BOT_TOKEN", "1234:AAE/../x"),
        ("TELEGRAM_BOT_TOKEN", "   "),
        ("TELEGRAM_BASE_URL", "api.telegram.org"),
        ("TELEGRAM_BASE_URL", "ftp://api.telegram.org"),
        ("TELEGRAM_BASE_URL", "https:// api"),
        ("BLOOMSMS_API_KEY", "two words"),
        ("BLOOMSMS_API_KEY", "schlüssel"),
        ("BLOOMSMS_API_KEY", "line\nbreak"),
        ("BLOOMSMS_BASE_URL", "bloomsms.com"),
        ("BLOOMSMS_REQUESTS_PER_MINUTE", "many"),
        ("BLOOMSMS_REQUESTS_PER_MINUTE", "9"),
        ("BLOOMSMS_REQUESTS_PER_MINUTE", "1000001"),
        ("BLOOMSMS_REQUESTS_PER_MINUTE", "60.5"),
        ("ADMIN_IDS", "1000,@olga"),
        ("ADMIN_IDS", "10 20"),
        ("ACCESS", "friends"),
        ("MAX_ACTIVE_PER_USER", "0"),
        ("MAX_ACTIVE_PER_USER", "1001"),
        ("MAX_ACTIVE_PER_USER", "five"),
        ("MAX_PRICE_USD", "0"),
        ("MAX_PRICE_USD", "-1"),
        ("MAX_PRICE_USD", "cheap"),
        ("MAX_PRICE_USD", "NaN"),
        ("DAILY_LIMIT_USD", "Infinity"),
        ("DAILY_LIMIT_USD", "1,50"),
        ("HTTP_LISTEN", "8080"),
        ("HTTP_LISTEN", "localhost:http"),
        ("HTTP_LISTEN", ":8080"),
        ("HTTP_LISTEN", "::1:8080"),
        ("HTTP_LISTEN", "[::1]"),
        ("HTTP_LISTEN", "http://127.0.0.1:8080"),
        ("HTTP_LISTEN", "local host:8080"),
        ("BLOOMSMS_WEBHOOK_SECRET", "a/b"),
        ("BLOOMSMS_WEBHOOK_SECRET", "ä"),
        ("TELEGRAM_WEBHOOK_URL", "http://example.org"),
        ("TELEGRAM_WEBHOOK_URL", "https://"),
        ("TELEGRAM_WEBHOOK_URL", "https://example.org/hook?x=1"),
        ("TELEGRAM_WEBHOOK_URL", "https://example.org/hook#x"),
        ("TELEGRAM_WEBHOOK_URL", "https://example.org/two words"),
        ("TELEGRAM_WEBHOOK_URL", "https://example.org/healthz"),
        ("TELEGRAM_WEBHOOK_URL", "https://example.org/webhooks/bloomsms/x"),
        ("LOG_LEVEL", "LOUD"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_malformed(surroundings: Surroundings, name: str, value: str) -> None:
    """A malformed variable is named in one sentence that says what it should hold."""
    surroundings.hold(**{name: value})

    told = sentence()

    assert told.startswith(f"{name} is malformed: it should hold ")
    assert told.endswith(".")
    assert "\n" not in told


@pytest.mark.parametrize("name", sorted(REQUIRED))
def test_a_wrong_secret_is_not_repeated(surroundings: Surroundings, name: str) -> None:
    """The sentence about a secret does not hold what stood in its place."""
    surroundings.hold(**{name: "nearly the secret"})

    assert "nearly" not in sentence()


def test_a_port_that_cannot_be(surroundings: Surroundings) -> None:
    """A port outside of what ports can be is malformed."""
    surroundings.hold(HTTP_LISTEN="127.0.0.1:99999")

    assert "HTTP_LISTEN is malformed" in sentence()


@pytest.mark.parametrize(
    ("listen", "address"),
    [
        ("127.0.0.1:8080", ("127.0.0.1", 8080)),
        ("10.0.0.1:0", ("10.0.0.1", 0)),
        ("localhost:65535", ("localhost", 65535)),
        ("[::1]:8080", ("::1", 8080)),
        ("[fe80::1:2]:80", ("fe80::1:2", 80)),
    ],
)
def test_where_to_listen(surroundings: Surroundings, listen: str, address: tuple[str, int]) -> None:
    """Host and port are told apart, also of an address in brackets."""
    surroundings.hold(HTTP_LISTEN=listen)

    assert address == Settings.load().http_address


def test_a_closed_door(surroundings: Surroundings) -> None:
    """Without the variable nothing is listened on."""
    assert Settings.load().http_address is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BLOOMSMS_WEBHOOK_SECRET", "s3cret"),
        ("TELEGRAM_WEBHOOK_URL", "https://example.org/hook"),
    ],
)
def test_a_webhook_without_a_door(surroundings: Surroundings, name: str, value: str) -> None:
    """A webhook that nobody could reach is told in one sentence that names what is missing."""
    surroundings.hold(**{name: value})

    assert (
        f"HTTP_LISTEN is missing: with {name} it should hold host:port, such as 127.0.0.1:8080."
    ) == sentence()


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org",
        "https://example.org:8443/a/b",
        "https://[2001:db8::1]/hook",
        "http://127.0.0.1:8080/hook",
        "http://localhost/hook",
        "https://example.org/healthz-of-the-bot",
    ],
)
def test_where_telegram_may_push(surroundings: Surroundings, url: str) -> None:
    """Any https address will do, and this machine's own for a Bot API server beside the bot."""
    surroundings.hold(TELEGRAM_WEBHOOK_URL=url, HTTP_LISTEN="127.0.0.1:0")

    assert url == Settings.load().telegram_webhook_url


def test_an_env_file_in_another_encoding(surroundings: Surroundings) -> None:
    """An `.env` that is not UTF-8 is told in one sentence, too."""
    surroundings.env_file.write_bytes("DATABASE_PATH=Büro.db\n".encode("latin-1"))

    assert ".env" in sentence()


def test_all_that_can_be_set(surroundings: Surroundings) -> None:
    """Every variable reaches its field with its type."""
    surroundings.hold(
        TELEGRAM_BASE_URL="http://127.0.0.1:8081/",
        BLOOMSMS_BASE_URL="http://127.0.0.1:8082/api/v1/",
        BLOOMSMS_REQUESTS_PER_MINUTE="120",
        DATABASE_PATH="/var/lib/bot.db",
        ADMIN_IDS=" 1000, 2000 ,,",
        ACCESS="Public",
        MAX_ACTIVE_PER_USER="2",
        MAX_PRICE_USD="1.50",
        DAILY_LIMIT_USD="10",
        HTTP_LISTEN="127.0.0.1:8080",
        BLOOMSMS_WEBHOOK_SECRET="s3cret-_",
        TELEGRAM_WEBHOOK_URL="https://example.org/hook",
        LOG_LEVEL="debug",
        LOG_FORMAT="JSON",
    )

    settings = Settings.load()

    assert settings.telegram_bot_token.get_secret_value() == TOKEN
    assert settings.bloomsms_api_key.get_secret_value() == KEY
    assert settings.bloomsms_webhook_secret.get_secret_value() == "s3cret-_"
    assert {
        "telegram_base_url": "http://127.0.0.1:8081",
        "bloomsms_base_url": "http://127.0.0.1:8082/api/v1",
        "bloomsms_requests_per_minute": 120,
        "database_path": Path("/var/lib/bot.db"),
        "admin_ids": frozenset({1000, 2000}),
        "access": AccessMode.PUBLIC,
        "max_active_per_user": 2,
        "max_price_usd": Decimal("1.50"),
        "daily_limit_usd": Decimal(10),
        "http_listen": "127.0.0.1:8080",
        "telegram_webhook_url": "https://example.org/hook",
        "log_level": LogLevel.DEBUG,
        "log_format": LogFormat.JSON,
    } == settings.model_dump(
        exclude={"telegram_bot_token", "bloomsms_api_key", "bloomsms_webhook_secret"}
    )


def test_blanks_around_a_secret_go(surroundings: Surroundings) -> None:
    """A token that was pasted with blanks around it is the token without them."""
    surroundings.hold(TELEGRAM_BOT_TOKEN=f" {TOKEN} ")

    assert Settings.load().telegram_bot_token.get_secret_value() == TOKEN


def test_secrets_stay_hidden(surroundings: Surroundings) -> None:
    """Neither the settings' look nor their dump shows a secret."""
    surroundings.hold(BLOOMSMS_WEBHOOK_SECRET="s3cret-_", HTTP_LISTEN="127.0.0.1:0")
    settings = Settings.load()
    shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"

    assert [] == [secret for secret in (TOKEN, KEY, "s3cret-_") if secret in shown]


def test_settings_stay_as_they_are(surroundings: Surroundings) -> None:
    """Nobody changes a setting at run time."""
    settings = Settings.load()

    with pytest.raises(ValidationError, match="frozen"):
        settings.max_active_per_user = 1000  # type: ignore[misc]  # what must not be possible


def test_the_env_file_is_read(bare: Surroundings) -> None:
    """`.env` in the working directory is enough."""
    bare.env_file.write_text(
        f"TELEGRAM_BOT_TOKEN={TOKEN}\nBLOOMSMS_API_KEY={KEY}\nMAX_ACTIVE_PER_USER=7\n",
        encoding="utf-8",
    )

    assert 7 == Settings.load().max_active_per_user


def test_the_environment_wins(surroundings: Surroundings) -> None:
    """A variable in the environment goes before the same one in `.env`."""
    surroundings.env_file.write_text("MAX_ACTIVE_PER_USER=7\n", encoding="utf-8")
    surroundings.hold(MAX_ACTIVE_PER_USER="8")

    assert 8 == Settings.load().max_active_per_user


def test_strangers_are_ignored(surroundings: Surroundings) -> None:
    """A variable of somebody else's in `.env` is no mistake."""
    surroundings.env_file.write_text("COMPOSE_PROJECT_NAME=bot\n", encoding="utf-8")

    assert 5 == Settings.load().max_active_per_user
