"""Full, broken, read-only and vanished disks: no money without room, and what was paid is kept elsewhere."""

import errno
import json
import os
import resource
import shutil
import sqlite3
import subprocess
import tempfile
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import anyio.to_thread
import httpx2 as httpx
import psutil
import pytest

from seedream_hub.providers.sandbox.server import Sandbox, SandboxOptions, start_sandbox
from tests.sandboxed import within_ten_seconds
from tests.support import ROOT, Connect, facts_of, text_of
from tests.upstream import Script, serve

FOX: dict[str, Any] = {"prompt": "a red fox in snow", "size": "1K", "model": "seedream-4.0"}
PICTURE = (ROOT / "tests" / "data" / "gradient.jpg").read_bytes()
SMALL_BYTES = 10_000_000


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    running = start_sandbox(SandboxOptions(delay_s=0.2, is_ready=True))
    yield running
    running.stop()


@contextmanager
def small_disk(folder: Path, *options: str) -> Generator[None]:
    """Make the folder a disk of 10 MB, or let the processes started in here write no bigger file."""
    folder.mkdir()
    if os.geteuid() == 0:
        mounted = ",".join((f"size={SMALL_BYTES}", *options))
        subprocess.run(["mount", "-t", "tmpfs", "-o", mounted, "none", folder], check=True)
        try:
            yield
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)
        return
    folder.chmod(0o555 if "ro" in options else 0o755)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL_BYTES, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def ark(sandbox: Sandbox) -> dict[str, str]:
    return {"ARK_API_KEY": sandbox.api_key, "SEEDREAM_ARK_BASE_URL": sandbox.base_urls["ark"]}


def ledger(sandbox: Sandbox) -> Any:
    return httpx.get(f"{sandbox.url}/admin/ledger").json()


def states(state: Path) -> list[str]:
    with closing(sqlite3.connect(state / "journal.sqlite3")) as db:
        return [row[0] for row in db.execute("SELECT state FROM images ORDER BY id")]


def leftovers(*folders: Path) -> list[Path]:
    return [path for folder in folders for path in folder.rglob(".*.part")]


async def test_a_picture_that_would_not_fit_is_refused_before_any_money(
    stdio: Connect, sandbox: Sandbox, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "pictures"):
        async with stdio(**ark(sandbox)) as client:
            facts = facts_of(await client.call_tool("generate_image", {**FOX, "size": "4K"}))
        assert list((tmp_path / "pictures").iterdir()) == []
    (failure,) = facts["failures"]
    assert (facts["billed"], failure["code"], failure["billed"]) == (0, "disk_full", "no")
    assert "SEEDREAM_OUTPUT_DIR" in facts["next"]
    assert ledger(sandbox)["requests"] == []


async def test_on_a_disk_too_small_for_all_what_was_billed_is_kept_and_the_rest_never_sent(
    stdio: Connect, sandbox: Sandbox, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "pictures"):
        async with stdio(**ark(sandbox), SEEDREAM_CONCURRENCY="16") as client:
            facts = facts_of(await client.call_tool("generate_image", {**FOX, "count": 15}))
        files = [path for path in (tmp_path / "pictures").iterdir() if path.stat().st_size]
        kept = [path for path in files if path.suffix == ".jpg"]
        assert all(json.loads(path.read_bytes()) for path in files if path not in kept)
        assert sorted(str(path) for path in kept) == sorted(image["path"] for image in facts["images"])
    assert facts["billed"] == len(kept) == ledger(sandbox)["billed_images"] >= 6
    assert {failure["code"] for failure in facts["failures"]} <= {"disk_full"}


async def test_a_read_only_output_folder_is_named_before_anything_is_sent(
    stdio: Connect, sandbox: Sandbox, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "pictures", "ro"):
        async with stdio(**ark(sandbox)) as client:
            result = await client.call_tool("generate_image", FOX)
    assert result.is_error
    assert f"Pictures cannot be saved in {tmp_path / 'pictures'}" in text_of(result)
    assert "SEEDREAM_OUTPUT_DIR" in text_of(result)
    assert ledger(sandbox)["requests"] == []


async def test_a_read_only_state_folder_is_named_before_anything_is_sent(
    stdio: Connect, sandbox: Sandbox, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "state", "ro"):
        async with stdio(**ark(sandbox)) as client:
            results = [await client.call_tool("generate_image", FOX) for _ in range(2)]
    for result in results:
        assert result.is_error
        assert f"The state folder {tmp_path / 'state'} cannot be used" in text_of(result)
        assert "SEEDREAM_STATE_DIR" in text_of(result)
    assert ledger(sandbox)["requests"] == []


async def test_locks_that_cannot_be_written_are_named_and_the_server_lives(
    stdio: Connect, sandbox: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "owners").write_text("no folder")
    async with stdio(**ark(sandbox)) as client:
        result = await client.call_tool("generate_image", FOX)
        assert result.is_error
        assert "SEEDREAM_STATE_DIR" in text_of(result)
        (tmp_path / "state" / "owners").unlink()
        assert facts_of(await client.call_tool("generate_image", FOX))["delivered"] == 1


