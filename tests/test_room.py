"""A disk with room for few pictures at once: the others wait until those are settled."""

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from seedream_hub.jobs.room import Room
from tests.sandboxed import configured, running
from tests.support import Connect, facts_of

FOX = {"prompt": "a red fox in snow", "size": "1K", "model": "seedream-4.0"}
ROOM_BYTES = 4_000_000
"""Two pictures of 1K may take less, three more."""


@pytest.fixture
def small_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Give the output folder little room for what is reserved, where no small disk can be mounted."""
    folder, really = tmp_path / "pictures", os.posix_fallocate
    folder.mkdir()

    def reserve(handle: int, offset: int, size: int, /) -> None:
        taken = 0
        for path in folder.glob(".*.part"):
            with suppress(FileNotFoundError):  # another is done
                taken += path.stat().st_size
        if taken - os.fstat(handle).st_size + size > ROOM_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        really(handle, offset, size)

    monkeypatch.setattr(os, "posix_fallocate", reserve)
    return folder


def follower(notes: list[str], heard: Callable[[str], None] = lambda _: None) -> Any:
    async def note(progress: float, total: float | None, message: str | None) -> None:
        notes.append(message or "")
        heard(message or "")

    return note


@pytest.mark.parametrize("concurrency", [1, 16])
async def test_pictures_wait_for_the_room_that_others_under_way_give_back(
    memory: Connect, small_disk: Path, concurrency: int
) -> None:
    notes: list[str] = []
    with running(delay_s=0.2) as bench:
        bench.script("status", status=429, retry_after=0.1, times=2)
        async with memory(**configured(bench.sandbox, "ark"), concurrency=concurrency) as client:
            asked = {**FOX, "count": 8}
            facts = facts_of(await client.call_tool("generate_image", asked, progress_callback=follower(notes)))
        assert (facts["status"], facts["failures"], facts["delivered"]) == ("completed", [], 8)
        assert bench.billed() == 8
    told = [
        note for note in notes if f"waits for room in {small_disk}, which pictures under way have reserved" in note
    ]
    assert bool(told) is (concurrency > 1)
    assert not list(small_disk.glob(".*"))


async def test_room_that_came_free_during_a_vain_attempt_is_tried_for_again() -> None:
    room, attempts = Room(), list[str]()

    async def fit() -> None:
        attempts.append("fits")

    async def fail_once() -> None:
        attempts.append("full" if not attempts[1:] else "fits")
        if attempts[-1] == "full":
            room.give_back("other-0")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    await room.take(["other-0"], fit, lambda: None)
    await room.take(["mine-0"], fail_once, lambda: None)
    assert attempts == ["fits", "full", "fits"]


async def test_what_never_fits_is_refused_though_others_are_under_way(memory: Connect, small_disk: Path) -> None:
    with running(delay_s=0.5) as bench:
        async with memory(**configured(bench.sandbox, "ark")) as client:
            requests = [FOX, FOX, {**FOX, "size": "4K"}]
            facts = facts_of(await client.call_tool("start_job", {"requests": requests}))
            while facts["status"] == "running":
                facts = facts_of(await client.call_tool("get_job", {"job_id": facts["job_id"]}))
    (failure,) = facts["failures"]
    assert (facts["delivered"], failure["index"], failure["code"]) == (2, 2, "disk_full")
    assert (failure["billed"], failure["retryable"]) == ("no", False)


async def test_room_that_another_process_has_reserved_may_come_free(memory: Connect, small_disk: Path) -> None:
    theirs, notes = small_disk / ".abcdefgh234567ab-0.part", list[str]()
    theirs.write_bytes(bytes(3_000_000))

    def heard(message: str) -> None:
        if "not accepted (disk_full), asking again" in message:
            theirs.unlink(missing_ok=True)

    with running() as bench:
        async with memory(**configured(bench.sandbox, "ark")) as client:
            facts = facts_of(await client.call_tool("generate_image", FOX, progress_callback=follower(notes, heard)))
    assert theirs.exists() is False
    assert (facts["status"], facts["billed"]) == ("completed", 1)


async def test_room_that_another_process_keeps_is_told_as_reserved(memory: Connect, small_disk: Path) -> None:
    (small_disk / ".abcdefgh234567ab-0.part").write_bytes(bytes(3_000_000))
    with running() as bench:
        async with memory(**configured(bench.sandbox, "ark")) as client:
            facts = facts_of(await client.call_tool("generate_image", FOX))
        assert bench.ledger()["requests"] == []
    (failure,) = facts["failures"]
    assert (failure["code"], failure["billed"], failure["retryable"]) == ("disk_full", "no", True)
    assert "3 MB are reserved by pictures under way" in failure["message"]
