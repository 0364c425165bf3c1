"""The server over Streamable HTTP, for the clients of this machine."""

import errno
import json
import socket
import sys
from collections.abc import Generator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Final

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse

from seedream_hub.schemas.errors import SettingsError
from seedream_hub.schemas.language import say

from .app import HubServer
from .door import HEALTH_PATH, MCP_PATH, Door, allowed_at
from .process import run

KEEP_ALIVE_S: Final = 75
"""Longer than any pool keeps a connection, so that no request meets one that is just being closed."""


class Server(uvicorn.Server):
    """A server whose process heeds the signals."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave the signals as they are."""
        yield


def serve_http(server: HubServer, listener: socket.socket, most_bytes: int) -> None:
    """Serve until the process is told to end; requests have at most so many bytes."""
    host, port = listener.getsockname()[:2]
    security = allowed_at(port)
    server.custom_route(HEALTH_PATH, ["GET"])(_health)
    app = server.streamable_http_app(
        streamable_http_path=MCP_PATH, max_request_body_size=most_bytes, transport_security=security
    )
    door = Door(app, security, most_bytes)
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def work() -> None:
        async with app.router.lifespan_context(app):
            _announce(address + MCP_PATH)
            await Server(_config(door)).serve(sockets=[listener])

    run(server.studio, work, terminated=0, answered=door.answered)


def listen(host: str, port: int) -> socket.socket:
    """Take the port; 0 takes a free one.

    Raises:
        SettingsError: If it cannot be taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as exc:
        if exc.errno == errno.EADDRINUSE:
            message = say("port {port} is taken; choose another, or 0 for a free one", port=port)
        else:
            message = say("port {port} cannot be used: {reason}", port=port, reason=exc.strerror)
        raise SettingsError(message) from exc


def _announce(url: str) -> None:
    """Say in one line where the server is, and what to paste into a client's configuration."""
    pasted = json.dumps({"mcpServers": {"seedream": {"type": "http", "url": url}}})
    line = say("serving at {url}; for a client: {json}", url=url, json=pasted)
    sys.stderr.write(f"seedream-hub: {line}\n")
    sys.stderr.flush()


async def _health(_request: Request) -> JSONResponse:
    return JSONResponse({"status": "ok", "version": version("seedream-hub")})


def _config(door: Door) -> uvicorn.Config:
    return uvicorn.Config(
        door,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_S,
    )
