"""Pictures as resources: listed, read whole or small, told in full, and their ids completed."""

import base64
import hashlib
import re
import sqlite3
from contextlib import closing
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, MCPError
from mcp.types import BlobResourceContents, ResourceTemplateReference
from PIL import Image

from seedream_hub.jobs.catalogue import Catalogue
from seedream_hub.jobs.journal_schema import STEPS, VERSION
from tests.eras import both_eras, connected, read
from tests.pictures import picture
from tests.support import Connect, facts_of

FOX: dict[str, Any] = {"prompt": "a red fox in snow", "size": "1K", "model": "seedream-4.0"}
FIXED = ["seedream://jobs", "seedream://limits", "seedream://usage"]
IMAGE = "seedream://images/{image_id}"
TEMPLATES = ["seedream://jobs/{job_id}", IMAGE, f"{IMAGE}/preview", f"{IMAGE}/info"]


async def made(client: Client, **arguments: Any) -> list[dict[str, Any]]:
    return facts_of(await client.call_tool("generate_image", {**FOX, **arguments}))["images"]


async def prune(tmp_path: Path, image: dict[str, Any]) -> None:
    catalogue = await Catalogue.open(tmp_path / "state")
    await catalogue.note_pruned(image["id"])
    await catalogue.aclose()
    Path(image["path"]).unlink()


async def completed(client: Client, template: str, typed: str, name: str = "image_id") -> list[str]:
    ref = ResourceTemplateReference(type="ref/resource", uri=template)
    return (await client.complete(ref, {"name": name, "value": typed})).completion.values


@both_eras
async def test_the_record_of_a_picture_tells_all_that_is_known_of_it(mode: str, tmp_path: Path) -> None:
    reference = tmp_path / "pictures" / "fox.png"
    reference.parent.mkdir()
    reference.write_bytes(picture("png"))
    asked = {
        "prompt": "make it night",
        "images": [str(reference), "https://example.com/den.png?signature=x"],
        "size": "1K",
    }
    async with connected(mode) as client:
        given = {**asked, "model": "seedream-4.0", "wait_s": 30}
        facts = facts_of(await client.call_tool("fuse_images", given))
        (image,) = facts["images"]
        catalogue = await Catalogue.open(tmp_path / "state")
        await catalogue.tag(image["id"], "night")
        await catalogue.aclose()
        info = await read(client, f"{image['uri']}/info")
    assert {name: info[name] for name in image} == image
    assert info["preview"] == f"{image['uri']}/preview"
    assert (info["job"], info["request"]) == (f"seedream://jobs/{facts['job_id']}", 0)
    assert (info["tool"], info["model"], info["sandbox"]) == ("fuse_images", "seedream-4.0", True)
    assert (info["prompt"], info["prompt_sent"]) == ("make it night", "make it night")
    assert info["arguments"] == {"model": "seedream-4.0", "size": "1K"}
    assert info["references"] == [
        {
            "argument": "images[0]",
            "origin": str(reference),
            "sha256": hashlib.sha256(reference.read_bytes()).hexdigest(),
        },
        {"argument": "images[1]", "origin": "https://example.com/den.png", "sha256": None},
    ]
    assert info["cost"].items() >= {"amount": 0.0, "currency": "CNY", "estimated": True}.items()
    assert info["request_id"]
    assert info["tags"] == ["night"]
    times = [datetime.fromisoformat(info[name]) for name in ("created", "linked", "stored")]
    assert times == sorted(times)


async def test_a_reference_made_earlier_is_told_by_its_id(memory: Connect) -> None:
    async with memory() as client:
        (fox,) = await made(client)
        asked = {"prompt": "make it night", "image": fox["uri"], "size": "1K", "model": "seedream-4.0"}
        (image,) = facts_of(await client.call_tool("edit_image", asked))["images"]
        info = await read(client, f"{image['uri']}/info")
    assert info["references"] == [{"argument": "image", "origin": fox["id"], "sha256": fox["sha256"]}]


async def test_a_sets_pictures_tell_the_prompt_as_given_and_as_sent(memory: Connect) -> None:
    async with memory() as client:
        facts = facts_of(await client.call_tool("batch_images", {**FOX, "count": 2}))
        info = await read(client, f"{facts['images'][1]['uri']}/info")
    assert info["prompt"] == FOX["prompt"]
    assert info["prompt_sent"] == facts["prompt_sent"] != FOX["prompt"]
    assert info["index"] == 1


