"""Jobs as people and agents look at them: `seedream://jobs`, and the command `seedream-hub jobs`."""

import json
import os
import signal
import subprocess
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp.types import TextResourceContents

from seedream_hub.providers.sandbox.server import Sandbox, SandboxOptions, start_sandbox
from tests.commands import fine, run
from tests.raw import Raw, raw_server
from tests.support import COMMAND, Connect, facts_of

FOX = {"prompt": "a red fox in snow", "size": "1K", "model": "seedream-4.0"}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    running = start_sandbox(SandboxOptions(is_ready=True))
    yield running
    running.stop()


def ark(sandbox: Sandbox) -> dict[str, str]:
    return {"ARK_API_KEY": sandbox.api_key, "SEEDREAM_ARK_BASE_URL": sandbox.base_urls["ark"]}


async def read(client: Client, uri: str) -> Any:
    (content,) = (await client.read_resource(uri)).contents
    assert isinstance(content, TextResourceContents)
    assert content.mime_type == "application/json"
    return json.loads(content.text)


NO_JOB = "seedream-hub jobs {}: ID nosuchjob is no job of this machine; `seedream-hub jobs` lists them"


def command(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, **variables}
    return subprocess.run(
        [COMMAND, "jobs", *arguments], capture_output=True, text=True, env=environment, timeout=60, check=False
    )


@contextmanager
def waiting_for_its_answer(sandbox: Sandbox) -> Generator[tuple[Raw, str]]:
    """Start a job of two in a process of its own, of which the first is sent and not answered."""
    with raw_server(**ark(sandbox), SEEDREAM_CONCURRENCY="1") as raw:
        raw.call(FOX)
        raw.read_until(id=1)
        httpx.post(f"{sandbox.url}/admin/faults", json={"fault": "delay", "seconds": 60})
        raw.call({"requests": [{**FOX, "prompt": "a lost fox"}, FOX]}, "start_job")
        facts = raw.read_until(id=1)["result"]["structuredContent"]
        job_id = facts["job_id"]
        while not facts["counts"].get("sent"):
            raw.call({"job_id": job_id, "wait_s": 1}, "get_job", 2)
            facts = raw.read_until(id=2)["result"]["structuredContent"]
        yield raw, job_id


def kill(raw: Raw) -> None:
    raw.process.send_signal(signal.SIGKILL)
    raw.process.wait()


def job_with_an_unknown_picture(sandbox: Sandbox) -> str:
    """Kill a job's process while a picture waits for its answer, and let another adopt it."""
    with waiting_for_its_answer(sandbox) as (raw, job_id):
        kill(raw)
    with raw_server(**ark(sandbox), SEEDREAM_CONCURRENCY="1") as raw:
        facts: dict[str, Any] = {"status": "running"}
        while facts["status"] == "running":
            raw.lines.clear()
            raw.call({"job_id": job_id, "wait_s": 20}, "get_job")
            facts = raw.read_until(id=1)["result"]["structuredContent"]
        raw.stdin.close()
    assert facts["status"] == "partial"
    return job_id


async def test_a_job_can_be_read_picture_by_picture(memory: Connect) -> None:
    async with memory() as client:
        requests = [FOX, {**FOX, "prompt": "blue foxes", "count": 2}]
        started = facts_of(await client.call_tool("start_job", {"requests": requests}))
        facts = facts_of(await client.call_tool("get_job", {"job_id": started["job_id"]}))
        while facts["status"] == "running":
            facts = facts_of(await client.call_tool("get_job", {"job_id": started["job_id"]}))
        job = await read(client, f"seedream://jobs/{facts['job_id']}")
        listed = await read(client, "seedream://jobs")
    assert (job["state"], job["tool"], job["requested"], job["billed"]) == ("completed", "start_job", 3, 3)
    assert job["counts"] == {"stored": 3}
    assert [(request["prompt"], request["count"]) for request in job["requests"]] == [
        (FOX["prompt"], 1),
        ("blue foxes", 2),
    ]
    assert [picture["request"] for picture in job["pictures"]] == [0, 1, 1]
    assert [picture["path"] for picture in job["pictures"]] == [image["path"] for image in facts["images"]]
    first = job["pictures"][0]
    assert (first["provider"], first["model"], first["url_host"]) == ("sandbox", "seedream-4.0", "127.0.0.1")
    assert first["request_id"]
    (entry,) = listed["jobs"]
    assert entry == {name: job[name] for name in entry} | {"updated": entry["updated"]}


async def test_a_running_job_can_be_read_and_no_link_is_shown(memory: Connect) -> None:
    async with memory(sandbox_delay_s=1) as client:
        started = facts_of(await client.call_tool("generate_image", {**FOX, "wait_s": 0}))
        running = await read(client, f"seedream://jobs/{started['job_id']}")
        await client.call_tool("get_job", {"job_id": started["job_id"]})
        settled = await read(client, f"seedream://jobs/{started['job_id']}")
    assert (running["state"], running["delivered"]) == ("running", 0)
    assert "http" not in json.dumps(settled)
    assert settled["updated"] > settled["created"]


async def test_the_jobs_are_listed_among_the_resources(memory: Connect) -> None:
    async with memory() as client:
        resources = [str(resource.uri) for resource in (await client.list_resources()).resources]
        templates = [one.uri_template for one in (await client.list_resource_templates()).resource_templates]
    assert "seedream://jobs" in resources
    assert "seedream://jobs/{job_id}" in templates


