"""A server between the hub and the sandbox that passes everything on and keeps the bodies it saw."""

import json
import socket
import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2 as httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

PASSED_ON = ("authorization", "content-type", "host", "x-client-request-id")


@dataclass
class Relay:
    """What went by: the JSON bodies, in their order."""

    url: str
    bodies: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])


@contextmanager
def relaying(target: str) -> Generator[Relay]:
    """Pass on to `target` from a free loopback port, in a thread."""
    listener = socket.create_server(("127.0.0.1", 0))
    relay = Relay(f"http://127.0.0.1:{listener.getsockname()[1]}")

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[dict[str, httpx.AsyncClient]]:
        async with httpx.AsyncClient(base_url=target, timeout=60, trust_env=False) as upstream:
            yield {"upstream": upstream}

    async def pass_on(request: Request) -> Response:
        content, upstream = await request.body(), request.state.upstream
        if request.headers.get("content-type") == "application/json":
            relay.bodies.append(json.loads(content))
        headers = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
        path = f"{request.url.path}?{request.url.query}"
        answer = await upstream.request(request.method, path, content=content, headers=headers)
        return Response(answer.content, answer.status_code, media_type=answer.headers["content-type"])

    app = Starlette(routes=[Route("/{path:path}", pass_on, methods=["GET", "POST"])], lifespan=lifespan)
    server = uvicorn.Server(uvicorn.Config(app, ws="none", lifespan="on", log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield relay
    finally:
        server.should_exit = True
        thread.join()
