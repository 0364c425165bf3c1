"""The record beside a picture: whole, nobody else's, never in the picture's way, and gone with it."""

import errno
import hashlib
import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from seedream_hub.providers.sandbox.server import SandboxOptions, start_sandbox
from tests.buckets import NAME, moto
from tests.pictures import picture
from tests.sandboxed import data_uri
from tests.support import Connect, facts_of
from tests.test_images_command import age, run
from tests.upstream import Script, serve

FOX: dict[str, Any] = {"prompt": "a red fox in snow", "size": "1K", "model": "seedream-4.0"}
KINDS = {"jpeg": "jpg", "png": "png", "webp": "webp"}


def beside(path: str) -> Path:
    return Path(f"{path}.json")


def record_of(path: str) -> dict[str, Any]:
    return json.loads(beside(path).read_text(encoding="utf-8"))


@pytest.mark.parametrize("kind", KINDS)
async def test_the_bytes_stay_as_they_came_and_the_record_stands_beside_them(
    memory: Connect, tmp_path: Path, kind: str
) -> None:
    content = picture(kind, 1024, 1024)
    with serve(Script(picture=content, headers={"x-request-id": "req-7"})) as script:
        async with memory(ark_api_key="sk-very-secret", ark_base_url=script.base_url) as client:
            facts = facts_of(await client.call_tool("generate_image", {**FOX, "filename": "fox", "watermark": False}))
    (image,) = facts["images"]
    assert facts["warnings"] == []
    assert Path(image["path"]).read_bytes() == content
    assert beside(image["path"]).name == f"fox.{KINDS[kind]}.json"
    record = record_of(image["path"])
    created, stored = (datetime.fromisoformat(record.pop(name)) for name in ("created", "stored"))
    assert created <= stored
    assert record == {
        "schema": "seedream-hub/picture",
        "schema_version": 1,
        "id": image["id"],
        "job_id": facts["job_id"],
        "index": 0,
        "tool": "generate_image",
        "prompt": FOX["prompt"],
        "prompt_sent": FOX["prompt"],
        "arguments": {"size": "1K", "model": "seedream-4.0", "filename": "fox", "watermark": False},
        "references": [],
        "provider": "ark",
        "model": "seedream-4.0",
        "request_id": None,
        "sandbox": False,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "width": 1024,
        "height": 1024,
        "mime_type": f"image/{kind}",
        "cost": {"amount": 0.2, "currency": "CNY", "estimated": True},
    }
    assert sorted(path.name for path in (tmp_path / "pictures").iterdir()) == [
        f"fox.{KINDS[kind]}",
        f"fox.{KINDS[kind]}.json",
    ]


@pytest.mark.parametrize("provider", ["ark", "evolink"])
async def test_each_picture_of_a_set_tells_what_was_sent_and_by_whom_it_was_answered(
    memory: Connect, provider: str
) -> None:
    sandbox = start_sandbox(SandboxOptions())
    try:
        settings = {f"{provider}_api_key": sandbox.api_key, f"{provider}_base_url": sandbox.base_urls[provider]}
        async with memory(**settings) as client:
            streamed = {"stream": True} if provider == "ark" else {}
            facts = facts_of(await client.call_tool("batch_images", {**FOX, "count": 3, **streamed}))
            told = (await client.read_resource(f"seedream://jobs/{facts['job_id']}")).contents[0]
    finally:
        sandbox.stop()
    records = [record_of(image["path"]) for image in facts["images"]]
    assert [record["index"] for record in records] == [0, 1, 2]
    assert {record["prompt"] for record in records} == {FOX["prompt"]}
    assert {record["prompt_sent"] for record in records} == {facts["prompt_sent"]}
    assert {record["sandbox"] for record in records} == {True}
    request_ids = {shown["request_id"] for shown in json.loads(getattr(told, "text", ""))["pictures"]}
    assert {record["request_id"] for record in records} == request_ids
    assert None not in request_ids
    assert len(request_ids) == 1


