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

# Every variable, set.
VALUES = {
    **REQUIRED,
    "TELEGRAM_BASE_URL": "http://127.0.0.1:8081",
    "BLOOMSMS_BASE_URL": "http://127.0.0.1:8082/api/v1",
    "BLOOMSMS_REQUESTS_PER_MINUTE": "120",
    "DATABASE_PATH": "/var/lib/bot.db",
    "ADMIN_IDS": "1000, 2000",
    "ACCESS": "public",
    "MAX_ACTIVE_PER_USER": "2",
    "MAX_PRICE_USD": "1.50",
    "DAILY_LIMIT_USD": "10",
    "HTTP_LISTEN": "127.0.0.1:8080",
    "BLOOMSMS_WEBHOOK_SECRET": "s3cret-_",
    "TELEGRAM_WEBHOOK_URL": "https://example.org/hook",
    "LOG_LEVEL": "debug",
    "LOG_FORMAT": "json",
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
        ("ADMIN_IDS", "1000, -1001234567890"),
        ("ADMIN_IDS", "0"),
        ("ADMIN_IDS", "4503599627370496"),
        ("ADMIN_IDS", "9" * 5000),
        ("ADMIN_IDS", "1_000"),
        ("ADMIN_IDS", "١٢"),
        ("ADMIN_IDS", "[1000]"),
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
        ("TELEGRAM_BASE_URL", "https://api.telegram.org/bot"),
        ("TELEGRAM_BASE_URL", "https://api.telegram.org/bot/"),
        ("TELEGRAM_BASE_URL", "http://127.0.0.1:8081/bot<token>"),
        ("TELEGRAM_BASE_URL", "http://[::1:8081"),
        ("TELEGRAM_BASE_URL", "http://127.0.0.1:99999"),
        ("DATABASE_PATH", ":memory:"),
        ("DATABASE_PATH", "data/"),
        ("DATABASE_PATH", ".."),
        ("DATABASE_PATH", "/"),
        ("DATABASE_PATH", "sqlite:///data/bot.db"),
        ("BLOOMSMS_WEBHOOK_SECRET", "a/b"),
        ("BLOOMSMS_WEBHOOK_SECRET", "ä"),
        ("TELEGRAM_WEBHOOK_URL", "http://example.org"),
        ("TELEGRAM_WEBHOOK_URL", "https://"),
        ("TELEGRAM_WEBHOOK_URL", "https://example.org/hook?x=1"),
        ("TELEGRAM_WEBHOOK_URL", "https://example.org/hook#x"),
        ("TELEGRAM_WEBHOOK_URL", "https://example.org/two words"),
        ("TELEGRAM_WEBHOOK_URL", "https://example.org:99999/hook"),
        ("TELEGRAM_WEBHOOK_URL", "https://example.org/healthz"),
        ("TELEGRAM_WEBHOOK_URL", "https://example.org/webhooks/bloomsms/x"),
        ("LOG_LEVEL", "LOUD"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_malformed(surroundings: Surroundings, name: str, value: str) -> None:
    """A malformed variable is named in one sentence that says what it should hold."""
    surroundings.hold(**{"HTTP_LISTEN": "127.0.0.1:0", name: value})

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
        "https://example.org/healthz-of-the-bot",
        "https://example.org:443/hook",
        "https://example.org:80/hook",
        "https://example.org:88/hook",
    ],
)
def test_where_telegram_may_push(surroundings: Surroundings, url: str) -> None:
    """Any https address will do, with one of the four ports that Telegram takes."""
    surroundings.hold(TELEGRAM_WEBHOOK_URL=url, HTTP_LISTEN="127.0.0.1:0")

    assert url == Settings.load().telegram_webhook_url


UNREACHABLE = [
    "https://example.org:8080/hook",
    "https://example.org:444",
    "https://[2001:db8::1]:0/hook",
    "http://127.0.0.1:8080/hook",
    "http://localhost/hook",
]


