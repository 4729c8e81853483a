"""The methods that send and find files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.telegram_methods import Request, find_chat, new_bot_message, read_caption, send
from sandbox.telegram_refusals import bad_request, strict
from sandbox.telegram_shapes import file_shape, is_image

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.telegram_chats import Chats, StoredFile
    from sandbox.telegram_rules import Json

_ATTACHED = "attach://"


def _send_file(chats: Chats, request: Request, kind: str) -> Json:
    chat = find_chat(chats, request.parameters["chat_id"])
    message = new_bot_message(chats, chat, request, read_caption(request))
    message.html = request.parameters.get("caption", "")
    message.kind = kind
    message.file = _find_file(chats, request, kind)
    return send(chats, chat, message)


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
    "sendPhoto": _send_photo,
}
