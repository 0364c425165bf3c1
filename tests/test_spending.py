"""A budget counts what was billed, may have been, or is under way, in all processes, and nothing twice."""

import os
import signal
import sqlite3
from contextlib import AsyncExitStack, closing, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import psutil
import pytest
from mcp import Client
from mcp.types import CallToolResult

from tests.pictures import picture
from tests.sandboxed import Bench, configured, running
from tests.support import Connect, facts_of, text_of

FOX: dict[str, Any] = {"prompt": "a red fox in snow", "model": "seedream-4.0", "size": "1K"}
SET: dict[str, Any] = {**FOX, "count": 3}


def asked(bench: Bench) -> list[str]:
    return [row["dialect"] for row in bench.ledger()["requests"]]


def left(result: CallToolResult) -> str:
    """Return what a refused call says is left of today's budget."""
    assert result.is_error
    return text_of(result).partition("; ")[2].partition(" of today's")[0]


def environment(bench: Bench, **more: str) -> dict[str, str]:
    return {"ARK_API_KEY": bench.sandbox.api_key, "SEEDREAM_ARK_BASE_URL": bench.sandbox.base_urls["ark"], **more}


async def test_what_was_spent_today_is_counted_and_what_was_spent_yesterday_is_not(
    memory: Connect, tmp_path: Path
) -> None:
    with running() as bench:
        settings = {**configured(bench.sandbox, "ark"), "budget": "0.5 CNY/day"}
        async with memory(**settings) as client:
            await client.call_tool("generate_image", {**FOX, "count": 2})
        async with memory(**settings) as client:
            refused = await client.call_tool("generate_image", FOX)
        with closing(sqlite3.connect(tmp_path / "state" / "journal.sqlite3")) as db, db:
            now = datetime.now().astimezone()
            (day,) = {row[0] for row in db.execute("SELECT day FROM images")}
            assert day in {now.date().isoformat(), (now - timedelta(minutes=5)).date().isoformat()}
            db.execute("UPDATE images SET day = ?", ((now - timedelta(days=1)).date().isoformat(),))
        async with memory(**settings) as client:
            facts = facts_of(await client.call_tool("generate_image", FOX))
        assert bench.settled() == 3
    assert left(refused) == "0.1 CNY"
    assert facts["status"] == "completed"


async def test_dollars_and_yuan_count_together_at_seven_to_one(memory: Connect) -> None:
    with running() as bench:
        settings = configured(bench.sandbox, "ark", "byteplus")
        async with memory(**settings, budget="0.1 USD/day") as client:
            await client.call_tool("generate_image", {**FOX, "provider": "ark"})  # 0.2 CNY
            await client.call_tool("generate_image", {**FOX, "provider": "byteplus"})  # 0.03 USD
            refused = await client.call_tool("generate_image", {**SET, "provider": "byteplus"})
    assert left(refused) == "0.0414 USD"


async def test_what_provably_cost_nothing_is_not_counted(memory: Connect) -> None:
    with running() as bench:
        bench.script("status", status=400, code="InvalidParameter", times=1)
        async with memory(**configured(bench.sandbox, "ark"), budget="0.2 CNY/day") as client:
            failed = facts_of(await client.call_tool("generate_image", FOX))
            facts = facts_of(await client.call_tool("generate_image", FOX))
    assert (failed["status"], facts["status"]) == ("failed", "completed")


async def test_what_may_have_been_billed_is_counted(memory: Connect) -> None:
    with running() as bench:
        bench.script("reset", dialect="ark", times=1)
        async with memory(**configured(bench.sandbox, "ark"), budget="0.3 CNY/day") as client:
            facts = facts_of(await client.call_tool("generate_image", FOX))
            refused = await client.call_tool("generate_image", FOX)
    assert (facts["billed_unknown"], facts["cost"]["amount"], facts["cost"]["expected"]) == (1, 0, 0.2)
    assert left(refused) == "0.1 CNY"


