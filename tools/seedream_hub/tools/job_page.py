"""Jobs as a reader takes them in: so much at a time, and where the rest is."""

from pathlib import Path
from typing import Final

from seedream_hub.jobs.job import Job

from .report import JobList, JobReport, report

PICTURES: Final = 50
"""On one page."""

UNKNOWN: Final = 15
"""Pictures of unknown fate that a list of jobs tells of one by one; `counts` has their number."""

PROMPT_CHARS: Final = 2000
"""Of each request; a picture's own record has all of its prompt."""


class JobPage(JobReport):
    """Some pictures of a job, and the requests they belong to."""

    next: str | None
    """Address of the next page."""


def job_page(job: Job, state_dir: Path, start: int) -> JobPage | None:
    """Return the pictures from a place on; None if there are none there."""
    whole = report(job, state_dir)
    pictures = whole.pictures[start : start + PICTURES]
    if not pictures:
        return None
    numbers = {picture.request for picture in pictures}
    requests = tuple(
        one.model_copy(update={"prompt": _cut(one.prompt)}) for one in whole.requests if one.number in numbers
    )
    end = start + PICTURES
    shown = {"pictures": pictures, "requests": requests, "unknown": whole.unknown[:UNKNOWN]}
    rest = f"{whole.uri}?from={end}" if end < len(whole.pictures) else None
    return JobPage(**dict(whole.model_copy(update=shown)), next=rest)


def short_list(jobs: JobList) -> JobList:
    """Return the list with as many unknown pictures of each job as a reader takes in."""
    return JobList(jobs=tuple(job.model_copy(update={"unknown": job.unknown[:UNKNOWN]}) for job in jobs.jobs))


def _cut(prompt: str) -> str:
    return prompt if len(prompt) <= PROMPT_CHARS else prompt[: PROMPT_CHARS - 1] + "…"
