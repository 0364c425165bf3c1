"""Cancel at a bad moment: from another process, at the gate, in a back-off. Nothing more is sent; nothing hangs."""

from collections.abc import Iterator
from typing import Any

import anyio
import anyio.to_thread
import httpx2 as httpx
import pytest
from mcp import Client

from seedream_hub.providers.sandbox.server import Sandbox, start_sandbox
from tests.sandboxed import within_ten_seconds
from tests.support import Connect, facts_of

FOX = {"prompt": "a red fox in snow", "size": "1K", "model": "seedream-4.0"}
OTHER = {"prompt": "a blue owl", "size": "2K", "model": "seedream-4.5"}
SOON_S = 5


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    running = start_sandbox()
    yield running
    running.stop()


def ark(sandbox: Sandbox) -> dict[str, str]:
    return {"ark_api_key": sandbox.api_key, "ark_base_url": sandbox.base_urls["ark"]}


def rows(sandbox: Sandbox) -> list[dict[str, Any]]:
    return httpx.get(f"{sandbox.url}/admin/ledger").json()["requests"]


def push_back(sandbox: Sandbox) -> None:
    fault = {"fault": "status", "status": 429, "retry_after": 60}
    httpx.post(f"{sandbox.url}/admin/faults", json=fault).raise_for_status()


async def started(client: Client, count: int) -> str:
    requests = [{**FOX, "prompt": f"fox number {number}"} for number in range(count)]
    return facts_of(await client.call_tool("start_job", {"requests": requests}))["job_id"]


async def seen(sandbox: Sandbox, count: int) -> None:
    await anyio.to_thread.run_sync(within_ten_seconds, lambda: len(rows(sandbox)) >= count)


async def settled(client: Client, job_id: str) -> dict[str, Any]:
    with anyio.fail_after(SOON_S):
        while True:
            facts = facts_of(await client.call_tool("get_job", {"job_id": job_id, "wait_s": 1}))
            if facts["status"] != "running":
                return facts


async def noted(client: Client, job_id: str, code: str) -> None:
    """Return when a job's progress tells of a refusal."""
    told = anyio.Event()

    async def note(progress: float, total: float | None, message: str | None) -> None:
        if message and code in message:
            told.set()

    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: client.call_tool("get_job", {"job_id": job_id}, progress_callback=note))
            await told.wait()
            tasks.cancel_scope.cancel()


async def test_a_job_is_cancelled_from_another_process(stdio: Connect, sandbox: Sandbox) -> None:
    env = {"ARK_API_KEY": sandbox.api_key, "SEEDREAM_ARK_BASE_URL": sandbox.base_urls["ark"]}
    env["SEEDREAM_IMAGES_PER_MINUTE"] = "120"
    async with stdio(**env) as one, stdio(**env) as other:
        job_id = await started(one, 50)
        await seen(sandbox, 3)
        await other.call_tool("cancel_job", {"job_id": job_id})
        facts = await settled(other, job_id)
        (mine,) = [await settled(one, job_id)]
    assert facts["status"] == mine["status"] == "partial"
    assert facts["billed"] == facts["delivered"] == len(rows(sandbox)) < 20
    assert {failure["code"] for failure in facts["failures"]} == {"cancelled"}


async def test_a_job_cancelled_while_it_waits_for_the_budget_ends_at_once_and_holds_up_nobody(
    memory: Connect, sandbox: Sandbox
) -> None:
    async with memory(**ark(sandbox), images_per_minute=1, concurrency=1) as client:
        job_id = await started(client, 4)
        await seen(sandbox, 1)
        await client.call_tool("cancel_job", {"job_id": job_id})
        facts = await settled(client, job_id)
        with anyio.fail_after(SOON_S):
            owl = facts_of(await client.call_tool("generate_image", OTHER))
    assert (facts["delivered"], facts["counts"]["cancelled"]) == (1, 3)
    assert (owl["status"], owl["delivered"]) == ("completed", 1)


async def test_a_job_cancelled_in_a_back_off_ends_at_once_and_is_not_sent_again(
    memory: Connect, sandbox: Sandbox
) -> None:
    push_back(sandbox)
    async with memory(**ark(sandbox)) as client:
        job_id = await started(client, 1)
        await noted(client, job_id, "asking again")
        await client.call_tool("cancel_job", {"job_id": job_id})
        facts = await settled(client, job_id)
    assert [failure["code"] for failure in facts["failures"]] == ["cancelled"]
    assert facts["billed"] == 0
    assert [row["status"] for row in rows(sandbox)] == [429]


async def test_a_call_that_goes_away_in_a_back_off_is_not_sent_again(memory: Connect, sandbox: Sandbox) -> None:
    push_back(sandbox)
    refused = anyio.Event()

    async def note(progress: float, total: float | None, message: str | None) -> None:
        if message and "asking again" in message:
            refused.set()

    with anyio.fail_after(15):
        async with memory(**ark(sandbox)) as client, anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: client.call_tool("generate_image", FOX, progress_callback=note))
            await refused.wait()
            tasks.cancel_scope.cancel()
    assert [row["status"] for row in rows(sandbox)] == [429]


async def test_a_process_that_ends_in_a_back_off_leaves_its_job_to_the_next(
    memory: Connect, sandbox: Sandbox
) -> None:
    push_back(sandbox)
    with anyio.fail_after(30):
        async with memory(**ark(sandbox)) as client:
            job_id = await started(client, 2)
            await noted(client, job_id, "asking again")
        async with memory(**ark(sandbox)) as client:
            facts = facts_of(await client.call_tool("get_job", {"job_id": job_id, "wait_s": 0}))
    assert facts["status"] == "running"
    assert facts["failures"] == []
    assert [row["status"] for row in rows(sandbox)].count(429) == 1
