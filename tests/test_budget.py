"""One images-per-minute budget for real processes on one state folder, measured by the sandbox's own ledger."""

from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import anyio
import anyio.to_thread
import httpx2 as httpx
import pytest
from mcp import Client

from seedream_hub.providers.sandbox.server import Sandbox, SandboxOptions, start_sandbox
from tests.sandboxed import within_ten_seconds
from tests.support import Connect, facts_of

FOX = {"prompt": "a red fox in snow", "size": "1K", "model": "seedream-4.0"}
PER_MINUTE = 1200
WINDOW_S = 6.0
LIMIT = PER_MINUTE * WINDOW_S / 60


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    running = start_sandbox(SandboxOptions(is_ready=True))
    yield running
    running.stop()


def ark(sandbox: Sandbox, **more: object) -> dict[str, str]:
    given = {"images_per_minute": PER_MINUTE, **more}
    return {
        "ARK_API_KEY": sandbox.api_key,
        "SEEDREAM_ARK_BASE_URL": sandbox.base_urls["ark"],
        **{f"SEEDREAM_{name.upper()}": str(value) for name, value in given.items()},
    }


def script(sandbox: Sandbox, **fault: object) -> None:
    httpx.post(f"{sandbox.url}/admin/faults", json=fault).raise_for_status()


def refuse(sandbox: Sandbox, times: int = 10_000) -> None:
    """Have requests refused for good: that is counted as any other, and nothing needs to be drawn."""
    script(sandbox, fault="status", status=400, code="InvalidParameter", times=times)


def rows(sandbox: Sandbox) -> list[dict[str, Any]]:
    return httpx.get(f"{sandbox.url}/admin/ledger").json()["requests"]


def singles(count: int) -> list[dict[str, Any]]:
    return [{**FOX, "prompt": f"fox number {number}"} for number in range(count)]


def sets(count: int, size: int) -> list[dict[str, Any]]:
    return [{**one, "tool": "batch_images", "count": size} for one in singles(count)]


async def started(client: Client, requests: list[dict[str, Any]]) -> str:
    return facts_of(await client.call_tool("start_job", {"requests": requests}))["job_id"]


async def settled(client: Client, job_id: str) -> dict[str, Any]:
    with anyio.fail_after(100):
        while True:
            facts = facts_of(await client.call_tool("get_job", {"job_id": job_id, "wait_s": 5}))
            if facts["status"] != "running":
                return facts


async def seen(sandbox: Sandbox, count: int) -> None:
    await anyio.to_thread.run_sync(within_ten_seconds, lambda: len(rows(sandbox)) >= count)


def most_in_a_window(told: list[dict[str, Any]], images: dict[str, int]) -> int:
    """Return the most pictures asked for in any window; `images` says how many a job's requests are for."""
    asked = [(row["time"], images[row["client_request_id"].partition("-")[0]]) for row in told]
    return max(sum(n for time, n in asked if begin <= time < begin + WINDOW_S) for begin, _ in asked)


async def test_three_processes_share_a_budget_fairly_and_never_exceed_it(stdio: Connect, sandbox: Sandbox) -> None:
    refuse(sandbox)
    jobs: dict[str, int] = {}
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(stdio(**ark(sandbox))) for _ in range(3)]

        async def run(client: Client, requests: list[dict[str, Any]]) -> None:
            job_id = await started(client, requests)
            jobs[job_id] = requests[0].get("count", 1)
            await settled(client, job_id)

        async with anyio.create_task_group() as tasks:
            for client in clients:
                tasks.start_soon(run, client, sets(26, 3))
        async with anyio.create_task_group() as tasks:
            for client in clients:
                tasks.start_soon(run, client, singles(60))
    told = rows(sandbox)
    assert len(told) == 3 * 26 + 3 * 60
    most = most_in_a_window(told, jobs)
    assert 0.8 * LIMIT < most <= LIMIT
    for size in (1, 3):
        shares = together(told, [job for job, count in jobs.items() if count == size])
        mean = sum(shares) / 3
        assert all(0.75 * mean <= share <= 1.25 * mean for share in shares), shares


