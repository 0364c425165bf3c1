"""What a killed process had begun, the next one brings to its end: real processes, a sandbox apart from them."""

import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import httpx2 as httpx
import psutil
import pytest
from mcp import Client

from seedream_hub.providers.sandbox.server import Sandbox, SandboxOptions, start_sandbox
from tests.sandboxed import within_ten_seconds
from tests.support import Connect, facts_of

FOX = {"prompt": "a red fox in snow", "size": "1K", "model": "seedream-4.0"}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    running = start_sandbox(SandboxOptions(delay_s=0.3, is_ready=True))
    yield running
    running.stop()


def ark(sandbox: Sandbox) -> dict[str, str]:
    return {
        "ARK_API_KEY": sandbox.api_key,
        "SEEDREAM_ARK_BASE_URL": sandbox.base_urls["ark"],
        "SEEDREAM_CONCURRENCY": "2",
    }


def evolink(sandbox: Sandbox) -> dict[str, str]:
    return {"EVOLINK_API_KEY": sandbox.api_key, "SEEDREAM_EVOLINK_BASE_URL": sandbox.base_urls["evolink"]}


def states(state: Path) -> dict[str, int]:
    with closing(sqlite3.connect(state / "journal.sqlite3")) as db:
        return dict(db.execute("SELECT state, count(*) FROM images GROUP BY state").fetchall())


def kill_servers() -> None:
    for child in psutil.Process().children(recursive=True):
        if "seedream-hub" in " ".join(child.cmdline()):
            os.kill(child.pid, signal.SIGKILL)


def billed(sandbox: Sandbox) -> int:
    return httpx.get(f"{sandbox.url}/admin/ledger").json()["billed_images"]


async def settled(client: Client, job_id: str) -> dict[str, Any]:
    with anyio.fail_after(60):
        while True:
            facts = facts_of(await client.call_tool("get_job", {"job_id": job_id, "wait_s": 5}))
            if facts["status"] != "running":
                return facts


async def start_and_kill(stdio: Connect, env: dict[str, str], requests: list[dict[str, Any]], when: int) -> str:
    """Start a job in a process of its own, and kill that once so many pictures are settled; return the job's id."""
    job_id = ""
    try:
        async with stdio(**env) as client:
            facts = facts_of(await client.call_tool("start_job", {"requests": requests}))
            job_id = facts["job_id"]
            while facts["delivered"] < when:
                facts = facts_of(await client.call_tool("get_job", {"job_id": job_id, "wait_s": 5}))
            kill_servers()
    except BaseException:  # the transport's own complaint about the dead process
        if not job_id:
            raise
    return job_id


async def test_a_killed_jobs_unsent_requests_are_sent_and_the_sent_ones_owned_up_to(
    stdio: Connect, sandbox: Sandbox, tmp_path: Path
) -> None:
    requests = [{**FOX, "prompt": f"fox number {number}"} for number in range(10)]
    job_id = await start_and_kill(stdio, ark(sandbox), requests, 2)
    async with stdio(**ark(sandbox)) as client:
        facts = await settled(client, job_id)
    files = list((tmp_path / "pictures").glob("*.jpg"))
    unknown = [failure for failure in facts["failures"] if failure["billed"] == "unknown"]
    lost = sum(failure["count"] for failure in facts["failures"])
    assert lost == sum(failure["count"] for failure in unknown) <= 2
    assert facts["status"] == ("partial" if unknown else "completed")
    assert len(files) == 10 - lost
    assert billed(sandbox) <= 10
    assert not list((tmp_path / "pictures").glob(".*"))


async def test_a_task_of_a_killed_process_is_awaited_and_not_asked_for_again(
    stdio: Connect, sandbox: Sandbox, tmp_path: Path
) -> None:
    scene = {"prompt": "a red fox", "model": "seedream-4.0", "size": "1K", "count": 3}
    job_id = ""
    try:
        async with stdio(**evolink(sandbox)) as client:
            job_id = facts_of(await client.call_tool("start_job", {"requests": [scene]}))["job_id"]
            await anyio.to_thread.run_sync(within_ten_seconds, lambda: _tasks_are_known(tmp_path / "state", 3))
            kill_servers()
    except BaseException:
        if not job_id:
            raise
    async with stdio(**evolink(sandbox)) as client:
        facts = await settled(client, job_id)
    assert (facts["status"], facts["delivered"]) == ("completed", 3)
    assert billed(sandbox) == 3


async def test_a_process_takes_over_from_one_that_dies_beside_it(
    stdio: Connect, sandbox: Sandbox, tmp_path: Path
) -> None:
    requests = [{**FOX, "prompt": f"fox number {number}"} for number in range(8)]
    async with stdio(**ark(sandbox)) as survivor:
        await survivor.call_tool("generate_image", FOX)
        alive = {child.pid for child in psutil.Process().children(recursive=True)}
        job_id = ""
        try:
            async with stdio(**ark(sandbox)) as client:
                job_id = facts_of(await client.call_tool("start_job", {"requests": requests}))["job_id"]
                for child in psutil.Process().children(recursive=True):
                    if child.pid not in alive:
                        os.kill(child.pid, signal.SIGKILL)
        except BaseException:
            if not job_id:
                raise
        facts = await settled(survivor, job_id)
    assert facts["delivered"] + sum(failure["count"] for failure in facts["failures"]) == 8
    assert billed(sandbox) <= 9


async def test_the_built_in_sandboxs_batch_is_whole_after_the_plug_was_pulled(stdio: Connect, tmp_path: Path) -> None:
    requests = [{**FOX, "prompt": f"fox number {number}"} for number in range(6)]
    env = {"SEEDREAM_SANDBOX_DELAY_S": "0.3", "SEEDREAM_CONCURRENCY": "2"}
    job_id = await start_and_kill(stdio, env, requests, 1)
    async with stdio(**env) as client:
        facts = await settled(client, job_id)
    assert (facts["status"], facts["delivered"]) == ("completed", 6)
    assert len(list((tmp_path / "pictures").glob("*.jpg"))) == 6


def _tasks_are_known(state: Path, count: int) -> bool:
    if not (state / "journal.sqlite3").exists():
        return False
    with closing(sqlite3.connect(state / "journal.sqlite3")) as db:
        return db.execute("SELECT count(task_id) FROM images").fetchone() == (count,)
