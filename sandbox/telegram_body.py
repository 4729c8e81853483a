"""Reads the parameters of a call from wherever a client may put them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import BodyPartReader, MultipartReader

from sandbox.telegram_methods import Upload
from sandbox.telegram_refusals import bad_request, strict

if TYPE_CHECKING:
    from aiohttp import web


_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Body:
    """Parameters as they came; `is_json` when numbers and flags came as such.

    Shape: a file stands in `parameters` as `attach://` and its part's name.
    """

    parameters: dict[str, object]
    uploads: dict[str, Upload]
    is_json: bool


async def read_body(request: web.Request) -> Body:
    """Shape: parameters of the address and of the body together.

    Errors: Refusal 400 for a body that cannot be read or a parameter given twice.
    """
    named: dict[str, object] = {}
    _put_all(named, list(request.query.items()))
    if request.content_type == "application/json":
        parameters = _read_json(await request.read())
        return Body({**named, **parameters}, {}, is_json=not named)
    if request.content_type == "multipart/form-data":
        return await _read_multipart(request, named)
    if request.content_type != _FORM and await request.read():
        raise strict(f"a body of the type {request.content_type} is not read")
    form = await request.post()
    _put_all(named, [(name, str(value)) for name, value in form.items()])
    return Body(named, {}, is_json=False)


def raw_chat_id(body: Body) -> int | None:
    """Find the chat a call is about before anything is checked."""
    try:
        return int(str(body.parameters.get("chat_id")))
    except ValueError:
        return None


def _read_json(content: bytes) -> dict[str, object]:
    if not content:
        return {}
    try:
        parameters = json.loads(content)
    except ValueError as err:
        raise bad_request("can't parse request JSON object") from err
    if not isinstance(parameters, dict):
        raise bad_request("request must be a JSON object")
    return parameters


async def _read_multipart(request: web.Request, named: dict[str, object]) -> Body:
    uploads: dict[str, Upload] = {}
    fields: list[tuple[str, str]] = []
    async for part in await request.multipart():
        if part is None or isinstance(part, MultipartReader) or part.name is None:
            raise strict("every part of the body must have a name and no parts of its own")
        if part.filename is None:
            fields.append((part.name, await part.text()))
        else:
            uploads[part.name] = await _upload(part)
    _put_all(named, fields)
    attached = {str(value).removeprefix("attach://") for value in named.values()}
    direct = [name for name in uploads if name not in attached]
    _put_all(named, [(name, f"attach://{name}") for name in direct])
    return Body(named, uploads, is_json=False)


async def _upload(part: BodyPartReader) -> Upload:
    content_type = part.headers.get("Content-Type", "application/octet-stream")
    content = bytes(await part.read())
    return Upload(part.filename or "file", content_type, content)


def _put_all(named: dict[str, object], pairs: list[tuple[str, str]]) -> None:
    for name, value in pairs:
        if name in named:
            raise strict(f'parameter "{name}" is given twice')
        named[name] = value
