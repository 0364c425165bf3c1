"""What a look at a job tells of its pictures: how many stand where, and the newest failures, those alike together."""

import re
from collections import Counter
from typing import Final, get_args

from seedream_hub.jobs.job import Job, State
from seedream_hub.schemas.language import listed, say, sentences
from seedream_hub.schemas.result import Failure, Result

FEW: Final = 5
"""Failures a look at a job tells: it is looked at again and again."""

REQUEST_ID: Final = re.compile(r"\s*\(?request id: [\w-]+\)?", re.IGNORECASE)
"""What providers write into messages that else are alike."""


def looked_at(result: Result, job: Job) -> Result:
    """Return the result with its pictures counted by their state, and its failures cut to the newest few."""
    states = Counter(slot.state for slot in job.slots.values())
    failures = _alike(job)
    steps = sentences(result.next or "", _elsewhere(job) if len(failures) > FEW else "")
    return result.model_copy(
        update={
            "counts": {state: states[state] for state in get_args(State) if states[state]},
            "failures": tuple(failures[-FEW:]),
            "next": steps or None,
        }
    )


def counted(result: Result) -> list[str]:
    """Say how many pictures stand where, if that was counted."""
    if result.counts is None:
        return []
    return [say("By state: {counts}.", counts=listed(f"{count} {state}" for state, count in result.counts.items()))]


def which(failure: Failure) -> str:
    """Say which pictures a failure is about."""
    if failure.count == 1:
        return f"[{failure.index}]"
    return say("{count} pictures", count=failure.count)


def _alike(job: Job) -> list[Failure]:
    """Return the newest of each kind of failure with their number, the newest kind last."""
    kinds: dict[tuple[object, ...], Failure] = {}
    settled = sorted(job.slots.values(), key=lambda slot: (slot.settled, slot.index))
    for failure in (slot.failure for slot in settled if slot.failure):
        message = REQUEST_ID.sub("", failure.message)
        kind = (failure.provider, failure.code, message, failure.billed, failure.retryable, failure.argument)
        before = kinds.pop(kind, None)
        kinds[kind] = failure.model_copy(update={"count": before.count + 1 if before else 1})
    return list(kinds.values())


def _elsewhere(job: Job) -> str:
    count = len(job.failures)
    return say("seedream://jobs/{job_id} tells of all {count} pictures that failed.", job_id=job.id, count=count)
