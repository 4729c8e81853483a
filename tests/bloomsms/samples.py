"""Answers from the API text, word for word, and others that were made up."""

from pathlib import Path

from bloomsms import wire
from bloomsms.wire import Json

TESTS = Path(__file__).parent.parent


def sample(name: str) -> bytes:
    return (TESTS / "samples" / name).read_bytes()


def invented(name: str) -> bytes:
    return (TESTS / "samples_invented" / name).read_bytes()


def data_of(body: bytes, http_status: int = 200) -> Json:
    return wire.read_envelope(http_status, {}, body)
