"""The journal is written before the act, and read by whoever comes later."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from seedream_hub.jobs.journal import Journal
from seedream_hub.schemas.errors import StorageError
from seedream_hub.schemas.requests import ImageRequest
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


async def test_two_processes_may_open_one_journal_at_once(tmp_path: Path) -> None:
    first, second = await Journal.open(tmp_path), await Journal.open(tmp_path)
    request = ImageRequest(model="m", prompt="x")
    await first.add_job("a", "generate_image", "ark", "seedream-4.5", 1, request)
    await second.add_job("b", "generate_image", "ark", "seedream-4.5", 1, request)
    await first.aclose()
    await second.aclose()
    assert len(rows(tmp_path)) == 2
