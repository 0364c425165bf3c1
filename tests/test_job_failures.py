"""What a look at a job tells of the pictures that will not come: counts, and the newest few, alike ones together."""

from typing import Any

import anyio
from mcp import Client
from mcp.types import CallToolResult

from tests.sandboxed import Bench, configured, running
from tests.support import Connect, facts_of, text_of

FOX = {"prompt": "a red fox in snow", "size": "1K", "model": "seedream-4.0"}


def requests(count: int) -> list[dict[str, Any]]:
    return [{**FOX, "prompt": f"fox number {number}"} for number in range(count)]


def refuse(bench: Bench, times: int = 1, message: str = "No foxes here.") -> None:
    bench.script("status", status=400, code="InvalidParameter", message=message, times=times)


async def finished(client: Client, count: int) -> CallToolResult:
    """Run a job of so many pictures to its end; return the last look at it."""
    job_id = facts_of(await client.call_tool("start_job", {"requests": requests(count)}))["job_id"]
    with anyio.fail_after(60):
        while True:
            result = await client.call_tool("get_job", {"job_id": job_id, "wait_s": 5})
            if facts_of(result)["status"] != "running":
                return result


async def test_pictures_that_failed_alike_are_told_together(memory: Connect) -> None:
    with running() as bench:
        refuse(bench, times=12)
        async with memory(**configured(bench.sandbox, "ark")) as client:
            result = await finished(client, 13)
    facts, text = facts_of(result), text_of(result)
    (failure,) = facts["failures"]
    assert (failure["count"], failure["code"], failure["billed"]) == (12, "InvalidParameter", "no")
    assert facts["counts"] == {"failed": 12, "stored": 1}
    assert "12 pictures not made: InvalidParameter: No foxes here." in text
    assert text.count("No foxes here.") == 1
    assert "By state: 1 stored, 12 failed." in text
    assert "seedream://jobs" not in (facts["next"] or "")


async def test_of_many_different_failures_the_newest_five_are_told(memory: Connect) -> None:
    with running() as bench:
        for number in range(8):
            refuse(bench, message=f"Reason {number}.")
        async with memory(**configured(bench.sandbox, "ark"), concurrency=1) as client:
            result = await finished(client, 8)
    facts = facts_of(result)
    reasons = [failure["message"].partition(" Request id")[0] for failure in facts["failures"]]
    assert reasons == [f"InvalidParameter: Reason {number}." for number in range(3, 8)]
    assert "Reason 2" not in text_of(result)
    assert f"seedream://jobs/{facts['job_id']} tells of all 8 pictures that failed." in facts["next"]


async def test_a_call_still_tells_of_each_picture_that_failed(memory: Connect) -> None:
    with running() as bench:
        refuse(bench, times=3)
        async with memory(**configured(bench.sandbox, "ark")) as client:
            facts = facts_of(await client.call_tool("generate_image", {**FOX, "count": 3}))
    assert sorted(failure["index"] for failure in facts["failures"]) == [0, 1, 2]
    assert (facts["counts"], {failure["count"] for failure in facts["failures"]}) == (None, {1})
