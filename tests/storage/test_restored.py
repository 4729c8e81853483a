"""A database beside the number of its newest order: which is the older one, and what follows."""

import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from activations.model import State
from activations.notes import Draft, NoteKind
from storage.account import AccountRows
from storage.activations import ActivationRows
from storage.database import Database, UnusableDatabaseError
from storage.newest_order import NewestOrder
from storage.notes import NoteRows
from storage.updates import UpdateRows
from tests.made_up import OLGA
from tests.moved_clock import START, MovedClock
from tests.storage.rows import again, begun, offered

DRAFTS = [Draft(NoteKind.OWNER_RESTORED, OLGA)]


def is_rent(body: str) -> bool:
    return body == "rent"


async def closes(store: ActivationRows, drafts: list[Draft] = DRAFTS) -> bool:
    return await store.close_if_restored(drafts, is_rent, START)


def written(path: Path) -> Path:
    return path.with_name(path.name + ".newest")


def removed(path: Path) -> None:
    path.unlink()


@pytest.fixture
async def restored(path: Path, clock: MovedClock) -> Path:
    """A copy made while one order was under way and one was offered; one more was made since."""
    async with Database.opened(path) as database:
        store = ActivationRows(database)
        await AccountRows(database).begin(Decimal("124.50"), 1, START)
        await UpdateRows(database).keep(1, [(1, "rent"), (2, "help")], START)
        await begun(store, clock)
        await offered(store, clock)
    copy = shutil.copy(path, path.with_suffix(".copy"))
    async with Database.opened(path) as database:
        await begun(ActivationRows(database), clock)
    shutil.move(copy, path)
    return path


async def test_newest_order_is_written(
    path: Path, store: ActivationRows, clock: MovedClock
) -> None:
    """Each order's number stands beside the database once the order is committed."""
    await closes(store)
    await begun(store, clock)
    await offered(store, clock)
    await begun(store, clock)

    assert "2\n" == written(path).read_text()
    assert not await closes(store)
    assert await store.lost_order() is None


async def test_restored_copy_closes(restored: Path, clock: MovedClock) -> None:
    """Offers, kept presses that spend and the expected balance go; owners are told, once."""
    async with Database.opened(restored) as database:
        store, notes = ActivationRows(database), NoteRows(database)
        is_closed = [await closes(store), await closes(store)]
        states = [row.state for id_ in (1, 2) if (row := await store.get(id_))]
        note = await notes.claim_due(START)

        assert [True, False] == is_closed
        assert [State.RENTING, State.WITHDRAWN] == states
        assert [2] == await UpdateRows(database).due_ids(START)
        assert note is not None
        assert (NoteKind.OWNER_RESTORED, {"lost": "2"}) == (note.kind, note.words)
        assert 2 == await store.lost_order()
        assert await AccountRows(database).expected() is None
        assert Decimal("124.50") == await store.expected_when_closed()


async def test_opened_again(restored: Path, clock: MovedClock) -> None:
    """An owner opens renting for good, and orders are counted on from the one that was lost."""
    async with Database.opened(restored) as database:
        await closes(ActivationRows(database))
    async with Database.opened(restored) as database:
        store = ActivationRows(database)
        before = [await closes(store), await store.lost_order()]
        await store.open_renting()
        after = [await closes(store), await store.lost_order()]
        await begun(store, clock)

    assert [False, 2] == before
    assert [False, None] == after
    assert "3\n" == written(restored).read_text()


async def test_no_owner_could_open(restored: Path) -> None:
    """Without an owner the start ends with the way to go on, until the file is removed."""
    async with Database.opened(restored) as database:
        with pytest.raises(UnusableDatabaseError, match="set ADMIN_IDS, so that"):
            await closes(ActivationRows(database), [])
        assert await ActivationRows(database).lost_order() is None
        await closes(ActivationRows(database))
        with pytest.raises(UnusableDatabaseError, match="or remove"):
            await closes(ActivationRows(database), [])
        written(restored).unlink()
        assert not await closes(ActivationRows(database), [])
        assert await ActivationRows(database).lost_order() is None


async def test_lost_database(restored: Path) -> None:
    """A database that was removed is a lost one, unless its file of the newest order went too."""
    removed(restored)
    async with Database.opened(restored) as database:
        assert await closes(ActivationRows(database))
    removed(restored)
    removed(written(restored))
    async with Database.opened(restored) as database:
        assert not await closes(ActivationRows(database), [])


@pytest.mark.parametrize("text", [b"", b"x", b"-1", b"\xff\x00", b"9" * 40, b"9" * 16, b"1 2"])
async def test_garbage_beside_the_database(
    path: Path, store: ActivationRows, text: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A file that holds no number is said to the log and written anew."""
    written(path).write_bytes(text)

    assert not await closes(store)
    assert "does not hold an order's number" in caplog.text


async def test_file_that_cannot_be_used(
    path: Path, store: ActivationRows, clock: MovedClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A file that can be neither read nor written fails no order."""
    written(path).mkdir()
    assert not await closes(store)
    order = await begun(store, clock)

    assert State.RENTING is (await again(store, order)).state
    assert "cannot be read" in caplog.text
    assert "cannot be written" in caplog.text


async def test_an_order_that_was_overtaken(path: Path) -> None:
    """A number that is written late takes no newer one back."""
    newest = NewestOrder(path)
    await newest.write(5)
    await newest.write(4)

    assert 5 == newest.read()