@pytest.mark.parametrize("url", UNREACHABLE)
@pytest.mark.parametrize("base", ["", "https://api.telegram.org", "https://API.telegram.org/"])
def test_where_telegram_never_pushes(surroundings: Surroundings, url: str, base: str) -> None:
    """An address that Telegram itself never takes is refused at the start."""
    surroundings.hold(TELEGRAM_WEBHOOK_URL=url, HTTP_LISTEN="127.0.0.1:0", TELEGRAM_BASE_URL=base)

    told = sentence()

    assert told.startswith("TELEGRAM_WEBHOOK_URL is malformed: ")
    assert "443, 80, 88 and 8443" in told


@pytest.mark.parametrize("url", UNREACHABLE)
def test_where_an_own_server_may_push(surroundings: Surroundings, url: str) -> None:
    """A Bot API server beside the bot pushes to any port, and to this machine without TLS."""
    surroundings.hold(
        TELEGRAM_WEBHOOK_URL=url,
        HTTP_LISTEN="127.0.0.1:0",
        TELEGRAM_BASE_URL="http://127.0.0.1:8081",
    )

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


def test_the_env_file_may_begin_with_a_mark(bare: Surroundings) -> None:
    """A byte order mark, as some editors write it, is no part of the first name."""
    text = f"TELEGRAM_BOT_TOKEN={TOKEN}\r\nBLOOMSMS_API_KEY={KEY}\r\n"
    bare.env_file.write_text(text, encoding="utf-8-sig")

    assert TOKEN == Settings.load().telegram_bot_token.get_secret_value()


def test_a_line_of_the_env_file_that_cannot_be_read(surroundings: Surroundings) -> None:
    """A limit is never dropped because a quotation mark is missing; the value is not repeated."""
    surroundings.env_file.write_text('ACCESS=private\nMAX_PRICE_USD="1.50\n', encoding="utf-8")

    told = sentence()

    assert told.startswith(".env cannot be read from line 2 on: ")
    assert "1.50" not in told


@pytest.mark.parametrize(
    "value",
    ['"{}"', "'{}'", "{}\r", "{}  ", "\t{}\r\n", ' "{}" \r', "' {} '"],
    ids=["quotes", "apostrophes", "return", "blanks", "tab", "quotes-and-return", "blanks-inside"],
)
@pytest.mark.parametrize("name", sorted(DEFAULTS))
def test_values_are_cleaned(surroundings: Surroundings, name: str, value: str) -> None:
    """What `docker --env-file` leaves around any value is no part of it."""
    surroundings.hold(**VALUES)
    clean = Settings.load()
    surroundings.hold(**{name: value.format(VALUES[name])})

    assert clean == Settings.load()


@pytest.mark.parametrize("value", ["  ", '""', "''", '" "', "\r"])
def test_nothing_in_quotation_marks_is_nothing(surroundings: Surroundings, value: str) -> None:
    """An empty value counts as not set, however it is written, and `.env` is asked."""
    surroundings.env_file.write_text("MAX_ACTIVE_PER_USER=7\n", encoding="utf-8")
    surroundings.hold(MAX_ACTIVE_PER_USER=value, DATABASE_PATH=value)

    settings = Settings.load()

    assert (7, Path("data/bot.db")) == (settings.max_active_per_user, settings.database_path)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("{} # mine", "comment behind a #"),
        ("{}\t#mine", "comment behind a #"),
        ('"{}" # mine', "comment behind a #"),
        ("# mine", "comment behind a #"),
        ('"{}', "quotation mark at only one end"),
        ("{}'", "quotation mark at only one end"),
        ("“{}”", "quotation mark at only one end"),
        ("\u200b{}", "invisible character"),
        ("{}\x1b[0m", "invisible character"),
    ],
)
@pytest.mark.parametrize("name", sorted(DEFAULTS))
def test_what_cannot_be_meant_is_refused(
    surroundings: Surroundings, name: str, value: str, problem: str
) -> None:
    """A comment, a lone quotation mark or a hidden character is never taken for a part of a value,
    and the sentence repeats nothing of it."""
    surroundings.hold(HTTP_LISTEN="127.0.0.1:0")
    surroundings.hold(**{name: value.format("1000")})

    told = sentence()

    assert told.startswith(f"{name} is malformed: it should hold ")
    assert told.endswith(f", and no {problem}.")
    assert "\n" not in told