async def test_a_journal_that_is_no_database_is_named_and_left_alone(
    memory: Connect, sandbox: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "journal.sqlite3").write_text("somebody's notes" * 1000)
    async with memory(ark_api_key=sandbox.api_key, ark_base_url=sandbox.base_urls["ark"]) as client:
        result = await client.call_tool("generate_image", FOX)
    assert result.is_error
    assert "file is not a database" in text_of(result)
    assert "Move that folder away" in text_of(result)
    assert (tmp_path / "state" / "journal.sqlite3").read_text().startswith("somebody's notes")
    assert ledger(sandbox)["requests"] == []


def allow(file_bytes: int) -> bool:
    """Let the kernel refuse our servers every write past that many bytes of a file."""
    children = psutil.Process().children(recursive=True)
    servers = [child.pid for child in children if "seedream-hub" in " ".join(child.cmdline())]
    for pid in servers:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (file_bytes, resource.RLIM_INFINITY))
    return bool(servers)


async def test_what_is_paid_while_nothing_can_be_written_anywhere_is_saved_when_it_can_be(
    stdio: Connect, sandbox: Sandbox, tmp_path: Path
) -> None:
    requests = [{**FOX, "prompt": f"fox number {number}"} for number in range(8)]
    async with stdio(**ark(sandbox), SEEDREAM_CONCURRENCY="2", TMPDIR=str(tmp_path)) as client:
        facts = facts_of(await client.call_tool("start_job", {"requests": requests}))
        job = {"job_id": facts["job_id"], "wait_s": 5}
        while not facts["delivered"]:
            facts = facts_of(await client.call_tool("get_job", job))
        assert allow(0)
        paid = len(ledger(sandbox)["requests"])
        await anyio.to_thread.run_sync(within_ten_seconds, lambda: ledger(sandbox)["under_way"] == 0)
        refused = await client.call_tool("generate_image", FOX)
        assert refused.is_error
        assert "SEEDREAM_" in text_of(refused)
        allow(resource.RLIM_INFINITY)
        while facts["status"] == "running":
            facts = facts_of(await client.call_tool("get_job", job))
        rows = ledger(sandbox)["requests"]
        assert facts_of(await client.call_tool("generate_image", FOX))["delivered"] == 1
    assert len(facts["images"]) == facts["billed"] == sum(row["images_billed"] for row in rows)
    assert len({row["client_request_id"] for row in rows}) == len(rows) >= paid
    assert all(Path(image["path"]).stat().st_size == image["bytes"] for image in facts["images"])
    assert leftovers(tmp_path) == []
    assert set(states(tmp_path / "state")) <= {"stored", "failed"}


def paid(*, then: Callable[[], object]) -> Script:
    """Return an upstream during whose answer something happens: the request left, and no picture came yet."""

    def watch(moment: str) -> None:
        if moment == "request":
            then()

    return Script(picture=PICTURE, watch=watch)


