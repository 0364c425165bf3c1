"""Jobs: work that outlives its caller, through the real client, against the sandbox."""

from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client

from tests.support import Connect, facts_of, text_of

FOX = {"prompt": "a red fox in snow", "size": "1K", "model": "seedream-4.0"}
SLOW: dict[str, Any] = {"sandbox_delay_s": 1.0}


async def settled(client: Client, job_id: str) -> dict[str, Any]:
    with anyio.fail_after(30):
        while True:
            facts = facts_of(await client.call_tool("get_job", {"job_id": job_id}))
            if facts["status"] != "running":
                return facts


async def test_a_call_past_its_wait_returns_a_job_that_goes_on(memory: Connect) -> None:
    async with memory(**SLOW) as client:
        result = await client.call_tool("generate_image", {**FOX, "count": 2, "wait_s": 0})
        first = facts_of(result)
        assert (first["status"], first["delivered"], first["requested"]) == ("running", 0, 2)
        assert f"get_job with job_id {first['job_id']}" in text_of(result)
        last = await settled(client, first["job_id"])
    assert (last["status"], last["delivered"], last["billed"]) == ("completed", 2, 2)
    assert all(Path(image["path"]).is_file() for image in last["images"])


async def test_the_setting_bounds_how_long_a_call_waits(memory: Connect) -> None:
    async with memory(**SLOW, max_wait_s=0.2) as client:
        facts = facts_of(await client.call_tool("generate_image", FOX))
        assert facts["status"] == "running"
        await settled(client, facts["job_id"])


async def test_a_job_returns_at_once_and_makes_all_its_requests(memory: Connect) -> None:
    requests = [FOX, {**FOX, "prompt": "a blue fox", "count": 2}, {"tool": "batch_images", **FOX, "count": 3}]
    async with memory() as client:
        facts = facts_of(await client.call_tool("start_job", {"requests": requests}))
        assert (facts["status"], facts["requested"]) == ("running", 6)
        last = await settled(client, facts["job_id"])
    assert (last["status"], last["delivered"]) == ("completed", 6)
    assert sorted(image["index"] for image in last["images"]) == list(range(6))


@pytest.mark.parametrize(
    ("request_", "named"),
    [
        ({"prompt": "x", "size": "9K"}, "requests[1].size"),
        ({"prompt": "x", "coutn": 2}, "requests[1].coutn"),
        ({"tool": "paint", "prompt": "x"}, "requests[1].tool"),
        ({"tool": "edit_image", "prompt": "x"}, "requests[1].image"),
        ({"tool": "edit_image", "prompt": "x", "image": "/etc/passwd"}, "requests[1].image"),
        ({"prompt": "x", "request_key": "k"}, "requests[1].request_key"),
    ],
)
async def test_a_bad_request_refuses_the_whole_job(
    memory: Connect, tmp_path: Path, request_: dict[str, Any], named: str
) -> None:
    async with memory() as client:
        result = await client.call_tool("start_job", {"requests": [FOX, request_]})
    assert result.is_error
    assert named in text_of(result)
    assert text_of(result).endswith("\nNothing was sent or billed.")
    assert text_of(result).count(" sent") == 1
    assert not list((tmp_path / "pictures").glob("*"))


async def test_a_request_is_told_only_of_arguments_that_go_into_one(memory: Connect) -> None:
    async with memory() as client:
        inside = text_of(await client.call_tool("start_job", {"requests": [{**FOX, "coutn": 2}]}))
        alone = text_of(await client.call_tool("generate_image", {**FOX, "coutn": 2}))
    assert "coutn is not an argument of this tool; did you mean count? It takes prompt, size, " in inside
    assert "wait_s, request_key" in alone
    assert "wait_s" not in inside
    assert "request_key" not in inside


