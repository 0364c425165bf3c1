"""`seedream-hub images`: the real command on the folders a real server filled."""

import json
import os
import pty
import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, MCPError

from tests.buckets import NAME, moto
from tests.support import COMMAND, Connect, facts_of, text_of

FOX = {"prompt": "a red fox in snow", "size": "1K", "model": "seedream-4.0"}


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **variables}
    return subprocess.run(
        [COMMAND, "images", *arguments], env=environment, input="", capture_output=True, text=True, check=False
    )


def listed(*arguments: str) -> list[dict[str, Any]]:
    done = run("list", "--json", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


async def made(client: Client, **arguments: Any) -> list[dict[str, Any]]:
    return facts_of(await client.call_tool("generate_image", {**FOX, **arguments}))["images"]


def age(tmp_path: Path, image: dict[str, Any], days: int) -> None:
    """Let a picture have been stored so many days ago."""
    then = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="milliseconds")
    with closing(sqlite3.connect(tmp_path / "state" / "journal.sqlite3")) as db, db:
        assert db.execute("UPDATE images SET updated = ? WHERE id = ?", (then, image["id"])).rowcount == 1


async def test_pictures_are_listed_with_their_tags_while_the_server_runs(memory: Connect) -> None:
    async with memory() as client:
        first, second = await made(client, count=2)
        assert run("tag", first["id"], "keeper").returncode == 0
        assert run("tag", first["uri"], "blue fox").returncode == 0
        assert run("tag", first["id"], "keeper").returncode == 0
        everything = {entry["id"]: entry for entry in listed()}
        lines = run("list").stdout.splitlines()
    assert {image_id: entry["tags"] for image_id, entry in everything.items()} == {
        first["id"]: ["blue fox", "keeper"],
        second["id"]: [],
    }
    assert everything[second["id"]]["path"] == second["path"]
    assert [entry["id"] for entry in listed("--tag", "keeper")] == [first["id"]]
    assert listed("--tag", "nobody's") == []
    assert len(lines) == 2
    assert [line for line in lines if first["path"] in line and "[blue fox, keeper]" in line]


async def test_a_tag_is_taken_off_again(memory: Connect) -> None:
    async with memory() as client:
        (image,) = await made(client)
    assert run("tag", image["id"], "keeper").returncode == 0
    assert run("untag", image["id"], "keeper").returncode == 0
    again = run("untag", image["id"], "keeper")
    assert (again.returncode, again.stderr) == (1, f"seedream-hub: {image['id']} has no tag keeper\n")
    assert listed()[0]["tags"] == []


def test_a_picture_nobody_knows_cannot_be_tagged() -> None:
    done = run("tag", "abcdefgh234567ab-0", "keeper")
    assert (done.returncode, done.stderr) == (1, "seedream-hub: there is no picture abcdefgh234567ab-0\n")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["prune"], "--older"),
        (["prune", "--older", "30"], "for example 30d"),
        (["prune", "--older", "0d"], "for example 30d"),
        (["prune", "--older", "1y"], "for example 30d"),
        (["tag", "fox.jpg", "keeper"], "images list"),
        (["tag", "abcdefgh234567ab-0", ""], "1 to 64 characters"),
        ([], "action"),
    ],
)
def test_wrong_arguments_are_told_with_what_works(arguments: list[str], named: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert named in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_setting_is_told_and_nothing_is_done() -> None:
    done = run("list", SEEDREAM_CONCURRENCY="many")
    assert done.returncode == 2
    assert done.stderr.startswith("seedream-hub: SEEDREAM_CONCURRENCY")


async def test_old_pictures_are_pruned_and_their_records_stay(memory: Connect, tmp_path: Path) -> None:
    async with memory() as client:
        old, tagged, young = await made(client, count=3)
        for image in (old, tagged):
            age(tmp_path, image, 31)
        run("tag", tagged["id"], "keeper")
        dry = json.loads(run("prune", "--older", "30d", "--keep-tagged", "--dry-run", "--json").stdout)
        assert Path(old["path"]).is_file()
        done = run("prune", "--older", "30d", "--keep-tagged", "--yes")
        with pytest.raises(MCPError, match="was pruned"):
            await client.read_resource(old["uri"])
        refused = await client.call_tool("edit_image", {**FOX, "image": old["id"]})
        facts = facts_of(await client.call_tool("get_job", {"job_id": old["id"].rpartition("-")[0]}))
    assert ([entry["id"] for entry in dry["pruned"]], dry["dry_run"]) == ([old["id"]], True)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "Deleted 1 picture.")
    assert [Path(image["path"]).exists() for image in (old, tagged, young)] == [False, True, True]
    assert {entry["id"]: entry["pruned"] for entry in listed()} == {
        old["id"]: True,
        tagged["id"]: False,
        young["id"]: False,
    }
    assert [image["pruned"] for image in facts["images"]] == [True, False, False]
    assert f"{old['path']} was pruned" in text_of(refused)
    assert run("prune", "--older", "30d", "--keep-tagged", "--yes").stdout == "Deleted 0 pictures.\n"


