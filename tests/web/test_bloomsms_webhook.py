"""BloomSMS's webhook: whatever it says is only a hint to look, and is answered at once."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.web.visitor import Visitor, at_door, head
from web.bloomsms_webhook import MOST_BYTES, BloomsmsWebhook
from wiring import _read_hint

PATH = "/webhooks/bloomsms/s3cret"
SAMPLE = (Path(__file__).parent.parent / "samples" / "webhook.json").read_bytes()


class Notebook:
    """Meets the business's HintTaker."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str]] = []

    def take(self, provider_id: str, service_code: str) -> None:
        self.taken.append((provider_id, service_code))


@pytest.fixture
def notebook() -> Notebook:
    return Notebook()


@pytest.fixture
async def visitor(notebook: Notebook) -> AsyncIterator[Visitor]:
    async with at_door([BloomsmsWebhook("s3cret", _read_hint, notebook)]) as visitor:
        yield visitor


async def test_the_documented_body(visitor: Visitor, notebook: Notebook) -> None:
    """Number and service go to whoever looks; nothing else of it is used."""
    answer = await visitor.sends("POST", PATH, data=SAMPLE)

    assert (200, "ok") == (answer.status, answer.text)
    assert [("123456789", "wa")] == notebook.taken


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"\xff\xfe\x00",
        b"null",
        b"[" * MOST_BYTES,
        b'{"event": "rental.expired", "data": {"activation_id": "1"}}',
        b'{"event": "sms.received"}',
        b'{"event": "sms.received", "data": {"activation_id": null}}',
        b'{"event": ["sms.received"], "data": {"activation_id": "1"}}',
        b'{"event": "sms.received", "data": {"activation_id": "%s"}}' % (b"1" * 300),
    ],
)
async def test_whatever_else_comes_whole(visitor: Visitor, notebook: Notebook, body: bytes) -> None:
    """Other events and nonsense are answered alike, and nobody looks."""
    answer = await visitor.sends("POST", PATH, data=body)

    assert (200, "ok") == (answer.status, answer.text)
    assert [] == notebook.taken


async def test_limits_of_a_body(visitor: Visitor, notebook: Notebook) -> None:
    """64 KiB are read, more are not."""
    filled = json.loads(SAMPLE)
    filled["data"]["sms"]["full_text"] = ""
    filled["data"]["sms"]["full_text"] = "x" * (MOST_BYTES - len(json.dumps(filled)))

    assert 200 == await visitor.status("POST", PATH, data=json.dumps(filled))
    assert 413 == await visitor.status("POST", PATH, data=json.dumps(filled) + " ")
    assert [("123456789", "wa")] == notebook.taken


async def test_the_secret_is_asked_before_the_body(visitor: Visitor, notebook: Notebook) -> None:
    """A stranger is turned away without a byte of a body being waited for."""
    reader, writer = await visitor.says(head("/webhooks/bloomsms/wrong", 100))

    assert (await reader.readline()).startswith(b"HTTP/1.1 404")
    assert [] == notebook.taken
    writer.close()
