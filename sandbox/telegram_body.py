"""Reads the parameters of a call from wherever a client, or the answer of a webhook, puts them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, ClientResponse, MultipartReader

from sandbox.telegram_methods import Upload
from sandbox.telegram_refusals import bad_request

if TYPE_CHECKING:
    from aiohttp import web


_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Body:
    """Parameters as they came; `is_json` when numbers and flags came as such.

    Shape: a file stands in `parameters` as `attach://` and its part's name. `oddities` are what
    Telegram passes over without a word.
    """

    parameters: dict[str, object] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)
    is_json: bool = False
    oddities: list[str] = field(default_factory=list)


async def read_body(source: web.Request | ClientResponse) -> Body:
    """Shape: parameters of the address (of a request) and of the body together.

    Errors: Refusal 400 for a body that cannot be read.
    """
    body = Body()
    if not isinstance(source, ClientResponse):
        _put_all(body, list(source.query.items()))
    if source.content_type == "multipart/form-data":
        await _read_multipart(MultipartReader(source.headers, source.content), body)
        return body
    content = await source.read()
    if source.content_type == "application/json":
        is_json = not body.parameters
        _put_all(body, list(_read_json(content).items()))
        return Body(body.parameters, {}, is_json, body.oddities)
    if source.content_type == _FORM:
        _put_all(body, parse_qsl(content.decode(errors="replace"), keep_blank_values=True))
    elif content:
        body.oddities.append(f"a body of the type {source.content_type} is not read")
    return body


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


async def _read_multipart(parts: MultipartReader, body: Body) -> None:
    fields: list[tuple[str, object]] = []
    async for part in parts:
        if not isinstance(part, BodyPartReader) or part.name is None:
            raise bad_request("field name in multipart/form-data not found")
        if part.filename is None:
            fields.append((part.name, (await part.read(decode=True)).decode(errors="replace")))
        else:
            body.uploads[part.name] = await _upload(part)
    _put_all(body, fields)
    said = [str(value) for value in body.parameters.values()]  # nested objects as JSON
    direct = [
        name
        for name in body.uploads
        if name not in body.parameters and not any(f"attach://{name}" in one for one in said)
    ]
    _put_all(body, [(name, f"attach://{name}") for name in direct])


async def _upload(part: BodyPartReader) -> Upload:
    content_type = part.headers.get("Content-Type", "application/octet-stream")
    content = bytes(await part.read(decode=True))
    return Upload(part.filename or "file", content_type, content)


def _put_all(body: Body, pairs: list[tuple[str, object]] | list[tuple[str, str]]) -> None:
    """Of a name that comes twice the first counts."""
    for name, value in pairs:
        if name in body.parameters:
            body.oddities.append(f'parameter "{name}" is given twice')
        else:
            body.parameters[name] = value
