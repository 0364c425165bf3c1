"""What every running job works with: the journal, the library, and a place for its tasks."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial

from seedream_hub.schemas.outcome import FailedImage
from seedream_hub.schemas.result import ImageRecord

from .backlog import Backlog, Write
from .job import SETTLED, Job, State, failure_of
from .journal import Journal
from .library import Library


@dataclass(frozen=True, slots=True)
class House:
    """The means, and how a picture's end is written down."""

    journal: Journal
    library: Library
    spawn: Callable[[Callable[[], Awaitable[None]]], None]
    finished: Callable[[Job], None]
    backlog: Backlog = field(default_factory=Backlog)

    async def note(self, job: Job, write: Write) -> None:
        """Write to the journal; a disk that refuses is no reason to leave a paid picture unfetched."""
        if refused := await self.backlog.write(write):
            job.warn(refused.message)

    async def keep(self, job: Job, record: ImageRecord) -> None:
        """Settle a picture that is stored."""
        job.keep(record)
        await self.finish(job)

    async def lose(self, job: Job, indices: tuple[int, ...], failed: FailedImage) -> None:
        """Settle pictures that will not come."""
        for index in indices:
            if job.slots[index].state in SETTLED:
                continue
            state, provider = _end(failed), job.slots[index].provider
            await self.library.release(job.image_id(index))
            told = failure_of(index, failed, provider)
            await self.note(job, partial(self.journal.failed, job.image_id(index), state, told))
            job.lose(index, state, replace(failed, index=index))
        await self.finish(job)

    async def finish(self, job: Job) -> None:
        """Write down that a job is settled, if it is; it is held until that is written."""
        if job.is_settled:
            await self.note(job, partial(self._finish, job))

    async def _finish(self, job: Job) -> None:
        await self.journal.finish(job)
        self.finished(job)


def _end(failed: FailedImage) -> State:
    if failed.code == "cancelled":
        return "cancelled"
    return {"yes": "lost", "unknown": "unknown", "no": "failed"}[failed.billed]  # pyright: ignore[reportReturnType]
