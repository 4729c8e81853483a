"""Settings: one frozen, typed object from the environment and `.env`; knows no other room."""

import re
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

TOKEN_SHAPE = re.compile(r"\d+:[\w-]+", re.ASCII)
KEY_SHAPE = re.compile(r"[\x21-\x7e]+")
# An IPv6 address stands in brackets, else nobody could tell where its port begins.
LISTEN_SHAPE = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s:\[\]/]+):(\d{1,5})", re.ASCII)
LAST_PORT = 65_535
# Telegram itself wants https; an own Bot API server on this machine also takes these.
WEBHOOK_URL_SHAPE = re.compile(
    r"(https://[^\s/?#]+|http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?)(/[^\s?#]*)?", re.ASCII
)
# What the web door serves under other paths.
OUR_PATHS = re.compile(r"/healthz|/metrics|/webhooks/bloomsms(/.*)?")
WEBHOOK_SECRET_SHAPE = re.compile(r"[A-Za-z0-9_-]*")


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
    """A setting is missing or malformed; the text is one sentence naming the variable."""


class Settings(BaseSettings):
    """What an owner can set. Each field's description is the sentence shown when it is wrong.

    Units: money in US dollars, rates per minute.
    Source: the variables are explained one by one in `.env.example`.
    """

    model_config = SettingsConfigDict(
        frozen=True, env_file=".env", env_file_encoding="utf-8", env_ignore_empty=True,
        extra="ignore", hide_input_in_errors=True,
    )  # fmt: skip

    telegram_bot_token: SecretStr = Field(
        description="the token that @BotFather gave, such as 123456789:AAE-something"
    )
    telegram_base_url: str = Field(
        "https://api.telegram.org", description="an address starting with http:// or https://"
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
    admin_ids: Annotated[frozenset[int], NoDecode] = Field(
        frozenset(), description="Telegram user ids (whole numbers) with commas between"
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
        return _matching(token, TOKEN_SHAPE)

    @field_validator("bloomsms_api_key")
    @classmethod
    def _key_has_shape(cls, key: SecretStr) -> SecretStr:
        return _matching(key, KEY_SHAPE)

    @field_validator("bloomsms_webhook_secret")
    @classmethod
    def _webhook_secret_has_shape(cls, secret: SecretStr) -> SecretStr:
        return _matching(secret, WEBHOOK_SECRET_SHAPE)

    @field_validator("telegram_base_url", "bloomsms_base_url")
    @classmethod
    def _url_has_scheme(cls, url: str) -> str:
        if not re.fullmatch(r"https?://[^\s/]+(/\S*)?", url):
            raise ValueError
        return url.rstrip("/")

    @field_validator("telegram_webhook_url")
    @classmethod
    def _webhook_url_has_shape(cls, url: str) -> str:
        if url and not (
            WEBHOOK_URL_SHAPE.fullmatch(url) and not OUR_PATHS.fullmatch(urlsplit(url).path)
        ):
            raise ValueError
        return url

    @field_validator("http_listen")
    @classmethod
    def _listen_has_port(cls, listen: str) -> str:
        found = LISTEN_SHAPE.fullmatch(listen)
        if listen and not (found and int(found[2]) <= LAST_PORT):
            raise ValueError
        return listen

    @model_validator(mode="after")
    def _webhooks_have_a_door(self) -> Self:
        given = {
            "BLOOMSMS_WEBHOOK_SECRET": self.bloomsms_webhook_secret.get_secret_value(),
            "TELEGRAM_WEBHOOK_URL": self.telegram_webhook_url,
        }
        for name, value in given.items():
            if value and not self.http_listen:
                raise ValueError(
                    f"HTTP_LISTEN is missing: with {name} it should hold host:port,"
                    " such as 127.0.0.1:8080."
                )
        return self

    @property
    def http_address(self) -> tuple[str, int] | None:
        """Host and port of the web door; None while it is closed. Port 0 takes any free one."""
        found = LISTEN_SHAPE.fullmatch(self.http_listen)
        return (found[1].strip("[]"), int(found[2])) if found else None

    @field_validator("admin_ids", mode="before")
    @classmethod
    def _split_ids(cls, ids: object) -> object:
        if not isinstance(ids, str):
            return ids
        return frozenset(int(part) for part in ids.split(",") if part.strip())

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

        Errors: SettingsError with one sentence naming the first wrong variable.
        """
        try:
            return cls()
        except ValidationError as err:
            raise SettingsError(_sentence(err)) from None
        except (UnicodeDecodeError, OSError) as err:
            raise SettingsError(f".env cannot be read as UTF-8 text: {err}.") from None


def _matching(secret: SecretStr, shape: re.Pattern[str]) -> SecretStr:
    text = secret.get_secret_value().strip()
    if not shape.fullmatch(text):
        raise ValueError
    return SecretStr(text)


def _sentence(err: ValidationError) -> str:
    first = err.errors(include_url=False, include_input=False)[0]
    if not first["loc"]:  # about several variables: the sentence is made where they are compared
        return str(first["ctx"]["error"])
    name = str(first["loc"][0])
    problem = "is missing" if first["type"] == "missing" else "is malformed"
    expected = Settings.model_fields[name].description
    return f"{name.upper()} {problem}: it should hold {expected}."
