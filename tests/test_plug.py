"""The plug is pulled right before and right after every commit of the journal; the next process makes it good."""

import json
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from seedream_hub.providers.sandbox.server import Sandbox, SandboxOptions, start_sandbox
from tests.plug import Run
from tests.sandboxed import within_ten_seconds
from tests.support import ROOT

FOX = {"prompt": "a red fox in snow", "size": "1K", "model": "seedream-4.0"}
JOBS: dict[str, tuple[str, dict[str, Any]]] = {
    "a call": ("ark", FOX),
    "a set over events": ("byteplus", {"requests": [{"tool": "batch_images", **FOX, "count": 3}]}),
    "a task": ("evolink", {"requests": [{**FOX, "count": 2}]}),
}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    running = start_sandbox(SandboxOptions())
    yield running
    running.stop()


def play(runs: list[Run]) -> list[dict[str, Any]]:
    """Fork a process for each run; return how each ended."""
    asked = "\n".join(json.dumps(asdict(run)) for run in runs)
    told = subprocess.run(
        [sys.executable, "-m", "tests.plug"], cwd=ROOT, input=asked, capture_output=True, text=True, check=False
    )
    ends = [json.loads(line) for line in told.stdout.splitlines()]
    assert len(ends) == len(runs), told.stderr
    return ends


def rows(folder: Path) -> dict[int, sqlite3.Row]:
    """Return the journal's pictures, read from a copy."""
    if not (folder / "state" / "journal.sqlite3").exists():
        return {}
    copy = folder / "copy"
    copy.mkdir(exist_ok=True)
    for name in ("journal.sqlite3", "journal.sqlite3-wal"):
        if (folder / "state" / name).exists():
            shutil.copy(folder / "state" / name, copy)
    with closing(sqlite3.connect(copy / "journal.sqlite3")) as db:
        db.row_factory = sqlite3.Row
        try:
            return {row["idx"]: row for row in db.execute("SELECT * FROM images")}
        except sqlite3.OperationalError:  # there were no tables yet
            return {}
        finally:
            shutil.rmtree(copy)


def expected(before: sqlite3.Row, *, is_background: bool) -> str:
    """Say what must become of a picture that was so far when the process died."""
    match before["state"]:
        case "queued":
            return "stored" if is_background else "cancelled"
        case "sent" if before["task_id"] is None:
            return "unknown"
        case _:
            return "stored"


def settled_ledger(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Return the ledger once nothing is drawn any more."""

    def look() -> list[dict[str, Any]]:
        seen = httpx.get(f"{sandbox.url}/admin/ledger").json()
        return [] if seen["under_way"] else seen["requests"]

    return within_ten_seconds(look)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", JOBS)
def test_nothing_paid_is_lost_or_paid_twice_wherever_the_plug_is_pulled(
    name: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    provider, arguments = JOBS[name]
    tool = "start_job" if "requests" in arguments else "generate_image"
    settings = {f"{provider}_api_key": sandbox.api_key, f"{provider}_base_url": sandbox.base_urls[provider]}
    whole = Run(str(tmp_path / "whole"), settings, tool, arguments)
    play([whole])
    commits = int((tmp_path / "whole" / "commits").read_text())
    runs = [
        replace(
            whole, folder=str(tmp_path / f"{'after' if after else 'before'}-{commit}"), commit=commit, after=after
        )
        for commit in range(1, commits + 1)
        for after in (False, True)
    ]
    killed = sum(end["killed"] for end in play(runs))
    before = {run.folder: rows(Path(run.folder)) for run in runs}
    ends = play([Run(run.folder, settings) for run in runs])
    assert [end for end in ends if end["status"] != 0] == []
    assert killed >= commits
    billed = Counter[str]()
    for row in settled_ledger(sandbox):
        job_id, _, first = row["client_request_id"].rpartition("-v")
        billed.update(f"{job_id}-{int(first) + place}" for place in range(row["images_billed"]))
    assert set(billed.values()) == {1}
    known = {row["id"] for run in [whole, *runs] for row in rows(Path(run.folder)).values()}
    assert billed.keys() <= known
    for run in runs:
        judge(Path(run.folder), before[run.folder], billed, is_background=tool == "start_job")


def judge(folder: Path, before: dict[int, sqlite3.Row], billed: Counter[str], *, is_background: bool) -> None:
    after = rows(folder)
    ends = {index: row["state"] for index, row in after.items()}
    assert ends == {i: expected(row, is_background=is_background) for i, row in before.items()}, folder.name
    kept = {Path(json.loads(row["record"])["path"]) for row in after.values() if row["record"]}
    assert set((folder / "pictures").glob("*")) == kept, folder.name
    assert all(row["state"] in {"stored", "unknown"} for row in after.values() if row["id"] in billed), folder.name
    assert all(row["id"] in billed for row in after.values() if row["state"] == "stored"), folder.name
