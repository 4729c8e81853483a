"""Settings: one frozen, typed object from what the environment and `.env` hold."""

import re
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

import environment
import setting_rules as rules
from setting_rules import ItsReason


class AccessMode(StrEnum):
    """Who may use the bot."""

    PRIVATE = "private"  # owners and those they let in
    PUBLIC = "public"  # everybody


class LogFormat(StrEnum):
    """How a log line looks."""

    CONSOLE = "console"  # for people
    JSON = "json"  # one object a line


class LogLevel(StrEnum):
    """The least severe line that is logged."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


class SettingsError(Exception):
    """Settings are missing, malformed or unknown; the text is one sentence a line, each naming
    its variable.
    """


class Settings(BaseModel):
    """What an owner can set. Each field's description is the sentence shown when it is wrong.

    Units: money in US dollars, rates per minute.
    Source: the variables are explained one by one in `.env.example`.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)
    _unknown: dict[str, str] = PrivateAttr({})

    telegram_bot_token: SecretStr = Field(
        description="the token that @BotFather gave, such as 123456789:AAE-something"
    )
    telegram_base_url: str = Field(
        rules.TELEGRAM, description="an address starting with http:// or https://"
    )
    bloomsms_api_key: SecretStr = Field(
        description="the key from BloomSMS's API Management page, such as sk_something"
    )
    bloomsms_base_url: str = Field(
        "https://bloomsms.com/api/v1", description="an address starting with http:// or https://"
    )
    bloomsms_requests_per_minute: int = Field(
        60, ge=10, le=1_000_000, description="a whole number from 10 to 1000000"
    )
    database_path: Path = Field(Path("data/bot.db"), description="a path to a file")
    admin_ids: frozenset[int] = Field(
        frozenset(), description="Telegram user ids (whole numbers above 0) with commas between"
    )
    access: AccessMode = Field(AccessMode.PRIVATE, description="private or public")
    max_active_per_user: int = Field(
        5, ge=1, le=1000, description="a whole number from 1 to 1000"
    )  # fmt: skip
    max_price_usd: Decimal | None = Field(
        None, gt=0, allow_inf_nan=False, description="an amount above 0, such as 1.50"
    )
    daily_limit_usd: Decimal | None = Field(
        None, gt=0, allow_inf_nan=False, description="an amount above 0, such as 10"
    )
    http_listen: str = Field("", description="host:port, such as 127.0.0.1:8080")
    bloomsms_webhook_secret: SecretStr = Field(
        SecretStr(""), description="letters, digits, - and _ only"
    )
    telegram_webhook_url: str = Field(
        "", description="an address starting with https://, such as https://example.org/telegram"
    )
    log_level: LogLevel = Field(LogLevel.INFO, description="DEBUG, INFO, WARNING or ERROR")
    log_format: LogFormat = Field(LogFormat.CONSOLE, description="console or json")

    @field_validator("telegram_bot_token")
    @classmethod
    def _token_has_shape(cls, token: SecretStr) -> SecretStr:
        return _matching(token, rules.TOKEN_SHAPE)

    @field_validator("bloomsms_api_key")
    @classmethod
    def _key_has_shape(cls, key: SecretStr) -> SecretStr:
        return _matching(key, rules.KEY_SHAPE)

    @field_validator("bloomsms_webhook_secret")
    @classmethod
    def _webhook_secret_has_shape(cls, secret: SecretStr) -> SecretStr:
        return _matching(secret, rules.WEBHOOK_SECRET_SHAPE)

    @field_validator("telegram_base_url", "bloomsms_base_url")
    @classmethod
    def _url_has_scheme(cls, url: str) -> str:
        if not rules.is_url(url):
            raise ValueError
        return url.rstrip("/")

    @field_validator("telegram_base_url")
    @classmethod
    def _url_ends_before_the_token(cls, url: str) -> str:
        if rules.METHODS_PATH.search(url):
            raise ItsReason("the bot itself appends /bot and the token")
        return url

    @field_validator("telegram_webhook_url")
    @classmethod
    def _webhook_url_has_shape(cls, url: str) -> str:
        if url and not rules.is_webhook_url(url):
            raise ValueError
        return url

    @field_validator("database_path", mode="before")
    @classmethod
    def _path_names_a_file(cls, path: object) -> object:
        if not rules.is_file_path(str(path)):
            raise ValueError
        return path

    @field_validator("http_listen")
    @classmethod
    def _listen_has_port(cls, listen: str) -> str:
        found = rules.LISTEN_SHAPE.fullmatch(listen)
        if listen and not (found and int(found[2]) <= rules.LAST_PORT):
            raise ValueError
        return listen

    @model_validator(mode="after")
    def _agree(self) -> Self:
        held = {
            "HTTP_LISTEN": self.http_listen,
            "BLOOMSMS_WEBHOOK_SECRET": self.bloomsms_webhook_secret.get_secret_value(),
            "TELEGRAM_WEBHOOK_URL": self.telegram_webhook_url,
            "TELEGRAM_BASE_URL": self.telegram_base_url,
        }
        if wrong := rules.contradictions(held):
            raise ValueError(" ".join(wrong))
        return self

    @property
    def http_address(self) -> tuple[str, int] | None:
        """Host and port of the web door; None while it is closed. Port 0 takes any free one."""
        found = rules.LISTEN_SHAPE.fullmatch(self.http_listen)
        return (found[1].strip("[]"), int(found[2])) if found else None

    @field_validator("admin_ids", mode="before")
    @classmethod
    def _split_ids(cls, ids: object) -> object:
        if not isinstance(ids, str):
            return ids
        return frozenset(rules.person_id(part.strip()) for part in ids.split(",") if part.strip())

    @field_validator("access", "log_format", mode="before")
    @classmethod
    def _lower(cls, word: object) -> object:
        return word.lower() if isinstance(word, str) else word

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, word: object) -> object:
        return word.upper() if isinstance(word, str) else word

    @classmethod
    def load(cls) -> Self:
        """Read the environment, then `.env` in the working directory.

        Errors: SettingsError naming everything that is wrong.
        """
        names = [name.upper() for name in cls.model_fields]
        try:
            given = environment.read(names)
        except environment.UnreadableFileError as err:
            raise SettingsError(str(err)) from None
        values: dict[str, Any] = {name.lower(): value for name, value in given.values.items()}
        refused = {name: _malformed(name, f", and no {it}") for name, it in given.refused.items()}
        try:
            settings, wrong = cls(**values), refused
        except ValidationError as err:
            wrong = _problems(err) | refused
        held = given.refused | given.values
        sentences = [wrong[name] for name in names if name in wrong]
        sentences += rules.contradictions(held)
        sentences += [_unknown(*pair) for pair in given.unknown.items() if pair[1] not in held]
        if sentences:
            raise SettingsError("\n".join(sentences))
        settings._unknown = given.unknown
        return settings

    @property
    def warnings(self) -> list[str]:
        """What is probably a mistake, a sentence each."""
        found = [_unknown(name, meant) for name, meant in self._unknown.items()]
        if not self.admin_ids and self.access is AccessMode.PRIVATE:
            found.append("ADMIN_IDS is empty: nobody can be let in; send /start to learn your id")
        return found


def _matching(secret: SecretStr, shape: re.Pattern[str]) -> SecretStr:
    if not shape.fullmatch(secret.get_secret_value()):
        raise ValueError
    return secret


def _problems(err: ValidationError) -> dict[str, str]:
    """One sentence for each variable."""
    found: dict[str, str] = {}
    for one in err.errors(include_url=False, include_input=False):
        if not one["loc"]:  # between settings: told apart from this
            continue
        name = str(one["loc"][0]).upper()
        reason = one.get("ctx", {}).get("error")
        told = f"; {reason}" if isinstance(reason, ItsReason) else ""
        is_missing = one["type"] == "missing"
        found.setdefault(name, _malformed(name, told, "missing" if is_missing else "malformed"))
    return found


def _malformed(name: str, told: str, what: str = "malformed") -> str:
    expected = Settings.model_fields[name.lower()].description
    return f"{name} is {what}: it should hold {expected}{told}."


def _unknown(name: str, meant: str) -> str:
    return f"{name} is unknown: was {meant} meant?"