@pytest.mark.parametrize(
    ("budget", "rest", "pictures"), [("1.2 CNY/day", "0.2 CNY", 3), ("0.9 CNY/day", "0.3 CNY", 1)]
)
async def test_pictures_asked_for_again_though_they_may_have_been_billed_count_twice(
    memory: Connect, budget: str, rest: str, pictures: int
) -> None:
    with running() as bench:
        bench.script("cut", dialect="ark", after_images=1)
        settings = {**configured(bench.sandbox, "ark"), "budget": budget, "retry_ambiguous": True}
        async with memory(**settings) as client:
            facts = facts_of(await client.call_tool("batch_images", SET))
            refused = await client.call_tool("batch_images", SET)
    assert facts["delivered"] == pictures
    assert left(refused) == rest


async def test_layers_are_held_back_for_the_most_there_may_be_and_counted_as_they_come(
    memory: Connect, tmp_path: Path
) -> None:
    path = tmp_path / "pictures" / "fox.png"
    path.parent.mkdir()
    path.write_bytes(picture("png", 640, 640))
    split = {
        "prompt": "x",
        "image": str(path),
        "model": "seedream-5.0-pro",
        "layer_decomposition": True,
        "size": "1K",
    }
    with running() as bench:
        settings = configured(bench.sandbox, "byteplus")
        async with memory(**settings, budget="0.38 USD/day") as client:
            refused = await client.call_tool("edit_image", split)
        assert "about 0.3825 USD" in text_of(refused)
        async with memory(**settings, budget="0.39 USD/day") as client:
            facts = facts_of(await client.call_tool("edit_image", split))
            refused = await client.call_tool("edit_image", split)
    assert left(refused) == f"{0.39 - facts['delivered'] * 0.0225:g} USD"


async def test_a_dearer_provider_is_not_asked_where_the_budget_does_not_allow_it(memory: Connect) -> None:
    with running() as bench:
        bench.script("status", dialect="ark", status=401, times=99)
        settings = configured(bench.sandbox, "ark", "byteplus")  # 0.2 CNY, then 0.03 USD = 0.21 CNY
        async with memory(**settings, provider=("ark", "byteplus"), budget="0.205 CNY/job") as client:
            facts = facts_of(await client.call_tool("generate_image", FOX))
        assert bench.settled() == 0
        async with memory(**settings, provider=("ark", "byteplus"), budget="0.211 CNY/job") as client:
            served = facts_of(await client.call_tool("generate_image", FOX))
    (failure,) = facts["failures"]
    assert (facts["status"], failure["code"], failure["billed"]) == ("failed", "over_budget", "no")
    assert "It would cost about 0.21 CNY; 0.205 CNY of the 0.205 CNY for a job is left" in failure["message"]
    assert "SEEDREAM_BUDGET" in facts["next"]
    assert served["provider"] == "byteplus"


async def test_a_provider_without_a_price_is_not_asked_under_a_budget(memory: Connect) -> None:
    with running() as bench:
        bench.script("status", dialect="ark", status=401, times=99)
        settings = configured(bench.sandbox, "ark", "novita")
        async with memory(**settings, provider=("ark", "novita"), budget="9 CNY/day") as client:
            facts = facts_of(await client.call_tool("generate_image", FOX))
        assert asked(bench) == ["ark"]
    assert [failure["code"] for failure in facts["failures"]] == ["price_unknown"]


async def test_processes_that_race_for_the_last_of_a_budget_never_spend_more(stdio: Connect) -> None:
    results: list[CallToolResult] = []
    with running(delay_s=0.3) as bench:
        env = environment(bench, SEEDREAM_BUDGET="1 CNY/day")
        async with AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(stdio(**env)) for _ in range(2)]
            async with anyio.create_task_group() as calls:
                for number in range(8):

                    async def call(number: int = number) -> None:
                        arguments = {**FOX, "prompt": f"fox number {number}"}
                        results.append(await clients[number % 2].call_tool("generate_image", arguments))

                    calls.start_soon(call)
        assert bench.settled() == 5
    assert sum(result.is_error for result in results) == 3
    assert {left(result) for result in results if result.is_error} == {"0 CNY"}


