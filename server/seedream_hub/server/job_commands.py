"""`seedream-hub jobs`: list jobs, look at one or at its unfetched links, cancel it, ask again for unknown pictures.

Exit codes: 0 if all is well, 1 if not every picture came, 2 for wrong settings or arguments: a job that is not there.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from unicodedata import east_asian_width

from seedream_hub.schemas.language import later, say

if TYPE_CHECKING:
    from seedream_hub.jobs.job import Job
    from seedream_hub.jobs.journal import Journal
    from seedream_hub.tools.jobs import Desk
    from seedream_hub.tools.report import JobEntry, JobList, JobReport, PictureReport

    from .settings import Settings

HEADS: Final = (later("ID"), later("BEGUN"), later("STATE"), later("MADE"), later("BILLED"), later("UNKNOWN"))
HEEDS_S: Final = 3.0
"""How long a process that works on a job may take to see that it was cancelled."""

LOOK_S: Final = 0.2

WIDTHS: Final = (16, 16, 9, -7, -6, -7)
"""Of the columns; below nought where they are set to the right."""


def add_jobs(add_parser: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the command to the command line."""
    does = say("list jobs, look at one, cancel it, or ask again for what may have been lost")
    jobs = add_parser("jobs", help=does, description=say("Without an action: list the jobs."))
    jobs.add_argument("--json", action="store_true", help=say("print JSON"))
    jobs.set_defaults(action="list", job_id=None)
    actions = jobs.add_subparsers(metavar="ACTION")
    helps = {
        "show": say("look at one job"),
        "wait": say("follow one job to its end, and make what was left unsent; exit codes as of generate"),
        "cancel": say("send nothing more of one job, whoever works on it; what was sent is finished and kept"),
        "links": say(
            "print the links of its billed pictures that were not fetched; whoever has one can see the picture"
        ),
        "retry": say("ask again for its unknown pictures; they may be billed twice"),
    }
    for name, text in helps.items():
        action = actions.add_parser(name, help=text)
        action.add_argument("job_id", metavar="ID")
        action.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=say("print JSON"))
        action.set_defaults(action=name)
        if name == "wait":
            action.add_argument("--quiet", action="store_true", help=say("do not tell how far it is"))
            action.set_defaults(open=False, show=None)


def run_jobs(arguments: argparse.Namespace) -> int:
    """Run the command; return the exit code."""
    from seedream_hub.schemas.errors import HubError

    from .logs import configure_logging
    from .refusal import refuse
    from .settings import load_settings

    try:
        settings = load_settings()
        configure_logging(settings.log_level)
        if arguments.action == "wait":
            from .draw import run_wait

            _known(settings, arguments.job_id)
            return run_wait(arguments)
        if arguments.action == "retry":
            return _retry(settings, arguments.job_id, is_json=arguments.json)
        if arguments.action == "cancel":
            return _cancel(settings, arguments.job_id, is_json=arguments.json)
        if arguments.action == "links":
            return _links(settings, arguments.job_id, is_json=arguments.json)
        if arguments.action == "show":
            return _show(settings, arguments.job_id, is_json=arguments.json)
        return _list(settings, is_json=arguments.json)
    except HubError as exc:
        prog = "seedream-hub jobs" if arguments.action == "list" else f"seedream-hub jobs {arguments.action}"
        return refuse(exc, prog, is_json=arguments.json)


def _list(settings: "Settings", *, is_json: bool) -> int:
    import anyio

    listed = anyio.run(_listed, settings.state_dir)
    sys.stdout.write(listed.model_dump_json(indent=2) + "\n" if is_json else _table(listed))
    return 0


def _show(settings: "Settings", job_id: str, *, is_json: bool) -> int:
    from seedream_hub.tools.report import report

    _print(report(_known(settings, job_id), settings.state_dir), is_json=is_json)
    return 0


def _cancel(settings: "Settings", job_id: str, *, is_json: bool) -> int:
    """Have a job cancelled, and tell how it stands once whoever works on it has heeded that."""
    import anyio

    from seedream_hub.tools.report import report

    _known(settings, job_id)
    _print(report(anyio.run(_cancelled, settings.state_dir, job_id), settings.state_dir), is_json=is_json)
    return 0