async def test_without_sparing_them_tagged_pictures_are_pruned_too(memory: Connect, tmp_path: Path) -> None:
    async with memory() as client:
        (image,) = await made(client)
    age(tmp_path, image, 2)
    run("tag", image["id"], "keeper")
    assert run("prune", "--older", "24h", "--yes").returncode == 0
    assert not Path(image["path"]).exists()
    assert listed("--tag", "keeper")[0]["pruned"] is True


async def test_nothing_is_deleted_unless_somebody_says_yes(memory: Connect, tmp_path: Path) -> None:
    async with memory() as client:
        (image,) = await made(client)
    age(tmp_path, image, 2)
    unasked = run("prune", "--older", "1d")
    assert (unasked.returncode, unasked.stdout) == (2, "")
    assert "--yes" in unasked.stderr
    assert asked("n\n") == 1
    assert Path(image["path"]).exists()
    assert asked("y\n") == 0
    assert not Path(image["path"]).exists()


def asked(answer: str) -> int:
    """Prune at a terminal; return the exit code."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [COMMAND, "images", "prune", "--older", "1d"],
        stdin=theirs,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        os.write(ours, answer.encode())
        _, said = process.communicate(timeout=30)
    os.close(ours)
    os.close(theirs)
    assert "Delete 1 picture, " in said
    return process.returncode


async def test_a_picture_that_was_changed_since_is_kept_and_told(memory: Connect, tmp_path: Path) -> None:
    async with memory() as client:
        edited, gone = await made(client, count=2)
    for image in (edited, gone):
        age(tmp_path, image, 2)
    content = bytearray(Path(edited["path"]).read_bytes())
    content[-10] ^= 1
    Path(edited["path"]).write_bytes(content)
    Path(gone["path"]).unlink()
    done = run("prune", "--older", "1d", "--yes")
    assert (done.returncode, done.stderr) == (
        1,
        f"Kept {edited['id']}: what is there now is another picture\n",
    )
    assert {entry["id"]: entry["pruned"] for entry in listed()} == {edited["id"]: False, gone["id"]: True}
    assert Path(edited["path"]).read_bytes() == content


async def test_pictures_in_a_bucket_are_pruned_too(
    memory: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with moto() as bucket:
        for name, value in bucket.environment().items():
            monkeypatch.setenv(name, value)
        async with memory(storage=f"s3://{NAME}") as client:
            (old,) = await made(client)
            (young,) = await made(client, prompt="a blue fox")
        age(tmp_path, old, 2)
        done = run("prune", "--older", "1d", "--yes")
        assert (done.returncode, done.stderr) == (0, "")
        key = young["path"].removeprefix(f"s3://{NAME}/")
        assert bucket.listed() == [key, f"{key}.json"]
    entries = {entry["id"]: entry["pruned"] for entry in listed()}
    assert entries == {old["id"]: True, young["id"]: False}