async def begun_and_killed(stdio: Connect, env: dict[str, str]) -> str:
    """Start a job of four, one at a time, in a process that is killed when one is made; return the job's id."""
    job_id = ""
    with suppress(BaseExceptionGroup, Exception):  # the transport's own complaint about the dead process
        async with stdio(**env) as client:
            job_id = facts_of(await client.call_tool("start_job", {"requests": [FOX] * 4}))["job_id"]
            await client.call_tool("get_job", {"job_id": job_id, "wait_s": 5})
            for child in psutil.Process().children(recursive=True):
                if "seedream-hub" in " ".join(child.cmdline()):
                    os.kill(child.pid, signal.SIGKILL)
    assert job_id
    return job_id


async def settled(client: Client, job_id: str) -> dict[str, Any]:
    with anyio.fail_after(60):
        while True:
            facts = facts_of(await client.call_tool("get_job", {"job_id": job_id, "wait_s": 5}))
            if facts["status"] != "running":
                return facts


async def test_a_job_taken_over_from_a_killed_process_is_counted_once(stdio: Connect) -> None:
    with running(delay_s=0.5) as bench:
        env = environment(bench, SEEDREAM_BUDGET="1.1 CNY/day", SEEDREAM_CONCURRENCY="1")
        job_id = await begun_and_killed(stdio, env)
        async with stdio(**env) as client:
            refused = await client.call_tool("generate_image", {**FOX, "count": 2})
            facts = await settled(client, job_id)
            again = await client.call_tool("generate_image", {**FOX, "count": 2})
    assert facts["billed"] + facts["billed_unknown"] == 4
    assert (left(refused), left(again)) == ("0.3 CNY", "0.3 CNY")


async def test_a_lower_budget_stops_what_an_earlier_one_let_begin(stdio: Connect) -> None:
    with running(delay_s=0.5) as bench:
        env = environment(bench, SEEDREAM_BUDGET="1.1 CNY/day", SEEDREAM_CONCURRENCY="1")
        job_id = await begun_and_killed(stdio, env)
        async with stdio(**env | {"SEEDREAM_BUDGET": "0.1 CNY/day"}) as client:
            facts = await settled(client, job_id)
        assert bench.settled() < 4
    stopped = [failure for failure in facts["failures"] if failure["code"] == "over_budget"]
    assert sum(failure["count"] for failure in stopped) == 4 - facts["billed"] - facts["billed_unknown"]
    assert {failure["billed"] for failure in stopped} == {"no"}


async def test_the_same_request_key_returns_its_job_when_the_budget_is_spent(memory: Connect) -> None:
    with running() as bench:
        async with memory(**configured(bench.sandbox, "ark"), budget="0.2 CNY/day") as client:
            first = facts_of(await client.call_tool("generate_image", {**FOX, "request_key": "fox"}))
            again = facts_of(await client.call_tool("generate_image", {**FOX, "request_key": "fox"}))
        assert bench.settled() == 1
    assert again["job_id"] == first["job_id"]


async def test_cancelling_gives_back_what_was_not_sent(memory: Connect) -> None:
    with running(delay_s=0.5) as bench:
        async with memory(**configured(bench.sandbox, "ark"), budget="1 CNY/day", concurrency=1) as client:
            job = facts_of(await client.call_tool("start_job", {"requests": [FOX] * 5}))
            refused = await client.call_tool("generate_image", FOX)
            await client.call_tool("cancel_job", {"job_id": job["job_id"]})
            facts = facts_of(await client.call_tool("generate_image", {**FOX, "count": 2}))
    assert left(refused) == "0 CNY"
    assert facts["status"] == "completed"
