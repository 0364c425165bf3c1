"""A sandbox that notes every request it is sent, for the tests of what goes over the wire."""

import base64
import json
import socket
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2 as httpx
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from seedream_hub.providers.sandbox.app import create_app
from seedream_hub.providers.sandbox.connection import BreakableProtocol
from seedream_hub.providers.sandbox.options import SandboxOptions
from seedream_hub.providers.sandbox.routes import ROOTS
from seedream_hub.providers.sandbox.store import Store

REFERENCES = ("image", "images", "image_urls")


@dataclass
class Heard:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    content: bytearray = field(default_factory=bytearray)

    @property
    def body(self) -> dict[str, Any]:
        return json.loads(self.content)


@dataclass
class Recorded:
    """A running sandbox, and what it heard."""

    url: str
    heard: list[Heard]
    api_key: str

    @property
    def base_urls(self) -> dict[str, str]:
        return {name: self.url + root for name, root in ROOTS.items()}

    def script(self, fault: str, **parameters: object) -> None:
        answer = httpx.post(f"{self.url}/admin/faults", json={"fault": fault, **parameters})
        assert answer.status_code == 200, answer.text

    @property
    def generations(self) -> list[Heard]:
        """The requests for pictures."""
        return [one for one in self.heard if one.path.endswith("/images/generations") or "/v3/seedream-" in one.path]

    @property
    def fetches(self) -> list[Heard]:
        """The downloads of pictures."""
        return [one for one in self.heard if one.method == "GET" and "/objects/" in one.path]

    def references(self) -> list[str]:
        """Return the references of the last request for pictures, as they stand in its body."""
        body = self.generations[-1].body
        listed: str | list[str] = next((body[name] for name in REFERENCES if name in body), "")
        return [listed] if isinstance(listed, str) else listed

    def pictures(self) -> list[bytes]:
        """Return the bytes of those references that are data, or were uploaded."""
        uploads = dict(self._uploads())
        return [
            base64.b64decode(uri.partition(",")[2]) if uri.startswith("data:") else uploads[uri]
            for uri in self.references()
        ]

    def _uploads(self) -> Generator[tuple[str, bytes]]:
        for link in self.references():
            if link.startswith(self.url):
                yield link, httpx.get(link).content


class _Recorder:
    def __init__(self, app: ASGIApp, heard: list[Heard]) -> None:
        self._app = app
        self._heard = heard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        one = Heard(scope["method"], scope["path"], headers)
        self._heard.append(one)

        async def noted() -> Message:
            message = await receive()
            one.content += message.get("body", b"")
            return message

        await self._app(scope, noted, send)


@contextmanager
def recorded() -> Generator[Recorded]:
    """Serve a sandbox on a free loopback port, in a thread."""
    store, options, heard = Store(time.time), SandboxOptions(), list[Heard]()
    app = _Recorder(create_app(options, store), heard)
    config = uvicorn.Config(app, http=BreakableProtocol, log_config=None, lifespan="off", ws="none")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield Recorded(f"http://127.0.0.1:{listener.getsockname()[1]}", heard, options.api_key)
        finally:
            server.should_exit = True
            thread.join()
            store.close()
