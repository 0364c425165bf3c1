"""The engine: it sends a job's requests to whoever accepts them, and sees every picture to the disk.

Its tasks belong to the server, not to the call that asked: a call that goes away takes nothing paid with it.
"""

import errno
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final

import anyio
from anyio.abc import TaskGroup

from seedream_hub.providers.retry import ask
from seedream_hub.schemas.errors import ArgumentError, HubError, NetworkError
from seedream_hub.schemas.language import say
from seedream_hub.schemas.outcome import FailedImage, Outcome
from seedream_hub.schemas.plan import pieces
from seedream_hub.schemas.requests import ImageRequest
from seedream_hub.schemas.set_prompt import set_prompt

from .absence import absence, asked_again, failed_by
from .branch import Branch
from .gather import INTERNAL, Gather
from .house import House
from .job import CANCELLED, Job, Note
from .journal import Journal
from .library import Library
from .new_job import Begun, new_job
from .order import Order, Part, Route, Sent
from .owners import Owner
from .room import room_for

log: Final = logging.getLogger(__name__)

ASKED_AGAIN: Final = 2
"""How often the missing pictures of a set whose stream broke are asked for, if the user allows it at all."""

CANCEL_S: Final = 0.5
"""How long what was not sent may take to be settled as cancelled."""

FOREIGN_POLL_S: Final = 0.5
"""How often a job another process works on is looked at."""


