"""Which version of the bot BloomSMS sees; pyproject.toml says the same."""

VERSION = "0.1.0"
