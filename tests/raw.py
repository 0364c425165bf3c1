"""The real command in its own process, and a client of bare lines."""

import json
import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from typing import IO, Any

from tests.support import COMMAND

HELLO = {
    "jsonrpc": "2.0",
    "id": 0,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "raw", "version": "1"}},
}


class Raw:
    """A client of bare lines."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process = process
        self.stdin: IO[str] = process.stdin
        self.lines: list[dict[str, Any]] = []

    def send(self, **message: Any) -> None:
        self.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self.stdin.flush()

    def read_until(self, **wanted: Any) -> dict[str, Any]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            message: dict[str, Any] = json.loads(line)
            self.lines.append(message)
            if all(message.get(key) == value for key, value in wanted.items()):
                return message
        raise AssertionError(f"the server ended without {wanted}")

    def call(self, arguments: dict[str, Any], tool: str = "generate_image", number: int = 1) -> None:
        params = {"name": tool, "arguments": arguments, "_meta": {"progressToken": "p"}}
        self.send(id=number, method="tools/call", params=params)

    def read_progress(self, wanted: str) -> None:
        while wanted not in self.read_until(method="notifications/progress")["params"]["message"]:
            pass


@contextmanager
def silent_server(**variables: str) -> Generator[Raw]:
    """Start the command; nothing is said yet."""
    with subprocess.Popen(
        [COMMAND],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **variables},
    ) as process:
        yield Raw(process)


@contextmanager
def raw_server(**variables: str) -> Generator[Raw]:
    """Start the command, and shake hands with it."""
    with silent_server(**variables) as raw:
        raw.send(**{key: value for key, value in HELLO.items() if key != "jsonrpc"})
        raw.read_until(id=0)
        raw.send(method="notifications/initialized")
        yield raw