def block(folder: Path) -> None:
    """Put a file where a folder was: nobody can write there any more, root neither."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.write_text("no folder")


async def test_a_paid_picture_goes_to_the_fallback_folder_when_its_own_is_gone(
    memory: Connect, tmp_path: Path
) -> None:
    with serve(paid(then=lambda: block(tmp_path / "pictures"))) as script:
        async with memory(ark_api_key="sk-x", ark_base_url=script.base_url) as client:
            facts = facts_of(await client.call_tool("generate_image", FOX))
    (image,) = facts["images"]
    assert (facts["status"], Path(image["path"]).parent) == ("completed", tmp_path / "state" / "rescued")
    assert Path(image["path"]).read_bytes() == PICTURE
    assert any(str(tmp_path / "state" / "rescued") in warning for warning in facts["warnings"])
    assert leftovers(tmp_path) == []


async def test_a_paid_picture_goes_to_the_temporary_folder_when_the_fallback_is_gone_too(
    stdio: Connect, tmp_path: Path
) -> None:
    (tmp_path / "temporary").mkdir()
    (tmp_path / "state").mkdir()
    block(tmp_path / "state" / "rescued")
    with serve(paid(then=lambda: block(tmp_path / "pictures"))) as script:
        account = {"ARK_API_KEY": "sk-x", "SEEDREAM_ARK_BASE_URL": script.base_url}
        async with stdio(**account, TMPDIR=str(tmp_path / "temporary")) as client:
            facts = facts_of(await client.call_tool("generate_image", FOX))
    (image,) = facts["images"]
    assert Path(image["path"]).parent.parent == tmp_path / "temporary"
    assert Path(image["path"]).read_bytes() == PICTURE
    assert any(str(Path(image["path"]).parent) in warning for warning in facts["warnings"])


async def test_a_paid_picture_no_folder_takes_is_saved_as_soon_as_one_does(
    memory: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))  # TMPDIR would fall back to /tmp
    (tmp_path / "state").mkdir()
    block(tmp_path / "state" / "rescued")
    with serve(paid(then=lambda: block(tmp_path / "pictures"))) as script:
        async with memory(ark_api_key="sk-x", ark_base_url=script.base_url) as client:
            facts = facts_of(await client.call_tool("generate_image", {**FOX, "wait_s": 1}))
            assert (facts["status"], facts["billed"]) == ("running", 1)
            assert any(f"Cannot write to {tmp_path / 'pictures'}" in warning for warning in facts["warnings"])
            assert states(tmp_path / "state") == ["linked"]
            (tmp_path / "pictures").unlink()
            facts = facts_of(await client.call_tool("get_job", {"job_id": facts["job_id"], "wait_s": 30}))
    assert Path(facts["images"][0]["path"]).read_bytes() == PICTURE
    assert states(tmp_path / "state") == ["stored"]
    assert len(script.requests) == 1


@pytest.mark.parametrize("which", [1, 2])
@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC])
async def test_a_failed_fsync_leaves_one_whole_picture_in_the_fallback_folder_and_nothing_else(
    memory: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: int, code: int
) -> None:
    """The first fsync is the picture's, the second its folder's. No real disk can be made to refuse just one."""
    fsync, calls = os.fsync, iter(range(1, 1000))

    def failing(handle: int) -> None:
        if next(calls) == which:
            raise OSError(code, os.strerror(code))
        fsync(handle)

    with serve(Script(picture=PICTURE)) as script:
        async with memory(ark_api_key="sk-x", ark_base_url=script.base_url) as client:
            monkeypatch.setattr(os, "fsync", failing)
            facts = facts_of(await client.call_tool("generate_image", FOX))
    kept = Path(facts["images"][0]["path"])
    assert kept.read_bytes() == PICTURE
    assert list((tmp_path / "pictures").iterdir()) == []
    assert sorted((tmp_path / "state" / "rescued").iterdir()) == [kept, Path(f"{kept}.json")]


class FullDisk(sqlite3.Connection):
    """A database whose disk is full when told so."""

    is_full: ClassVar[bool] = False

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        if FullDisk.is_full and sql == "COMMIT":
            raise sqlite3.OperationalError("database or disk is full")
        return super().execute(sql, parameters)

    @classmethod
    def fill(cls) -> None:
        cls.is_full = True


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[FullDisk]]:
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=FullDisk))
    yield FullDisk
    FullDisk.is_full = False


async def test_what_a_full_journal_refused_is_written_once_it_can_be(
    memory: Connect, tmp_path: Path, full_disk: type[FullDisk]
) -> None:
    with serve(paid(then=full_disk.fill)) as script:
        async with memory(ark_api_key="sk-x", ark_base_url=script.base_url) as client:
            facts = facts_of(await client.call_tool("generate_image", FOX))
            assert (facts["status"], facts["delivered"]) == ("completed", 1)
            assert any("database or disk is full" in warning for warning in facts["warnings"])
            looked = facts_of(await client.call_tool("get_job", {"job_id": facts["job_id"]}))
            assert looked["status"] == "completed"
            refused = await client.call_tool("generate_image", FOX)
            assert refused.is_error
            assert "SEEDREAM_STATE_DIR" in text_of(refused)
            assert states(tmp_path / "state") == ["sent"]
            full_disk.is_full = False
            await anyio.to_thread.run_sync(within_ten_seconds, lambda: states(tmp_path / "state") == ["stored"])
    assert len(script.requests) == 1


async def test_a_call_that_goes_on_while_the_journal_is_full_gives_its_job_and_not_a_refusal(
    memory: Connect, full_disk: type[FullDisk]
) -> None:
    answers = threading.Event()

    def fill() -> None:
        full_disk.fill()
        answers.wait(10)

    with serve(paid(then=fill)) as script:
        async with memory(ark_api_key="sk-x", ark_base_url=script.base_url) as client:
            facts = facts_of(await client.call_tool("generate_image", {**FOX, "wait_s": 1}))
            assert facts["status"] == "running"
            answers.set()
            last = facts_of(await client.call_tool("get_job", {"job_id": facts["job_id"], "wait_s": 10}))
            full_disk.is_full = False
    assert (last["status"], last["delivered"]) == ("completed", 1)


async def test_a_journal_deleted_while_it_is_in_use_loses_no_picture_and_takes_no_new_call(
    memory: Connect, tmp_path: Path
) -> None:
    with serve(paid(then=lambda: shutil.rmtree(tmp_path / "state"))) as script:
        async with memory(ark_api_key="sk-x", ark_base_url=script.base_url) as client:
            facts = facts_of(await client.call_tool("generate_image", FOX))
            assert Path(facts["images"][0]["path"]).read_bytes() == PICTURE
            assert any("deleted" in warning for warning in facts["warnings"])
            refused = await client.call_tool("generate_image", FOX)
            assert refused.is_error
            assert "restart the server" in text_of(refused)
        assert len(script.requests) == 1
        async with memory(ark_api_key="sk-x", ark_base_url=script.base_url) as client:
            assert facts_of(await client.call_tool("generate_image", FOX))["delivered"] == 1