class Engine:
    """Runs jobs against the configured providers."""

    def __init__(
        self,
        branches: Mapping[str, Branch],
        journal: Journal,
        library: Library,
        owner: Owner,
        tasks: TaskGroup,
        *,
        retry_ambiguous: bool = False,
    ) -> None:
        self.branches = branches
        self.journal = journal
        self.library = library
        self.owner = owner
        self.house = House(journal, library, self._spawn, self._forget)
        self._tasks = tasks
        self._asks_again = ASKED_AGAIN if retry_ambiguous else 0
        self._jobs: dict[str, Job] = {}
        self._running = 0
        self._idle = anyio.Event()
        self._is_stopping = False

    async def start(
        self,
        tool: str,
        orders: list[Order],
        *,
        background: bool = False,
        key: tuple[str, str] | None = None,
        warnings: Iterable[str] = (),
    ) -> Begun:
        """Journal a job and begin it; a job that was started under the same key is returned as it is.

        `key` is the caller's request key, and the digest of what it stands for; a job with a key goes on without
        its caller, who may ask for it again.

        Raises:
            ArgumentError: If the key stands for something else.
            BudgetError: If it would cost more than the user lets be spent.
            StorageError: If the output folder or the journal cannot be written to. Nothing was sent.
        """
        await self.library.check()
        job = new_job(tool, orders, background=background or key is not None)
        job.facts.warnings.extend(warnings)
        self.hold(job)
        try:
            job_id, digest = await self.journal.add_job(job, tool, self.owner.id, key)
        except BaseException:  # also where its caller is cancelled
            del self._jobs[job.id]
            await self.house.note(job, partial(self.journal.cancel, job.id))  # what was refused may be on disk yet
            raise
        if job_id != job.id:
            del self._jobs[job.id]
            return Begun(await self._same(job_id, digest, key), is_new=False)
        for asked, order in zip(job.asked, orders, strict=True):
            self.run(job, order, asked.places)
        return Begun(job, is_new=True)

    async def known(self, key: tuple[str, str] | None) -> Job | None:
        """Return the job that has the key already, though what it asked for could not be asked for today.

        Raises:
            ArgumentError: If the key stands for something else.
        """
        found = await self.journal.holder(key[0]) if key else None
        return await self._same(*found, key) if found else None

    def run(self, job: Job, order: Order, places: tuple[int, ...]) -> None:
        """Begin one of a job's requests, or what is left of it."""
        self.hold(job)
        self._split(job, order, Part(places), order.routes)

    def hold(self, job: Job) -> None:
        """Work on a job from now on."""
        self._jobs[job.id] = job
        if self._is_stopping:
            job.end()

    async def job(self, job_id: str) -> Job | None:
        """Return a job, as it stands."""
        return self._jobs.get(job_id) or await self.journal.load(job_id)

    async def news(self, job: Job, since: int) -> list[Note]:
        """Return a job's notes after the first `since`, as soon as there is one; none when all is told."""
        if self._jobs.get(job.id) is job or job.is_settled:
            return await job.news(since)
        seen = await self.wait(job, float("inf"))
        job.slots, job.facts = seen.slots, seen.facts
        job.tell(say("{done} of {total} done in another process", done=job.done, total=job.total))
        return job.notes[since:]

    async def wait(self, job: Job, wait_s: float) -> Job:
        """Return the job once more of its pictures are settled, or all, or the time is over."""
        done = job.done
        with anyio.move_on_after(wait_s):
            if self._jobs.get(job.id) is job:
                await job.progress(done)
                return job
            while job.done == done and not job.is_settled:
                await anyio.sleep(FOREIGN_POLL_S)
                job = await self.job(job.id) or job
        return job

    async def detach(self, job: Job) -> None:
        """Let a job go on without its caller."""
        job.is_background = True
        await self.house.note(job, partial(self.journal.detach, job.id))

    async def cancel(self, job_id: str) -> Job | None:
        """Send nothing more of a job, whoever works on it; what was sent is still awaited and saved."""
        if job := self._jobs.get(job_id):
            job.cancel()
        await self.journal.cancel(job_id)
        if job is None:
            return await self.journal.load(job_id)
        with anyio.move_on_after(CANCEL_S):
            while not job.is_settled:
                await job.progress(job.done)
        return job

    async def heed(self) -> None:
        """Write what the journal refused, and cancel what other processes cancelled of ours."""
        await self.house.backlog.flush()
        if not self._jobs:
            return
        for job_id in await self.journal.cancelled(self.owner.id):
            if (job := self._jobs.get(job_id)) and not job.is_cancelled:
                job.cancel()

    @asynccontextmanager
    async def find(self, image_id: str) -> AsyncGenerator[Path | None]:
        """Lend a picture made before as a local file."""
        record = await self.journal.image(image_id)
        if record is None:
            yield None
            return
        if record.pruned:
            raise FileNotFoundError(errno.ENOENT, say("was pruned"), record.path)
        async with self.library.reading(record.path) as path:
            yield path

    async def drain(self) -> None:
        """Return when no picture is under way."""
        if self._running:
            await self._idle.wait()

    def stop(self) -> None:
        """Send nothing more: the process is about to end, and background jobs are left to the next one."""
        self._is_stopping = True
        for job in self._jobs.values():
            job.end()

    def end_calls(self) -> None:
        """Send nothing more of calls whose caller is gone; background jobs go on."""
        for job in self._jobs.values():
            if not job.is_background:
                job.cancel()

    @property
    def jobs(self) -> tuple[Job, ...]:
        """Those that are still open here."""
        return tuple(self._jobs.values())

    async def _same(self, job_id: str, digest: str, key: tuple[str, str] | None) -> Job:
        job = await self.job(job_id)
        if key and digest != key[1]:
            problem = say("{key} was used for other arguments within the last day", key=key[0])
            works = say("use another key, or get_job for {job_id}", job_id=job_id)
            raise ArgumentError("request_key", problem, works)
        if job is None:
            raise RuntimeError(f"the journal names a job {job_id} it does not have")
        return job

    def _forget(self, job: Job) -> None:
        self._jobs.pop(job.id, None)

    def _split(self, job: Job, order: Order, part: Part, routes: tuple[Route, ...]) -> None:
        """Start one task for each request the preferred provider needs."""
        start = 0
        for size in _sizes(part, routes[0]):
            piece = Part(part.indices[start : start + size])
            self._spawn(partial(self._run, job, order, piece, routes))
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

    async def _run(self, job: Job, order: Order, part: Part, routes: tuple[Route, ...]) -> None:
        """See one request through. Whatever goes wrong becomes its pictures' failure."""
        try:
            await self._serve(job, order, part, routes)
        except HubError as exc:
            if job.is_left and exc.error_code == "cancelled":
                return
            job.facts.sandbox = job.facts.sandbox or exc.sandbox
            await self.house.lose(job, _unmade(job, part.indices), failed_by(exc))
        except Exception:  # nobody is above this task: the job would never end
            log.exception("Job %s failed", job.id)
            lost = FailedImage(0, "internal_error", say(INTERNAL), "unknown")
            await self.house.lose(job, _unmade(job, part.indices), lost)

    async def _serve(self, job: Job, order: Order, part: Part, routes: tuple[Route, ...]) -> None:
        """Ask the preferred provider; if it provably did not accept the request, the next one."""
        route, *rest = routes
        try:
            await self._make(job, order, part, route)
        except HubError as exc:
            if not rest or not exc.is_unaccepted:
                raise
            names = {"provider": route.provider, "other": rest[0].provider}
            why = exc.message
            job.warn(say("{provider} did not accept it ({reason}), so {other} was asked.", reason=why, **names))
            told = say("{provider} did not accept it ({code}), asking {other}", code=exc.error_code, **names)
            job.say(part.indices, told)
            if len(_sizes(part, rest[0])) > 1:
                self._split(job, order, part, tuple(rest))
            else:
                await self._serve(job, order, part, tuple(rest))

    async def _make(self, job: Job, order: Order, part: Part, route: Route) -> None:
        """Ask one provider for a part, and again for what a broken stream left open if the user allows it."""
        outcome, missing = await self._ask(job, order, part, route)
        for _ in range(self._asks_again):
            if not missing or not isinstance(outcome.cut, NetworkError):
                break
            part = Part(missing)
            job.warn(asked_again(part.count))
            try:
                outcome, missing = await self._ask(job, order, part, route)
            except HubError as exc:
                job.warn(say("Asking again failed: {reason}", reason=exc.message))
                job.facts.billed_unknown += part.count if exc.billed != "no" else 0
                break
            job.facts.billed_unknown += part.count
        await self._lose_missing(job, part, outcome, missing)

    async def _ask(self, job: Job, order: Order, part: Part, route: Route) -> tuple[Outcome, tuple[int, ...]]:
        """Send one request; return the answer and the places it left open."""
        branch = self.branches[route.provider]
        gather = Gather(job, part, branch.upstream, self.house)
        send = partial(self._send, job, order, part, route, gather)
        outcome = await ask(send, partial(job.say, part.indices), job.unless_cancelled)
        return outcome, await gather.settle(outcome)

    async def _send(self, job: Job, order: Order, part: Part, route: Route, gather: Gather) -> Outcome:
        """Make the request ready when it is its turn, write down that it is about to leave, and send it."""
        branch, ids = self.branches[route.provider], [job.image_id(index) for index in part.indices]

        async def ready() -> ImageRequest:
            request = await _request(job, order, part, route, branch)
            await self.library.reserve(ids, room_for(request, route.model), partial(job.say, part.indices))
            return request

        async with branch.turn(job, part, route.model, ready) as request:
            sent = job.asked_of(part.indices[0]).sent(request.prompt)
            await self._write_sent(job, ids, route, sent)
            _note_sent(job, part, route, sent)
            try:
                return await gather.send(request)
            except HubError as exc:
                if exc.billed == "no":
                    with suppress(HubError):  # if it stays "sent", it is only told as unknown after a crash
                        await self.journal.unsent(ids)
                raise
            finally:  # what did not come needs no room until it is asked for again
                await self.library.release(*map(job.image_id, _unmade(job, part.indices)))

    async def _write_sent(self, job: Job, ids: list[str], route: Route, sent: Sent) -> None:
        """Write that a request is about to leave.

        Raises:
            HubError: If it may not; a job that is not ours any more is left to whoever took it over.
        """
        may = await self.journal.sent(self.owner.id, job.id, ids, route.leaving(sent))
        if may == "yes":
            return
        await self.library.release(*ids)
        if may == "not ours":
            job.leave()
            self._forget(job)
        raise HubError(say(CANCELLED), code="cancelled")

    async def _lose_missing(self, job: Job, part: Part, outcome: Outcome, missing: tuple[int, ...]) -> None:
        """Say why the answer has fewer pictures than were asked for; it may have billed more than it brought."""
        billed = max(0, outcome.billed - len(outcome.images))
        told = absence(outcome, part.count, len(missing))
        for index in missing:
            is_billed = billed > 0 and told.billed == "no"
            billed -= is_billed
            lost = (
                told if not is_billed else FailedImage(0, told.code, told.message, "yes", request_id=told.request_id)
            )
            await self.house.lose(job, (index,), lost)


