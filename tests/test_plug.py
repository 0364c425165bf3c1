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
from seedream_hub.schemas.xmp import NAMESPACE
from tests.plug import Run
from tests.sandboxed import within_ten_seconds
from tests.support import ROOT

FOX = {"prompt": "a red fox in snow", "size": "1K", "model": "seedream-4.0"}
JOBS: dict[str, tuple[str, dict[str, Any]]] = {
    "a call": ("ark", FOX),
    "a set over events": ("byteplus", {"requests": [{"tool": "batch_images", **FOX, "count": 3}]}),
    "a task": ("evolink", {"requests": [{**FOX, "count": 2}]}),
    "a set with records in the pictures": ("ark", {"requests": [{"tool": "batch_images", **FOX, "count": 2}]}),
}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    running = start_sandbox(SandboxOptions(is_ready=True))
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
        case "sent":
            return "stored" if before["task_id"] else "unknown"
        case "linked":
            return "stored"
        case settled:
            return settled


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
    whole = job(name, sandbox, tmp_path)
    runs = moments(whole, commits_of(whole))
    killed = sum(end["killed"] for end in play(runs))
    assert killed >= len(runs) // 2
    make_good(runs, sandbox, is_background=whole.tool == "start_job")


@pytest.mark.timeout(300)
def test_nor_where_it_is_pulled_again_while_the_next_process_makes_good(sandbox: Sandbox, tmp_path: Path) -> None:
    whole = job("a set over events", sandbox, tmp_path)
    halfway = replace(whole, commit=commits_of(whole) // 2, after=True)
    play([replace(halfway, folder=str(tmp_path / "first"))])
    again = Run(str(tmp_path / "first"), whole.settings)
    runs = moments(again, commits_of(again) + 1)
    play([replace(halfway, folder=run.folder) for run in runs])
    killed = sum(end["killed"] for end in play(runs))
    assert killed >= len(runs) // 2
    make_good(runs, sandbox, is_background=True)


def job(name: str, sandbox: Sandbox, folder: Path) -> Run:
    provider, arguments = JOBS[name]
    settings = {f"{provider}_api_key": sandbox.api_key, f"{provider}_base_url": sandbox.base_urls[provider]}
    if name.endswith("in the pictures"):
        settings["metadata"] = "embed"
    tool = "start_job" if "requests" in arguments else "generate_image"
    return Run(str(folder / "whole"), settings, tool, arguments)


def commits_of(run: Run) -> int:
    """Let a process live, and return how often it committed a change."""
    play([run])
    return int(Path(run.folder, "commits").read_text())


def moments(run: Run, commits: int) -> list[Run]:
    """Return a process for each moment right before and right after a commit."""
    folder = Path(run.folder).parent
    both = [("before", False), ("after", True)]
    return [
        replace(run, folder=str(folder / f"{name}-{commit}"), commit=commit, after=after)
        for commit in range(1, commits + 1)
        for name, after in both
    ]


def make_good(runs: list[Run], sandbox: Sandbox, *, is_background: bool) -> None:
    """Let the next processes live, and hold what they leave against the ledger."""
    before = {run.folder: rows(Path(run.folder)) for run in runs}
    ends = play([Run(run.folder, run.settings) for run in runs])
    assert [end for end in ends if end["status"] != 0] == []
    billed = Counter[str]()
    for row in settled_ledger(sandbox):
        job_id, _, first = row["client_request_id"].rpartition("-v")
        billed.update(f"{job_id}-{int(first) + place}" for place in range(row["images_billed"]))
    assert set(billed.values()) == {1}
    folders = {folder.parent.parent for folder in Path(runs[0].folder).parent.glob("*/state/journal.sqlite3")}
    assert billed.keys() <= {row["id"] for folder in folders for row in rows(folder).values()}
    for run in runs:
        judge(Path(run.folder), before[run.folder], billed, is_background=is_background)


def judge(folder: Path, before: dict[int, sqlite3.Row], billed: Counter[str], *, is_background: bool) -> None:
    after = rows(folder)
    ends = {index: row["state"] for index, row in after.items()}
    assert ends == {i: expected(row, is_background=is_background) for i, row in before.items()}, folder.name
    kept = {Path(json.loads(row["record"])["path"]) for row in after.values() if row["record"]}
    beside = {path: Path(f"{path}.json") for path in kept if NAMESPACE.encode() not in path.read_bytes()}
    assert set((folder / "pictures").glob("*")) == kept | set(beside.values()), folder.name
    assert all(json.loads(record.read_bytes())["id"] in path.name for path, record in beside.items())
    assert all(row["state"] in {"stored", "unknown"} for row in after.values() if row["id"] in billed), folder.name
    assert all(row["id"] in billed for row in after.values() if row["state"] == "stored"), folder.name
