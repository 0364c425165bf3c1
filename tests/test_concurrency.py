"""How many requests are under way at one provider, told by the sandbox's ledger: each takes at least a second."""

from collections.abc import Iterator
from typing import Any

import anyio
import httpx2 as httpx
import pytest
from mcp import Client

from seedream_hub.providers.sandbox.server import Sandbox, SandboxOptions, start_sandbox
from tests.support import Connect, facts_of

OWL = {"model": "seedream-4.5", "size": "1024x1024"}
DELAY_S = 1.0


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    running = start_sandbox(SandboxOptions(delay_s=DELAY_S, is_ready=True))
    yield running
    running.stop()


def aigc(sandbox: Sandbox, concurrency: int) -> dict[str, Any]:
    return {"aigc_api_key": "sandbox-key", "aigc_base_url": sandbox.base_urls["aigc"], "concurrency": concurrency}


async def made(client: Client, count: int) -> int:
    """Have a job of so many pictures made; return how many came."""
    requests = [{**OWL, "prompt": f"owl number {number}"} for number in range(count)]
    facts = facts_of(await client.call_tool("start_job", {"requests": requests}))
    with anyio.fail_after(100):
        while facts["status"] == "running":
            facts = facts_of(await client.call_tool("get_job", {"job_id": facts["job_id"], "wait_s": 5}))
    return facts["delivered"]


def begun(sandbox: Sandbox) -> list[float]:
    """Return when each request that was accepted came."""
    told = httpx.get(f"{sandbox.url}/admin/ledger").json()["requests"]
    return [row["time"] for row in told if row["status"] == 200]


def under_way(times: list[float], moment: float) -> int:
    """Return how many requests, accepted within the delay before a moment, were surely under way then.

    On a busy machine a request takes longer than the delay, so there may have been more, up to the limit.
    """
    return sum(moment - DELAY_S < time <= moment for time in times)


async def test_as_many_requests_are_under_way_as_were_configured_and_never_more(
    memory: Connect, sandbox: Sandbox
) -> None:
    async with memory(**aigc(sandbox, 5)) as client:
        assert await made(client, 15) == 15
    times = begun(sandbox)
    assert max(under_way(times, time) for time in times) == 5


@pytest.mark.parametrize("status", [429, 503])
async def test_a_refusal_for_load_halves_what_is_under_way_and_it_grows_back_by_one_a_round(
    memory: Connect, sandbox: Sandbox, status: int
) -> None:
    fault = {"fault": "status", "status": status, "code": "ServerOverloaded", "retry_after": 2, "times": 5}
    httpx.post(f"{sandbox.url}/admin/faults", json=fault).raise_for_status()
    async with memory(**aigc(sandbox, 8)) as client:
        assert await made(client, 40) == 40
    times = begun(sandbox)
    counts = [under_way(times, time) for time in times]
    first = [count for time, count in zip(times, counts, strict=True) if time < times[0] + DELAY_S]
    second = [count for time, count in zip(times, counts, strict=True) if time < times[0] + 2 * DELAY_S]
    assert max(first) == 4
    assert max(second) <= 5
    assert 5 < max(counts) <= 8
