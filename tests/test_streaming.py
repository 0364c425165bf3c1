"""Pictures are announced as they come, and what a caller is told always rises, whoever makes them."""

import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client

from tests.sandboxed import Bench, configured, running
from tests.support import Connect, facts_of
from tests.test_providers import PROVIDERS

SET: dict[str, Any] = {"prompt": "a fox's year", "model": "seedream-4.0", "size": "2K", "count": 4}
STREAMING = ("ark", "byteplus", "relay", "aigc")
SAVED = re.compile(r"Image (\d) of \d: saved (.+)")
PERCENT = re.compile(r"Images 1 to (\d) of \d: (\d+) %")


@dataclass
class Heard:
    """What a caller was told."""

    values: list[float] = field(default_factory=list[float])
    totals: set[float | None] = field(default_factory=set[float | None])
    messages: list[str] = field(default_factory=list[str])

    async def note(self, progress: float, total: float | None, message: str | None) -> None:
        self.values.append(progress)
        self.totals.add(total)
        self.messages.append(message or "")

    @property
    def saved(self) -> dict[int, str]:
        """The paths that were announced, by the number of the picture."""
        found = [SAVED.fullmatch(message) for message in self.messages]
        return {int(one[1]): one[2] for one in found if one}

    @property
    def always_rose(self) -> bool:
        return all(later > earlier for earlier, later in pairwise(self.values))


@dataclass
class Beside(Heard):
    """The same, with how many pictures were made, and how many files there were, when each was announced."""

    bench: Bench | None = None
    folder: Path = Path()
    made: list[tuple[int, int, int]] = field(default_factory=list[tuple[int, int, int]])

    async def note(self, progress: float, total: float | None, message: str | None) -> None:
        await super().note(progress, total, message)
        if self.bench and (saved := SAVED.fullmatch(message or "")):
            ledger = await anyio.to_thread.run_sync(self.bench.ledger)
            files = len(list(self.folder.glob("*.jpg")))
            self.made.append((int(saved[1]), ledger["billed_images"], files))


async def followed(client: Client, facts: dict[str, Any], heard: Heard) -> dict[str, Any]:
    """Look at a job until it is over."""
    while facts["status"] == "running":
        arguments = {"job_id": facts["job_id"], "wait_s": 20}
        facts = facts_of(await client.call_tool("get_job", arguments, progress_callback=heard.note))
    return facts


@pytest.mark.parametrize(("provider", "count", "delay_s"), [("ark", 4, 1), *((one, 2, 2) for one in STREAMING[1:])])
async def test_the_first_of_a_stream_is_on_disk_and_announced_before_the_second_is_made(
    memory: Connect, tmp_path: Path, provider: str, count: int, delay_s: int
) -> None:
    with running(delay_s=delay_s) as bench:
        heard = Beside(bench=bench, folder=tmp_path / "pictures")
        async with memory(**configured(bench.sandbox, provider)) as client:
            arguments = {**SET, "count": count}
            facts = facts_of(await client.call_tool("batch_images", arguments, progress_callback=heard.note))
        assert len(bench.ledger()["requests"]) == 1
    assert heard.made[0] == (1, 1, 1)
    assert all(number <= files <= made for number, made, files in heard.made)
    assert heard.saved == {image["index"] + 1: image["path"] for image in facts["images"]}
    assert (heard.totals, heard.values[-1], heard.always_rose) == ({float(count)}, count, True)


@pytest.mark.parametrize("provider", ["novita", "evolink"])
async def test_pictures_that_come_together_are_announced_one_by_one(memory: Connect, provider: str) -> None:
    heard = Heard()
    with running() as bench:
        async with memory(**configured(bench.sandbox, provider)) as client:
            facts = facts_of(await client.call_tool("batch_images", SET, progress_callback=heard.note))
    assert heard.saved == {image["index"] + 1: image["path"] for image in facts["images"]}
    assert (heard.totals, heard.values[-1], heard.always_rose) == ({4.0}, 4, True)


async def test_over_stdio_with_the_built_in_sandbox_the_first_is_there_before_the_second(stdio: Connect) -> None:
    heard = Heard()
    async with stdio(SEEDREAM_SANDBOX_DELAY_S="1") as client:
        await client.call_tool("batch_images", SET, progress_callback=heard.note)
    order = [message for message in heard.messages if "saved" in message or "made;" in message]
    numbers = [re.findall(r"Image (\d) of 4: (\w+)", message)[0] for message in order]
    assert numbers == [(str(number), word) for number in (1, 2, 3, 4) for word in ("made", "saved")]
    assert all(Path(path).is_file() for path in heard.saved.values())


