"""Serve an MCP server over HTTP on a free loopback port: in a thread, or as the real command in its own process."""

import os
import re
import socket
import subprocess
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn
from mcp.server import MCPServer

from tests.support import COMMAND


@dataclass(frozen=True)
class Served:
    """The command, serving; `line` is what it said at its start."""

    process: "subprocess.Popen[str]"
    line: str

    @property
    def url(self) -> str:
        return re.findall(r"http[^ ;；\"]+", self.line)[0]

    @property
    def root(self) -> str:
        return self.url.removesuffix("/mcp")

    @property
    def host(self) -> str:
        return self.root.removeprefix("http://")


@contextmanager
def http_server(*arguments: str, **variables: str) -> Generator[Served]:
    """Run `seedream-hub serve --port 0`."""
    with subprocess.Popen(
        [COMMAND, "serve", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **variables},
    ) as process:
        assert process.stderr is not None
        try:
            yield Served(process, process.stderr.readline())
        finally:
            process.terminate()


@contextmanager
def over_http(server: MCPServer[None]) -> Generator[str]:
    """Yield the address clients connect to."""
    config = uvicorn.Config(server.streamable_http_app(), log_config=None, timeout_graceful_shutdown=1)
    serving = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serving.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
        finally:
            serving.should_exit = True
            thread.join()
