"""`find_images`: pictures made earlier, found by what an agent remembers of them."""

import json
import os
import sqlite3
import subprocess
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from seedream_hub.jobs.journal_schema import VERSION, connect
from tests.support import COMMAND, Connect, facts_of, text_of

FOX = {"prompt": "A red Fox in snow", "size": "1K", "model": "seedream-4.0"}


async def made(client: Client, tool: str = "generate_image", **arguments: Any) -> dict[str, Any]:
    return facts_of(await client.call_tool(tool, {**FOX, **arguments}))["images"][0]


async def found(client: Client, **wanted: Any) -> list[str]:
    return [image["id"] for image in facts_of(await client.call_tool("find_images", wanted))["images"]]


def stored(tmp_path: Path, image: dict[str, Any], when: str) -> None:
    """Let a picture have been stored then."""
    with closing(sqlite3.connect(tmp_path / "state" / "journal.sqlite3")) as db, db:
        then = datetime.fromisoformat(when).astimezone(UTC).isoformat(timespec="milliseconds")
        assert db.execute("UPDATE images SET updated = ? WHERE id = ?", (then, image["id"])).rowcount == 1


def images(*arguments: str) -> None:
    subprocess.run([COMMAND, "images", *arguments], check=True, capture_output=True)


def fill(folder: Path, count: int) -> None:
    """Write that many pictures into a new journal, one a minute."""
    prompt = "A red fox in fresh snow at dusk, telephoto, soft light, 雪后的山谷。" * 4
    first = datetime(2026, 1, 1, tzinfo=UTC)
    with closing(connect(folder)) as db:
        db.execute("BEGIN")
        for number in range(count):
            job, when = f"{number:016}", (first + timedelta(minutes=number)).isoformat(timespec="milliseconds")
            tool = "edit_image" if number % 7 == 0 else "generate_image"
            picture = {"id": f"{job}-0", "uri": f"seedream://images/{job}-0", "path": f"/pictures/{job}-0.jpg"}
            record = {**picture, "index": 0, "width": 1, "height": 1, "bytes": 1, "mime_type": "", "sha256": ""}
            asked = {"number": 0, "first": 0, "count": 1, "tool": tool, "provider": "ark", "model": "seedream-4.5"}
            asked |= {"arguments": {"prompt": prompt, "size": "2K"}, "prompt": f"{prompt}{number}"}
            db.execute(
                "INSERT INTO jobs (id, created, tool, provider, model) VALUES (?, ?, ?, '', '')", (job, when, tool)
            )
            db.execute("INSERT INTO requests VALUES (?, 0, ?)", (job, json.dumps(asked, ensure_ascii=False)))
            columns = "id, job_id, idx, state, request, updated, model, record"
            row = (picture["id"], job, 0, "stored", "{}", when, "seedream-4.5", json.dumps(record))
            db.execute(f"INSERT INTO images ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        db.execute("COMMIT")


async def test_the_one_from_yesterday_is_found_and_edited(memory: Connect, tmp_path: Path) -> None:
    async with memory() as client:
        today, yesterday = await made(client), await made(client, prompt="A blue fox")
        stored(tmp_path, yesterday, (datetime.now(UTC) - timedelta(days=1)).isoformat())
        (image_id,) = await found(client, text="fox", since="yesterday", until="yesterday")
        edited = await made(client, "edit_image", prompt="make it night", image=image_id)
        assert await found(client) == [edited["id"], today["id"], yesterday["id"]]
        assert await found(client, kind="edit") == [edited["id"]]
        assert await found(client, since="today", kind="generate") == [today["id"]]
    assert image_id == yesterday["id"]


async def test_a_picture_is_told_with_what_it_was_made_from(memory: Connect) -> None:
    async with memory() as client:
        fox = await made(client, filename="my fox")
        await made(client, "edit_image", image=fox["id"], prompt="At  night", watermark=False, aspect_ratio="16:9")
        images("tag", fox["id"], "keeper")
        result = await client.call_tool("find_images", {})
    facts, text = facts_of(result), text_of(result)
    edited, first = facts["images"]
    assert {name: first[name] for name in ("id", "uri", "path", "width", "height", "provider")} == {
        name: fox[name] for name in ("id", "uri", "path", "width", "height", "provider")
    }
    assert (first["kind"], first["model"], first["prompt"]) == ("generate", "seedream-4.0", FOX["prompt"])
    assert (first["tags"], first["arguments"]) == (["keeper"], {"size": "1K"})
    assert edited["arguments"] == {"size": "1K", "watermark": False, "aspect_ratio": "16:9", "references": 1}
    assert (facts["matching"], facts["total"], facts["more"], facts["next"]) == (2, 2, None, None)
    assert abs(datetime.fromisoformat(first["created"]) - datetime.now(UTC)) < timedelta(minutes=5)
    for image in facts["images"]:
        (line,) = [line for line in text.splitlines() if line.startswith(image["id"])]
        told = [image["path"].removeprefix(f"{Path(fox['path']).parent}/").partition(".")[0]]
        told += [image["created"].replace("T", " "), image["kind"], image["provider"], image["model"], *image["tags"]]
        told += [f"{image['width']}x{image['height']}", " ".join(image["prompt"].split())]
        assert [fact for fact in told if fact not in line] == []
    assert str(Path(fox["path"]).parent) in text


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("A red Fox in snow", "SNOW fox"),
        ("A red Fox in snow", "fox, “red”"),
        ("雪后的山谷，有一只狐狸", "狐狸 山谷"),
        ("雪后的山谷，有一只狐狸", "狐狸，雪后"),
        ("Ein GROSSES Ärgernis", "grosses ÄRGERNIS"),
        ("ΟΔΟΣ at night", "οδος"),
        ("100% snow_white \\ sky", "100% snow_white \\"),
    ],
)
async def test_all_words_of_the_prompt_in_any_case(memory: Connect, prompt: str, text: str) -> None:
    async with memory() as client:
        image = await made(client, prompt=prompt)
        await made(client, prompt="1000 snowywhite owls, red, 狐狸 山")
        assert await found(client, text=text) == [image["id"]]
        assert await found(client, text=f"{text} owl") == []


