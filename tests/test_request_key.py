"""A request key stands for one job, whichever tool, process or restart: it is paid once."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import httpx2 as httpx
import pytest
from mcp import Client

from seedream_hub.jobs.job import Job, Slot, new_job_id
from seedream_hub.jobs.journal import Journal
from seedream_hub.jobs.order import Asked
from seedream_hub.providers.sandbox.server import Sandbox, start_sandbox
from tests.sandboxed import picture
from tests.support import Connect, facts_of, text_of

FOX = {"prompt": "a red fox in snow", "size": "1K", "model": "seedream-4.0"}
KEYS = 6


def told_again(key: str) -> str:
    return f"request_key {key}: this is the job of an earlier call; nothing was sent or billed for this one."


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    running = start_sandbox()
    yield running
    running.stop()


@pytest.fixture
def references(tmp_path: Path) -> list[str]:
    folder = tmp_path / "pictures"
    folder.mkdir()
    paths = [folder / "one.png", folder / "two.png"]
    for number, path in enumerate(paths):
        path.write_bytes(picture((64 + number, 64)))
    return [str(path) for path in paths]


def arguments(tool: str, references: list[str]) -> dict[str, Any]:
    return {
        "generate_image": FOX,
        "edit_image": {**FOX, "image": references[0]},
        "fuse_images": {**FOX, "images": references},
        "batch_images": {**FOX, "count": 2},
        "start_job": {"requests": [FOX, {"tool": "edit_image", **FOX, "image": references[0]}]},
    }[tool]


def another(asked: dict[str, Any]) -> dict[str, Any]:
    if "requests" in asked:
        return {"requests": asked["requests"][:1]}
    return {**asked, "prompt": "a blue fox"}


def billed(sandbox: Sandbox) -> int:
    return httpx.get(f"{sandbox.url}/admin/ledger").json()["billed_images"]


def ark(sandbox: Sandbox) -> dict[str, str]:
    return {"ark_api_key": sandbox.api_key, "ark_base_url": sandbox.base_urls["ark"]}


async def finished(client: Client, job_id: str) -> dict[str, Any]:
    with anyio.fail_after(60):
        while True:
            facts = facts_of(await client.call_tool("get_job", {"job_id": job_id, "wait_s": 5}))
            if facts["status"] != "running":
                return facts


TOOLS = ["generate_image", "edit_image", "fuse_images", "batch_images", "start_job"]


@pytest.mark.parametrize("tool", TOOLS)
async def test_every_tool_returns_the_same_job_for_the_same_key_also_after_a_restart(
    memory: Connect, sandbox: Sandbox, references: list[str], tool: str
) -> None:
    asked = {**arguments(tool, references), "request_key": "order-7"}
    async with memory(**ark(sandbox)) as client:
        first = await finished(client, facts_of(await client.call_tool(tool, asked))["job_id"])
        paid = billed(sandbox)
    async with memory(**ark(sandbox)) as client:
        again = facts_of(await client.call_tool(tool, asked))
        waited = {} if tool == "start_job" else {"wait_s": 3}
        once_more = facts_of(await client.call_tool(tool, {**asked, **waited}))
        later = await finished(client, first["job_id"])
        other = await client.call_tool(tool, {**another(asked), "request_key": "order-7"})
    assert first["status"] == "completed"
    assert again["images"] == once_more["images"] == first["images"]
    assert again["warnings"] == once_more["warnings"] == [told_again("order-7")]
    assert (first["warnings"], later["warnings"]) == ([], [])
    assert other.is_error
    assert text_of(other).startswith("request_key")
    assert billed(sandbox) == paid == first["requested"]


async def test_a_key_stands_for_its_tool_too(memory: Connect, sandbox: Sandbox) -> None:
    async with memory(**ark(sandbox)) as client:
        await client.call_tool("generate_image", {**FOX, "request_key": "order-7"})
        other = await client.call_tool("start_job", {"requests": [FOX], "request_key": "order-7"})
    assert other.is_error
    assert billed(sandbox) == 1


async def test_a_key_is_answered_though_its_reference_is_gone(
    memory: Connect, sandbox: Sandbox, references: list[str]
) -> None:
    asked = {**arguments("edit_image", references), "request_key": "order-7"}
    async with memory(**ark(sandbox)) as client:
        first = facts_of(await client.call_tool("edit_image", asked))
        Path(references[0]).unlink()
        again = facts_of(await client.call_tool("edit_image", asked))
    assert again["job_id"] == first["job_id"]


@pytest.mark.parametrize(("hours", "is_kept"), [(23.9, True), (24.1, False)])
async def test_a_key_is_kept_for_a_day(
    memory: Connect, sandbox: Sandbox, tmp_path: Path, hours: float, *, is_kept: bool
) -> None:
    asked = {**FOX, "request_key": "order-7"}
    async with memory(**ark(sandbox)) as client:
        first = facts_of(await client.call_tool("generate_image", asked))
        then = (datetime.now(UTC) - timedelta(hours=hours)).isoformat(timespec="milliseconds")
        with closing(sqlite3.connect(tmp_path / "state" / "journal.sqlite3")) as db:
            db.execute("UPDATE jobs SET created = ?", (then,))
            db.commit()
        again = facts_of(await client.call_tool("generate_image", asked))
    assert (again["job_id"] == first["job_id"]) == is_kept
    assert billed(sandbox) == (1 if is_kept else 2)


def script(sandbox: Sandbox, status: int) -> None:
    fault = {"fault": "status", "status": status}
    httpx.post(f"{sandbox.url}/admin/faults", json=fault).raise_for_status()


@pytest.mark.parametrize("tool", ["generate_image", "start_job"])
async def test_a_key_whose_job_failed_and_cost_nothing_starts_anew(
    memory: Connect, sandbox: Sandbox, references: list[str], tool: str
) -> None:
    asked = {**(FOX if tool == "generate_image" else {"requests": [FOX]}), "request_key": "order-7"}
    script(sandbox, 400)
    async with memory(**ark(sandbox)) as client:
        first = await finished(client, facts_of(await client.call_tool(tool, asked))["job_id"])
        again = await finished(client, facts_of(await client.call_tool(tool, asked))["job_id"])
        later = facts_of(await client.call_tool(tool, asked))
    assert (first["status"], again["status"]) == ("failed", "completed")
    assert first["job_id"] != again["job_id"] == later["job_id"]
    assert (again["warnings"], later["warnings"]) == ([], [told_again("order-7")])
    assert billed(sandbox) == 1


async def test_a_key_whose_job_failed_for_free_may_stand_for_other_arguments(
    memory: Connect, sandbox: Sandbox
) -> None:
    script(sandbox, 400)
    async with memory(**ark(sandbox)) as client:
        await client.call_tool("generate_image", {**FOX, "request_key": "order-7"})
        other = facts_of(await client.call_tool("generate_image", {**another(FOX), "request_key": "order-7"}))
    assert other["status"] == "completed"


@pytest.mark.parametrize("count", [1, 2])
async def test_a_key_whose_job_may_have_been_billed_returns_it(memory: Connect, sandbox: Sandbox, count: int) -> None:
    script(sandbox, 500 if count == 1 else 400)
    asked = {**FOX, "count": count, "request_key": "order-7"}
    async with memory(**ark(sandbox)) as client:
        first = facts_of(await client.call_tool("generate_image", asked))
        again = facts_of(await client.call_tool("generate_image", asked))
    assert len(first["failures"]) == 1
    assert again["job_id"] == first["job_id"]


async def test_of_two_that_write_one_key_at_the_same_moment_one_has_the_job(tmp_path: Path) -> None:
    asked = Asked(number=0, first=0, count=1, tool="t", arguments={}, provider="ark", model="m", prompt="p")
    jobs = [Job(new_job_id(), (asked,), {0: Slot(0, 0)}) for _ in range(10)]
    journals = [await Journal.open(tmp_path) for _ in jobs]
    won: list[tuple[str, str]] = []

    async def add(journal: Journal, job: Job) -> None:
        won.append(await journal.add_job(job, "t", job.id, ("order-7", f"digest of {job.id}")))

    async with anyio.create_task_group() as tasks:
        for journal, job in zip(journals, jobs, strict=True):
            tasks.start_soon(add, journal, job)
    (only,) = set(won)
    written = [job.id for job in jobs if await journals[0].load(job.id)]
    for journal in journals:
        await journal.aclose()
    assert only == (written[0], f"digest of {written[0]}")
    assert len(written) == 1


async def test_two_processes_that_race_with_one_key_run_one_job(stdio: Connect, sandbox: Sandbox) -> None:
    env = {"ARK_API_KEY": sandbox.api_key, "SEEDREAM_ARK_BASE_URL": sandbox.base_urls["ark"]}
    seen: dict[str, set[str]] = {f"order-{number}": set() for number in range(2 * KEYS)}
    warned: list[str] = []

    async def ask(client: Client, number: int) -> None:
        key = f"order-{number}"
        if number % 2:
            result = await client.call_tool("start_job", {"requests": [FOX], "request_key": key})
        else:
            result = await client.call_tool("generate_image", {**FOX, "request_key": key})
        seen[key].add(facts_of(result)["job_id"])
        warned.extend(facts_of(result)["warnings"])

    async with stdio(**env) as one, stdio(**env) as other:
        async with anyio.create_task_group() as tasks:
            for number in range(2 * KEYS):
                tasks.start_soon(ask, one, number)
                tasks.start_soon(ask, other, number)
        jobs = [job for ids in seen.values() for job in ids]
        ends = [await finished(one, job) for job in jobs]
    assert [len(ids) for ids in seen.values()] == [1] * 2 * KEYS
    assert sorted(warned) == sorted(map(told_again, seen))
    assert [facts["delivered"] for facts in ends] == [1] * 2 * KEYS
    assert billed(sandbox) == 2 * KEYS
