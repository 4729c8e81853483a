"""The page's HTTP server: static files, the stream of changes, the doors for actions.

It answers on loopback only, to nobody who calls it by another name, and does nothing for a page
that is not its own.
"""

import errno
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import quote

from aiohttp import web

from sandbox.page_actions import Action, WrongAction
from sandbox.page_feed import Feed
from sandbox.telegram_chats import StoredFile
from sandbox.telegram_shapes import is_image

_FOLDER: Final = Path(__file__).parent / "chat"
_TYPES: Final = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
_FILE_NAME: Final = re.compile(r"[a-z_]+\.(css|js|svg)")
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_HOST: Final = "127.0.0.1"
_GRACE_S: Final = 0.2
_MAX_BODY_BYTES: Final = 64 * 1024
_PNG: Final = b"\x89PNG"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class PageServer:
    """Serves one feed and one set of actions at `address`, once started."""

    def __init__(
        self,
        feed: Feed,
        actions: Mapping[str, Action],
        files: Mapping[str, StoredFile],
        *,
        run_id: str,
    ) -> None:
        self.address = ""
        self._feed = feed
        self._actions = actions
        self._files = files
        self._run_id = run_id
        self._hosts: frozenset[str] = frozenset()
        self._runner: web.AppRunner | None = None

    async def start(self, port: int) -> str:
        """Shape: the address. A port that is taken gives way to a free one, as 0 does."""
        guard = web.middleware(partial(PageServer._guard, self))
        application = web.Application(middlewares=[guard], client_max_size=_MAX_BODY_BYTES)
        application.router.add_get("/", self._index)
        application.router.add_get("/chat/{name}", self._static)
        application.router.add_get("/events", self._events)
        application.router.add_get("/files/{file_id}", self._file)
        application.router.add_post("/do/{action}", self._act)
        self._runner = web.AppRunner(
            application, access_log=None, shutdown_timeout=_GRACE_S, handle_signals=False
        )
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, _HOST, port).start()
        except OSError as err:
            if err.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            await web.TCPSite(self._runner, _HOST, 0).start()
        bound = self._runner.addresses[0][1]
        self._hosts = frozenset({f"{_HOST}:{bound}", f"localhost:{bound}"})
        self.address = f"http://{_HOST}:{bound}/"
        return self.address

    async def stop(self) -> None:
        self._feed.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            self._check(request)
            response = await handler(request)
        except web.HTTPException as err:
            response = web.Response(status=err.status, text=err.text)
        if not response.prepared:
            response.headers.update(_HEADERS)
        return response

    def _check(self, request: web.Request) -> None:
        if request.headers.get("Host", "") not in self._hosts:
            raise web.HTTPForbidden(text="This page answers to 127.0.0.1 and localhost only.")
        if request.method == "GET":
            return
        origin = request.headers.get("Origin", "")
        if origin.removeprefix("http://") not in self._hosts or origin in self._hosts:
            raise web.HTTPForbidden(text="Only the sandbox's own page may do that.")
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType(text="Actions are told in JSON.")

    async def _index(self, _request: web.Request) -> web.StreamResponse:
        return _from_folder("index.html")

    async def _static(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if not _FILE_NAME.fullmatch(name) or not (_FOLDER / name).is_file():
            raise web.HTTPNotFound(text="There is no such file.")
        return _from_folder(name)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        file = self._files.get(request.match_info["file_id"])
        if file is None:
            raise web.HTTPNotFound(text="There is no such file.")
        if is_image(file.content):
            kind = "image/png" if file.content.startswith(_PNG) else "image/jpeg"
            return web.Response(body=file.content, content_type=kind)
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name)}"}
        return web.Response(
            body=file.content, content_type="application/octet-stream", headers=headers
        )

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: all parts first, then what changes; a reader who was away goes on."""
        version = self._heard_until(request.headers.get("Last-Event-ID", ""))
        response = web.StreamResponse(headers={**_HEADERS, "Content-Type": "text/event-stream"})
        await response.prepare(request)
        is_first = True
        try:
            async for reached, parts in self._feed.changes(version):
                event = {"is_whole": is_first and version == 0, "parts": parts}
                text = json.dumps(event, ensure_ascii=False, default=str)
                lines = f"id: {self._run_id}-{reached}\ndata: {text}\n\n"
                await response.write(lines.encode())
                is_first = False
        except ConnectionError:
            pass
        return response

    def _heard_until(self, event_id: str) -> int:
        run_id, _, version = event_id.rpartition("-")
        return int(version) if run_id == self._run_id and version.isdecimal() else 0

    async def _act(self, request: web.Request) -> web.StreamResponse:
        action = self._actions.get(request.match_info["action"])
        if action is None:
            raise web.HTTPNotFound(text="There is no such action.")
        try:
            fields = await request.json()
        except ValueError as err:
            raise web.HTTPBadRequest(text="That is no JSON.") from err
        if not isinstance(fields, dict):
            raise web.HTTPBadRequest(text="An action is told as a JSON object.")
        try:
            done = await action(fields)
        except WrongAction as err:
            raise web.HTTPBadRequest(text=str(err)) from err
        return web.json_response(done or {})


def _from_folder(name: str) -> web.Response:
    path = _FOLDER / name
    return web.Response(body=path.read_bytes(), content_type=_TYPES[path.suffix], charset="utf-8")
