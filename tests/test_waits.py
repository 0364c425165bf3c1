"""A request that may not be sent yet says what it waits for, and about how long."""

import re
from collections.abc import Callable
from typing import Any

import anyio
from mcp import Client

from tests.sandboxed import configured, running
from tests.support import Connect, facts_of

FOX = {"prompt": "a red fox in snow", "size": "1K", "model": "seedream-4.0"}
BUDGET = re.compile(r"Image 1 of 1: waits about (\d+) s for the account's 12 images a minute$")
PAUSE = re.compile(r"Image 1 of 1: waits about (\d+) s: the provider asked for a pause \(Retry-After\)$")


async def ask(
    client: Client, notes: list[str], prompt: str, heard: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    async def note(progress: float, total: float | None, message: str | None) -> None:
        notes.append(message or "")
        heard(message or "")

    return facts_of(await client.call_tool("generate_image", {**FOX, "prompt": prompt}, progress_callback=note))


def seconds(pattern: re.Pattern[str], notes: list[str]) -> list[int]:
    return [int(found[1]) for message in notes if (found := pattern.match(message))]


async def test_a_call_says_how_long_it_waits_for_the_accounts_images_a_minute(memory: Connect) -> None:
    notes: list[str] = []
    with running() as bench:
        async with memory(**configured(bench.sandbox, "ark"), images_per_minute=12) as client:
            await ask(client, [], "one fox")
            facts = await ask(client, notes, "another fox")
    told = seconds(BUDGET, notes)
    assert facts["status"] == "completed"
    assert 3 <= told[0] <= 6
    assert told == sorted(told, reverse=True)


async def test_a_call_says_that_it_waits_for_anothers_retry_after(memory: Connect) -> None:
    notes: list[str] = []
    refused = anyio.Event()

    def heard(message: str) -> None:
        if "as it wishes" in message:
            refused.set()

    with running() as bench:
        bench.script("status", status=429, retry_after=4)
        async with memory(**configured(bench.sandbox, "ark")) as client, anyio.create_task_group() as tasks:
            others: list[str] = []
            tasks.start_soon(ask, client, others, "one fox", heard)
            await refused.wait()
            assert (await ask(client, notes, "another fox"))["status"] == "completed"
    assert 2 <= seconds(PAUSE, notes)[0] <= 4


async def test_a_call_in_line_behind_another_jobs_budget_says_so_too(memory: Connect) -> None:
    notes: list[str] = []
    foxes = [{**FOX, "prompt": f"fox number {number}"} for number in range(4)]
    with running() as bench:
        async with memory(**configured(bench.sandbox, "ark"), images_per_minute=12) as client:
            job_id = facts_of(await client.call_tool("start_job", {"requests": foxes}))["job_id"]
            progress: list[str] = []
            await ask(client, notes, "another fox", progress.append)
            await client.call_tool("cancel_job", {"job_id": job_id})
    assert len(seconds(BUDGET, notes)) >= 2


async def test_no_call_waits_longer_than_the_setting_says_not_even_for_a_job(memory: Connect) -> None:
    with running(delay_s=4) as bench:
        async with memory(**configured(bench.sandbox, "ark"), max_wait_s=1) as client:
            (look,) = [tool for tool in (await client.list_tools()).tools if tool.name == "get_job"]
            assert look.input_schema["properties"]["wait_s"]["default"] == 1
            with anyio.fail_after(3.5):
                begun = facts_of(await client.call_tool("generate_image", FOX))
                seen = facts_of(await client.call_tool("get_job", {"job_id": begun["job_id"]}))
            assert (begun["status"], seen["status"]) == ("running", "running")