async def test_each_request_of_a_job_tells_its_own_prompt(memory: Connect) -> None:
    requests = [
        {"tool": "batch_images", **FOX, "prompt": f"a {colour} fox", "count": 2} for colour in ("red", "blue")
    ]
    async with memory() as client:
        facts = facts_of(await client.call_tool("start_job", {"requests": requests}))
        while facts["status"] == "running":
            facts = facts_of(await client.call_tool("get_job", {"job_id": facts["job_id"], "wait_s": 30}))
    sent = [record_of(image["path"])["prompt_sent"] for image in facts["images"]]
    assert ["red fox" in prompt for prompt in sent] == [True, True, False, False]
    assert ["blue fox" in prompt for prompt in sent] == [False, False, True, True]


async def test_references_are_told_by_origin_and_hash_without_bytes_or_signatures(
    memory: Connect, tmp_path: Path
) -> None:
    content = picture("png", 600, 600)
    here = tmp_path / "pictures" / "mine.png"
    here.parent.mkdir()
    here.write_bytes(content)
    named = [str(here), data_uri(content), "https://example.com/a/fox.png?X-Amz-Signature=s3cr3t#top"]
    with serve(Script(picture=picture("jpeg", 1024, 1024))) as script:
        async with memory(ark_api_key="sk-very-secret", ark_base_url=script.base_url) as client:
            (first,) = facts_of(await client.call_tool("edit_image", {**FOX, "image": str(here)}))["images"]
            images = [*named, first["uri"]]
            (fused,) = facts_of(await client.call_tool("fuse_images", {**FOX, "images": images}))["images"]
    sha256 = hashlib.sha256(content).hexdigest()
    assert record_of(first["path"])["references"] == [{"argument": "image", "origin": str(here), "sha256": sha256}]
    assert record_of(fused["path"])["references"] == [
        {"argument": "images[0]", "origin": str(here), "sha256": sha256},
        {"argument": "images[1]", "origin": "data URI", "sha256": sha256},
        {"argument": "images[2]", "origin": "https://example.com/a/fox.png", "sha256": None},
        {"argument": "images[3]", "origin": first["id"], "sha256": first["sha256"]},
    ]
    text = beside(fused["path"]).read_text(encoding="utf-8")
    assert not [word for word in ("secret", "s3cr3t", "Signature", "base64", "image/png") if word in text]


async def test_pictures_of_one_name_in_two_formats_have_a_record_each(memory: Connect, tmp_path: Path) -> None:
    pro = {**FOX, "model": "seedream-5.0-pro", "filename": "fox"}
    async with memory() as client:
        for kind in ("jpeg", "png"):
            await client.call_tool("generate_image", {**pro, "output_format": kind})
    names = sorted(path.name for path in (tmp_path / "pictures").iterdir())
    assert names == ["fox.jpg", "fox.jpg.json", "fox.png", "fox.png.json"]
    mime_types = [record_of(str(tmp_path / "pictures" / name))["mime_type"] for name in ("fox.jpg", "fox.png")]
    assert mime_types == ["image/jpeg", "image/png"]


async def test_the_longest_name_leaves_room_for_the_record(memory: Connect) -> None:
    async with memory() as client:
        facts = facts_of(await client.call_tool("generate_image", {**FOX, "filename": "狐" * 80}))
    (image,) = facts["images"]
    assert record_of(image["path"])["id"] == image["id"]
    assert len(beside(image["path"]).name.encode()) <= 255


async def test_a_file_of_somebody_elses_is_never_overwritten_and_the_picture_is_kept(
    memory: Connect, tmp_path: Path
) -> None:
    theirs = tmp_path / "pictures" / "fox.jpg.json"
    theirs.parent.mkdir()
    theirs.write_text('{"mine": true}', encoding="utf-8")
    (theirs.parent / "cat.jpg.json").mkdir()
    async with memory() as client:
        fox = facts_of(await client.call_tool("generate_image", {**FOX, "filename": "fox"}))
        cat = facts_of(await client.call_tool("generate_image", {**FOX, "filename": "cat"}))
    assert [(facts["status"], len(facts["warnings"])) for facts in (fox, cat)] == [("completed", 1)] * 2
    assert f"without their records: {theirs}" in fox["warnings"][0]
    assert theirs.read_text(encoding="utf-8") == '{"mine": true}'
    assert sorted(path.name for path in theirs.parent.iterdir()) == [
        "cat.jpg",
        "cat.jpg.json",
        "fox.jpg",
        "fox.jpg.json",
    ]