@pytest.mark.parametrize(
    ("tool", "arguments", "told"),
    [
        ("start_job", {}, "requests or retry_unknown is needed, and not both; pass one"),
        (
            "start_job",
            {"requests": [FOX], "retry_unknown": "a" * 16},
            "requests or retry_unknown is needed, and not both; pass one",
        ),
        ("start_job", {"requests": []}, "requests has 0, at least 1 must be passed; pass 1 to 200 objects such as {"),
        (
            "start_job",
            {"requests": [FOX] * 201},
            "requests has 201, at most 200 can be passed; pass 1 to 200 objects",
        ),
        (
            "start_job",
            {"requests": "fox"},
            'requests "fox" is not a list; pass 1 to 200 objects such as {"prompt": "',
        ),
        (
            "start_job",
            {"requests": [3]},
            'requests[0] 3 is not an object; pass 1 to 200 objects such as {"prompt": "',
        ),
        (
            "start_job",
            {"job": 1},
            "job is not an argument of this tool; it takes requests, retry_unknown, request_key",
        ),
        (
            "start_job",
            {"requests": [FOX], "request_key": "k" * 101},
            "request_key has 101 characters, more than 100; use 1 to 100 characters",
        ),
        (
            "generate_image",
            {**FOX, "request_key": "k" * 101},
            "request_key has 101 characters, more than 100; use 1 to",
        ),
        ("get_job", {"id": "a" * 16}, "id is not an argument of this tool; did you mean job_id? It takes job_id, "),
        (
            "get_job",
            {"job_id": f"{'a' * 16}-0"},
            f'job_id {"a" * 16}-0 is the id of a picture; drop "-0": pass {"a" * 16}',
        ),
        (
            "cancel_job",
            {"job_id": f"seedream://images/{'b' * 16}-12"},
            f'job_id seedream://images/{"b" * 16}-12 is the id of a picture; drop "-12": pass {"b" * 16}',
        ),
        ("start_job", {"retry_unknown": f"{'a' * 16}-0"}, f"retry_unknown {'a' * 16}-0 is the id of a picture; drop"),
        ("get_job", {"job_id": "fox"}, "job_id fox has the wrong form; pass the job_id of an earlier result"),
        ("get_job", {"job_id": "a" * 16, "wait_s": 301}, "wait_s 301 is above 300; use 0 to 300"),
        ("cancel_job", {"job_id": 3}, "job_id 3 is not text; pass the job_id of an earlier result"),
    ],
)
async def test_the_tools_for_jobs_say_what_they_take(
    memory: Connect, tool: str, arguments: dict[str, Any], told: str
) -> None:
    async with memory() as client:
        result = await client.call_tool(tool, arguments)
    assert result.is_error
    assert text_of(result).startswith(told)


async def test_a_cancelled_job_sends_nothing_more_and_keeps_what_was_sent(memory: Connect) -> None:
    requests = [{**FOX, "prompt": f"fox number {number}"} for number in range(12)]
    async with memory(**SLOW, concurrency=2) as client:
        started = facts_of(await client.call_tool("start_job", {"requests": requests}))
        await client.call_tool("get_job", {"job_id": started["job_id"]})
        await client.call_tool("cancel_job", {"job_id": started["job_id"]})
        facts = await settled(client, started["job_id"])
    assert 1 <= facts["delivered"] <= 4
    assert facts["billed"] == facts["delivered"]
    assert {failure["code"] for failure in facts["failures"]} == {"cancelled"}


async def test_a_look_at_a_long_job_says_where_the_rest_is(memory: Connect) -> None:
    async with memory() as client:
        facts = facts_of(await client.call_tool("start_job", {"requests": [{**FOX, "count": 10}] * 2}))
        last = await settled(client, facts["job_id"])
    assert (last["delivered"], len(last["images"]), last["prompt_sent"]) == (20, 15, "2 prompts")
    assert last["next"].startswith("15 of 20 pictures are told in full, 5 by name")
    assert f"seedream://jobs/{facts['job_id']} has all." in last["next"]


async def test_a_job_nobody_knows_is_an_error_that_says_so(memory: Connect) -> None:
    async with memory() as client:
        result = await client.call_tool("get_job", {"job_id": "a" * 16})
    assert result.is_error
    assert "is no job of this machine" in text_of(result)


async def test_the_same_key_returns_the_same_job_and_pays_once(memory: Connect, tmp_path: Path) -> None:
    asked = {**FOX, "request_key": "order-7"}
    async with memory() as client:
        first = facts_of(await client.call_tool("generate_image", asked))
        again = facts_of(await client.call_tool("generate_image", asked))
    async with memory() as client:
        later = facts_of(await client.call_tool("generate_image", asked))
        other = await client.call_tool("generate_image", {**asked, "prompt": "a blue fox"})
    assert first["job_id"] == again["job_id"] == later["job_id"]
    assert later["images"] == first["images"]
    assert len(list((tmp_path / "pictures").glob("*.jpg"))) == 1
    assert other.is_error
    assert "request_key" in text_of(other)


async def test_a_call_with_a_key_joins_the_job_that_is_under_way(memory: Connect, tmp_path: Path) -> None:
    asked = {**FOX, "request_key": "order-8"}
    seen: list[dict[str, Any]] = []

    async def ask(client: Client) -> None:
        seen.append(facts_of(await client.call_tool("generate_image", asked)))

    async with memory(**SLOW) as client, memory(**SLOW) as other, anyio.create_task_group() as tasks:
        for one in (client, client, other):
            tasks.start_soon(ask, one)
    assert len({facts["job_id"] for facts in seen}) == 1
    assert {facts["status"] for facts in seen} == {"completed"}
    assert len(list((tmp_path / "pictures").glob("*.jpg"))) == 1
