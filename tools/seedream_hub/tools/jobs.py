"""`start_job`, `get_job`, `cancel_job`: work that goes on without its caller."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio
from mcp.types import CallToolResult, ToolAnnotations

from seedream_hub.schemas.errors import ArgumentError, HubError
from seedream_hub.schemas.job_arguments import (
    USUAL_WAIT_S,
    CancelJob,
    GetJob,
    StartJob,
    check_job_arguments,
    look_schema,
    start_schema,
)
from seedream_hub.schemas.language import listed, say
from seedream_hub.schemas.limits import Json
from seedream_hub.schemas.menu import Menu
from seedream_hub.schemas.result import ImageRecord, Result

from .ask import Ask, nobody
from .make import OF_THE_CALL, ImageTool, Prepared, Shown, given, key_of, told_again
from .progress import Progress, Report, follow
from .spend import Start, Till
from .tool import Studio

if TYPE_CHECKING:
    from seedream_hub.jobs.job import Job
    from seedream_hub.jobs.order import Asked, Order


@dataclass(frozen=True, slots=True)
class Desk:
    """What the tools for jobs work with."""

    menu: Menu
    studio: Studio
    shown: Shown
    tools: Mapping[str, ImageTool]

    async def result(
        self, job: "Job", from_index: int | None = None, of_the_call: Sequence[str] = ()
    ) -> CallToolResult:
        """Say how far a job is, with its newest pictures in full, or those from an index on.

        Once all is there, what a call began is told as the call would have told it, previews and all.
        """
        from .failures import looked_at  # not loaded before it is needed
        from .result import as_tool_result, make_result

        if job.is_settled and from_index is None and job.tool in self.tools:
            return await self.tools[job.tool].told(job)
        order = job.newest_first if from_index is None else _following(job, from_index)
        result, is_glance = (
            looked_at(make_result(job, self.menu, of_the_call), job),
            from_index is None and not job.is_settled,
        )
        return as_tool_result(result, [], links=self.shown.links, order=order, is_glance=is_glance)

    async def prepare(self, tool: str, arguments: Json) -> "Order":
        """Check a request an earlier process had accepted; the files it names were allowed then.

        Raises:
            HubError: If it is refused now.
        """
        if tool not in self.tools:
            raise ArgumentError(
                "tool", say("{tool} makes no images", tool=tool), say("use {values}", values=listed(self.tools))
            )
        return (await self.tools[tool].prepare(arguments, trusted=True)).order

    async def job(self, job_id: str) -> "Job":
        """Return a job.

        Raises:
            ArgumentError: If there is none of that id.
        """
        job = await (await self.studio.engine()).job(job_id)
        if job is None:
            raise ArgumentError(
                "job_id",
                say("{job_id} is no job of this machine", job_id=job_id),
                say("pass the job_id of an earlier result"),
            )
        return job


class StartJobTool:
    """Start work that goes on in the background."""

    name = "start_job"
    output = Result
    annotations = ToolAnnotations(
        read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=True
    )

    def __init__(self, desk: Desk) -> None:
        self.title = say("Start a job")
        self.description = say(
            "Start 1 to 200 requests at once and return a job_id immediately; the work goes on in the background and "
            "survives restarts. For one picture, or a set, call its tool instead. Follow it with get_job."
        )
        self._desk = desk
        self._usual = next(iter(desk.tools))
        self.input_schema = start_schema(list(desk.tools))

    async def call(self, arguments: Json, report: Report, ask: Ask = nobody) -> CallToolResult:
        """Check every request, journal the job, and return."""
        checked = check_job_arguments(arguments, StartJob)
        engine = await self._desk.studio.engine()
        told = [self._told(request) for request in checked.requests or ()] or checked.retry_unknown
        key = key_of(checked.request_key, self.name, told)
        if job := await engine.known(key):
            return await self._desk.result(job, of_the_call=told_again(key, is_new=False))
        asked = list(checked.requests or await self._unknown(checked.retry_unknown or ""))
        progress = Progress(report, len(asked))
        prepared: list[Prepared] = []
        async with progress.alive():
            for number, request in enumerate(asked):
                prepared.append(await self._prepared(number, request, trusted=checked.requests is None))
                told = say("request {number} of {total}: checked", number=number + 1, total=len(asked))
                await progress.say(number, told)
            for one in prepared:
                one.order.references.rest()
            till = Till(self._desk.menu, self._desk.shown.confirm_above)
            job, is_new = await till.begin(engine, Start(self.name, prepared, key, background=True), ask, progress)
        if checked.retry_unknown:
            lost = await self._desk.job(checked.retry_unknown)
            lost.facts.asked_again = job.id
            await engine.journal.finish(lost)
        return await self._desk.result(job, of_the_call=told_again(key, is_new=is_new))

    def at_once(self, arguments: Json) -> Json:
        """Return the arguments as they are: a job is not waited for."""
        return arguments

    async def told(self, job: "Job") -> CallToolResult:
        """Tell what became of a job."""
        return await self._desk.result(job)

    def _told(self, request: Json) -> Json:
        """Return what a request asks for, with its tool named."""
        return {"tool": self._usual, **given(request)}

    async def _prepared(self, number: int, request: Json, *, trusted: bool) -> Prepared:
        """Check one request.

        Raises:
            HubError: If it is refused; the message names its place.
        """
        arguments = dict(request)
        tool = arguments.pop("tool", None) or self._usual
        if tool not in self._desk.tools:
            works = say("use {values}", values=listed(self._desk.tools))
            raise ArgumentError(f"requests[{number}].tool", say("{tool} is no tool for a request", tool=tool), works)
        for name in OF_THE_CALL & arguments.keys():
            raise ArgumentError(f"requests[{number}].{name}", say("does not go into a request"), say("leave it out"))
        try:
            return await self._desk.tools[tool].prepare(arguments, trusted=trusted)
        except HubError as exc:
            exc.message = "\n".join(f"requests[{number}].{line}" for line in exc.message.split("\n"))
            raise

    async def _unknown(self, job_id: str) -> list[Json]:
        """Return requests for the pictures of a job of which nobody knows whether they were billed.

        Raises:
            ArgumentError: If it has none.
        """
        job = await self._desk.job(job_id)
        if job.facts.asked_again and _may_cost(again := await self._desk.job(job.facts.asked_again)):
            problem = say("{job_id} was asked for again already, in job {again}", job_id=job_id, again=again.id)
            works = say("get_job for {again} says what became of it", again=again.id)
            raise ArgumentError("retry_unknown", problem, works)
        missing: dict[int, int] = defaultdict(int)
        for slot in job.slots.values():
            missing[slot.number] += slot.state == "unknown"
        requests = [_again(job.asked[number], count) for number, count in missing.items() if count]
        if not requests:
            problem = say("{job_id} has no pictures whose fate is unknown", job_id=job_id)
            raise ArgumentError("retry_unknown", problem, say("get_job says what became of its pictures"))
        return requests


class GetJobTool:
    """Look at a job."""

    name = "get_job"
    output = Result
    annotations = ToolAnnotations(
        read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
    )

    def __init__(self, desk: Desk) -> None:
        self.title = say("Look at a job")
        self.description = say(
            "Return a job's state, counts and newest pictures, as soon as something changed or all is done. Call it "
            "again until status is not running."
        )
        self._desk = desk
        self._usual: Json = {"wait_s": max(1, int(min(USUAL_WAIT_S, desk.shown.max_wait_s)))}
        self.input_schema = look_schema(GetJob, self._usual)

    async def call(self, arguments: Json, report: Report) -> CallToolResult:
        """Wait for a change, and tell."""
        told = {name: value for name, value in arguments.items() if value is not None}
        checked = check_job_arguments({**self._usual, **told}, GetJob)
        job = await self._desk.job(checked.job_id)
        engine = await self._desk.studio.engine()
        progress, done, told = Progress(report, job.total), job.done, len(job.notes)
        progress.watch(job)
        async with progress.alive():
            await progress.say(job.far, say("{done} of {total} are settled", done=done, total=job.total))
            with anyio.move_on_after(checked.wait_s):
                await follow(engine, job, progress, since=told, until=done)
        return await self._desk.result(await self._desk.job(job.id), checked.from_index)


class CancelJobTool:
    """Stop a job."""

    name = "cancel_job"
    output = Result
    annotations = ToolAnnotations(
        read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False
    )

    def __init__(self, desk: Desk) -> None:
        self.title = say("Cancel a job")
        self.description = say(
            "Stop what was not sent yet. What was sent is paid for: it is finished and kept; see get_job."
        )
        self._desk = desk
        self.input_schema = look_schema(CancelJob)

    async def call(self, arguments: Json, report: Report) -> CallToolResult:  # noqa: ARG002 - over at once
        """Cancel it, and tell how far it is."""
        checked = check_job_arguments(arguments, CancelJob)
        job = await self._desk.job(checked.job_id)
        engine = await self._desk.studio.engine()
        return await self._desk.result(await engine.cancel(job.id) or job)


def _following(job: "Job", from_index: int) -> tuple[ImageRecord, ...]:
    """Return the pictures from an index on.

    Raises:
        ArgumentError: If no picture has an index as high.
    """
    if from_index >= job.total:
        works = say("use 0 to {most}", most=job.total - 1)
        raise ArgumentError("from_index", say("{index} is beyond the last picture", index=from_index), works)
    return tuple(image for image in job.images if image.index >= from_index)


def _may_cost(job: "Job") -> bool:
    """Say whether a job was billed, may have been, or may still be."""
    return not job.is_settled or any(slot.billed != "no" for slot in job.slots.values())


def _again(asked: "Asked", count: int) -> Json:
    """Return a request for that many of its pictures."""
    arguments = {name: value for name, value in asked.arguments.items() if name != "count"}
    counted = {"count": count} if asked.count > 1 else {}
    if asked.tool == "batch_images" and count == 1:
        tool = {0: "generate_image", 1: "edit_image"}.get(len(asked.references), "fuse_images")
        images = arguments.pop("images", [])
        references = {"edit_image": {"image": images[0]} if images else {}, "fuse_images": {"images": images}}
        return {"tool": tool, **arguments, **references.get(tool, {})}
    return {"tool": asked.tool, **arguments, **counted}
