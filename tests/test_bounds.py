"""Results stay short, whatever is asked for, and lose nothing: the rest is named, counted, and one call away."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp import Client
from mcp.types import CallToolResult, ImageContent, TextResourceContents

from seedream_hub.providers.sandbox.server import Sandbox, SandboxOptions, start_sandbox
from seedream_hub.schemas.result import Picture
from seedream_hub.schemas.shared_path import SharedPath
from tests.support import Connect, facts_of, text_of

MOST_BYTES = 12_000
FOX = {"prompt": "a red fox in fresh snow, low winter sun, long shadows", "size": "1K", "model": "seedream-4.0"}
CHINESE = "雪后的山谷里有一只红色的狐狸在奔跑，远处是落日和群山，柔和的光线，非常安静的早晨"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    running = start_sandbox(SandboxOptions(is_ready=True))
    yield running
    running.stop()


def settings(sandbox: Sandbox, tmp_path: Path) -> dict[str, Any]:
    """Return settings with an output folder whose path has 60 characters, or a few more."""
    folder = tmp_path / ("p" * max(1, 60 - len(str(tmp_path)) - 1))
    keys = {"ark_api_key": sandbox.api_key, "ark_base_url": sandbox.base_urls["ark"]}
    return {**keys, "images_per_minute": 100_000, "output_dir": folder}


def refuse(sandbox: Sandbox, message: str) -> None:
    fault = {"fault": "status", "status": 400, "code": "InvalidParameter", "message": message, "times": 10_000}
    httpx.post(f"{sandbox.url}/admin/faults", json=fault).raise_for_status()


def size_of(result: CallToolResult) -> int:
    """Return what a result takes on the wire, without previews."""
    content = [block for block in result.content if not isinstance(block, ImageContent)]
    return len(result.model_copy(update={"content": content}).model_dump_json(by_alias=True).encode())


def paths_of(facts: dict[str, Any]) -> dict[str, str]:
    """Return each picture's path by its id, from the structured content alone."""
    told = {image["id"]: image["path"] for image in facts["images"]}
    more: dict[str, Any] = facts["more"] or {"path": "", "names": {}}
    return told | {key: more["path"].format(id=key, name=name) for key, name in more["names"].items()}


def paths_in(text: str) -> dict[str, str]:
    """Return each picture's path by its id, from the text alone."""
    (head,) = re.findall(r"^Files are (.+), the id of \[N\] is (.+)N, its name follows:$", text, re.MULTILINE)
    names = re.findall(r"^\[([0-9]+)\] (.+?)(?: [0-9]+x[0-9]+, [0-9,]+ kB)?$", text, re.MULTILINE)
    return {head[1] + index: head[0].format(id=head[1] + index, name=name) for index, name in names}


async def finished(client: Client, requests: list[dict[str, Any]]) -> CallToolResult:
    result = await client.call_tool("start_job", {"requests": requests})
    job_id = facts_of(result)["job_id"]
    while facts_of(result)["status"] == "running":
        result = await client.call_tool("get_job", {"job_id": job_id})
    return result


async def read(client: Client, uri: str) -> Any:
    (content,) = (await client.read_resource(uri)).contents
    assert isinstance(content, TextResourceContents)
    return json.loads(content.text)


@pytest.mark.parametrize("prompt", [FOX["prompt"], CHINESE])
async def test_fifty_pictures_are_told_with_every_path_and_id(
    memory: Connect, sandbox: Sandbox, tmp_path: Path, prompt: str
) -> None:
    requests = [{**FOX, "prompt": f"{number} {prompt}"} for number in range(50)]
    async with memory(**settings(sandbox, tmp_path)) as client:
        result = await finished(client, requests)
    facts, text = facts_of(result), text_of(result)
    assert size_of(result) < MOST_BYTES
    assert len(facts["images"]) == 15
    assert {image["index"] for image in facts["images"]} <= set(range(50))
    assert {image["sha256"] for image in facts["images"]} != {""}
    assert paths_of(facts) == paths_in(text)
    assert set(paths_of(facts)) == {f"{facts['job_id']}-{index}" for index in range(50)}
    assert all(Path(path).is_file() for path in paths_of(facts).values())
    assert text.count(str(settings(sandbox, tmp_path)["output_dir"])) == 1


