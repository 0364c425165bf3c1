"""The journal against a plain model of it: any order of writes, deaths, restarts and take-overs."""

import asyncio
import json
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, cast

import anyio
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from seedream_hub.jobs.job import SETTLED, Job, Slot, State, new_job_id
from seedream_hub.jobs.journal import Journal
from seedream_hub.jobs.order import Asked, Leaving
from seedream_hub.jobs.owners import Owner
from seedream_hub.schemas.result import Failure, ImageRecord

PROVIDERS = ("ark", "evolink")
ENDS: dict[State, Any] = {"failed": "no", "cancelled": "no", "unknown": "unknown", "lost": "yes"}


@dataclass
class Picture:
    """What the journal shall say of a picture."""

    state: State = "queued"
    provider: str = ""
    billed: str = "no"
    url: str | None = None
    task_id: str | None = None
    record: ImageRecord | None = None
    failure: Failure | None = None

    @property
    def is_settled(self) -> bool:
        return self.state in SETTLED


@dataclass
class Work:
    """What the journal shall say of a job."""

    owner: str
    pictures: list[Picture]
    is_background: bool
    is_cancelled: bool = False
    is_open: bool = True


@dataclass
class Process:
    """A process on the state folder."""

    owner: Owner
    journal: Journal


@dataclass
class World:
    """All there is."""

    folder: Path
    works: dict[str, Work] = field(default_factory=dict[str, Work])
    living: dict[str, Process] = field(default_factory=dict[str, Process])
    dead: list[Journal] = field(default_factory=list[Journal])


def record(image_id: str, index: int) -> ImageRecord:
    facts: dict[str, Any] = {"id": image_id, "uri": f"seedream://images/{image_id}", "path": f"/p/{image_id}.jpg"}
    return ImageRecord(**facts, index=index, width=1, height=1, bytes=1, mime_type="image/jpeg", sha256="0")


def failure(index: int, billed: Any) -> Failure:
    return Failure(index=index, code="c", message="m", billed=billed, retryable=False, argument=None, request_id=None)