def test_a_number_sign_in_a_key(surroundings: Surroundings) -> None:
    """A # that no blank goes before is part of the key."""
    surroundings.hold(BLOOMSMS_API_KEY="sk_#1")

    assert Settings.load().bloomsms_api_key.get_secret_value() == "sk_#1"


@pytest.mark.parametrize(
    ("ids", "reason"),
    [
        ("1000,-1001234567890", "-1001234567890 is the id of a group or a channel"),
        ("@olga", "@olga is a username"),
        ("0", "0 is the id of no person"),
        ("99999999999999999999999", "no id of Telegram's is that large"),
    ],
)
def test_ids_of_no_person(surroundings: Surroundings, ids: str, reason: str) -> None:
    """What looks like an owner and never is one is told with its reason."""
    surroundings.hold(ADMIN_IDS=ids)

    assert f"; {reason}" in sentence()


def test_a_token_among_the_ids_is_not_repeated(surroundings: Surroundings) -> None:
    """What stands in the wrong place may be a secret."""
    surroundings.hold(ADMIN_IDS=TOKEN)

    assert "AAE" not in sentence()


def test_a_token_in_the_address_is_not_repeated(surroundings: Surroundings) -> None:
    """An address that ends like a call is blamed itself, and shows no token."""
    surroundings.hold(TELEGRAM_BASE_URL=f"https://api.telegram.org/bot{TOKEN}")

    told = sentence()

    assert told.startswith("TELEGRAM_BASE_URL is malformed: ")
    assert "AAE" not in told


def test_an_address_with_bot_in_it(surroundings: Surroundings) -> None:
    """A path that only begins like the bot's own is an address like any other."""
    surroundings.hold(TELEGRAM_BASE_URL="https://example.org/bot/api/bots")

    assert Settings.load().telegram_base_url == "https://example.org/bot/api/bots"


