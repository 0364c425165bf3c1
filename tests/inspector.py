"""MCP Inspector's two command lines: one call a process, and calls on a connection that a daemon holds."""

import json
import os
import secrets
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.judge import NODE, modules_of

SERVER = "seedream"


@dataclass(frozen=True)
class Done:
    """What a command ended with; `answer` is the JSON it printed, if it did."""

    code: int
    answer: Any
    said: str


@dataclass(frozen=True)
class Inspector:
    """The inspector, with a client's configuration file and an era of the protocol."""

    config: Path
    era: str
    variables: dict[str, str]

    def once(self, method: str, *options: str | Path) -> Done:
        """Start the server, or connect to it, for one request."""
        target = ["--config", self.config, "--server", SERVER, "--protocol-era", self.era]
        return self._run("launcher/build/index.js", "--cli", *target, "--method", method, *options)

    def connect(self) -> None:
        """Open the connection that `ask` uses."""
        done = self.held("--config", self.config, "connect", SERVER, "--era", self.era)
        assert done.code == 0, done.said

    def ask(self, method: str, *options: str) -> Done:
        """Make a request on the open connection."""
        return self.held("--connection", SERVER, method, *options)

    def held(self, *arguments: str | Path) -> Done:
        return self._run("mcpdo/build/mcp-bin.js", "--format", "json", *arguments)

    def _run(self, program: str, *arguments: str | Path) -> Done:
        path = modules_of("inspector") / "@modelcontextprotocol" / "inspector" / "clients" / program
        environment = {**os.environ, **self.variables}
        command = [NODE, path, *arguments]
        done = subprocess.run(command, check=False, capture_output=True, stdin=subprocess.DEVNULL, env=environment)
        printed = done.stdout.decode().strip()
        return Done(done.returncode, json.loads(printed) if printed else None, done.stderr.decode())


@contextmanager
def inspecting(entries: Any, era: str, folder: Path) -> Generator[Inspector]:
    """Yield an inspector of the server in a client's configuration; its daemon is its own, and ends with it."""
    config = folder / "mcp.json"
    config.write_text(json.dumps(entries), encoding="utf-8")
    with TemporaryDirectory() as sockets:  # a path in `folder` may be too long for a socket
        variables = {
            "HOME": str(folder),
            "MCP_INSPECTOR_DAEMON_DIR": sockets,
            "MCP_INSPECTOR_DAEMON_TOKEN": secrets.token_hex(),
            "MCP_INSPECTOR_SECRET_STORE": "file",
        }
        inspector = Inspector(config, era, variables)
        try:
            yield inspector
        finally:
            inspector.held("daemon", "stop")
