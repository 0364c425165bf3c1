"""Jobs as tasks of the extension `io.modelcontextprotocol/tasks` (SEP-2663, revision 2026-07-28).

A client that declares the extension does not wait for its pictures: the call returns a task whose id is the job's,
and `tasks/get` gives in the end what the call would have given. Jobs are kept for ever, so tasks are. What
the user is to agree to is asked before there is a task, so `tasks/update` has nothing to take in.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.extension import Extension, MethodBinding
from mcp.server.mcpserver import require_client_extension
from mcp.shared.exceptions import MCPError
from mcp.shared.inbound import MCP_NAME_HEADER, decode_header_value
from mcp.types import (
    HEADER_MISMATCH,
    INTERNAL_ERROR,
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    RequestParams,
)

from seedream_hub.schemas.errors import ArgumentError, HubError
from seedream_hub.schemas.language import later, say
from seedream_hub.schemas.limits import Json
from seedream_hub.tools.jobs import Desk
from seedream_hub.tools.tool import JobTool

if TYPE_CHECKING:
    from seedream_hub.jobs.job import Job

TASKS: Final = "io.modelcontextprotocol/tasks"
REVISIONS: Final = frozenset({"2026-07-28"})
"""Earlier revisions have no result type for a task."""

POLL_INTERVAL_MS: Final = 2000

Context = ServerRequestContext[Any, Any]


class TaskParams(RequestParams):
    """What `tasks/get` and `tasks/cancel` take."""

    task_id: str


class UpdateParams(TaskParams):
    """What `tasks/update` takes."""

    input_responses: Json


class Tasks(Extension):
    """Turns calls that begin jobs into tasks, for those who asked for that."""

    identifier = TASKS

    def __init__(self, desk: Desk, tools: Sequence[JobTool]) -> None:
        self._desk = desk
        self._tools: Mapping[str, JobTool] = {tool.name: tool for tool in tools}

    def methods(self) -> Sequence[MethodBinding]:
        """Return the extension's requests."""
        return [
            MethodBinding("tasks/get", TaskParams, self._get, REVISIONS),
            MethodBinding("tasks/update", UpdateParams, self._update, REVISIONS),
            MethodBinding("tasks/cancel", TaskParams, self._cancel, REVISIONS),
        ]

    async def intercept_tool_call(
        self, params: CallToolRequestParams, ctx: Context, call_next: CallNext
    ) -> HandlerResult:
        """Let the call begin its job and return; a job that goes on becomes a task."""
        tool = self._tools.get(params.name)
        if tool is None or not _is_declared(ctx):
            return await call_next(ctx)
        params.arguments = tool.at_once(params.arguments or {})
        result = await call_next(ctx)
        facts = result.structured_content if isinstance(result, CallToolResult) else None
        if not facts or facts["status"] != "running":
            return result
        return {"resultType": "task", **_task(await self._desk.job(facts["job_id"]))}

    async def guard_subscriptions(self, ctx: Context, call_next: CallNext) -> HandlerResult:
        """Refuse news of tasks to a client that did not declare the extension."""
        wanted = (ctx.params or {}).get("notifications")
        if ctx.method == "subscriptions/listen" and isinstance(wanted, Mapping) and "taskIds" in wanted:
            require_client_extension(ctx, TASKS)
        return await call_next(ctx)

    async def _get(self, ctx: Context, params: TaskParams) -> HandlerResult:
        job = await self._job(ctx, params)
        task = _task(job)
        if task["status"] != "completed":
            return task
        try:
            result = await self._tools[job.tool].told(job)
        except MCPError as exc:
            return {**task, "status": "failed", "error": exc.error.model_dump(mode="json", exclude_none=True)}
        return {**task, "result": result.model_dump(mode="json", by_alias=True, exclude_none=True)}

    async def _update(self, ctx: Context, params: UpdateParams) -> HandlerResult:
        await self._job(ctx, params)
        return {}

    async def _cancel(self, ctx: Context, params: TaskParams) -> HandlerResult:
        job = await self._job(ctx, params)
        if not job.is_settled:
            engine = await self._desk.studio.engine()
            await engine.cancel(job.id)
        return {}

    async def _job(self, ctx: Context, params: TaskParams) -> "Job":
        """Return the job a request is about.

        Raises:
            MCPError: If the client may not ask, or there is no such job.
        """
        require_client_extension(ctx, TASKS)
        _check_header(ctx, params.task_id)
        try:
            job = await self._desk.job(params.task_id)
        except ArgumentError as exc:
            raise MCPError(INVALID_PARAMS, say("There is no task {task_id}.", task_id=params.task_id)) from exc
        except HubError as exc:
            raise MCPError(INTERNAL_ERROR, exc.message) from exc
        if job.tool not in self._tools:
            told = later("Task {task_id} is of {tool}, which this version does not have.")
            raise MCPError(INVALID_PARAMS, say(told, task_id=job.id, tool=job.tool))
        return job


def _task(job: "Job") -> Json:
    """Return a job as a task, without its result."""
    settled = say("{done} of {total} pictures are settled", done=job.done, total=job.total)
    return {
        "taskId": job.id,
        "status": _status(job),
        "statusMessage": job.notes[-1].message if job.notes else settled,
        "createdAt": job.created,
        "lastUpdatedAt": job.updated,
        "ttlMs": None,
        "pollIntervalMs": POLL_INTERVAL_MS,
    }


def _status(job: "Job") -> str:
    """Return the task's status. What a cancelled job had sent is paid for, so its pictures are a result."""
    if not job.is_settled:
        return "working"
    return "cancelled" if all(slot.state == "cancelled" for slot in job.slots.values()) else "completed"


def _is_declared(ctx: Context) -> bool:
    capabilities = ctx.session.client_capabilities
    declared = capabilities.extensions if capabilities else None
    return ctx.protocol_version in REVISIONS and TASKS in (declared or {})


def _check_header(ctx: Context, task_id: str) -> None:
    """Hold the HTTP header that proxies route by against the request.

    Raises:
        MCPError: If it names another task, or none.
    """
    if ctx.request is not None and decode_header_value(ctx.request.headers.get(MCP_NAME_HEADER)) != task_id:
        raise MCPError(
            HEADER_MISMATCH, say("{header} header does not match the request's taskId", header=MCP_NAME_HEADER)
        )