def test_all_that_is_wrong_is_named(bare: Surroundings) -> None:
    """One start tells everything, a sentence each, in the order of `.env.example`."""
    bare.hold(
        BLOOMSMS_API_KEY=KEY,
        ADMIN_ID="1000",
        ACCESS="friends",
        MAX_PRICE_USD="1.50 # each",
        DAILY_LIMIT_USD="cheap",
        BLOOMSMS_WEBHOOK_SECRET="s3cret",
        TELEGRAM_WEBHOOK_URL="https://example.org:8080",
    )

    assert [
        "TELEGRAM_BOT_TOKEN is missing",
        "ACCESS is malformed",
        "MAX_PRICE_USD is malformed",
        "DAILY_LIMIT_USD is malformed",
        "HTTP_LISTEN is missing",
        "HTTP_LISTEN is missing",
        "TELEGRAM_WEBHOOK_URL is malformed",
        "ADMIN_ID is unknown",
    ] == [line.partition(":")[0] for line in sentence().split("\n")]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("ADMIN_ID", "ADMIN_IDS"),
        ("ADMINS_IDS", "ADMIN_IDS"),
        ("ADMINIDS", "ADMIN_IDS"),
        ("ADMIN-IDS", "ADMIN_IDS"),
        ("ADMIN_USER_IDS", "ADMIN_IDS"),
        ("OWNER_ID", "ADMIN_IDS"),
        ("admin_id", "ADMIN_IDS"),
        ("TELEGRAM_TOKEN", "TELEGRAM_BOT_TOKEN"),
        ("TELEGRAM_API_TOKEN", "TELEGRAM_BOT_TOKEN"),
        ("TELEGARM_BOT_TOKEN", "TELEGRAM_BOT_TOKEN"),
        ("BOT_TOKEN", "TELEGRAM_BOT_TOKEN"),
        ("BLOOMSMS_KEY", "BLOOMSMS_API_KEY"),
        ("BLOOMSMS_APIKEY", "BLOOMSMS_API_KEY"),
        ("BLOOMSMS_URL", "BLOOMSMS_BASE_URL"),
        ("BLOOMSMS_REQUESTS", "BLOOMSMS_REQUESTS_PER_MINUTE"),
        ("MAX_PRICE", "MAX_PRICE_USD"),
        ("MAX_PRICE_EUR", "MAX_PRICE_USD"),
        ("DAILY_LIMIT", "DAILY_LIMIT_USD"),
        ("MAX_ACTIVE", "MAX_ACTIVE_PER_USER"),
        ("ACCES", "ACCESS"),
        ("ACCESS_MODE", "ACCESS"),
        ("HTTP_LISTENER", "HTTP_LISTEN"),
        ("LOGLEVEL", "LOG_LEVEL"),
        ("LOG_LEVLE", "LOG_LEVEL"),
        ("DATABASE_PTH", "DATABASE_PATH"),
    ],
)
@pytest.mark.parametrize("is_in_file", [False, True], ids=["environment", "file"])
def test_a_misspelt_name(
    surroundings: Surroundings, name: str, meant: str, *, is_in_file: bool
) -> None:
    """A name that looks like a setting is named as unknown, with the one that was meant: an error
    where that one is not set, for then something goes unheard, else a warning."""
    if is_in_file:
        surroundings.env_file.write_text(f"{name}=1000\n", encoding="utf-8")
    else:
        surroundings.hold(**{name: "1000"})
    told = f"{name.upper()} is unknown: was {meant} meant?"
    if meant not in REQUIRED:
        assert told == sentence()
    surroundings.hold(**VALUES)

    assert told in Settings.load().warnings


@pytest.mark.parametrize(
    "name",
    [
        "COMPOSE_PROJECT_NAME", "ACCESS_TOKEN", "ACCESS_KEY", "ACCESS_LOG", "AWS_ACCESS_KEY_ID",
        "DATABASE_URL", "DATABASE_HOST", "DATABASE_PORT", "DATABASE_PASS", "DATABASE_NAME",
        "ADMIN_EMAIL", "ADMIN_PASSWORD", "HTTP_PROXY", "HTTP_PORT", "LOG_FILE", "LOG_DIR",
        "LOG_COLOR", "UV_LOG_LEVEL", "NPM_CONFIG_LOGLEVEL", "RUST_LOG", "MAX_CONNECTIONS",
        "TELEGRAM_API_ID", "TELEGRAM_API_HASH", "TELEGRAM_CHAT_ID", "API_KEY", "BASE_URL", "PATH",
        "PYTHONPATH", "XDG_SESSION_ID", "USER", "TOKEN", "PRICE", "LISTEN_PID", "LISTEN_FDS",
    ],
)  # fmt: skip
def test_names_of_other_programs(surroundings: Surroundings, name: str) -> None:
    """What other programs read is no mistake, in the environment or in `.env`."""
    surroundings.env_file.write_text(f"{name}=1\n", encoding="utf-8")

    assert not [told for told in Settings.load().warnings if name in told]


def test_who_can_be_let_in(surroundings: Surroundings) -> None:
    """A private bot without owners is probably a mistake."""
    assert ["ADMIN_IDS is empty"] == [told.partition(":")[0] for told in Settings.load().warnings]
    surroundings.hold(ADMIN_IDS="1000")

    assert [] == Settings.load().warnings
