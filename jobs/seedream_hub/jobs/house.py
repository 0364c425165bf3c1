"""What every running job works with: the journal, the library, and a place for its tasks."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

from seedream_hub.schemas.errors import HubError
from seedream_hub.schemas.outcome import FailedImage
from seedream_hub.schemas.result import ImageRecord

from .job import SETTLED, Job, State, failure_of
from .journal import Journal
from .library import Library

log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class House:
    """The means, and how a picture's end is written down."""

    journal: Journal
    library: Library
    spawn: Callable[[Callable[[], Awaitable[None]]], None]
    finished: Callable[[Job], None]

    async def keep(self, job: Job, record: ImageRecord) -> None:
        """Settle a picture that is stored."""
        job.keep(record)
        await self.finish(job)

    async def lose(self, job: Job, indices: tuple[int, ...], failed: FailedImage) -> None:
        """Settle pictures that will not come."""
        for index in indices:
            if job.slots[index].state in SETTLED:
                continue
            state = _end(failed)
            await self.library.release(job.image_id(index))
            try:
                await self.journal.failed(job.image_id(index), state, failure_of(index, failed))
            except HubError:
                log.exception("Image %s: its failure is not in the journal", job.image_id(index))
            job.lose(index, state, replace(failed, index=index))
        await self.finish(job)

    async def finish(self, job: Job) -> None:
        """Write down that a job is settled, if it is."""
        if not job.is_settled:
            return
        try:
            await self.journal.finish(job)
        except HubError:
            log.exception("Job %s: its end is not in the journal", job.id)
        self.finished(job)


def _end(failed: FailedImage) -> State:
    if failed.code == "cancelled":
        return "cancelled"
    return {"yes": "lost", "unknown": "unknown", "no": "failed"}[failed.billed]  # pyright: ignore[reportReturnType]
