"""The server in this process, for a client of either era of the protocol."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from mcp import Client
from mcp.types import TextResourceContents

from seedream_hub.schemas.limits import packaged_limits
from seedream_hub.server.app import make_server
from seedream_hub.server.settings import Settings

both_eras = pytest.mark.parametrize("mode", ["auto", "legacy"])


@asynccontextmanager
async def connected(mode: str, **settings: object) -> AsyncGenerator[Client]:
    given = Settings(**settings)  # pyright: ignore[reportArgumentType] - as given
    async with Client(make_server(given, packaged_limits()), mode=mode) as client:
        yield client


async def read(client: Client, uri: str) -> Any:
    """Return the JSON at an address."""
    (content,) = (await client.read_resource(uri)).contents
    assert isinstance(content, TextResourceContents)
    assert content.mime_type == "application/json"
    return json.loads(content.text)
