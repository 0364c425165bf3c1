"""Start and stop the sandbox: in a thread of its own, or in the foreground.

sandbox = start_sandbox()
...  # any Ark client, with base_url=sandbox.base_url and api_key=sandbox.api_key
sandbox.stop()
"""

import signal
import socket
import threading
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Final

import uvicorn

from .app import create_app
from .connection import BreakableProtocol
from .options import DEFAULT_API_KEY, SandboxOptions
from .routes import ROOTS
from .store import Store

__all__ = ["DEFAULT_API_KEY", "Sandbox", "SandboxOptions", "serve_forever", "start_sandbox"]

_HOST: Final = "127.0.0.1"
_SHUTDOWN_S: Final = 1
# Longer than any pool keeps a connection, so that no request meets a connection that is just being closed.
_KEEP_ALIVE_S: Final = 75


class _Server(uvicorn.Server):
    """Call `ready` once requests are answered; end on a signal without raising it again, so clean-up runs."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 -- signal's own signature
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


class Sandbox:
    """Hold a running sandbox.

    `url` is its root, `base_urls` holds the base URL of each provider, and `base_url` is Ark's, which ends in
    `/api/v3`.
    """

    def __init__(self, options: SandboxOptions) -> None:
        """Bind and start; raises OSError when the port is taken."""
        self.api_key: Final = options.api_key
        ready = threading.Event()
        listener = _listen(options.port)
        self.url: Final = _url(listener)
        self.base_urls: Final = _base_urls(self.url)
        self.base_url: Final = self.base_urls["ark"]
        self._store = Store(options.clock)
        self._server = _server(options, self._store, ready.set)
        self._thread = threading.Thread(
            target=self._server.run, args=([listener],), name="seedream-sandbox", daemon=True
        )
        self._thread.start()
        ready.wait()

    def stop(self) -> None:
        """Stop answering; return when the thread has ended and the pictures are gone. Safe to call twice."""
        self._server.should_exit = True
        self._thread.join()
        self._store.close()


def start_sandbox(options: SandboxOptions = SandboxOptions()) -> Sandbox:  # noqa: B008 -- frozen
    """Start a sandbox in a daemon thread with its own event loop; return once it answers requests."""
    return Sandbox(options)


def serve_forever(options: SandboxOptions, announce: Callable[[Mapping[str, str]], None]) -> None:
    """Serve in the foreground until Ctrl-C or SIGTERM; call `announce` with the base URLs once listening.

    Raises:
        OSError: If the port is taken or may not be used.
    """
    listener = _listen(options.port)
    base_urls = _base_urls(_url(listener))
    store = Store(options.clock)
    try:
        _server(options, store, lambda: announce(base_urls)).run([listener])
    finally:
        store.close()


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((_HOST, port))
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


def _url(listener: socket.socket) -> str:
    return f"http://{_HOST}:{listener.getsockname()[1]}"


def _base_urls(url: str) -> dict[str, str]:
    return {name: url + root for name, root in ROOTS.items()}


def _server(options: SandboxOptions, store: Store, ready: Callable[[], None]) -> _Server:
    config = uvicorn.Config(
        create_app(options, store),
        http=BreakableProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_SHUTDOWN_S,
    )
    return _Server(config, ready)
