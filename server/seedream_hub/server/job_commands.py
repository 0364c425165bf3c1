"""`seedream-hub jobs`: list jobs, look at one or at its unfetched links, ask again for its unknown pictures.

Exit codes: 0 if all is well, 1 if there is no such job or not every picture came, 2 for wrong settings or arguments.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seedream_hub.jobs.job import Job
    from seedream_hub.tools.jobs import Desk
    from seedream_hub.tools.report import JobEntry, JobList, JobReport, PictureReport

    from .settings import Settings


def add_jobs(add_parser: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the command to the command line."""
    jobs = add_parser("jobs", help="list jobs, look at one, or ask again for what may have been lost")
    jobs.add_argument("--json", action="store_true", help="print JSON")
    jobs.set_defaults(action="list", job_id=None)
    actions = jobs.add_subparsers(metavar="ACTION")
    helps = {
        "show": "look at one job",
        "links": "print the links of its billed pictures that were not fetched; whoever has one can see the picture",
        "retry": "ask again for its unknown pictures; they may be billed twice",
    }
    for name, text in helps.items():
        action = actions.add_parser(name, help=text)
        action.add_argument("job_id", metavar="ID")
        action.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print JSON")
        action.set_defaults(action=name)


def run_jobs(arguments: argparse.Namespace) -> int:
    """Run the command; return the exit code."""
    from seedream_hub.schemas.errors import HubError, SettingsError

    from .logs import configure_logging
    from .settings import load_settings

    try:
        settings = load_settings()
        configure_logging(settings.log_level)
        if arguments.action == "retry":
            return _retry(settings, arguments.job_id, is_json=arguments.json)
        if arguments.action == "links":
            return _links(settings, arguments.job_id, is_json=arguments.json)
        if arguments.action == "show":
            return _show(settings, arguments.job_id, is_json=arguments.json)
        return _list(settings, is_json=arguments.json)
    except HubError as exc:
        sys.stderr.write(f"seedream-hub: {exc.message}\n")
        return 2 if isinstance(exc, SettingsError) else 1


def _list(settings: "Settings", *, is_json: bool) -> int:
    import anyio

    listed = anyio.run(_listed, settings.state_dir)
    sys.stdout.write(listed.model_dump_json(indent=2) + "\n" if is_json else _table(listed))
    return 0


def _show(settings: "Settings", job_id: str, *, is_json: bool) -> int:
    from seedream_hub.tools.report import report

    _print(report(_known(settings, job_id)), is_json=is_json)
    return 0


def _links(settings: "Settings", job_id: str, *, is_json: bool) -> int:
    """Print the links of billed pictures that are not on disk."""
    import json

    slots = [slot for _, slot in sorted(_known(settings, job_id).slots.items()) if slot.state in {"linked", "lost"}]
    links = [{"index": slot.index, "since": slot.linked, "url": slot.url} for slot in slots if slot.url]
    if is_json:
        sys.stdout.write(json.dumps(links, indent=2) + "\n")
        return 0
    sys.stdout.writelines(f"[{link['index']}] since {link['since']}: {link['url']}\n" for link in links)
    if not links:
        sys.stdout.write(f"Job {job_id} has no billed picture with a link that was not fetched.\n")
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
        raise ArgumentError(job_id, "is no job of this machine", "`seedream-hub jobs` lists them")
    return job


def _retry(settings: "Settings", job_id: str, *, is_json: bool) -> int:
    """Ask again for a job's unknown pictures, as `start_job` does, and wait for them."""
    from seedream_hub.schemas.errors import HubError
    from seedream_hub.tools.report import report

    from .app import make_desk
    from .limits_file import load_limits
    from .process import run

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
    _print(report(job), is_json=is_json)
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
    sys.stderr.write(f"{message}\n")


async def _listed(state_dir: Path) -> "JobList":
    from seedream_hub.jobs.journal import Journal
    from seedream_hub.tools.report import JobList, list_jobs

    if not _has_journal(state_dir):
        return JobList(jobs=())
    journal = await Journal.open(state_dir)
    try:
        return await list_jobs(journal)
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


def _has_journal(state_dir: Path) -> bool:
    from seedream_hub.jobs.journal_schema import FILE

    return (state_dir / FILE).exists()


def _print(told: "JobReport", *, is_json: bool) -> None:
    sys.stdout.write(told.model_dump_json(indent=2) + "\n" if is_json else _page(told))


def _table(listed: "JobList") -> str:
    if not listed.jobs:
        return "There are no jobs yet.\n"
    lines = [f"{'ID':16}  {'BEGUN':16}  {'STATE':9}  {'MADE':>7}  {'BILLED':>6}  UNKNOWN"]
    lines.extend(map(_row, listed.jobs))
    lines.extend(_advice(job) for job in listed.jobs if job.unknown)
    return "\n".join(lines) + "\n"


def _row(job: "JobEntry") -> str:
    made = f"{job.delivered}/{job.requested}"
    begun = job.created[:16].replace("T", " ")
    return f"{job.id:16}  {begun}  {job.state:9}  {made:>7}  {job.billed:>6}  {len(job.unknown) or ''}".rstrip()


def _advice(job: "JobEntry") -> str:
    told = f"{job.id}: {len(job.unknown)} may have been billed;"
    if job.asked_again:
        return f"{told} asked for again in {job.asked_again}."
    return f"{told} `seedream-hub jobs retry {job.id}` asks again."


def _page(told: "JobReport") -> str:
    head = f"{told.id} {told.state}: {told.delivered} of {told.requested} made, {told.billed} billed ({told.tool})"
    lines = [head, *(f"request {one.number}: {one.tool}, {one.count} of {one.prompt!r}" for one in told.requests)]
    lines.extend(map(_line, told.pictures))
    lines.extend(f"Warning: {warning}" for warning in told.warnings)
    lines.extend([_advice(told)] if told.unknown else [])
    return "\n".join(lines) + "\n"


def _line(picture: "PictureReport") -> str:
    facts: dict[str, Any] = {
        "by": f"{picture.provider} {picture.model}".strip(),
        "request id": picture.request_id,
        "link at": picture.url_host,
    }
    known = "".join(f", {name} {value}" for name, value in facts.items() if value)
    what = picture.path or picture.code or ""
    return f"[{picture.index}] {picture.state} {what}".rstrip() + f" (billed: {picture.billed}{known})"
