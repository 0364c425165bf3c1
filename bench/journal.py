"""Measure what the journal costs a picture: every write the engine makes for it, with many pictures under way.

Once with an upstream that takes its time, as a server does, and once without any, so that every picture under way
waits for the disk all the time: the worst case. The disk's own fsync is measured beside it.

    python bench/journal.py                # writes bench/journal.md
    python bench/journal.py --check
"""

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import anyio

from seedream_hub.jobs.job import Job, Slot, new_job_id
from seedream_hub.jobs.journal import Journal
from seedream_hub.jobs.order import Asked, Leaving
from seedream_hub.jobs.pace import Pace
from seedream_hub.schemas.result import ImageRecord

REPORT: Final = Path(__file__).resolve().parent / "journal.md"
PICTURES: Final = 1000
ROUNDS: Final = 5
SYNCS: Final = 200
PROMISED_MS: Final = 5.0
PROMISED_AT: Final = 50
CASES: Final = ((1, 1, 0.0), (50, 1, 0.0), (50, 200, 0.0), (50, 1, 0.5), (50, 200, 0.5))
"""Pictures under way, pictures a job, and the seconds an upstream takes for one."""

UNBOUND: Final = Pace(1e9)
LINK: Final = "https://ark-project.tos-cn-beijing.volces.com/doubao/" + "0123456789abcdef" * 24
REQUEST_ID: Final = "0217950000001230123456789abcdef0123456789abcdef012345"


@dataclass
class Clerk:
    """Writes pictures down as the engine does, and notes how long each waited for that."""

    journal: Journal
    upstream_s: float
    waits_s: list[float] = field(default_factory=list[float])
    ends_s: list[float] = field(default_factory=list[float])

    async def write(self, job: Job, index: int) -> float:
        """Write one picture down, from the budget to the file; return the seconds it took."""
        journal, picture = self.journal, job.image_id(index)
        waited = await timed(journal.reserve("ark/model", 1, UNBOUND))
        waited += await timed(journal.sent("bench", job.id, [picture], Leaving("ark", "seedream-4.0")))
        await anyio.sleep(self.upstream_s * random.uniform(0.5, 1.5))
        waited += await timed(journal.linked(picture, Slot(index, index, url=LINK, size="2048x2048")))
        waited += await timed(journal.answered([picture], REQUEST_ID))
        return waited + await timed(journal.stored(record(picture, index)))

    async def work(self, jobs: list[Job]) -> None:
        """Write down jobs until none is left, each with all its pictures."""
        while jobs:
            job = jobs.pop()
            waited = await timed(self.journal.add_job(job, "start_job", "bench"))
            async with anyio.create_task_group() as pictures:
                places = list(range(job.total))
                for _ in range(min(PROMISED_AT, job.total)):
                    pictures.start_soon(self._pictures, job, places, waited / job.total)
            self.ends_s.append(await timed(self.journal.finish(job)) / job.total)

    async def _pictures(self, job: Job, places: list[int], waited: float) -> None:
        while places:
            self.waits_s.append(waited + await self.write(job, places.pop()))


async def timed(work: Awaitable[object]) -> float:
    """Return how many seconds something took."""
    begun = time.perf_counter()
    await work
    return time.perf_counter() - begun


async def measure(at_once: int, per_job: int, upstream_s: float) -> tuple[float, float]:
    """Return the wall time of a picture, and the time it waited for its own writes, in ms, both as means."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        journal = await Journal.open(Path(folder))
        clerk, jobs = Clerk(journal, upstream_s), [job(per_job) for _ in range(PICTURES // per_job)]
        begun = time.perf_counter()
        async with anyio.create_task_group() as workers:
            for _ in range(max(1, at_once // per_job)):
                workers.start_soon(clerk.work, jobs)
        wall_s = time.perf_counter() - begun
        await journal.aclose()
    waited_s = statistics.mean(clerk.waits_s) + statistics.mean(clerk.ends_s)
    return 1000 * wall_s / PICTURES, 1000 * waited_s


def sync_ms() -> tuple[float, float]:
    """Return the median and the mean time of an fsync of 4 kB on the same disk."""
    spent: list[float] = []
    with tempfile.NamedTemporaryFile(dir=Path.cwd()) as file:
        for _ in range(SYNCS):
            begun = time.perf_counter()
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
            spent.append(1000 * (time.perf_counter() - begun))
    return statistics.median(spent), statistics.mean(spent)


def job(count: int) -> Job:
    """Return a job of one request a picture."""
    prompt = "a red fox in fresh snow at dusk, telephoto, soft light " * 4
    told = {"prompt": prompt, "size": "2K"}
    asked = tuple(
        Asked(
            number=number,
            first=number,
            count=1,
            tool="generate_image",
            arguments=told,
            provider="ark",
            model="seedream-4.0",
            prompt=prompt,
        )
        for number in range(count)
    )
    return Job(new_job_id(), asked, {number: Slot(number, number) for number in range(count)})


def record(picture: str, index: int) -> ImageRecord:
    """Return what is kept of a stored picture."""
    return ImageRecord(
        id=picture,
        uri=f"seedream://images/{picture}",
        path=f"/home/someone/Pictures/seedream-hub/a-red-fox-in-fresh-snow-{picture}.jpg",
        index=index,
        width=2048,
        height=2048,
        bytes=1_234_567,
        mime_type="image/jpeg",
        sha256="0123456789abcdef" * 4,
    )


def main() -> int:
    """Measure, print, and write the report; return 1 if the promise is not kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write no report")
    is_check = parser.parse_args().check
    header = [
        "under way",
        "a job",
        "upstream s",
        "wall ms a picture",
        "min",
        "max",
        "waited itself, ms",
        "min",
        "max",
    ]
    lines = ["| " + " | ".join(header) + " |", "|" + "---:|" * len(header)]
    kept = True
    for at_once, per_job, upstream_s in CASES:
        rounds = [anyio.run(measure, at_once, per_job, upstream_s) for _ in range(ROUNDS)]
        walls, waits = zip(*rounds, strict=True)
        kept = kept and (at_once != PROMISED_AT or upstream_s > 0 or statistics.median(walls) <= PROMISED_MS)
        told = [f"{number:.2f}" for ms in (walls, waits) for number in (statistics.median(ms), min(ms), max(ms))]
        lines.append(f"| {at_once} | {per_job} | {upstream_s:g} | " + " | ".join(told) + " |")
    median, mean = sync_ms()
    sync = f"An fsync of 4 kB here: {median:.2f} ms median, {mean:.2f} ms mean."
    lines += ["", f"{ROUNDS} rounds of {PICTURES} pictures each, {os.cpu_count()} cores, {sys.platform}. {sync}"]
    table = "\n".join(lines)
    print(table)
    if not is_check:
        text = REPORT.read_text(encoding="utf-8").partition("<!-- table -->\n")[0]
        REPORT.write_text(f"{text}<!-- table -->\n\n{table}\n", encoding="utf-8")
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