async def test_of_a_job_with_several_requests_each_picture_tells_its_own(memory: Connect) -> None:
    requests = [{**FOX, "prompt": "an owl"}, {**FOX, "tool": "batch_images", "prompt": "a hare", "count": 2}]
    async with memory() as client:
        started = facts_of(await client.call_tool("start_job", {"requests": requests}))
        while (facts := facts_of(await client.call_tool("get_job", {"job_id": started["job_id"]})))["status"] != (
            "completed"
        ):
            pass
        owl, hare, _ = [await read(client, f"{image['uri']}/info") for image in facts["images"]]
    assert (owl["request"], owl["prompt"], owl["prompt_sent"]) == (0, "an owl", "an owl")
    assert (hare["request"], hare["prompt"]) == (1, "a hare")
    assert re.fullmatch(".*2 images: a hare", hare["prompt_sent"])


@both_eras
async def test_a_preview_is_a_small_jpeg(mode: str) -> None:
    async with connected(mode) as client:
        (image,) = await made(client, size="4K", model="seedream-4.5", output_format=None)
        (content,) = (await client.read_resource(f"{image['uri']}/preview")).contents
    assert isinstance(content, BlobResourceContents)
    assert content.mime_type == "image/jpeg"
    drawn = base64.b64decode(content.blob)
    assert len(drawn) <= 200_000
    with Image.open(BytesIO(drawn)) as small:
        assert (small.format, max(small.size)) == ("JPEG", 1024)


@both_eras
async def test_the_newest_pictures_are_listed_under_names_people_know(mode: str) -> None:
    story = "a fox  walks\nthrough the snow, " * 10
    async with connected(mode) as client:
        before = [str(resource.uri) for resource in (await client.list_resources()).resources]
        for _ in range(2):
            await made(client, count=10)
        (last,) = await made(client, prompt=story, filename="walk")
        resources = (await client.list_resources(cache_mode="refresh")).resources
    listed = [str(resource.uri) for resource in resources]
    assert before == FIXED
    assert listed[:3] == FIXED
    assert len(listed) == 3 + 20
    newest = resources[3]
    assert (newest.name, newest.mime_type, newest.size) == ("walk.jpg", "image/jpeg", last["bytes"])
    assert newest.uri == last["uri"]
    assert newest.title is not None
    assert newest.title.startswith("a fox walks through the snow, a fox")
    assert len(newest.title) == 80
    assert newest.description == f"{last['width']}x{last['height']}, seedream-4.0"
    assert newest.annotations is not None
    assert newest.annotations.last_modified is not None


async def test_the_templates_are_told_with_their_media_types(memory: Connect) -> None:
    async with memory() as client:
        templates = (await client.list_resource_templates()).resource_templates
    assert [one.uri_template for one in templates] == TEMPLATES
    types = ["application/json", "image/*", "image/jpeg", "application/json"]
    assert [one.mime_type for one in templates] == types
    assert all(one.title and one.description for one in templates)


async def test_looking_at_what_there_is_leaves_no_trace_where_nothing_was_made(
    memory: Connect, tmp_path: Path
) -> None:
    async with memory() as client:
        await client.list_resources()
        usage = await read(client, "seedream://usage")
        assert await completed(client, IMAGE, "") == []
        with pytest.raises(MCPError, match="There is no picture"):
            await read(client, "seedream://images/x-0/info")
    assert usage["days"] == []
    assert not (tmp_path / "state").exists()


@both_eras
@pytest.mark.parametrize(
    "uri",
    [
        "seedream://images/nope-0",
        "seedream://images/nope-0/preview",
        "seedream://images/nope-0/info",
        "seedream://images/nope-0/other",
        "seedream://images/..%2F..%2Fetc%2Fpasswd/info",
        "seedream://jobs/nosuchjob",
        "seedream://nothing",
    ],
)
async def test_what_is_not_there_has_the_code_its_revision_says(mode: str, uri: str) -> None:
    async with connected(mode) as client:
        with pytest.raises(MCPError) as refused:
            await client.read_resource(uri)
    assert refused.value.error.code == (-32602 if mode == "auto" else -32002)
    assert refused.value.error.data == {"uri": uri}


async def test_of_a_pruned_picture_the_record_is_left(memory: Connect, tmp_path: Path) -> None:
    async with memory() as client:
        kept, gone = await made(client, count=2)
        await prune(tmp_path, gone)
        for part in ("", "/preview"):
            with pytest.raises(MCPError, match="pruned"):
                await client.read_resource(gone["uri"] + part)
        info = await read(client, f"{gone['uri']}/info")
        listed = [str(resource.uri) for resource in (await client.list_resources()).resources]
        assert await completed(client, IMAGE, gone["id"]) == []
        assert await completed(client, f"{IMAGE}/info", gone["id"]) == [gone["id"]]
    assert (info["pruned"], info["path"]) == (True, gone["path"])
    assert listed == [*FIXED, kept["uri"]]


