"""Break connections on purpose: reset them, or close them before an answer is complete."""

import asyncio
import socket
import struct
from typing import Final, cast

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

_EXTENSION: Final = "seedream.connection"
_NO_LINGER: Final = struct.pack("ii", 1, 0)


class Connection:
    """Hold the connection a request came in on."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def reset(self) -> None:
        """Drop everything unsent and tell the client with a TCP reset."""
        wire = cast("socket.socket", self._transport.get_extra_info("socket"))
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self._transport.abort()

    def close(self) -> None:
        """Send what was written, and then nothing more."""
        self._transport.close()


class BreakableProtocol(H11Protocol):
    """Serve HTTP/1.1, and hand each request the connection it came in on."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] - as uvicorn narrows it
        """Wrap the application once for each connection."""
        super().connection_made(transport)
        inner, connection = cast("ASGIApp", self.app), Connection(transport)

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[_EXTENSION] = connection
            await inner(scope, receive, send)

        self.app = app


def connection_of(request: Request) -> Connection:
    """Return the connection a request came in on."""
    return request.scope["extensions"][_EXTENSION]


class ResetResponse(Response):
    """Reset the connection in place of an answer."""

    def __init__(self) -> None:
        super().__init__(status_code=200)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 -- ASGI's signature
        """Reset the connection."""
        scope["extensions"][_EXTENSION].reset()
        await _gone(receive)


class HalfResponse(Response):
    """Send half of a body under the length of all of it, then close."""

    def __init__(self, whole: Response) -> None:
        super().__init__(bytes(whole.body), whole.status_code, dict(whole.headers))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the half and close."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        half = self.body[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        scope["extensions"][_EXTENSION].close()
        await _gone(receive)


class _Enough(Exception):  # noqa: N818 -- ends a transfer, is no error
    """End a transfer."""


class CutFile(FileResponse):
    """Send the first `after_bytes` of what was asked for under its full length, then close."""

    after_bytes: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the part and close."""
        left = self.after_bytes

        async def limited(message: dict[str, object]) -> None:
            nonlocal left
            if message["type"] == "http.response.body":
                body = cast("bytes", message["body"])
                if len(body) >= left:
                    await send({**message, "body": body[:left], "more_body": True})
                    raise _Enough
                left -= len(body)
            await send(message)

        try:
            await super().__call__(scope, receive, cast("Send", limited))
        except _Enough:
            scope["extensions"][_EXTENSION].close()
            await _gone(receive)


class SlowFile(FileResponse):
    """Send a file at `bytes_per_s`, ten times a second."""

    bytes_per_s: float = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file, slowly."""
        step = max(1, int(self.bytes_per_s / 10))

        async def slow(message: dict[str, object]) -> None:
            body = cast("bytes", message.get("body", b""))
            while len(body) > step:
                await send({**message, "body": body[:step], "more_body": True})
                await asyncio.sleep(step / self.bytes_per_s)
                body = body[step:]
            await send({**message, "body": body} if "body" in message else message)

        await super().__call__(scope, receive, cast("Send", slow))


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
