"""A scripted Ark-shaped server on a real socket, for what the sandbox never does: misbehave."""

import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


@dataclass
class Script:
    """What the server answers, and what it was asked."""

    answer: Any = None
    """JSON of the generation; None: one link to `picture`."""
    status: int = 200
    refusals: int = 1_000_000
    """How many requests are answered with `answer` and `status`; the later ones get a picture."""
    picture: bytes = b""
    picture_type: str = "image/jpeg"
    picture_status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])
    requests: list[tuple[dict[str, str], dict[str, Any]]] = field(
        default_factory=list[tuple[dict[str, str], dict[str, Any]]]
    )
    watch: Callable[[str], None] = lambda _: None
    """Called with `request` or `picture` before either is answered."""
    base_url: str = ""


@contextmanager
def serve(script: Script) -> Generator[Script]:
    """Serve the script on a free loopback port, in a thread."""

    async def generate(request: Request) -> Response:
        script.watch("request")
        script.requests.append((dict(request.headers), await request.json()))
        link = {"url": f"http://{request.url.netloc}/picture?X-Tos-Signature=secret"}
        if script.answer is None or len(script.requests) > script.refusals:
            return JSONResponse({"data": [link]})
        return JSONResponse(script.answer, script.status, script.headers)

    async def picture(_request: Request) -> Response:
        script.watch("picture")
        return Response(script.picture, script.picture_status, media_type=script.picture_type)

    routes = [Route("/api/v3/images/generations", generate, methods=["POST"]), Route("/picture", picture)]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), log_config=None, lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        script.base_url = f"http://127.0.0.1:{listener.getsockname()[1]}/api/v3"
        try:
            yield script
        finally:
            server.should_exit = True
            thread.join()
