"""The journal is written before the act, and read by whoever comes later."""

import base64
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from seedream_hub.jobs.job import Job, Slot
from seedream_hub.jobs.journal import Journal
from seedream_hub.jobs.journal_schema import VERSION
from seedream_hub.jobs.order import Asked
from seedream_hub.schemas.errors import StorageError
from tests.support import ROOT, Connect, facts_of
from tests.upstream import Script, serve

FOX = {"prompt": "a red fox in snow"}
PICTURE = (ROOT / "tests" / "data" / "gradient.jpg").read_bytes()


def rows(state: Path) -> list[tuple[Any, ...]]:
    with sqlite3.connect(state / "journal.sqlite3") as db:
        found = db.execute("SELECT state, url IS NOT NULL, billed, code FROM images ORDER BY idx").fetchall()
    db.close()
    return found


async def test_every_step_is_in_the_journal_before_it_is_taken(memory: Connect, tmp_path: Path) -> None:
    seen: dict[str, list[tuple[Any, ...]]] = {}
    script = Script(picture=PICTURE, watch=lambda moment: seen.update({moment: rows(tmp_path / "state")}))
    with serve(script):
        async with memory(ark_api_key="sk-x", ark_base_url=script.base_url) as client:
            await client.call_tool("generate_image", FOX)
    assert seen["request"] == [("sent", 0, None, None)]
    assert seen["picture"] == [("linked", 1, "yes", None)]
    assert rows(tmp_path / "state") == [("stored", 1, "yes", None)]


async def test_a_refused_request_stands_in_the_journal_with_its_code(memory: Connect, tmp_path: Path) -> None:
    answer = {"error": {"code": "QuotaExceeded", "message": "used up"}}
    with serve(Script(answer=answer, status=429)) as script:
        async with memory(ark_api_key="sk-x", ark_base_url=script.base_url) as client:
            await client.call_tool("generate_image", FOX)
    assert rows(tmp_path / "state") == [("failed", 0, "no", "QuotaExceeded")]


async def test_a_later_process_reads_the_pictures_of_an_earlier_one(memory: Connect) -> None:
    async with memory() as client:
        (image,) = facts_of(await client.call_tool("generate_image", FOX))["images"]
    async with memory() as client:
        (content,) = (await client.read_resource(image["uri"])).contents
    assert content.mime_type == "image/jpeg"


async def test_a_journal_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "journal.sqlite3") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(StorageError, match="Update seedream-hub"):
        await Journal.open(tmp_path)


VERSION_1 = """
CREATE TABLE jobs (
    id TEXT PRIMARY KEY, created TEXT NOT NULL, tool TEXT NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL
) STRICT;
CREATE TABLE images (
    id TEXT PRIMARY KEY, job_id TEXT NOT NULL REFERENCES jobs (id), idx INTEGER NOT NULL, state TEXT NOT NULL,
    request TEXT NOT NULL, updated TEXT NOT NULL, url TEXT, request_id TEXT, billed TEXT, code TEXT, message TEXT,
    record TEXT
) STRICT;
CREATE INDEX images_by_job ON images (job_id);
PRAGMA user_version = 1;
"""
"""What seedream-hub 0.1 made of an empty file."""


async def test_a_journal_of_version_1_is_brought_up_to_date_and_keeps_its_pictures(
    memory: Connect, tmp_path: Path
) -> None:
    state, picture, job = tmp_path / "state", tmp_path / "old.jpg", "a" * 16
    state.mkdir()
    picture.write_bytes(PICTURE)
    record = {
        "id": f"{job}-0", "uri": f"seedream://images/{job}-0", "path": str(picture), "index": 0, "width": 8,
        "height": 8, "bytes": len(PICTURE), "mime_type": "image/jpeg", "sha256": "0" * 64,
    }  # fmt: skip
    image = (
        f"{job}-0",
        job,
        0,
        "stored",
        "{}",
        "2026-11-01",
        "https://x",
        "r",
        "yes",
        None,
        None,
        json.dumps(record),
    )
    with sqlite3.connect(state / "journal.sqlite3") as db:
        db.executescript(VERSION_1)
        db.execute("INSERT INTO jobs VALUES (?, '2026-11-01', 'generate_image', 'ark', 'seedream-4.5')", (job,))
        db.execute(f"INSERT INTO images VALUES ({', '.join('?' * len(image))})", image)
    db.close()
    async with memory() as client:
        (content,) = (await client.read_resource(f"seedream://images/{job}-0")).contents
        facts = facts_of(await client.call_tool("edit_image", {"prompt": "x", "image": f"{job}-0"}))
    assert getattr(content, "blob", "") == base64.b64encode(PICTURE).decode()
    assert facts["status"] == "completed"
    with sqlite3.connect(state / "journal.sqlite3") as db:
        assert db.execute("PRAGMA user_version").fetchone() == (VERSION,)
        told = db.execute("SELECT state, provider, task_id FROM images ORDER BY updated").fetchall()
    db.close()
    assert told == [("stored", None, None), ("stored", "sandbox", None)]


async def test_two_processes_may_open_one_journal_at_once(tmp_path: Path) -> None:
    first, second = await Journal.open(tmp_path), await Journal.open(tmp_path)
    for journal, job_id in ((first, "a"), (second, "b")):
        asked = Asked(
            number=0, first=0, count=1, tool="generate_image", arguments={}, provider="ark", model="m", prompt="x"
        )
        await journal.add_job(Job(job_id, (asked,), {0: Slot(0, 0)}), "generate_image", "nobody")
    await first.aclose()
    await second.aclose()
    assert len(rows(tmp_path)) == 2
