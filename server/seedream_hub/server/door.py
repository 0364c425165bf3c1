"""What every HTTP request passes before the server sees it: its path, its Host and Origin, and its size."""

from typing import Final

import anyio
from mcp.server.transport_security import TransportSecurityMiddleware, TransportSecuritySettings
from mcp.types import INVALID_REQUEST, ErrorData, JSONRPCError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from seedream_hub.schemas.language import later, say

MCP_PATH: Final = "/mcp"
HEALTH_PATH: Final = "/healthz"
LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")
HTTP_PORT: Final = 80

NOT_FOUND: Final = 404
TOO_LARGE: Final = 413
UNAVAILABLE: Final = 503
DRAINED: Final = 8
"""How many times the most a request may have is read and dropped: a client that still sends hears no answer."""

MEBIBYTE: Final = 1024 * 1024

REFUSALS: Final = {
    403: later("Pages of other sites may not use this server: the Origin must be {origins}."),
    421: later("This server answers as {hosts} only; the request's Host is another."),
}


class Door:
    """An application that only what is meant for it reaches."""

    def __init__(self, app: ASGIApp, security: TransportSecuritySettings, most_bytes: int) -> None:
        self._app = app
        self._security = TransportSecurityMiddleware(security)
        self._most_bytes = most_bytes
        self._names = {
            "hosts": ", ".join(security.allowed_hosts),
            "origins": ", ".join(security.allowed_origins),
        }
        self._under_way = 0
        self._is_closed = False
        self._left = anyio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if refused := await self._refusal(Request(scope)):
            await refused(scope, receive, send)
            return
        is_asked = scope["method"] == "POST"
        self._under_way += is_asked
        try:
            await self._app(scope, receive, self._explaining(scope, receive, send))
        finally:
            self._under_way -= is_asked
            self._left.set()
            self._left = anyio.Event()

    async def answered(self) -> None:
        """Return when no request waits for its answer; from then on none gets in.

        A client's open line for news waits for no answer.
        """
        try:
            while self._under_way:
                await self._left.wait()
        finally:
            self._is_closed = True

    async def _refusal(self, request: Request) -> Response | None:
        if self._is_closed:
            return _said(UNAVAILABLE, say("This server is ending."))
        if refused := await self._security.validate_request(request):
            return _said(refused.status_code, say(REFUSALS[refused.status_code], **self._names))
        if request.url.path.rstrip("/") not in {MCP_PATH, HEALTH_PATH}:
            return _said(NOT_FOUND, say("Nothing is here: the address of the server ends in {path}.", path=MCP_PATH))
        return None

    def _explaining(self, scope: Scope, receive: Receive, send: Send) -> Send:
        """Return a `send` that says of a request that is too large what works."""
        is_refused = False

        async def explain(message: Message) -> None:
            nonlocal is_refused
            if message["type"] == "http.response.start" and message["status"] == TOO_LARGE:
                is_refused = True
                await self._drain(scope, receive)
                await self._too_large()(scope, receive, send)
            elif not is_refused:
                await send(message)

        return explain

    async def _drain(self, scope: Scope, receive: Receive) -> None:
        """Read what the client still sends, unless it waits to be told to."""
        if any(name == b"expect" for name, _ in scope["headers"]):
            return
        read = 0
        while read <= DRAINED * self._most_bytes:
            message = await receive()
            read += len(message.get("body", b""))
            if message["type"] == "http.disconnect" or not message.get("more_body", False):
                return

    def _too_large(self) -> Response:
        text = say(
            "A request may have {most} MiB. Pass pictures as paths or https links; as data, fewer or smaller ones.",
            most=self._most_bytes // MEBIBYTE,
        )
        return _said(TOO_LARGE, text)


def allowed_at(port: int) -> TransportSecuritySettings:
    """Return the names a server on this port of this machine answers to: none that a web page could point here."""
    hosts = [f"{host}:{port}" for host in LOOPBACK] + (list(LOOPBACK) if port == HTTP_PORT else [])
    return TransportSecuritySettings(allowed_hosts=hosts, allowed_origins=[f"http://{host}" for host in hosts])


def _said(status: int, message: str) -> Response:
    """Return a refusal that people and MCP clients can read."""
    error = JSONRPCError(jsonrpc="2.0", id=None, error=ErrorData(code=INVALID_REQUEST, message=message))
    return Response(error.model_dump_json(exclude_unset=True), status, media_type="application/json")
