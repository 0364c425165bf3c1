"""Finish what a process that is gone began: its links are fetched, its tasks awaited, its unsent requests sent.

What was sent without an answer is never sent again by itself: it may have been billed. It becomes `unknown`.
"""

import json
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Final, TypeAlias

import anyio
import anyio.to_thread

from seedream_hub.schemas.errors import HubError
from seedream_hub.schemas.language import later, say
from seedream_hub.schemas.limits import Json
from seedream_hub.schemas.outcome import FailedImage

from .absence import failed_by
from .engine import Engine
from .gather import Gather
from .job import CANCELLED, Job, Slot
from .link import LINK_EXPIRED, is_expired
from .order import Asked, Order, Part

Prepare: TypeAlias = Callable[[str, Json], Awaitable[Order]]
"""Checks a tool's arguments, and says who may serve them."""

log: Final = logging.getLogger(__name__)

AGAIN_S: Final = 1.0
"""How long to wait for a disk that could not be read."""

GONE: Final = later("The caller was gone before it was sent.")
UNKNOWN: Final = later(
    "The process ended after this was sent and before the answer came; it may have been billed. "
    "Ask again with start_job and retry_unknown if you accept that."
)
LOST_BYTES: Final = later("The process ended while the picture was being saved; it came without a link.")
EXPIRED: Final = later("The picture's link expired before any process could fetch it.")


class Recovery:
    """Takes over the jobs of dead processes."""

    def __init__(self, engine: Engine, prepare: Prepare) -> None:
        self._engine = engine
        self._prepare = prepare

    async def adopt(self) -> None:
        """Take over every open job whose process is gone and whose providers are configured here."""
        engine = self._engine
        providers = json.dumps(list(engine.branches))
        adopted = await engine.journal.adopt(engine.owner.id, engine.owner.is_dead, providers)
        for job_id in adopted:
            engine.house.spawn(partial(self._resume, job_id))
        await anyio.to_thread.run_sync(engine.owner.sweep, await engine.journal.owners())

    async def _resume(self, job_id: str) -> None:
        """Bring one job to its end. One that makes no sense here keeps nobody from the others."""
        try:
            job = await self._read(job_id)
            self._engine.hold(job)
            await self._settle(job)
        except Exception:
            log.exception("Job %s could not be taken up again", job_id)

    async def _read(self, job_id: str) -> Job:
        """Return a job that was taken over, as soon as the disk gives it."""
        while True:
            with suppress(HubError):
                if job := await self._engine.journal.load(job_id):
                    return job
            await anyio.sleep(AGAIN_S)

    async def _settle(self, job: Job) -> None:
        engine, again = self._engine, defaultdict[int, list[int]](list)
        await engine.library.release(*map(job.image_id, job.slots))
        async with anyio.create_task_group() as tasks:
            for slot in _open(job, "stored"):
                tasks.start_soon(engine.house.describe_again, job, slot)
        for slot in _open(job, "queued"):
            if job.is_background and not job.is_cancelled:
                again[slot.number].append(slot.index)
            else:
                why = say(CANCELLED if job.is_cancelled else GONE)
                await engine.house.lose(job, (slot.index,), FailedImage(slot.index, "cancelled", why))
        for slot in _open(job, "sent"):
            if self._is_free(slot):
                again[slot.number].append(slot.index)
            elif slot.task_id is None:
                lost = FailedImage(slot.index, "unknown_outcome", say(UNKNOWN), "unknown")
                await engine.house.lose(job, (slot.index,), lost)
        for slot in _open(job, "linked"):
            await self._take_up(job, slot, again)
        for part in _tasks(job):
            engine.house.spawn(partial(self._follow, job, part))
        for number, places in again.items():
            await self._ask_again(job, job.asked[number], tuple(places))
        await engine.house.finish(job)

    async def _take_up(self, job: Job, slot: Slot, again: dict[int, list[int]]) -> None:
        """Fetch a picture whose link is known."""
        lose = partial(self._engine.house.lose, job, (slot.index,))
        if self._is_free(slot):
            again[slot.number].append(slot.index)
        elif slot.url is None:
            await lose(FailedImage(slot.index, "not_saved", say(LOST_BYTES), "yes"))
        elif is_expired(slot) and slot.task_id is None:
            await lose(FailedImage(slot.index, LINK_EXPIRED, say(EXPIRED), "yes"))
        else:
            gather = self._gather(job, _siblings(job, slot))
            self._engine.house.spawn(partial(gather.resume, slot))

    async def _follow(self, job: Job, part: Part) -> None:
        """Wait for a task an earlier process began."""
        gather, task_id = self._gather(job, part), job.slots[part.indices[0]].task_id or ""
        try:
            outcome = await gather.follow(task_id)
        except HubError as exc:
            await self._engine.house.lose(job, part.indices, failed_by(exc))
            return
        for index in await gather.settle(outcome):
            absent = outcome.failures[0] if outcome.failures else FailedImage(index, "not_made", say("Not made."))
            await self._engine.house.lose(job, (index,), absent)

    async def _ask_again(self, job: Job, asked: Asked, places: tuple[int, ...]) -> None:
        try:
            order = await self._prepare(asked.tool, asked.arguments)
        except HubError as exc:
            await self._engine.house.lose(job, places, failed_by(exc))
            return
        self._engine.run(job, order, places)

    def _gather(self, job: Job, part: Part) -> Gather:
        branch = self._engine.branches[job.slots[part.indices[0]].provider]
        return Gather(job, part, branch.upstream, self._engine.house)

    def _is_free(self, slot: Slot) -> bool:
        return self._engine.branches[slot.provider].is_free


def _open(job: Job, state: str) -> list[Slot]:
    return [slot for slot in job.slots.values() if slot.state == state]


def _tasks(job: Job) -> list[Part]:
    """Return the parts of the job whose task is still to be awaited."""
    waiting = {slot.task_id for slot in _open(job, "sent") if slot.task_id}
    return [_part_of(job, task_id) for task_id in waiting]


def _siblings(job: Job, slot: Slot) -> Part:
    return _part_of(job, slot.task_id) if slot.task_id else Part((slot.index,))


def _part_of(job: Job, task_id: str) -> Part:
    return Part(tuple(sorted(slot.index for slot in job.slots.values() if slot.task_id == task_id)))