async def test_a_job_nobody_knows_cannot_be_read(memory: Connect) -> None:
    async with memory() as client:
        with pytest.raises(MCPError, match="There is no job nosuchjob"):
            await client.read_resource("seedream://jobs/nosuchjob")


def test_an_unknown_picture_is_listed_shown_and_asked_for_again_only_on_demand(sandbox: Sandbox) -> None:
    job_id = job_with_an_unknown_picture(sandbox)
    (first, *_) = json.loads(command("--json").stdout)["jobs"]
    assert first["id"] == job_id
    (lost,) = first["unknown"]
    assert (lost["index"], lost["billed"], lost["code"]) == (0, "unknown", "unknown_outcome")
    assert f"seedream-hub jobs retry {job_id}" in command().stdout
    assert "[0] unknown unknown_outcome" in command("show", job_id).stdout

    again = command("retry", job_id, "--json", **ark(sandbox))
    assert again.returncode == 0, again.stderr
    job = json.loads(again.stdout)
    assert (job["state"], job["requested"]) == ("completed", 1)
    assert job["requests"][0]["prompt"] == "a lost fox"
    assert Path(job["pictures"][0]["path"]).is_file()
    assert "sent to ark" in again.stderr
    shown = json.loads(command("show", job["id"], "--json").stdout)
    assert shown == {**job, "updated": shown["updated"]}
    assert f"asked for again in {job['id']}" in command().stdout
    twice = command("retry", job_id, **ark(sandbox))
    assert (twice.returncode, f"already, in job {job['id']}" in twice.stdout + twice.stderr) == (2, True)
    assert f"`seedream-hub jobs show` for {job['id']} says what became of it" in twice.stderr


def test_a_retry_that_makes_nothing_says_so_by_its_exit_code(sandbox: Sandbox) -> None:
    job_id = job_with_an_unknown_picture(sandbox)
    refused = command("retry", job_id, ARK_API_KEY="wrong", SEEDREAM_ARK_BASE_URL=sandbox.base_urls["ark"])
    assert refused.returncode == 1
    assert "0 of 1 made" in refused.stdout
    assert command("retry", job_id, **ark(sandbox)).returncode == 0


def test_a_job_nobody_works_on_is_cancelled_at_once_and_stays_so(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ark(sandbox).items():
        monkeypatch.setenv(name, value)
    with waiting_for_its_answer(sandbox) as (raw, job_id):
        kill(raw)
    told = json.loads(fine("jobs", "cancel", job_id, "--json"))
    assert [picture["state"] for picture in told["pictures"]] == ["sent", "cancelled"]
    page = fine("jobs", "show", job_id)
    assert f"no process works on it, and nothing more is sent; `seedream-hub jobs wait {job_id}`" in page
    settled = run("jobs", "wait", job_id, "--json")
    failures = json.loads(settled.stdout)["failures"]
    assert (settled.returncode, [failure["code"] for failure in failures]) == (1, ["unknown_outcome", "cancelled"])
    assert failures[1]["message"] == "Cancelled before it was sent."


def test_what_was_sent_is_told_by_whether_its_process_lives(sandbox: Sandbox) -> None:
    """And looking at it changes nothing: that is for who goes on with it."""
    with waiting_for_its_answer(sandbox) as (raw, job_id):
        living, lived = command("show", job_id).stdout, command().stdout
        assert json.loads(run("usage", "--json").stdout)["total"]["unknown"] == 0
        kill(raw)
    assert "[0] sent (billed: not known yet, by ark" in living
    assert f"{job_id} running" in living
    assert "no process works on it" not in living + lived

    told, listed = command("show", job_id).stdout, command().stdout
    assert "[0] sent; may have been billed (billed: unknown, by ark" in told
    assert "[1] queued (billed: no" in told
    assert f"{job_id}: no process works on it; `seedream-hub jobs wait {job_id}`" in told
    (row,) = (line.split() for line in listed.splitlines() if line.startswith(f"{job_id} "))
    assert row[-4:] == ["stopped", "0/2", "0", "1"]
    assert json.loads(run("usage", "--json").stdout)["total"]["unknown"] == 1
    (first, *_) = json.loads(command("--json").stdout)["jobs"]
    assert (first["state"], first["stopped"], first["counts"]) == ("running", True, {"sent": 1, "queued": 1})
    assert [(picture["index"], picture["state"], picture["billed"]) for picture in first["unknown"]] == [
        (0, "sent", "unknown")
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ((), 0, "There are no jobs yet."),
        *(((name, "nosuchjob"), 2, NO_JOB.format(name)) for name in ("show", "links", "wait", "retry")),
        (("retry", "a" * 16), 2, "is no job of this machine"),
        (("show",), 2, "ID"),
        (("paint",), 2, "paint"),
    ],
)
def test_the_exit_code_says_what_went_wrong(arguments: tuple[str, ...], code: int, told: str) -> None:
    done = command(*arguments)
    assert done.returncode == code
    assert told in done.stdout + done.stderr


def test_looking_at_jobs_makes_nothing_and_needs_no_key(tmp_path: Path) -> None:
    done = command("--json", SEEDREAM_PROVIDER="ark")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"jobs": []})
    assert not (tmp_path / "state").exists()


def test_a_setting_that_is_wrong_ends_the_command_with_2() -> None:
    done = command(SEEDREAM_CONCURRENCY="many")
    assert done.returncode == 2
    assert "SEEDREAM_CONCURRENCY" in done.stderr