async def test_a_picture_whose_file_was_moved_away_is_not_there(memory: Connect) -> None:
    async with memory() as client:
        (image,) = await made(client, filename="moved")
        Path(image["path"]).unlink()
        for part in ("", "/preview"):
            with pytest.raises(MCPError, match=r"gone or cannot be read: moved\.jpg") as refused:
                await client.read_resource(image["uri"] + part)
            assert refused.value.error.code == -32602


@both_eras
async def test_ids_are_completed_from_the_newest_on(mode: str) -> None:
    async with connected(mode) as client:
        (first,) = await made(client)
        (second,) = await made(client)
        everything = await completed(client, IMAGE, "")
        assert await completed(client, f"{IMAGE}/preview", first["id"][:5]) == [first["id"]]
        assert await completed(client, IMAGE, "%") == []
        jobs = await completed(client, "seedream://jobs/{job_id}", "", "job_id")
    assert everything == [second["id"], first["id"]]
    assert jobs == [second["id"][:-2], first["id"][:-2]]


@pytest.mark.parametrize(
    ("template", "name"), [(IMAGE, "job_id"), ("seedream://images/x", "image_id"), ("other://x/{id}", "id")]
)
async def test_what_has_no_such_variable_is_not_completed(memory: Connect, template: str, name: str) -> None:
    async with memory() as client:
        with pytest.raises(MCPError, match=f"has no variable {name}") as refused:
            await completed(client, template, "", name)
    assert refused.value.error.code == -32602


async def test_more_ids_than_a_client_may_get_are_counted(memory: Connect, tmp_path: Path) -> None:
    async with memory() as client:
        (image,) = await made(client)
        with closing(sqlite3.connect(tmp_path / "state" / "journal.sqlite3")) as db, db:
            columns = "job_id, idx, state, request, updated, record"
            copied = f"INSERT INTO images (id, {columns}) SELECT 'x-' || ?, {columns} FROM images WHERE idx = 0"
            db.executemany(f"{copied} LIMIT 1", [(number,) for number in range(100)])
        ref = ResourceTemplateReference(type="ref/resource", uri=IMAGE)
        completion = (await client.complete(ref, {"name": "image_id", "value": ""})).completion
    assert image
    assert (len(completion.values), completion.total, completion.has_more) == (100, 101, True)


async def test_a_journal_that_cannot_be_read_hides_nothing_but_its_pictures(memory: Connect, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "journal.sqlite3").write_bytes(b"no database" * 100)
    async with memory() as client:
        listed = [str(resource.uri) for resource in (await client.list_resources()).resources]
        with pytest.raises(MCPError, match="not a database") as refused:
            await read(client, "seedream://images/x-0/info")
        with pytest.raises(MCPError, match="not a database"):
            await completed(client, IMAGE, "")
    assert listed == FIXED
    assert refused.value.error.code == -32603


async def test_a_journal_of_an_earlier_version_is_read_as_one_of_this(memory: Connect, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    with closing(sqlite3.connect(tmp_path / "state" / "journal.sqlite3")) as db, db:
        db.executescript(STEPS[0])
        db.execute("PRAGMA user_version = 1")
        record = (
            '{"id": "old-0", "uri": "seedream://images/old-0", "path": "/old.jpg", "index": 0, "width": 8, '
            '"height": 8, "bytes": 9, "mime_type": "image/jpeg", "sha256": "0"}'
        )
        db.execute("INSERT INTO jobs VALUES ('old', '2026-01-01T00:00:00+00:00', 'generate_image', 'ark', 'm')")
        columns = "id, job_id, idx, state, request, updated, billed, record"
        row = ("old-0", "old", 0, "stored", "{}", "2026-01-01T00:00:09+00:00", "yes", record)
        db.execute(f"INSERT INTO images ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    async with memory() as client:
        listed = [str(resource.uri) for resource in (await client.list_resources()).resources]
        info = await read(client, "seedream://images/old-0/info")
        usage = await read(client, "seedream://usage")
    assert listed == [*FIXED, "seedream://images/old-0"]
    assert (info["provider"], info["model"], info["prompt"], info["prompt_sent"]) == ("ark", "m", "", None)
    assert (usage["total"]["images"], usage["total"]["unpriced"]) == (1, 1)
    with closing(sqlite3.connect(tmp_path / "state" / "journal.sqlite3")) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == VERSION
