"""The verdicts of `test_agreement`, through the real client and over real sockets: nothing stands between them."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any

import anyio
import httpx2 as httpx
import pytest
from mcp import Client
from mcp.types import CallToolResult

from seedream_hub.server.app import make_server
from seedream_hub.server.settings import Settings
from tests.draws import LIMITS, PROVIDERS, Draw, draw
from tests.ours import UPLOADED, Refusal, bodies_of
from tests.relaying import Relay, relaying
from tests.sandboxed import Bench, running
from tests.support import facts_of, text_of
from tests.test_agreement import SEED

SERVED = 100
"""Calls for each provider."""
SAID = "It would be drawn."
"""The sandbox says this to what it would have drawn; to what breaks a rule, it says which."""


@asynccontextmanager
async def hub(provider: str, bench: Bench, relay: Relay, *, converts: bool) -> AsyncGenerator[Client]:
    """Connect to a hub whose one provider is the sandbox, behind the relay."""
    paths = {name: url.removeprefix(bench.sandbox.url) for name, url in bench.sandbox.base_urls.items()}
    settings: dict[str, Any] = {
        "provider": (provider,),
        f"{provider}_api_key": bench.sandbox.api_key,
        f"{provider}_base_url": relay.url + paths[provider],
        "evolink_files_base_url": relay.url + paths["evolink_files"],
        "convert": "auto" if converts else "never",
    }
    async with Client(make_server(Settings(**settings), LIMITS)) as client:
        yield client


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_hub_sends_the_bodies_that_were_compared_and_the_sandbox_takes_them(provider: str) -> None:
    calls = [one for number in range(SERVED) if is_text(one := draw(provider, number, SEED))]
    verdicts = [(one, verdict(one)) for one in calls]
    with running() as bench, relaying(bench.sandbox.url) as relay:
        bench.script("status", status=400, message=SAID, times=1_000_000)
        anyio.run(serve, bench, relay, provider, verdicts)
    assert SERVED / 6 < sum(isinstance(expected, set) for _, expected in verdicts) < SERVED * 5 / 6


def verdict(one: Draw) -> set[str] | Refusal:
    """Return the bodies we send for a call, or our refusal."""
    try:
        return {json.dumps(body, sort_keys=True) for body in bodies_of(one)}
    except Refusal as refusal:
        return refusal


async def serve(bench: Bench, relay: Relay, provider: str, verdicts: list[tuple[Draw, set[str] | Refusal]]) -> None:
    for converts in (True, False):
        async with hub(provider, bench, relay, converts=converts) as client:
            for one, expected in verdicts:
                if one.converts is converts:
                    relay.bodies.clear()
                    result = await client.call_tool(one.kind.tool, one.arguments)
                    check(one, expected, result, seen(relay))


def check(one: Draw, expected: set[str] | Refusal, result: CallToolResult, bodies: set[str]) -> None:
    text = text_of(result)
    if isinstance(expected, Refusal):
        assert bodies == set(), str(one)
        assert text.endswith("Nothing was sent or billed."), (str(one), text)
        for argument in expected.arguments:
            assert any(line.startswith(f"{argument} ") for line in text.splitlines()), (str(one), text)
        return
    assert bodies == expected, str(one)
    failures = facts_of(result)["failures"]
    assert failures, (str(one), text)
    assert all(SAID in failure["message"] for failure in failures), (str(one), text)


def seen(relay: Relay) -> set[str]:
    """Return the bodies that went by; links to uploads are named by what lies behind them."""
    return {json.dumps(_with_uploads_named(body, relay.url), sort_keys=True) for body in relay.bodies}


def _with_uploads_named(body: dict[str, Any], url: str) -> dict[str, Any]:
    if "image_urls" not in body:
        return body
    named = [
        UPLOADED + sha256(httpx.get(link).content).hexdigest() if link.startswith(url) else link
        for link in body["image_urls"]
    ]
    return {**body, "image_urls": named}


def is_text(one: Draw) -> bool:
    """Say whether the call is text that JSON can carry: a lone surrogate is not, so no client sends one."""
    return "\\ud800" not in json.dumps(one.arguments)
