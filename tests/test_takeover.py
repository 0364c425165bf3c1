"""What a process finds in the journal of one that is gone, and what one may still do that lost its job."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import anyio
import anyio.to_thread
import pytest
from mcp import Client

from seedream_hub.jobs.job import Job, Slot
from seedream_hub.jobs.journal import Journal
from seedream_hub.jobs.order import Asked, Leaving
from seedream_hub.jobs.owners import Owner
from seedream_hub.providers.sandbox.server import SandboxOptions, start_sandbox
from seedream_hub.schemas.result import Failure
from tests.sandboxed import within_ten_seconds
from tests.support import ROOT, Connect, facts_of
from tests.upstream import Script, serve

FOX: dict[str, Any] = {"prompt": "a red fox in snow", "size": "1K", "model": "seedream-4.0"}
PICTURE = (ROOT / "tests" / "data" / "gradient.jpg").read_bytes()
JOB = "a" * 16


async def left_behind(state: Path, how_far: Callable[[Journal, Job], Any], job_id: str = JOB) -> None:
    """Write what a dead process did for one picture: asked for, sent, and then so far."""
    journal = await Journal.open(state)
    asked = Asked(
        number=0,
        first=0,
        count=1,
        tool="generate_image",
        arguments=FOX,
        provider="ark",
        model="seedream-4.0",
        prompt=FOX["prompt"],
    )
    job = Job(job_id, (asked,), {0: Slot(0, 0)})
    await journal.add_job(job, "generate_image", "1-dead")
    assert await journal.sent("1-dead", job_id, [f"{job_id}-0"], Leaving("ark", "seedream-4.0")) == "yes"
    await how_far(journal, job)
    await journal.aclose()


async def settled(client: Client) -> dict[str, Any]:
    with anyio.fail_after(30):
        while True:
            facts = facts_of(await client.call_tool("get_job", {"job_id": JOB, "wait_s": 5}))
            if facts["status"] != "running":
                return facts


@pytest.mark.parametrize(("hours", "fetched"), [(23, True), (25, False)])
async def test_a_link_older_than_a_day_is_reported_as_lost_with_its_cost_and_not_fetched(
    memory: Connect, tmp_path: Path, hours: int, fetched: bool
) -> None:
    moments: list[str] = []
    with serve(Script(picture=PICTURE, watch=moments.append)) as script:
        link = f"{script.base_url.removesuffix('/api/v3')}/picture"
        await left_behind(
            tmp_path / "state", lambda journal, _: journal.linked(f"{JOB}-0", Slot(0, 0, url=link, size="64x64"))
        )
        then = (datetime.now(UTC) - timedelta(hours=hours)).isoformat(timespec="milliseconds")
        with closing(sqlite3.connect(tmp_path / "state" / "journal.sqlite3", isolation_level=None)) as db:
            db.execute("UPDATE images SET linked = ?", (then,))
        async with memory(ark_api_key="sk-x", ark_base_url=script.base_url) as client:
            facts = await settled(client)
    assert moments == (["picture"] if fetched else [])
    assert (facts["delivered"], facts["billed"]) == (int(fetched), 1)
    assert facts["cost"]["amount"] > 0
    assert [failure["code"] for failure in facts["failures"]] == ([] if fetched else ["link_expired"])
    assert "jobs links" not in (facts["next"] or "")


@pytest.mark.parametrize(("hours", "works"), [(1, True), (25, False)])
async def test_a_link_is_offered_as_long_as_it_may_work(
    memory: Connect, tmp_path: Path, hours: int, works: bool
) -> None:
    failure = Failure(
        index=0, code="download_failed", message="-", billed="yes", retryable=False, argument=None, request_id=None
    )

    async def how_far(journal: Journal, job: Job) -> None:
        await journal.linked(f"{JOB}-0", Slot(0, 0, url="https://example.com/fox.jpg", size="64x64"))
        await journal.failed(f"{JOB}-0", "lost", failure)
        await journal.finish(job)

    await left_behind(tmp_path / "state", how_far)
    then = (datetime.now(UTC) - timedelta(hours=hours)).isoformat(timespec="milliseconds")
    with closing(sqlite3.connect(tmp_path / "state" / "journal.sqlite3", isolation_level=None)) as db:
        db.execute("UPDATE images SET linked = ?", (then,))
    async with memory() as client:
        facts = await settled(client)
    assert ("`seedream-hub jobs links" in facts["next"]) is works
    assert ("its link no longer works" in facts["next"]) is not works


async def test_a_picture_nobody_asked_for_is_owned_up_to_when_its_process_died(
    memory: Connect, tmp_path: Path
) -> None:
    """It came after the one that was asked for, and its link was not written yet."""

    async def how_far(journal: Journal, job: Job) -> None:
        await journal.add_image(job, Slot(1, 0, "sent", "ark", "seedream-4.0"))

    await left_behind(tmp_path / "state", how_far)
    with serve(Script(picture=PICTURE)) as script:
        async with memory(ark_api_key="sk-x", ark_base_url=script.base_url) as client:
            facts = await settled(client)
    assert [failure["billed"] for failure in facts["failures"]] == ["unknown", "unknown"]
    assert script.requests == []


async def test_a_picture_that_came_as_data_and_was_not_saved_is_lost_with_its_cost(
    memory: Connect, tmp_path: Path
) -> None:
    await left_behind(tmp_path / "state", lambda journal, _: journal.linked(f"{JOB}-0", Slot(0, 0, size="64x64")))
    with serve(Script(picture=PICTURE)) as script:
        async with memory(ark_api_key="sk-x", ark_base_url=script.base_url) as client:
            facts = await settled(client)
    assert [(failure["code"], failure["billed"]) for failure in facts["failures"]] == [("not_saved", "yes")]
    assert script.requests == []


async def test_a_job_that_cannot_be_read_keeps_no_other_from_being_taken_over(
    memory: Connect, tmp_path: Path
) -> None:
    with serve(Script(picture=PICTURE)) as script:
        link = f"{script.base_url.removesuffix('/api/v3')}/picture"
        for job_id in ("0" * 16, JOB, "z" * 16):
            image_id = f"{job_id}-0"
            await left_behind(
                tmp_path / "state", lambda journal, _, i=image_id: journal.linked(i, Slot(0, 0, url=link)), job_id
            )
        with closing(sqlite3.connect(tmp_path / "state" / "journal.sqlite3", isolation_level=None)) as db:
            db.execute("UPDATE requests SET asked = 'torn' WHERE job_id IN (?, ?)", ("0" * 16, "z" * 16))
        async with memory(ark_api_key="sk-x", ark_base_url=script.base_url) as client:
            facts = await settled(client)
            assert facts_of(await client.call_tool("generate_image", FOX))["delivered"] == 1
    assert facts["delivered"] == 1


class Unwell(sqlite3.Connection):
    """A database on a disk that cannot be read for a moment, just after a takeover: no real one can be timed so."""

    refusals: ClassVar[list[str]] = []

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        if sql.startswith("SELECT * FROM jobs") and len(self.refusals) < 2:
            self.refusals.append(sql)
            raise sqlite3.OperationalError("disk I/O error")
        return super().execute(sql, parameters)


async def test_a_job_that_cannot_be_read_at_first_is_finished_once_it_can_be(
    memory: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(Script(picture=PICTURE)) as script:
        link = f"{script.base_url.removesuffix('/api/v3')}/picture"
        await left_behind(tmp_path / "state", lambda journal, _: journal.linked(f"{JOB}-0", Slot(0, 0, url=link)))
        monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Unwell))
        async with memory(ark_api_key="sk-x", ark_base_url=script.base_url) as client:
            await client.call_tool("generate_image", FOX)
            await anyio.to_thread.run_sync(within_ten_seconds, lambda: len(Unwell.refusals) == 2)
            assert (await settled(client))["delivered"] == 1


async def test_a_process_that_lost_its_job_sends_nothing_more_of_it(memory: Connect, tmp_path: Path) -> None:
    """As when somebody deletes its lock: another process takes over what it still works on."""
    sandbox = start_sandbox(SandboxOptions(delay_s=0.3, is_ready=True))
    settings: dict[str, Any] = {"ark_api_key": sandbox.api_key, "ark_base_url": sandbox.base_urls["ark"]}
    requests = [{**FOX, "prompt": f"fox number {number}"} for number in range(6)]
    journal, stranger = await Journal.open(tmp_path / "state"), Owner(tmp_path / "state")
    stranger.arrive()
    async with memory(**settings, concurrency=1) as client:
        job_id = facts_of(await client.call_tool("start_job", {"requests": requests}))["job_id"]
        facts_of(await client.call_tool("get_job", {"job_id": job_id, "wait_s": 30}))
        assert await journal.adopt(stranger.id, lambda _: True, json.dumps(["ark"])) == [job_id]
        for prompt in ("after it", "and again"):
            assert facts_of(await client.call_tool("generate_image", {**FOX, "prompt": prompt}))["delivered"] == 1
        job = await journal.load(job_id)
    await journal.aclose()
    stranger.leave(is_done=True)
    sandbox.stop()
    assert job is not None
    states = [slot.state for slot in job.slots.values()]
    assert 1 <= states.count("stored") <= 3
    assert states.count("queued") == 6 - states.count("stored")


async def test_a_process_knows_of_anothers_running_job_that_the_sandbox_draws_it(memory: Connect) -> None:
    sandbox = start_sandbox(SandboxOptions(delay_s=0.3, is_ready=True))
    settings: dict[str, Any] = {"ark_api_key": sandbox.api_key, "ark_base_url": sandbox.base_urls["ark"]}
    requests = [{**FOX, "prompt": f"fox number {number}"} for number in range(6)]
    async with memory(**settings, concurrency=1) as client, memory(**settings) as other:
        job_id = facts_of(await client.call_tool("start_job", {"requests": requests}))["job_id"]
        facts_of(await client.call_tool("get_job", {"job_id": job_id, "wait_s": 30}))
        told = [facts_of(await one.call_tool("get_job", {"job_id": job_id, "wait_s": 0})) for one in (other, client)]
        await client.call_tool("cancel_job", {"job_id": job_id})
    sandbox.stop()
    assert [(facts["status"], facts["sandbox"]) for facts in told] == [("running", True)] * 2


async def test_what_a_stranger_settled_is_not_settled_again(memory: Connect, tmp_path: Path) -> None:
    """A process thought dead was only slow: the picture it was told of late changes nothing that was said of it."""
    states: list[str] = []

    def take_over(moment: str) -> None:
        if moment == "request":
            with closing(sqlite3.connect(tmp_path / "state" / "journal.sqlite3", isolation_level=None)) as db:
                db.execute("UPDATE jobs SET owner = 'stranger'")
                db.execute("UPDATE images SET state = 'unknown'")

    def look() -> bool:
        with closing(sqlite3.connect(tmp_path / "state" / "journal.sqlite3")) as db:
            states[:] = [row[0] for row in db.execute("SELECT state FROM images")]
        return bool(states)

    with serve(Script(picture=PICTURE, watch=take_over)) as script:
        async with memory(ark_api_key="sk-x", ark_base_url=script.base_url) as client:
            facts = facts_of(await client.call_tool("generate_image", FOX))
    await anyio.to_thread.run_sync(within_ten_seconds, look)
    assert Path(facts["images"][0]["path"]).read_bytes() == PICTURE
    assert states == ["unknown"]