def together(told: list[dict[str, Any]], jobs: list[str]) -> list[int]:
    """Return how many requests of each job came while all of them had some."""
    times = [[row["time"] for row in told if row["client_request_id"].startswith(job)] for job in jobs]
    begin, end = max(map(min, times)), min(map(max, times))
    return [sum(begin <= time <= end for time in own) for own in times]


async def test_a_retry_after_pushes_back_every_process(stdio: Connect, sandbox: Sandbox) -> None:
    refuse(sandbox, 30)
    script(sandbox, fault="status", status=429, retry_after=4)
    refuse(sandbox)
    async with stdio(**ark(sandbox)) as one, stdio(**ark(sandbox)) as other:
        jobs = [await started(client, singles(60)) for client in (one, other)]
        for client, job_id in zip((one, other), jobs, strict=True):
            await settled(client, job_id)
    told = rows(sandbox)
    (pushed,) = [row["time"] for row in told if row["status"] == 429]
    meanwhile = [row for row in told if pushed + 1 < row["time"] < pushed + 3.9]
    after = {row["client_request_id"].partition("-")[0] for row in told if row["time"] >= pushed + 3.9}
    assert meanwhile == []
    assert after == set(jobs)


async def test_the_documented_limit_holds_without_a_setting(memory: Connect, sandbox: Sandbox) -> None:
    refuse(sandbox)
    async with memory(ark_api_key="sandbox-key", ark_base_url=sandbox.base_urls["ark"], concurrency=64) as client:
        await settled(client, await started(client, singles(30)))
    times = [row["time"] for row in rows(sandbox)]
    assert max(times) - min(times) > 0.9 * (30 - 6) * 60 / 450


@pytest.mark.parametrize("is_another_process", [False, True])
async def test_one_picture_is_not_stuck_behind_a_job_of_200(
    stdio: Connect, sandbox: Sandbox, *, is_another_process: bool
) -> None:
    refuse(sandbox)
    async with stdio(**ark(sandbox, images_per_minute=600)) as busy, AsyncExitStack() as stack:
        other = busy
        if is_another_process:
            other = await stack.enter_async_context(stdio(**ark(sandbox, images_per_minute=600)))
            await other.list_tools()
        job_id = await started(busy, singles(200))
        await seen(sandbox, 15)
        before = len(rows(sandbox))
        with anyio.fail_after(20):
            await other.call_tool("generate_image", {**FOX, "prompt": "one owl"})
        await busy.call_tool("cancel_job", {"job_id": job_id})
    told = [row["client_request_id"].startswith(job_id) for row in rows(sandbox)]
    assert told.count(False) == 1
    assert told.index(False) - before <= 25
    assert len(told) < 150


async def test_a_busy_provider_does_not_delay_another(memory: Connect, sandbox: Sandbox) -> None:
    script(sandbox, fault="delay", dialect="ark", seconds=4, times=2)
    keys = {"ark_api_key": "sandbox-key", "ark_base_url": sandbox.base_urls["ark"]}
    keys |= {"aigc_api_key": "sandbox-key", "aigc_base_url": sandbox.base_urls["aigc"]}
    async with memory(**keys, concurrency=2) as client:
        job_id = await started(client, [{**one, "provider": "ark"} for one in singles(6)])
        await seen(sandbox, 2)
        asked = {"prompt": "one owl", "model": "seedream-4.5", "provider": "aigc", "size": "1024x1024"}
        owl = facts_of(await client.call_tool("generate_image", asked))
        job = facts_of(await client.call_tool("get_job", {"job_id": job_id, "wait_s": 0}))
        await client.call_tool("cancel_job", {"job_id": job_id})
    assert (owl["status"], owl["delivered"]) == ("completed", 1)
    assert (job["status"], job["delivered"]) == ("running", 0)
