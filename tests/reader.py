"""Somebody who does what a page says, block after block, in one terminal and a folder like a fresh clone."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO, Any, Final

import anyio
import psutil
import pytest
from babel.messages.pofile import read_po
from mcp import Client, StdioServerParameters
from mcp.client.stdio import get_default_environment

from bench.messages import TEXT
from seedream_hub.server.limits_file import load_limits
from seedream_hub.server.settings import load_settings
from tests.markdown import Block
from tests.support import COMMAND, ROOT, text_of

PORT: Final = re.compile(r"(?<=--port )\d+|(?<=127\.0\.0\.1:)\d+|(?<=localhost:)\d+|(?<=\[::1\]:)\d+")
IN_BACKGROUND: Final = re.compile(r"(?<![&>])&(?![&\d>])")
VARYING: Final = (
    (re.compile(r"(?<![\w:/.])/(?:[^\s/\"]+/)+"), "/"),  # the folders of an absolute path
    (re.compile(r"\b[0-9a-f]{64}\b|\b[a-z2-7]{16}\b"), "ID"),
    (re.compile(r"\d+"), "0"),
)
CLIENTS: Final = ("mcpServers", "servers", "context_servers")
PLACEHOLDER: Final = re.compile(r"\{[^{}]*\}")
KEEP: Final = '\nenv -0 > "$READER_ENV"'


class Reader:
    """Follows blocks; what one starts or sets is there for the next."""

    def __init__(self, folder: Path, said: Callable[[str], bool]) -> None:
        """Link what a clone has, and what its set-up leaves, into a folder of one's own."""
        self.folder = folder
        for name in {path.partition("/")[0] for path in _tracked()} | {".venv"}:
            (folder / name).symlink_to(Path(sys.prefix) if name == ".venv" else ROOT / name)
        Path(os.environ["HOME"]).mkdir(exist_ok=True)
        self.env = {**os.environ, "PATH": f"{Path(sys.prefix) / 'bin'}:{os.environ['PATH']}"}
        self.is_message = said
        self.ports: dict[str, str] = {}
        self.heading = 0
        self.seen = ""
        self.facts: dict[str, Any] | None = None
        self.speaking: IO[str] | None = None
        self.started: list[subprocess.Popen[str]] = []

    def follow(self, block: Block) -> None:
        """Do what a block says, and hold it to what it promises; a heading begins something new."""
        if block.heading != self.heading:
            self.heading, self.seen, self.speaking = block.heading, "", None
        follow = {"sh": self.shell, "python": self.python, "json": self.json, "toml": self.toml, "text": self.text}
        assert block.language in follow, f"no reader knows {block.language!r}; mark it <!-- not run: why -->"
        follow[block.language](PORT.sub(self._port, block.text))

    def shell(self, text: str) -> None:
        """Run commands; one that begins to listen is left running, unless the block sees to that itself."""
        kept = self.folder.parent / "environment"
        self._run(
            ["bash", "-euo", "pipefail", "-c", text + KEEP], not IN_BACKGROUND.search(text), READER_ENV=str(kept)
        )
        if kept.exists():
            pairs = [line.partition("=") for line in kept.read_text(encoding="utf-8").split("\0") if line]
            self.env = {name: value for name, _, value in pairs}
            kept.unlink()
        self._settings()

    def python(self, text: str) -> None:
        """Run a program."""
        self._run([sys.executable, "-W", "error", "-c", text])

    def toml(self, text: str) -> None:
        """Load settings."""
        tomllib.loads(text)
        path = self.folder.parent / "settings.toml"
        path.write_text(text, encoding="utf-8")
        self._settings(SEEDREAM_CONFIG=str(path))

    def json(self, text: str) -> None:
        """Use a client's configuration, send a request, load limits, compare a result; all else only is JSON."""
        for value in _values(text):
            for server in _servers(value):
                assert anyio.run(self._tools_of, server)
            if "method" in value:
                anyio.run(self._ask, value["params"])
            elif set(value) == {"providers"}:
                path = self.folder.parent / "limits.json"
                path.write_text(text, encoding="utf-8")
                load_limits(path)
            elif self.facts is not None and set(value) == set(self.facts):
                assert _alike(json.dumps(value)) == _alike(json.dumps({name: self.facts[name] for name in value}))

    def text(self, text: str) -> None:
        """See it in what was printed; where nothing was, each line must be a message of ours."""
        if not self.seen:
            silent = [line for line in text.splitlines() if line.strip() and not self.is_message(line)]
            assert silent == [], "nothing says this"
            return
        wanted = re.compile(re.escape(_alike(text)).replace("…", ".*"))
        while not wanted.search(_alike(self.seen)):
            more = self.speaking.readline() if self.speaking else ""
            assert more, f"{text}\nis not in\n{self.seen}"
            self.seen += more

    def leave(self) -> None:
        """End what still runs."""
        for process in self.started:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.communicate()

    def _run(self, command: list[str], may_listen: bool = False, **variables: str) -> None:
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.env | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        assert process.stdout is not None
        self.seen, self.facts, self.speaking = "", None, None
        for line in process.stdout:
            self.seen += line
            if may_listen and _listens(process.pid):
                self.speaking = process.stdout
                return
        assert process.wait() == 0, self.seen

    def _settings(self, **variables: str) -> None:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in (self.env | variables).items():
                patch.setenv(name, value)
            load_settings()

    def _port(self, match: re.Match[str]) -> str:
        """Give a page's port a free one, the same wherever the page names it."""
        if match[0] not in self.ports:
            with socket.create_server(("127.0.0.1", 0)) as listener:
                self.ports[match[0]] = str(listener.getsockname()[1])
        return self.ports[match[0]]

    async def _tools_of(self, server: dict[str, Any]) -> list[str]:
        if "url" in server:
            async with Client(server["url"]) as client:
                return [tool.name for tool in (await client.list_tools()).tools]
        # A folder of somebody's machine stands before the command: the name finds it here.
        command = shutil.which(Path(server["command"]).name, path=self.env["PATH"])
        assert command is not None, server
        env = {**get_default_environment(), **self._folders(), **server.get("env", {})}
        params = StdioServerParameters(command=command, args=server.get("args", []), env=env, cwd=self.folder)
        async with Client(params) as client:
            return [tool.name for tool in (await client.list_tools()).tools]

    async def _ask(self, params: dict[str, Any]) -> None:
        env = {name: value for name, value in self.env.items() if name != "READER_ENV"}
        async with Client(StdioServerParameters(command=COMMAND, env=env, cwd=self.folder)) as client:
            result = await client.call_tool(params["name"], params["arguments"])
        self.seen, self.facts, self.speaking = text_of(result), result.structured_content, None

    def _folders(self) -> dict[str, str]:
        return {name: value for name, value in self.env.items() if name.startswith("SEEDREAM_") or name == "HOME"}