class Books(RuleBasedStateMachine):
    """Whatever happens in whatever order, the journal says what the model says."""

    jobs = Bundle("jobs")
    picks = st.randoms(use_true_random=False)

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.world = World(Path(tempfile.mkdtemp(prefix="journal-model-")))

    def teardown(self) -> None:
        self._close()
        self.runner.close()

    @initialize()
    def begin(self) -> None:
        self.arrive()

    @rule()
    def arrive(self) -> None:
        """A process starts."""
        owner = Owner(self.world.folder)
        owner.arrive()
        self.world.living[owner.id] = Process(owner, self.runner.run(Journal.open(self.world.folder)))

    @rule(target=jobs, pick=picks, count=st.integers(1, 3), is_background=st.booleans())
    def start(self, pick: Random, count: int, is_background: bool) -> Any:
        if not self.world.living:
            return cast("object", multiple())
        process = pick.choice(list(self.world.living.values()))
        asked = Asked(number=0, first=0, count=count, tool="t", arguments={}, provider="ark", model="m", prompt="x")
        job = Job(new_job_id(), (asked,), {i: Slot(i, 0) for i in range(count)}, is_background=is_background)
        self.runner.run(process.journal.add_job(job, "t", process.owner.id))
        self.world.works[job.id] = Work(process.owner.id, [Picture() for _ in range(count)], is_background)
        return job.id

    @rule(job=jobs, pick=picks, provider=st.sampled_from(PROVIDERS))
    def send(self, job: str, pick: Random, provider: str) -> None:
        """Any process asks whether it may send; only the job's own may, and nothing that is settled or cancelled."""
        if not self.world.living:
            return
        work, process = self.world.works[job], pick.choice(list(self.world.living.values()))
        places = pick.sample(range(len(work.pictures)), pick.randint(1, len(work.pictures)))
        chosen = [work.pictures[place] for place in places]
        ids = [f"{job}-{place}" for place in places]
        told = self.runner.run(process.journal.sent(process.owner.id, job, ids, Leaving(provider, "m")))
        if work.owner != process.owner.id or any(picture.is_settled for picture in chosen):
            assert told == "not ours"
        elif work.is_cancelled:
            assert told == "cancelled"
        else:
            assert told == "yes"
            for picture in chosen:
                picture.state, picture.provider = "sent", provider

    @rule(job=jobs, pick=picks)
    def refused(self, job: str, pick: Random) -> None:
        """The upstream provably did not take a request."""
        index, picture = self._any(job, pick)
        self._write(pick, "unsent", [f"{job}-{index}"])
        if picture.state == "sent":
            picture.state = "queued"

    @rule(job=jobs, pick=picks, url=st.sampled_from(["https://x.example/1", "https://x.example/2", None]))
    def link(self, job: str, pick: Random, url: str | None) -> None:
        index, picture = self._any(job, pick)
        self._write(pick, "linked", f"{job}-{index}", Slot(index, 0, url=url, size="1x1"))
        if not picture.is_settled:
            picture.state, picture.url, picture.billed = "linked", url, "yes"

    @rule(job=jobs, pick=picks)
    def store(self, job: str, pick: Random) -> None:
        index, picture = self._any(job, pick)
        self._write(pick, "stored", record(f"{job}-{index}", index))
        if not picture.is_settled:
            picture.state, picture.billed, picture.record = "stored", "yes", record(f"{job}-{index}", index)

    @rule(job=jobs, pick=picks, end=st.sampled_from(sorted(ENDS)))
    def fail(self, job: str, pick: Random, end: State) -> None:
        index, picture = self._any(job, pick)
        self._write(pick, "failed", f"{job}-{index}", end, failure(index, ENDS[end]))
        if not picture.is_settled:
            picture.state, picture.billed, picture.failure = end, ENDS[end], failure(index, ENDS[end])

    @rule(job=jobs, pick=picks, task=st.sampled_from(["t1", "t2"]))
    def task(self, job: str, pick: Random, task: str) -> None:
        index, picture = self._any(job, pick)
        self._write(pick, "task", [f"{job}-{index}"], Slot(index, 0, task_id=task))
        if not picture.is_settled:
            picture.task_id = task

    @rule(job=jobs, pick=picks)
    def one_more(self, job: str, pick: Random) -> None:
        """A picture comes that nobody asked for."""
        pictures = self.world.works[job].pictures
        if self.world.living and self.world.works[job].is_open and len(pictures) < 5:
            slot = Slot(len(pictures), 0, "sent", "evolink", "m")
            self._write(pick, "add_image", Job(job, (), {slot.index: slot}), slot)
            pictures.append(Picture("sent", "evolink"))

    @rule(job=jobs, pick=picks)
    def answered(self, job: str, pick: Random) -> None:
        self._write(pick, "answered", [f"{job}-0"], "req-1")

    @rule(job=jobs, pick=picks)
    def cancel(self, job: str, pick: Random) -> None:
        self._write(pick, "cancel", job)
        if self.world.living:
            self.world.works[job].is_cancelled = True

    @rule(job=jobs, pick=picks)
    def detach(self, job: str, pick: Random) -> None:
        self._write(pick, "detach", job)
        if self.world.living:
            self.world.works[job].is_background = True

    @rule(job=jobs, pick=picks)
    def finish(self, job: str, pick: Random) -> None:
        """A job is closed only where every picture is settled."""
        self._write(pick, "finish", Job(job, (), {}))
        work = self.world.works[job]
        if self.world.living and all(picture.is_settled for picture in work.pictures):
            work.is_open = False

    @rule(pick=picks)
    def die(self, pick: Random) -> None:
        """One process is killed: its locks are free, its connection is never closed."""
        if self.world.living:
            gone = self.world.living.pop(pick.choice(list(self.world.living)))
            gone.owner.leave(is_done=False)
            self.world.dead.append(gone.journal)

    @rule()
    def crash(self) -> None:
        """The machine stops: what is on disk is all there is."""
        copy = Path(tempfile.mkdtemp(prefix="journal-model-"))
        for path in self.world.folder.glob("journal.sqlite3*"):
            if not path.name.endswith("-shm"):
                shutil.copy(path, copy)
        with suppress(FileNotFoundError):
            shutil.copytree(self.world.folder / "owners", copy / "owners")
        works = self.world.works
        self._close()
        self.world = World(copy, works)

    @rule(pick=picks, providers=st.sets(st.sampled_from(PROVIDERS)))
    def adopt(self, pick: Random, providers: set[str]) -> None:
        if self.world.living:
            self._adopt([pick.choice(list(self.world.living.values()))], providers)

    @rule(providers=st.sets(st.sampled_from(PROVIDERS)))
    def adopt_at_once(self, providers: set[str]) -> None:
        """All processes look for abandoned jobs in the same moment."""
        self._adopt(list(self.world.living.values()), providers)

    @invariant()
    def the_journal_says_what_the_model_says(self) -> None:
        for process in list(self.world.living.values())[:1]:
            open_ = {work.owner for work in self.world.works.values() if work.is_open}
            assert self.runner.run(process.journal.owners()) == open_
            for job_id, work in self.world.works.items():
                job = self.runner.run(process.journal.load(job_id))
                assert job is not None
                assert [_seen(slot) for slot in job.slots.values()] == work.pictures
                assert (job.is_background, job.is_cancelled) == (work.is_background, work.is_cancelled)

    def _close(self) -> None:
        for process in self.world.living.values():
            process.owner.leave(is_done=False)
            self.runner.run(process.journal.aclose())
        for journal in self.world.dead:
            self.runner.run(journal.aclose())
        shutil.rmtree(self.world.folder)

    def _any(self, job: str, pick: Random) -> tuple[int, Picture]:
        """Choose a picture to write of; a copy that does not count where there is nobody to write."""
        index, picture = pick.choice(list(enumerate(self.world.works[job].pictures)))
        return index, picture if self.world.living else Picture()

    def _write(self, pick: Random, method: str, *arguments: Any) -> None:
        """Let any process write: news may come late, and to one that lost the job."""
        if self.world.living:
            process = pick.choice(list(self.world.living.values()))
            self.runner.run(getattr(process.journal, method)(*arguments))

    def _adopt(self, processes: list[Process], providers: set[str]) -> None:
        taken: list[tuple[str, str]] = []

        async def one(process: Process) -> None:
            found = await process.journal.adopt(process.owner.id, process.owner.is_dead, json.dumps(list(providers)))
            taken.extend((job, process.owner.id) for job in found)

        async def all_of_them() -> None:
            async with anyio.create_task_group() as tasks:
                for process in processes:
                    tasks.start_soon(one, process)

        self.runner.run(all_of_them())
        free = [job for job, work in self.world.works.items() if self._is_free(work, providers)]
        assert sorted(job for job, _ in taken) == (sorted(free) if processes else [])
        for job, owner in taken:
            self.world.works[job].owner = owner

    def _is_free(self, work: Work, providers: set[str]) -> bool:
        needed = {picture.provider for picture in work.pictures if picture.state in {"sent", "linked"}}
        return work.is_open and work.owner not in self.world.living and needed <= providers


def _seen(slot: Slot) -> Picture:
    return Picture(slot.state, slot.provider, slot.billed, slot.url, slot.task_id, slot.record, slot.failure)


TestBooks = Books.TestCase
TestBooks.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
