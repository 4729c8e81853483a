"""Bodies are read within limits of size, of time and of how many at once."""

import asyncio

from aiohttp import web

LONGEST_S = 5.0
# The memory that bodies may take together is this many times the largest one.
MOST_AT_ONCE = 256


class Bodies:
    """Units: `most_bytes` inclusive; `longest_s` includes the wait for a place."""

    def __init__(
        self, most_bytes: int, *, longest_s: float = LONGEST_S, most_at_once: int = MOST_AT_ONCE
    ) -> None:
        self._most_bytes = most_bytes
        self._longest_s = longest_s
        self._places = asyncio.Semaphore(most_at_once)

    async def read(self, request: web.BaseRequest) -> bytes | web.Response:
        """Shape: the whole body, or how to answer that there is none."""
        if (request.content_length or 0) > self._most_bytes:
            return _refusal(413, "Request Entity Too Large")
        try:
            async with asyncio.timeout(self._longest_s), self._places:
                return await self._whole(request)
        except TimeoutError:
            return _refusal(408, "Request Timeout")
        except (web.RequestPayloadError, ConnectionError):
            return _refusal(400, "Bad Request")

    async def _whole(self, request: web.BaseRequest) -> bytes | web.Response:
        if request.headers.get("Expect", "").lower() == "100-continue":
            # The plain server leaves this to us; who asks so would wait a second for it.
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            request.writer.output_size = 0
        body = bytearray()
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > self._most_bytes:
                return _refusal(413, "Request Entity Too Large")
        return bytes(body)


def _refusal(status: int, words: str) -> web.Response:
    response = web.Response(status=status, text=f"{status}: {words}")
    response.force_close()
    return response
