"""What people and agents are told of jobs: how far each picture is, who was asked, and what that cost them."""

from collections import Counter
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import anyio.to_thread

from seedream_hub.jobs.job import Job, Slot, State
from seedream_hub.jobs.journal import Journal
from seedream_hub.jobs.order import Asked
from seedream_hub.jobs.owners import is_gone
from seedream_hub.schemas.errors import Billed
from seedream_hub.schemas.result import Part, Status

NEWEST_JOBS: Final = 50


class PictureReport(Part):
    """One picture that was asked for."""

    index: int
    request: int
    """Which of the job's requests it belongs to."""
    state: State
    path: str | None
    uri: str | None
    width: int | None
    height: int | None
    bytes: int | None
    mime_type: str | None
    sha256: str | None
    provider: str
    model: str
    request_id: str | None
    code: str | None
    """Why there is none."""
    message: str | None
    billed: Billed
    """`unknown` also of what was sent and is not answered yet."""
    url_host: str | None
    """Whose link it came by; the link itself is a key to the picture."""


class RequestReport(Part):
    """One request of a job."""

    number: int
    tool: str
    prompt: str
    count: int


class JobEntry(Part):
    """A job in the list of jobs."""

    id: str
    uri: str
    state: Status
    stopped: bool
    """Whether it is `running` and no process works on it: the next one started on the state folder does."""
    tool: str
    created: str
    updated: str
    requested: int
    delivered: int
    billed: int
    counts: dict[State, int]
    """Pictures by their state."""
    unknown: tuple[PictureReport, ...]
    """Those that were sent and perhaps billed; nobody asks for them again but the user."""
    asked_again: str
    """The job in which they were asked for again."""


class JobReport(JobEntry):
    """All of a job."""

    warnings: tuple[str, ...]
    requests: tuple[RequestReport, ...]
    pictures: tuple[PictureReport, ...]


class JobList(Part):
    """The newest jobs, and all with pictures of which nobody knows whether they were billed."""

    jobs: tuple[JobEntry, ...]


async def list_jobs(journal: Journal, state_dir: Path, newest: int = NEWEST_JOBS) -> JobList:
    """Return the newest jobs, and all with unknown pictures, the newest first."""
    jobs = [await journal.load(job_id) for job_id in await journal.recent(newest)]
    entries = [await anyio.to_thread.run_sync(_entry, job, state_dir) for job in jobs if job]
    return JobList(jobs=tuple(entries))


def report(job: Job, state_dir: Path) -> JobReport:
    """Return all of a job; whether somebody works on it, the locks in the state folder tell."""
    entry = _entry(job, state_dir)
    return JobReport(
        **dict(entry),
        warnings=tuple(job.facts.warnings),
        requests=tuple(map(_request, job.asked)),
        pictures=_pictures(job, stopped=entry.stopped),
    )


def _entry(job: Job, state_dir: Path) -> JobEntry:
    stopped = bool(job.owner) and not job.is_settled and is_gone(state_dir, job.owner)
    pictures = _pictures(job, stopped=stopped)
    return JobEntry(
        id=job.id,
        uri=f"seedream://jobs/{job.id}",
        state=job.status,
        stopped=stopped,
        tool=job.tool,
        created=job.created,
        updated=job.updated,
        requested=job.requested,
        delivered=len(job.images),
        billed=job.billed,
        counts=dict(Counter(picture.state for picture in pictures)),
        unknown=tuple(
            picture
            for picture in pictures
            if picture.state == "unknown" or (stopped and job.slots[picture.index].dies_unknown)
        ),
        asked_again=job.facts.asked_again,
    )


def _pictures(job: Job, *, stopped: bool) -> tuple[PictureReport, ...]:
    """Return the pictures; of a stopped job nobody will send what was not sent, if it was cancelled or is a call."""
    told = (_picture(slot) for _, slot in sorted(job.slots.items()))
    if not stopped or (job.is_background and not job.is_cancelled):
        return tuple(told)
    return tuple(one.model_copy(update={"state": "cancelled"}) if one.state == "queued" else one for one in told)


def _request(asked: Asked) -> RequestReport:
    return RequestReport(number=asked.number, tool=asked.tool, prompt=asked.prompt, count=asked.count)


def _picture(slot: Slot) -> PictureReport:
    record, failure = slot.record, slot.failure
    return PictureReport(
        index=slot.index,
        request=slot.number,
        state=slot.state,
        path=record.path if record else None,
        uri=record.uri if record else None,
        width=record.width if record else None,
        height=record.height if record else None,
        bytes=record.bytes if record else None,
        mime_type=record.mime_type if record else None,
        sha256=record.sha256 if record else None,
        provider=slot.provider,
        model=slot.model,
        request_id=slot.request_id or (failure.request_id if failure else None),
        code=failure.code if failure else None,
        message=failure.message if failure else None,
        billed="unknown" if slot.state == "sent" else slot.billed,
        url_host=urlsplit(slot.url).hostname if slot.url else None,
    )
