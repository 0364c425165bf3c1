"""Send what was built: JSON, and streams that go on when the client has gone."""

from collections.abc import Mapping

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from .answers import Wire, json_bytes


class ToTheEnd(StreamingResponse):
    """Stream without watching for a client that hangs up, so that what was begun is finished."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 -- ASGI's signature
        """Send the stream."""
        await self.stream_response(send)


def json_response(body: Wire, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON answer."""
    return Response(json_bytes(body), status, headers, "application/json")
