"""Telegram's webhook: an update is kept before it is answered, so that Telegram may forget it."""

from collections.abc import AsyncIterator

import pytest

from tests.web.visitor import Visitor, at_door, head
from web.telegram_webhook import SECRET_HEADER, TelegramWebhook

PATH = "/telegram"
SHOWN = {SECRET_HEADER: "shown"}


class Shelf:
    """Keeps bodies, or fails to."""

    def __init__(self) -> None:
        self.kept: list[bytes] = []
        self.is_full = False

    async def take(self, body: bytes) -> None:
        if self.is_full:
            raise OSError("no space left")
        self.kept.append(body)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
async def visitor(shelf: Shelf) -> AsyncIterator[Visitor]:
    async with at_door([TelegramWebhook(PATH, "shown", shelf.take)]) as visitor:
        yield visitor


@pytest.mark.parametrize(
    "headers",
    [{}, {SECRET_HEADER: ""}, {SECRET_HEADER: "show"}, {SECRET_HEADER: "shown1"}],
    ids=["none", "empty", "shorter", "longer"],
)
async def test_without_the_secret(visitor: Visitor, shelf: Shelf, headers: dict[str, str]) -> None:
    """Whoever does not show it is turned away, and nothing is kept."""
    assert 403 == await visitor.status("POST", PATH, data=b"{}", headers=headers)
    assert [] == shelf.kept


async def test_a_secret_in_odd_bytes(visitor: Visitor, shelf: Shelf) -> None:
    """Bytes that are no text are a wrong secret and no fault."""
    reader, writer = await visitor.says(
        head(PATH, 2, f"{SECRET_HEADER}: ").rstrip() + b"\xff\xe4\r\n\r\n{}"
    )

    assert (await reader.readline()).startswith(b"HTTP/1.1 403")
    assert [] == shelf.kept
    writer.close()


async def test_with_the_secret(visitor: Visitor, shelf: Shelf) -> None:
    """The update is kept and answered without a word."""
    answer = await visitor.sends("POST", PATH, data=b'{"update_id": 1}', headers=SHOWN)

    assert (200, "") == (answer.status, answer.text)
    assert [b'{"update_id": 1}'] == shelf.kept


async def test_what_is_not_kept_comes_again(visitor: Visitor, shelf: Shelf) -> None:
    """An update that could not be kept is answered so that Telegram repeats it."""
    shelf.is_full = True

    assert 503 == await visitor.status("POST", PATH, data=b"{}", headers=SHOWN)


async def test_a_large_update_is_taken(visitor: Visitor, shelf: Shelf) -> None:
    """Telegram would repeat what is refused, so that nothing behind it came."""
    assert 200 == await visitor.status("POST", PATH, data=b"x" * 1_000_000, headers=SHOWN)
    assert [1_000_000] == [len(body) for body in shelf.kept]