@pytest.mark.parametrize("which", [3, 4])
async def test_a_record_that_cannot_be_synced_is_left_out_and_the_picture_is_kept(
    memory: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: int
) -> None:
    """The first two fsyncs are the picture's and its folder's, the next the record's and its folder's.

    No real disk can be made to refuse just one of them.
    """
    fsync, calls = os.fsync, iter(range(1, 1000))

    def failing(handle: int) -> None:
        if next(calls) == which:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(handle)

    async with memory() as client:
        monkeypatch.setattr(os, "fsync", failing)
        facts = facts_of(await client.call_tool("generate_image", FOX))
    assert facts["status"] == "completed"
    assert f"without their records: Cannot write to {tmp_path / 'pictures'}: No space left" in facts["warnings"][0]
    assert list((tmp_path / "pictures").iterdir()) == [Path(facts["images"][0]["path"])]


async def test_a_record_left_by_a_picture_that_is_gone_makes_room_for_the_next(memory: Connect) -> None:
    async with memory() as client:
        (first,) = facts_of(await client.call_tool("generate_image", {**FOX, "filename": "fox"}))["images"]
        Path(first["path"]).unlink()
        facts = facts_of(await client.call_tool("generate_image", {**FOX, "filename": "fox"}))
    (second,) = facts["images"]
    assert (second["path"], facts["warnings"]) == (first["path"], [])
    assert record_of(second["path"])["id"] == second["id"]


async def test_off_leaves_nothing_beside_a_picture_or_in_it(memory: Connect, tmp_path: Path) -> None:
    content = picture("jpeg", 1024, 1024)
    with serve(Script(picture=content)) as script:
        async with memory(metadata="off", ark_api_key="sk-x", ark_base_url=script.base_url) as client:
            (image,) = facts_of(await client.call_tool("generate_image", FOX))["images"]
    assert list((tmp_path / "pictures").iterdir()) == [Path(image["path"])]
    assert Path(image["path"]).read_bytes() == content


async def test_a_pruned_picture_takes_its_record_along_and_nobody_elses(memory: Connect, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    async with memory() as client:
        pictures = [
            facts_of(await client.call_tool("generate_image", {**FOX, "filename": name}))["images"][0]
            for name in ("old", "gone", "noted", "young")
        ]
    for image in pictures[:3]:
        age(tmp_path, image, 2)
    Path(pictures[1]["path"]).unlink()
    beside(pictures[2]["path"]).write_text('{"mine": true}', encoding="utf-8")
    done = run("prune", "--older", "1d", "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(path.name for path in folder.iterdir()) == ["noted.jpg.json", "young.jpg", "young.jpg.json"]


async def test_in_a_bucket_the_record_is_an_object_beside_the_picture_that_names_no_folder_of_here(
    memory: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "pictures" / "mine.png"
    here.parent.mkdir()
    here.write_bytes(picture("png", 600, 600))
    with moto() as bucket:
        for name, value in bucket.environment().items():
            monkeypatch.setenv(name, value)
        bucket.put("cat.jpg.json", b"somebody's own")
        async with memory(storage=f"s3://{NAME}") as client:
            edited = await client.call_tool("edit_image", {**FOX, "image": str(here), "filename": "fox"})
            cat = facts_of(await client.call_tool("generate_image", {**FOX, "filename": "cat"}))
        (fox,) = facts_of(edited)["images"]
        content, told = bucket.get("fox.jpg.json")
        assert bucket.get("cat.jpg.json")[0] == b"somebody's own"
        age(tmp_path, fox, 2)
        assert run("prune", "--older", "1d", "--yes").returncode == 0
        assert bucket.listed() == ["cat.jpg", "cat.jpg.json"]
    record = json.loads(content)
    assert told["content-type"] == "application/json"
    assert (record["id"], record["sha256"]) == (fox["id"], fox["sha256"])
    assert record["references"][0]["origin"] == "mine.png"
    assert f"without their records: s3://{NAME}/cat.jpg.json" in cat["warnings"][0]