async def test_pictures_are_found_by_all_of_their_tags_and_by_model(memory: Connect) -> None:
    async with memory() as client:
        one, other = await made(client), await made(client, model="seedream-4.5", size="2K")
        images("tag", one["id"], "keeper")
        images("tag", one["id"], "Logo")
        images("tag", other["id"], "keeper")
        assert await found(client, tags=["keeper"]) == [other["id"], one["id"]]
        assert await found(client, tags=["logo", "keeper"]) == [one["id"]]
        assert await found(client, model="4.5") == await found(client, model="Seedream-4.5") == [other["id"]]


async def test_days_are_the_users_own(stdio: Connect, tmp_path: Path) -> None:
    async with stdio(TZ="Asia/Shanghai") as client:
        image = await made(client)
        stored(tmp_path, image, "2026-11-19T20:00:00+00:00")
        assert await found(client, since="2026-11-20", until="2026-11-20") == [image["id"]]
        assert await found(client, since="2026-11-20T04:00", until="2026-11-20T04:00:00") == [image["id"]]
        assert await found(client, since="2026-11-19T20:00:00Z") == [image["id"]]
        assert await found(client, until="2026-11-19") == await found(client, since="2026-11-20T04:01") == []
        result = facts_of(await client.call_tool("find_images", {}))
        created = result["images"][0]["created"]
        assert created == "2026-11-20T04:00:00+08:00"
        assert await found(client, since=created, until=created) == [image["id"]]


async def test_pruned_pictures_are_left_out(memory: Connect, tmp_path: Path) -> None:
    async with memory() as client:
        old, young = await made(client), await made(client)
        stored(tmp_path, old, "2026-01-01")
        images("prune", "--older", "30d", "--yes")
        assert await found(client) == [young["id"]]
        assert facts_of(await client.call_tool("find_images", {}))["total"] == 1


async def test_what_another_process_made_is_found_at_once(memory: Connect, stdio: Connect) -> None:
    async with memory() as one, stdio() as other:
        assert await found(other) == []
        image = await made(one)
        assert await found(other) == [image["id"]]


async def test_nothing_found_says_what_would_find_something(memory: Connect) -> None:
    async with memory() as client:
        for _ in range(3):
            await made(client)
        result = await client.call_tool("find_images", {"text": "owl", "kind": "generate"})
        twice = await client.call_tool("find_images", {"text": "owl", "kind": "edit"})
    assert not result.is_error
    facts = facts_of(result)
    assert (facts["images"], facts["matching"], facts["total"]) == ([], 0, 3)
    told = 'No prompt has "owl": words are found as they are written.'
    assert facts["next"] == f"{told} Leave something out: without text 3 would match."
    assert text_of(result) == f"0 of 3 pictures match.\nNext: {facts['next']}"
    assert "Leave out all of them" in text_of(twice)


