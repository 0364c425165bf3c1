"""The engine: it sends a job's requests, journals what comes back, and saves the pictures.

Its tasks belong to the server, not to the call that asked: a call that goes away takes nothing paid with it.
"""

import logging
from datetime import datetime
from functools import partial
from typing import Final

import anyio
from anyio.abc import TaskGroup

from seedream_hub.providers.client import Upstream
from seedream_hub.providers.retry import ask
from seedream_hub.schemas.errors import HubError
from seedream_hub.schemas.outcome import FailedImage, MadeImage, Outcome
from seedream_hub.schemas.result import ImageRecord

from .job import Job, Order, new_job_id
from .journal import Journal
from .library import Library, StoredFile

log: Final = logging.getLogger(__name__)

CANCELLED: Final = "Cancelled before it was sent."
INTERNAL: Final = "Something went wrong in Seedream Hub; the log has the details."


class Engine:
    """Runs jobs against one upstream."""

    def __init__(
        self, upstream: Upstream, journal: Journal, library: Library, tasks: TaskGroup, concurrency: int
    ) -> None:
        self.upstream = upstream
        self.journal = journal
        self.library = library
        self._tasks = tasks
        self._slots = anyio.CapacityLimiter(concurrency)
        self._running = 0
        self._idle = anyio.Event()

    async def start(self, order: Order) -> Job:
        """Journal a job and begin it.

        Raises:
            StorageError: If the output folder or the journal cannot be written to. Nothing was sent.
        """
        await self.library.check()
        job = Job(new_job_id(), order)
        requests = [request.model_dump_json() for request in order.requests]
        await self.journal.add_job(job.id, order.tool, self.upstream.account.provider, order.model, requests)
        self._idle = anyio.Event()
        self._running += job.total
        for index in range(job.total):
            self._tasks.start_soon(self._run, job, index)
        return job

    async def drain(self) -> None:
        """Return when no picture is under way."""
        if self._running:
            await self._idle.wait()

    async def _run(self, job: Job, index: int) -> None:
        """See one picture through. Whatever goes wrong becomes its failure."""
        try:
            async with self._slots:
                await self._make(job, index)
        except HubError as exc:
            job.sandbox = job.sandbox or exc.sandbox
            job.advice += [exc.next_step] if exc.next_step else []
            await self._lose(job, FailedImage(index, exc.error_code, exc.message, exc.billed, exc.retryable))
        except Exception:
            log.exception("Image %s-%d failed", job.id, index)
            await self._lose(job, FailedImage(index, "internal_error", INTERNAL, "unknown"))
        finally:
            self._running -= 1
            if self._running == 0:
                self._idle.set()

    async def _make(self, job: Job, index: int) -> None:
        outcome = await ask(partial(self._send, job, index), partial(job.say, index))
        job.sandbox = job.sandbox or outcome.sandbox
        job.billed += outcome.billed
        made = _only(outcome, index)
        try:
            record = await self._save(job, index, made, outcome.request_id)
        except HubError as exc:
            exc.billed = "yes"
            raise
        job.keep(record)

    async def _send(self, job: Job, index: int) -> Outcome:
        if job.is_cancelled:
            raise HubError(CANCELLED, code="cancelled")
        await self.journal.sent(f"{job.id}-{index}")
        job.say(index, f"sent to {self.upstream.account.provider} ({job.order.model})")
        return await self.upstream.generate(job.order.requests[index], f"{job.id}-v{index}")

    async def _save(self, job: Job, index: int, made: MadeImage, request_id: str | None) -> ImageRecord:
        image_id = f"{job.id}-{index}"
        await self.journal.linked(image_id, made.url, request_id)
        job.say(index, "made; downloading")
        async with self.upstream.download(made.url, self.library.max_image_bytes) as chunks:
            names = job.order.naming.names(image_id, index, datetime.now().astimezone())
            file = await self.library.store(chunks, image_id, names)
        record = _record(image_id, index, file)
        await self.journal.stored(record)
        return record

    async def _lose(self, job: Job, failed: FailedImage) -> None:
        try:
            await self.journal.failed(f"{job.id}-{failed.index}", failed.code, failed.message, failed.billed)
        except HubError:
            log.exception("Image %s-%d: its failure is not in the journal", job.id, failed.index)
        job.lose(failed)


def _only(outcome: Outcome, index: int) -> MadeImage:
    """Return the one picture of a request for one.

    Raises:
        HubError: If the upstream did not make it.
    """
    if outcome.images:
        return outcome.images[0]
    if outcome.failures:
        failed = outcome.failures[0]
        raise HubError(failed.message, code=failed.code, billed=failed.billed, retryable=failed.retryable)
    raise HubError(f"The provider returned no picture for image {index + 1}.", code="no_image", billed="unknown")


def _record(image_id: str, index: int, file: StoredFile) -> ImageRecord:
    picture = file.picture
    return ImageRecord(
        id=image_id,
        uri=f"seedream://images/{image_id}",
        path=str(file.path),
        index=index,
        width=picture.width,
        height=picture.height,
        bytes=file.bytes,
        mime_type=picture.mime_type,
        sha256=file.sha256,
    )
