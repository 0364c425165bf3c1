"""What changes by itself, as resources: jobs, the limits of what is configured, and what was made and paid."""

import re
from pathlib import Path
from typing import Final

import anyio.to_thread
from mcp.server.mcpserver.exceptions import ResourceNotFoundError

from seedream_hub.schemas.errors import ArgumentError
from seedream_hub.schemas.language import say
from seedream_hub.schemas.limits import utc_now
from seedream_hub.tools.jobs import Desk

from .resources import JSON, Readable

JOBS_URI: Final = "seedream://jobs"
JOB: Final = JOBS_URI + "/{job_id}"
LIMITS_URI: Final = "seedream://limits"
USAGE_URI: Final = "seedream://usage"

PAGE: Final = re.compile(r"\?from=([0-9]{1,6})$")
"""Ends the address of a long job's further pictures."""


class LiveResources:
    """What can be read of the server itself; what a reader needs is loaded when it reads."""

    def __init__(self, desk: Desk, state_dir: Path) -> None:
        self._desk = desk
        self._state_dir = state_dir

    def all(self) -> list[Readable]:
        """Return the resources."""
        jobs = say("The newest jobs, and all with pictures that may have been billed without an answer.")
        limits = say(
            "What each configured provider and model takes: sizes, ratios, references, counts, options, prices, "
            "how long it is served, and the source of each figure."
        )
        usage = say("Pictures made, failed and of unknown fate, with what they cost, by day, provider and model.")
        job = say("All of a job: its requests, and how far each picture is.")
        return [
            Readable(JOBS_URI, "jobs", say("Jobs"), jobs, JSON, self._jobs),
            Readable(LIMITS_URI, "limits", say("Limits"), limits, JSON, self._limits),
            Readable(USAGE_URI, "usage", say("Usage"), usage, JSON, self._usage),
            Readable(JOB, "job", say("A job"), job, JSON, self._job),
        ]

    async def _jobs(self, _: str) -> str:
        from seedream_hub.tools.job_page import short_list
        from seedream_hub.tools.report import list_jobs

        engine = await self._desk.studio.engine()
        return short_list(await list_jobs(engine.journal, self._state_dir)).model_dump_json()

    async def _job(self, value: str) -> str:
        from seedream_hub.tools.job_page import job_page

        job_id, *start = PAGE.split(value)[:2]
        try:
            job = await self._desk.job(job_id)
        except ArgumentError as exc:
            raise ResourceNotFoundError(say("There is no job {job_id}.", job_id=job_id)) from exc
        page = await anyio.to_thread.run_sync(job_page, job, self._state_dir, int(start[0]) if start else 0)
        if page is None:
            raise ResourceNotFoundError(say("Job {job_id} has no pictures there.", job_id=job_id))
        return page.model_dump_json()

    async def _limits(self, _: str) -> str:
        from seedream_hub.tools.limits_report import limits_report

        return limits_report(self._desk.menu).model_dump_json(exclude_none=True)

    async def _usage(self, _: str) -> str:
        from seedream_hub.jobs.tally import tally
        from seedream_hub.tools.usage import usage

        counted = await anyio.to_thread.run_sync(tally, self._state_dir)
        return usage(counted, self._desk.menu.limits, utc_now().astimezone()).model_dump_json()
