"""The engine: it sends a job's requests to whoever accepts them, and sees every picture to the disk.

Its tasks belong to the server, not to the call that asked: a call that goes away takes nothing paid with it.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import anyio
from anyio.abc import TaskGroup

from seedream_hub.providers.client import Upstream
from seedream_hub.providers.retry import ask
from seedream_hub.schemas.errors import HubError, NetworkError
from seedream_hub.schemas.outcome import FailedImage, Outcome
from seedream_hub.schemas.plan import pieces
from seedream_hub.schemas.requests import ImageRequest
from seedream_hub.schemas.set_prompt import set_prompt

from .gather import Gather
from .job import Job, Order, Part, Route, new_job_id
from .journal import Journal
from .library import Library

log: Final = logging.getLogger(__name__)

CANCELLED: Final = "Cancelled before it was sent."
INTERNAL: Final = "Something went wrong in Seedream Hub; the log has the details."
ASKED_AGAIN: Final = 2
"""How often the missing pictures of a set whose stream broke are asked for, if the user allows it at all."""


class Engine:
    """Runs jobs against the configured providers."""

    def __init__(
        self,
        upstreams: Mapping[str, Upstream],
        journal: Journal,
        library: Library,
        tasks: TaskGroup,
        *,
        concurrency: int,
        retry_ambiguous: bool = False,
    ) -> None:
        self.upstreams = upstreams
        self.journal = journal
        self.library = library
        self._tasks = tasks
        self._slots = anyio.CapacityLimiter(concurrency)
        self._asks_again = ASKED_AGAIN if retry_ambiguous else 0
        self._running = 0
        self._idle = anyio.Event()

    async def start(self, order: Order) -> Job:
        """Journal a job and begin it.

        Raises:
            StorageError: If the output folder or the journal cannot be written to. Nothing was sent.
        """
        await self.library.check()
        job = Job(new_job_id(), order)
        first = order.routes[0]
        told = first.request.model_copy(update={"references": order.references.origins})
        await self.journal.add_job(job.id, order.tool, first.provider, first.model.name, job.total, told)
        self._split(job, Part(tuple(range(job.total))), order.routes)
        return job

    async def find(self, image_id: str) -> Path | None:
        """Return the file of a picture made before."""
        record = await self.journal.image(image_id)
        return Path(record.path) if record else None

    async def drain(self) -> None:
        """Return when no picture is under way."""
        if self._running:
            await self._idle.wait()

    def _split(self, job: Job, part: Part, routes: tuple[Route, ...]) -> None:
        """Start one task for each request the preferred provider needs."""
        start = 0
        for size in _sizes(part, routes[0]):
            piece = Part(part.indices[start : start + size])
            self._spawn(partial(self._run, job, piece, routes))
            start += size

    def _spawn(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run something in the background that `drain` waits for."""
        if self._running == 0:
            self._idle = anyio.Event()
        self._running += 1
        self._tasks.start_soon(self._counted, work)

    async def _counted(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        finally:
            self._running -= 1
            if self._running == 0:
                self._idle.set()

    async def _run(self, job: Job, part: Part, routes: tuple[Route, ...]) -> None:
        """See one request through. Whatever goes wrong becomes its pictures' failure."""
        try:
            async with self._slots:
                await self._serve(job, part, routes)
        except HubError as exc:
            job.sandbox = job.sandbox or exc.sandbox
            await self._lose(job, part.indices, _failure(exc))
        except Exception:
            log.exception("Job %s failed", job.id)
            await self._lose(job, part.indices, FailedImage(0, "internal_error", INTERNAL, "unknown"))

    async def _serve(self, job: Job, part: Part, routes: tuple[Route, ...]) -> None:
        """Ask the preferred provider; if it provably did not accept the request, the next one."""
        route, *rest = routes
        try:
            await self._make(job, part, route)
        except HubError as exc:
            if not rest or not exc.is_unaccepted:
                raise
            job.warn(f"{route.provider} did not accept it ({exc.message}), so {rest[0].provider} was asked.")
            job.say(part.indices, f"{route.provider} did not accept it ({exc.error_code}), asking {rest[0].provider}")
            if len(_sizes(part, rest[0])) > 1:
                self._split(job, part, tuple(rest))
            else:
                await self._serve(job, part, tuple(rest))

    async def _make(self, job: Job, part: Part, route: Route) -> None:
        """Ask one provider for a part, and again for what a broken stream left open if the user allows it."""
        outcome, missing = await self._ask(job, part, route)
        for _ in range(self._asks_again):
            if not missing or not isinstance(outcome.cut, NetworkError):
                break
            part = Part(missing)
            job.warn(f"The stream broke off; {_missing(part)} asked for again, though it may have been billed.")
            try:
                outcome, missing = await self._ask(job, part, route)
            except HubError as exc:
                job.warn(f"Asking again failed: {exc.message}")
                break
        await self._lose(job, missing, _absence(outcome, part.count, len(missing)))

    async def _ask(self, job: Job, part: Part, route: Route) -> tuple[Outcome, tuple[int, ...]]:
        """Send one request; return the answer and the places it left open."""
        upstream = self.upstreams[route.provider]
        request = await _request(job, part, route, upstream)
        gather = Gather(job, part, upstream, self.journal, self.library, self._spawn)
        outcome = await ask(partial(self._send, job, part, route, gather, request), partial(job.say, part.indices))
        job.serve(route, part.indices).billed += outcome.billed
        return outcome, await gather.settle(outcome)

    async def _send(self, job: Job, part: Part, route: Route, gather: Gather, request: ImageRequest) -> Outcome:
        if job.is_cancelled:
            raise HubError(CANCELLED, code="cancelled")
        await self.journal.sent([job.image_id(index) for index in part.indices], route.provider)
        job.say(part.indices, f"sent to {route.provider} ({route.model.name})")
        return await gather.send(request)

    async def _lose(self, job: Job, indices: tuple[int, ...], failed: FailedImage) -> None:
        for index in indices:
            if index in job.made or index in job.failures:
                continue
            try:
                await self.journal.failed(job.image_id(index), failed.code, failed.message, failed.billed)
            except HubError:
                log.exception("Image %s-%d: its failure is not in the journal", job.id, index)
            job.lose(replace(failed, index=index))


def _missing(part: Part) -> str:
    return "the missing picture was" if part.count == 1 else f"the {part.count} missing pictures were"


def _sizes(part: Part, route: Route) -> list[int]:
    return pieces(route.request.model_copy(update={"count": part.count}), route.model)


async def _request(job: Job, part: Part, route: Route, upstream: Upstream) -> ImageRequest:
    """Return what a part asks for: its references as they travel, and a set's number in the prompt."""
    is_set = route.request.is_set and part.count > 1
    prompt = set_prompt(route.request.prompt, part.count) if is_set else route.request.prompt
    job.prompt_sent = job.prompt_sent or prompt
    wires = await job.order.references.wires(route.model, upstream)
    for warning in await job.order.references.fit(route.provider, route.model):
        job.warn(warning)
    changes = {"prompt": prompt, "count": part.count, "is_set": is_set, "references": wires}
    return route.request.model_copy(update=changes)


def _failure(exc: HubError) -> FailedImage:
    return FailedImage(
        0, exc.error_code, exc.message, exc.billed, exc.retryable, exc.argument, exc.request_id, exc.next_step
    )


def _absence(outcome: Outcome, asked: int, missing: int) -> FailedImage:
    """Say why the answer has fewer pictures than were asked for."""
    if outcome.cut:
        return _failure(outcome.cut)
    if outcome.failures:
        return outcome.failures[0]
    billed = "unknown" if outcome.billed > len(outcome.images) else "no"
    message = f"The provider returned {asked - missing} of {asked} pictures."
    return FailedImage(0, "not_made", message, billed, request_id=outcome.request_id)