def is_message() -> Callable[[str], bool]:
    """Return what tells whether a line is one the product can say, in either language."""
    with TEXT.open("rb") as file:
        texts = {text for message in read_po(file) for text in _both(message.id, message.string)}
    known = [pattern for text in texts if (pattern := _pattern(text))]
    return lambda line: any(pattern.search(line) for pattern in known)


def _both(*texts: object) -> Iterator[str]:
    for text in texts:
        yield from (str(one) for one in (text if isinstance(text, tuple) else (text,)))  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - babel's plural forms


def _pattern(text: str) -> "re.Pattern[str] | None":
    parts = PLACEHOLDER.split(text)
    if max(map(len, parts)) < 5:
        return None
    return re.compile(".+?".join(map(re.escape, parts)))


def _listens(pid: int) -> bool:
    """Tell whether a process, or one it started, waits for connections."""
    try:
        parent = psutil.Process(pid)
        family = [parent, *parent.children(recursive=True)]
        return any(link.status == psutil.CONN_LISTEN for one in family for link in one.net_connections("inet"))
    except psutil.NoSuchProcess:
        return False


def _alike(text: str) -> str:
    """Take out what differs from run to run, and how lines are broken."""
    text = " ".join(text.split())
    for pattern, stand_in in VARYING:
        text = pattern.sub(stand_in, text)
    return text


def _servers(value: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the servers a client's configuration names."""
    return [server for key in CLIENTS for server in value.get(key, {}).values()]


def _values(text: str) -> Iterator[dict[str, Any]]:
    """Read one JSON object after another."""
    read, at = partial(json.JSONDecoder().raw_decode, text), 0
    while text[at:].strip():
        value, at = read(at + len(text[at:]) - len(text[at:].lstrip()))
        yield value


def _tracked() -> list[str]:
    return subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