def _unmade(job: Job, indices: tuple[int, ...]) -> tuple[int, ...]:
    """Return the places no picture was made for: one that was is paid, and on its way."""
    return tuple(index for index in indices if job.slots[index].state in {"queued", "sent"})


def _sizes(part: Part, route: Route) -> list[int]:
    return pieces(route.request.model_copy(update={"count": part.count}), route.model)


def _note_sent(job: Job, part: Part, route: Route, sent: Sent) -> None:
    for index in part.indices:
        slot = job.slots[index]
        slot.state, slot.provider, slot.model, slot.cost = "sent", route.provider, route.model.name, route.cost
        slot.sent = sent
    job.say(part.indices, say("sent to {provider} ({model})", provider=route.provider, model=route.model.name))


async def _request(job: Job, order: Order, part: Part, route: Route, branch: Branch) -> ImageRequest:
    """Return what a part asks for: its references as they travel, and a set's number in the prompt."""
    is_set = route.request.is_set and part.count > 1
    prompt = set_prompt(route.request.prompt, part.count) if is_set else route.request.prompt
    job.facts.prompt_sent = job.facts.prompt_sent or prompt
    wires = await order.references.wires(route.model, branch.upstream)
    for warning in await order.references.fit(route.provider, route.model):
        job.warn(warning)
    changes = {"prompt": prompt, "count": part.count, "is_set": is_set, "references": wires}
    return route.request.model_copy(update=changes)
