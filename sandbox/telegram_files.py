"""The methods that send and find files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.telegram_methods import Request, find_chat, new_bot_message, read_caption, send
from sandbox.telegram_refusals import bad_request, strict
from sandbox.telegram_shapes import file_shape, is_image

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.telegram_chats import Chat, Chats, Message, StoredFile
    from sandbox.telegram_rules import Json

_ATTACHED = "attach://"
_FEWEST_IN_ALBUM, _MOST_IN_ALBUM = 2, 10
_ALBUMS = 13_000_000_000_000_000


def _send_file(chats: Chats, request: Request, kind: str) -> Json:
    chat = find_chat(chats, request.parameters["chat_id"])
    return send(chats, chat, _with_file(chats, chat, request, kind))


def _with_file(chats: Chats, chat: Chat, request: Request, kind: str) -> Message:
    message = new_bot_message(chats, chat, request, read_caption(request))
    message.html = request.parameters.get("caption", "")
    message.kind = kind
    message.file = _find_file(chats, request, kind)
    return message


def _send_media_group(chats: Chats, request: Request) -> list[Json]:
    """An album of photos or of documents; all of it or nothing."""
    given = dict(request.parameters)
    chat, media = find_chat(chats, given["chat_id"]), given.pop("media")
    if not _FEWEST_IN_ALBUM <= len(media) <= _MOST_IN_ALBUM:
        raise strict(f"an album has {_FEWEST_IN_ALBUM} to {_MOST_IN_ALBUM} items")
    kinds = {one["type"] for one in media}
    if not kinds <= {"photo", "document"}:
        raise strict("albums here have photos or documents only")
    if len(kinds) > 1:
        raise bad_request("document can't be mixed with other media types")
    album = []
    for one in media:
        own = {**given, **one, one["type"]: one["media"]}
        part = Request(request.method, own, request.uploads, request.notes)
        album.append(_with_file(chats, chat, part, one["type"]))
    for message in album:
        message.media_group_id = str(_ALBUMS + album[0].id)
    return [send(chats, chat, message) for message in album]


def _find_file(chats: Chats, request: Request, kind: str) -> StoredFile:
    reference = request.parameters[kind]
    if reference.startswith(("http://", "https://")):
        raise strict("files by address are not part of this emulator, upload them")
    if not reference.startswith(_ATTACHED):
        return _stored(chats, reference)
    upload = request.uploads.get(reference.removeprefix(_ATTACHED))
    if upload is None:
        raise strict(f'there is no file part for "{reference}"')
    if not upload.content:
        raise bad_request("file must be non-empty")
    if kind == "photo" and not is_image(upload.content):
        raise bad_request("IMAGE_PROCESS_FAILED")
    return chats.store_file(upload.name, upload.content_type, upload.content)


def _stored(chats: Chats, file_id: str) -> StoredFile:
    file = chats.files.get(file_id)
    if file is None:
        raise bad_request(
            "wrong file identifier/HTTP URL specified: Wrong remote file identifier specified"
        )
    return file


def _send_photo(chats: Chats, request: Request) -> Json:
    return _send_file(chats, request, "photo")


def _send_document(chats: Chats, request: Request) -> Json:
    return _send_file(chats, request, "document")


def _get_file(chats: Chats, request: Request) -> Json:
    file = chats.files.get(request.parameters["file_id"])
    if file is None:
        raise bad_request("wrong file_id or the file is temporarily unavailable")
    return {**file_shape(file), "file_path": f"files/{file.id}"}


FILE_METHODS: dict[str, Callable[[Chats, Request], object]] = {
    "getFile": _get_file,
    "sendDocument": _send_document,
    "sendMediaGroup": _send_media_group,
    "sendPhoto": _send_photo,
}
