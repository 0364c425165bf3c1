"""Fixtures: a server in its own process or in memory, on folders of its own, against the sandbox."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.extension import ClientExtension

from seedream_hub.providers.timing import Timing
from seedream_hub.schemas.limits import packaged_limits
from seedream_hub.server.app import make_server
from seedream_hub.server.settings import Settings
from tests.support import COMMAND, Connect


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep this machine's own settings and folders out of every test."""
    for name in list(os.environ):
        if name.startswith(("SEEDREAM_", "XDG_")) or name.endswith("_API_KEY"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SEEDREAM_OUTPUT_DIR", str(tmp_path / "pictures"))
    monkeypatch.setenv("SEEDREAM_STATE_DIR", str(tmp_path / "state"))


@pytest.fixture
def stdio() -> Connect:
    """Connect to the real command over stdio, with more environment variables."""

    @asynccontextmanager
    async def connect(**variables: str) -> AsyncGenerator[Client]:
        server = StdioServerParameters(command=COMMAND, env={**os.environ, **variables})
        async with Client(server) as client:
            yield client

    return connect


@pytest.fixture
def memory() -> Connect:
    """Connect to the server in this process, with extensions of the client and more settings."""

    @asynccontextmanager
    async def connect(
        *extensions: ClientExtension, timing: Timing | None = None, **settings: object
    ) -> AsyncGenerator[Client]:
        given = Settings(**settings)  # pyright: ignore[reportArgumentType] - as given
        server = make_server(given, packaged_limits(), timing)
        async with Client(server, extensions=extensions) as client:
            yield client

    return connect