def _links(settings: "Settings", job_id: str, *, is_json: bool) -> int:
    """Print the links of billed pictures that are not on disk."""
    import json

    slots = [slot for _, slot in sorted(_known(settings, job_id).slots.items()) if slot.state in {"linked", "lost"}]
    links = [{"index": slot.index, "since": slot.linked, "url": slot.url} for slot in slots if slot.url]
    if is_json:
        sys.stdout.write(json.dumps(links, indent=2) + "\n")
        return 0
    sys.stdout.writelines(say("[{index}] since {since}: {url}", **link) + "\n" for link in links)
    if not links:
        told = say("Job {job_id} has no billed picture with a link that was not fetched.", job_id=job_id)
        sys.stdout.write(f"{told}\n")
    return 0


def _known(settings: "Settings", job_id: str) -> "Job":
    """Return a job.

    Raises:
        ArgumentError: If there is no such job.
    """
    import anyio

    from seedream_hub.schemas.errors import ArgumentError

    job = anyio.run(_found, settings.state_dir, job_id)
    if job is None:
        problem = say("{job_id} is no job of this machine", job_id=job_id)
        whole = job_id.partition("-")[0]
        is_of_a_picture = whole != job_id and anyio.run(_found, settings.state_dir, whole)
        works = say("pass {job_id}", job_id=whole) if is_of_a_picture else say("`seedream-hub jobs` lists them")
        raise ArgumentError("job_id", problem, works)
    return job


def _retry(settings: "Settings", job_id: str, *, is_json: bool) -> int:
    """Ask again for a job's unknown pictures, as `start_job` does, and wait for them."""
    from seedream_hub.schemas.errors import HubError
    from seedream_hub.tools.report import report

    from .app import make_desk
    from .limits_file import load_limits
    from .process import run

    _known(settings, job_id)
    studio, desk = make_desk(settings, load_limits(settings.limits_file))
    outcome: list[Job | HubError] = []

    async def work() -> None:
        async with studio.at_work(desk.prepare):
            try:
                outcome.append(await _asked_again(desk, job_id))
            except HubError as exc:  # past the task groups, which would wrap it
                outcome.append(exc)

    run(studio, work)
    (job,) = outcome
    if isinstance(job, HubError):
        raise job
    _print(report(job, settings.state_dir), is_json=is_json)
    return 0 if len(job.images) >= job.requested else 1


async def _asked_again(desk: "Desk", job_id: str) -> "Job":
    """Return the new job once all its pictures are settled."""
    from seedream_hub.tools.ask import granted
    from seedream_hub.tools.jobs import StartJobTool
    from seedream_hub.tools.progress import Progress, follow

    told = await StartJobTool(desk).call({"retry_unknown": job_id}, _say, granted)
    facts: dict[str, Any] = told.structured_content or {}
    job = await desk.job(facts["job_id"])
    progress = Progress(_say, job.total)
    async with progress.alive():
        await follow(await desk.studio.engine(), job, progress)
    return await desk.job(job.id)


async def _say(_done: float, _total: float | None, message: str | None) -> None:
    from .bar import write_aside

    write_aside(message or "")


async def _listed(state_dir: Path) -> "JobList":
    from seedream_hub.jobs.journal import Journal
    from seedream_hub.tools.report import JobList, list_jobs

    if not _has_journal(state_dir):
        return JobList(jobs=())
    journal = await Journal.open(state_dir)
    try:
        return await list_jobs(journal, state_dir)
    finally:
        await journal.aclose()


async def _found(state_dir: Path, job_id: str) -> "Job | None":
    from seedream_hub.jobs.journal import Journal

    if not _has_journal(state_dir):
        return None
    journal = await Journal.open(state_dir)
    try:
        return await journal.load(job_id)
    finally:
        await journal.aclose()


async def _cancelled(state_dir: Path, job_id: str) -> "Job":
    import anyio

    from seedream_hub.jobs.journal import Journal
    from seedream_hub.jobs.owners import is_gone

    journal = await Journal.open(state_dir)
    try:
        await journal.cancel(job_id)
        job = await _loaded(journal, job_id)
        with anyio.move_on_after(HEEDS_S):
            while any(slot.state == "queued" for slot in job.slots.values()) and not is_gone(state_dir, job.owner):
                await anyio.sleep(LOOK_S)
                job = await _loaded(journal, job_id)
        return job
    finally:
        await journal.aclose()