async def test_a_look_opens_no_provider_and_makes_nothing(memory: Connect, tmp_path: Path) -> None:
    async with memory(ark_api_key="sk-x", ark_base_url="http://127.0.0.1:9") as client:
        (tool,) = [tool for tool in (await client.list_tools()).tools if tool.name == "find_images"]
        result = await client.call_tool("find_images", {"text": "fox"})
    assert tool.annotations
    assert tool.annotations.read_only_hint
    assert facts_of(result)["next"] == "There are no pictures yet; generate_image makes some."
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({"since": "gestern"}, 'since "gestern" is no date; use a date such as 2026-11-20'),
        ({"until": "2026-02-30"}, 'until "2026-02-30" is no date'),
        ({"since": "9999-12-31", "until": "9999-12-31"}, 'until "9999-12-31" is no date'),
        ({"since": "2026-11-20", "until": "2026-11-19"}, "since 2026-11-20 is after until 2026-11-19"),
        ({"limit": 51}, "limit 51 is above 50; use 1 to 50"),
        ({"kind": "video"}, "kind video is not offered; use generate, edit, fuse or batch"),
        ({"tags": "keeper"}, 'pass a list such as ["keeper"]'),
        ({"text": 7}, "text 7 is not text"),
        (
            {"query": "fox"},
            "query is not an argument of this tool; did you mean text? It takes text, tags, since, until, ",
        ),
        ({"prompt": "fox"}, "prompt is not an argument of this tool; did you mean text?"),
        ({"keywords": ["fox"]}, "keywords is not an argument of this tool; did you mean text?"),
        ({"date": "today"}, "date is not an argument of this tool; did you mean since or until? It takes text, "),
        ({"colour": "red"}, "colour is not an argument of this tool; it takes text, "),
    ],
)
async def test_a_bad_argument_is_refused_by_name(memory: Connect, wanted: dict[str, Any], told: str) -> None:
    async with memory() as client:
        result = await client.call_tool("find_images", wanted)
    assert result.is_error
    assert told in text_of(result)


async def test_the_newest_of_ten_thousand_are_found_in_a_moment(memory: Connect, tmp_path: Path) -> None:
    fill(tmp_path / "state", 10_000)
    wanted = {"text": "FOX 山谷 telephoto", "since": "2026-01-02", "model": "4.5", "kind": "edit", "limit": 50}
    spent: list[float] = []
    async with memory() as client:
        result = await client.call_tool("find_images", wanted)
        for _ in range(5):
            begun = time.process_time()
            await client.call_tool("find_images", wanted)
            spent.append(time.process_time() - begun)
    facts = facts_of(result)
    assert min(spent) < 0.1
    assert facts["images"][0]["id"] == f"{9996:016}-0"
    assert (facts["matching"], facts["total"]) == (len(range(1442, 10_000, 7)), 10_000)
    assert len(facts["images"]) + len(facts["more"]["names"]) == 50
    assert len(result.model_dump_json(by_alias=True).encode()) <= 12_000
    assert facts["next"].startswith(f"{facts['matching'] - 50:} older pictures match too.")


async def test_a_journal_of_an_earlier_version_is_searched_too(memory: Connect, tmp_path: Path) -> None:
    fill(tmp_path / "state", 2)
    with closing(sqlite3.connect(tmp_path / "state" / "journal.sqlite3")) as db, db:
        db.executescript("DROP TABLE tags; DROP INDEX images_by_day; DROP INDEX images_queued")
        for column in ("price", "currency", "extra", "day"):
            db.execute(f"ALTER TABLE images DROP COLUMN {column}")
        db.execute("PRAGMA user_version = 3")
    async with memory() as client:
        assert len(await found(client)) == 2


async def test_a_journal_of_a_later_version_is_not_misread(memory: Connect, tmp_path: Path) -> None:
    fill(tmp_path / "state", 1)
    with closing(sqlite3.connect(tmp_path / "state" / "journal.sqlite3")) as db, db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
    async with memory() as client:
        result = await client.call_tool("find_images", {})
    assert result.is_error
    assert "Update seedream-hub" in text_of(result)


async def test_what_is_found_is_told_in_chinese(stdio: Connect, tmp_path: Path) -> None:
    fill(tmp_path / "state", 3)
    assert os.environ["SEEDREAM_STATE_DIR"] == str(tmp_path / "state")
    async with stdio(SEEDREAM_LANG="zh") as client:
        text = text_of(await client.call_tool("find_images", {"limit": 1}))
        nothing = facts_of(await client.call_tool("find_images", {"kind": "fuse"}))
    assert text.startswith("3 张图片中有 3 张符合")
    assert nothing["next"] == "请减少条件：去掉 kind 有 3 张符合。"
