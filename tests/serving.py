"""Serve an MCP server over HTTP on a free loopback port, in a thread."""

import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn
from mcp.server import MCPServer


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