async def test_two_hundred_pictures_are_bounded_and_every_one_can_be_looked_at(
    memory: Connect, sandbox: Sandbox, tmp_path: Path
) -> None:
    requests = [{**FOX, "prompt": f"{number} {FOX['prompt']}", "count": 4} for number in range(50)]
    async with memory(**settings(sandbox, tmp_path)) as client:
        result = await finished(client, requests)
        facts = facts_of(result)
        pages = [
            facts_of(await client.call_tool("get_job", {"job_id": facts["job_id"], "from_index": first}))
            for first in range(0, 200, 15)
        ]
        uri, reported = f"seedream://jobs/{facts['job_id']}", list[Any]()
        while uri:
            job = await read(client, uri)
            uri, reported = job["next"], reported + job["pictures"]
    assert size_of(result) <= MOST_BYTES
    assert (facts["delivered"], len(paths_of(facts))) == (200, 50)
    assert facts["next"] in text_of(result)
    assert "15 of 200 pictures are told in full, 35 by name" in facts["next"]
    looked_at = [image for page in pages for image in page["images"]]
    assert [image["index"] for image in looked_at] == list(range(200))
    known = {picture["uri"]: picture for picture in reported}
    for image in looked_at:
        assert image.items() - known[image["uri"]].items() <= {("id", image["id"]), ("pruned", False)}


@pytest.mark.parametrize("links", [False, True])
async def test_two_hundred_failures_alike_are_told_once(
    memory: Connect, sandbox: Sandbox, tmp_path: Path, *, links: bool
) -> None:
    async with memory(**settings(sandbox, tmp_path), resource_links=links) as client:
        result = await finished(client, [{**FOX, "count": 5}])
        refuse(sandbox, "This is refused at length. " * 100)
        requests = [{**FOX, "prompt": f"fox {number}"} for number in range(200)]
        refused = await finished(client, requests)
        job = await read(client, f"seedream://jobs/{facts_of(refused)['job_id']}")
    assert size_of(result) <= MOST_BYTES
    assert size_of(refused) <= MOST_BYTES
    facts = facts_of(refused)
    assert [failure["count"] for failure in facts["failures"]] == [200]
    assert all("at length. This is" in picture["message"] for picture in job["pictures"])


async def test_a_call_with_long_names_and_a_long_prompt_is_bounded_too(
    memory: Connect, sandbox: Sandbox, tmp_path: Path
) -> None:
    asked = {**FOX, "prompt": CHINESE * 20, "count": 15, "filename": "狐" * 80}
    async with memory(**settings(sandbox, tmp_path)) as client:
        result = await client.call_tool("generate_image", asked)
    facts = facts_of(result)
    assert size_of(result) <= MOST_BYTES
    assert len(paths_of(facts)) == facts["delivered"] == 15
    assert paths_of(facts) == paths_in(text_of(result))
    assert facts["prompt_sent"] == (CHINESE * 20)[: len(facts["prompt_sent"]) - 1] + "…"
    assert len([block for block in result.content if isinstance(block, ImageContent)]) == 15


async def test_a_page_beyond_the_last_picture_is_refused(memory: Connect) -> None:
    async with memory() as client:
        job_id = facts_of(await client.call_tool("generate_image", FOX))["job_id"]
        refused = await client.call_tool("get_job", {"job_id": job_id, "from_index": 1})
    assert refused.is_error
    assert text_of(refused).startswith("from_index 1 is beyond the last picture; use 0 to 0")


async def test_a_refusal_of_many_arguments_is_bounded(memory: Connect) -> None:
    async with memory() as client:
        refused = await client.call_tool("generate_image", {**FOX, **{f"strange_{n}" * 20: 1 for n in range(300)}})
    assert refused.is_error
    assert size_of(refused) <= MOST_BYTES
    assert "is not an argument of this tool" in text_of(refused)


names = st.lists(st.sampled_from(["fox", "a-fox", "{name}", "{id}", "{", "狐", "2026-11-21-fox", ""]), min_size=1)
folders = st.sampled_from(["/home/ada", "/home/ada/2026", "s3://bucket/fox", "C:\\Users\\ada", "/tmp/{id}"])
ends = st.sampled_from([".jpg", ".png", "-{id}.jpg", "-{id}.png", ".{x}", ""])


@given(st.lists(st.tuples(folders, names, ends), min_size=1, max_size=5))
def test_a_path_told_in_parts_is_the_path(parts: list[tuple[str, list[str], str]]) -> None:
    pictures = [
        Picture(
            id=f"job-{number}",
            uri="",
            path=f"{folder}/{'-'.join(words)}{end.replace('{id}', f'job-{number}')}",
            width=1,
            height=1,
        )
        for number, (folder, words, end) in enumerate(parts)
    ]
    shared = SharedPath.of(pictures)
    for picture in pictures:
        told = SharedPath.parse(shared.path)
        assert told.head + told.name(picture) + told.tail.replace("{id}", picture.id) == picture.path