async def _loaded(journal: "Journal", job_id: str) -> "Job":
    job = await journal.load(job_id)
    if job is None:
        raise RuntimeError(f"the journal has lost job {job_id}")
    return job


def _has_journal(state_dir: Path) -> bool:
    from seedream_hub.jobs.journal_schema import FILE

    return (state_dir / FILE).exists()


def _print(told: "JobReport", *, is_json: bool) -> None:
    sys.stdout.write(told.model_dump_json(indent=2) + "\n" if is_json else _page(told))


def _table(listed: "JobList") -> str:
    if not listed.jobs:
        return say("There are no jobs yet.") + "\n"
    lines = [_row(*map(say, HEADS)), *map(_entry, listed.jobs)]
    lines.extend(_advice(job) for job in listed.jobs if job.unknown or job.stopped)
    return "\n".join(lines) + "\n"


def _entry(job: "JobEntry") -> str:
    made = f"{job.delivered}/{job.requested}"
    begun = job.created[:16].replace("T", " ")
    return _row(job.id, begun, _state(job), made, str(job.billed), str(len(job.unknown) or ""))


def _row(*cells: str) -> str:
    """Return the cells in their columns; a Chinese character takes two places."""
    columns: list[str] = []
    for cell, width in zip(cells, WIDTHS, strict=True):
        room = " " * (abs(width) - len(cell) - sum(east_asian_width(char) in {"W", "F"} for char in cell))
        columns.append(cell + room if width > 0 else room + cell)
    return "  ".join(columns).rstrip()


def _state(job: "JobEntry") -> str:
    return "stopped" if job.stopped else job.state


def _advice(job: "JobEntry") -> str:
    facts = {"job_id": job.id, "count": len(job.unknown)}
    if job.stopped and not job.counts.get("queued"):
        told = later(
            "{job_id}: no process works on it, and nothing more is sent; `seedream-hub jobs wait {job_id}`, or any "
            "server started on this state folder, settles what was sent."
        )
        return say(told, **facts)
    if job.stopped:
        told = later(
            "{job_id}: no process works on it; `seedream-hub jobs wait {job_id}`, or any server started on this "
            "state folder, goes on with it."
        )
        return say(told, **facts)
    if job.asked_again:
        told = later("{job_id}: {count} may have been billed; asked for again in {again}.")
        return say(told, **facts, again=job.asked_again)
    return say("{job_id}: {count} may have been billed; `seedream-hub jobs retry {job_id}` asks again.", **facts)


def _page(told: "JobReport") -> str:
    head = later("{id} {state}: {delivered} of {requested} made, {billed} billed ({tool})")
    request = later("request {number}: {tool}, {count} of {prompt!r}")
    facts = {**dict(told), "state": _state(told)}
    lines = [say(head, **facts), *(say(request, **dict(one)) for one in told.requests)]
    lost = {picture.index for picture in told.unknown}
    lines.extend(_line(picture, is_lost=picture.index in lost) for picture in told.pictures)
    lines.extend(say("Warning: {warning}", warning=warning) for warning in told.warnings)
    lines.extend([_advice(told)] if told.unknown or told.stopped else [])
    return "\n".join(lines) + "\n"


def _line(picture: "PictureReport", *, is_lost: bool) -> str:
    by = f"{picture.provider} {picture.model}".strip()
    known = say(", by {name}", name=by) if by else ""
    known += say(", request id {id}", id=picture.request_id) if picture.request_id else ""
    known += say(", link at {host}", host=picture.url_host) if picture.url_host else ""
    state, billed, what = picture.state, str(picture.billed), picture.path or picture.code or ""
    if state == "sent":
        state = say("sent; may have been billed") if is_lost else "sent"
        billed = billed if is_lost else say("not known yet")
    return f"[{picture.index}] {state} {what}".rstrip() + say(" ({facts})", facts=f"billed: {billed}{known}")