async def test_a_slow_download_holds_up_no_stream(memory: Connect) -> None:
    heard = Heard()
    with running(delay_s=0.2) as bench:
        bench.script("slow_picture", bytes_per_s=200_000)
        async with memory(**configured(bench.sandbox, "ark")) as client:
            await client.call_tool("batch_images", SET, progress_callback=heard.note)
    last_made = heard.messages.index("Image 4 of 4: made; downloading")
    assert all(
        heard.messages.index(f"Image {number} of 4: saved {path}") > last_made for number, path in heard.saved.items()
    )
    assert heard.always_rose


async def test_a_task_tells_the_percentage_its_provider_tells(memory: Connect) -> None:
    heard = Heard()
    with running(delay_s=1) as bench:
        async with memory(**configured(bench.sandbox, "evolink")) as client:
            await client.call_tool("batch_images", SET, progress_callback=heard.note)
    told = [
        (float(match[2]), value)
        for message, value in zip(heard.messages, heard.values, strict=True)
        if (match := PERCENT.fullmatch(message))
    ]
    assert len({percent for percent, _ in told}) > 4
    assert [value for percent, value in told if 10 < percent <= 95] == pytest.approx(
        [4 * percent / 100 for percent, _ in told if 10 < percent <= 95], abs=0.01
    )
    assert heard.always_rose


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_nothing_falls_or_stands_still_from_the_call_through_a_retry_to_the_last_look(
    memory: Connect, provider: str
) -> None:
    heard = Heard()
    with running(delay_s=0.4) as bench:
        bench.script("status", status=429, retry_after=0.1)
        async with memory(**configured(bench.sandbox, provider)) as client:
            call = {**SET, "count": 3, "wait_s": 1}
            facts = facts_of(await client.call_tool("batch_images", call, progress_callback=heard.note))
            assert facts["status"] == "running"
            facts = await followed(client, facts, heard)
    assert any("asking again" in message for message in heard.messages)
    assert (facts["status"], facts["delivered"]) == ("completed", 3)
    assert heard.always_rose
    assert (heard.totals, heard.values[-1]) == ({3.0}, 3)


async def test_nothing_falls_when_another_provider_is_asked(memory: Connect) -> None:
    heard = Heard()
    order = ("evolink", "ark", "novita")
    with running(delay_s=0.5) as bench:
        bench.script("status", dialect="evolink", status=429, times=4, retry_after=0.05)
        bench.script("status", dialect="ark", status=403)
        async with memory(**configured(bench.sandbox, *order), provider=order) as client:
            call = {**SET, "wait_s": 0}
            facts = facts_of(await client.call_tool("batch_images", call, progress_callback=heard.note))
            facts = await followed(client, facts, heard)
    assert (facts["provider"], facts["delivered"]) == ("novita", 4)
    assert any("asking novita" in message for message in heard.messages)
    assert heard.always_rose


async def test_many_pictures_at_once_rise_for_all_who_look(memory: Connect) -> None:
    first, second = Heard(), Heard()
    requests = [{**SET, "prompt": f"season {number}", "tool": "batch_images"} for number in range(3)]
    with running(delay_s=0.3) as bench:
        async with memory(**configured(bench.sandbox, "ark", "evolink")) as client:
            job = facts_of(await client.call_tool("start_job", {"requests": requests}))
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(followed, client, job, first)
                tasks.start_soon(followed, client, job, second)
    for heard in (first, second):
        assert heard.always_rose
        assert (heard.totals, heard.values[-1]) == ({12.0}, 12)


async def test_what_holds_up_a_call_before_anything_is_sent_is_not_silent_either(
    memory: Connect, tmp_path: Path
) -> None:
    heard = Heard()
    async with memory() as client:
        await client.call_tool("generate_image", {"prompt": "a fox"})
        with closing(sqlite3.connect(tmp_path / "state" / "journal.sqlite3", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")

            async def note(progress: float, total: float | None, message: str | None) -> None:
                await heard.note(progress, total, message)
                if len(heard.values) == 2:
                    other.execute("ROLLBACK")

            await client.call_tool("generate_image", {"prompt": "an owl"}, progress_callback=note)
    assert heard.messages[1] == f"After 4 s: {heard.messages[0]}"
    assert heard.always_rose
