"""Give every answer its request id and the header that says a sandbox made it."""

import secrets
from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .ignored import ignored_header
from .routes import is_relay


class Stamp:
    """Set `X-Request-Id`, in Ark's form "02", 13 digits of milliseconds, 38 hex digits, and our own header."""

    def __init__(self, app: ASGIApp, clock: Callable[[], float]) -> None:
        self._app = app
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stamp the answer; handlers read the id with `request_id`."""
        stamp = f"02{int(self._clock() * 1000):013d}{secrets.token_hex(19)}"
        scope.setdefault("state", {})["request_id"] = stamp

        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = stamp_headers(stamp, scope.get("path", "")) | ignored_header(scope)
                MutableHeaders(scope=message).update(headers)
            await send(message)

        await self._app(scope, receive, stamped)


def request_id(request: Request) -> str:
    """Return the id the answer to this request will carry."""
    return request.state.request_id


def stamp_headers(stamp: str, path: str) -> dict[str, str]:
    """Return the headers that carry a request id and name the sandbox; a relay names the id once more."""
    relayed = {"X-Oneapi-Request-Id": stamp} if is_relay(path) else {}
    return {"X-Request-Id": stamp, "X-Seedream-Hub-Sandbox": "1"} | relayed
