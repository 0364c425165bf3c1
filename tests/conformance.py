"""The real server with what the official conformance suite dictates; its tasks make pictures in the sandbox."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from mcp.server import ServerRequestContext
from mcp.server.context import CallNext, HandlerResult
from mcp.server.mcpserver import require_client_extension
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INTERNAL_ERROR,
    CallToolResult,
    Completion,
    CompletionArgument,
    CompletionContext,
    InputRequiredResult,
    PromptReference,
    ResourceTemplateReference,
)
from pydantic import SecretStr

from seedream_hub.jobs.job import Job
from seedream_hub.providers.sandbox.server import Sandbox, SandboxOptions, start_sandbox
from seedream_hub.schemas.limits import Json, packaged_limits
from seedream_hub.server.app import HubServer, assemble, make_desk
from seedream_hub.server.proposals import Proposals
from seedream_hub.server.settings import Settings
from seedream_hub.server.tasks import TASKS
from seedream_hub.tools.ask import Ask, nobody
from seedream_hub.tools.generate import generate_image
from seedream_hub.tools.jobs import Desk, StartJobTool
from seedream_hub.tools.progress import Report
from tests.conformance_fixtures import add_fixtures, test_prompt_with_arguments
from tests.conformance_questions import NAME, add_questions
from tests.serving import over_http
from tests.upstream import Script, serve

REFUSAL = {"error": {"code": "InputTextSensitiveContentDetected", "message": "refused", "type": "BadRequest"}}
MOST_PICTURES = 4
DRAFT_2020_12: Final[Json] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {"address": {"$anchor": "addressDef", "type": "object", "properties": {"street": {"type": "string"}}}},
    "properties": {"address": {"$ref": "#/$defs/address"}, "phone": {"type": "string"}, "email": {"type": "string"}},
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"required": ["address"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}


class Fixture:
    """A tool of the suite: a job of its own name that makes a picture in half a second."""

    def __init__(self, name: str, desk: Desk, provider: str = "byteplus", takes: Json | None = None) -> None:
        self._maker = generate_image(desk.menu, desk.studio, desk.shown)
        self._maker.name = name
        self._provider = provider
        self.name = name
        self.title = name
        self.description = "Make pictures as the suite says."
        self.annotations = self._maker.annotations
        self.output = self._maker.output
        self.input_schema: Json = takes or {"type": "object"}
        self.at_once = self._maker.at_once

    async def call(self, arguments: Json, report: Report, ask: Ask = nobody) -> CallToolResult:
        count = min(MOST_PICTURES, max(1, int(arguments.get("seconds", 1))))
        prompt = f"{self.name} for {arguments.get('user_name', 'nobody')}"
        asked = {"prompt": prompt, "count": count, "model": "seedream-4.0", "size": "1K"}
        asked |= {"provider": self._provider, "wait_s": arguments.get("wait_s")}
        return await self._maker.call(asked, report, ask)

    async def told(self, job: Job) -> CallToolResult:
        return await self._maker.told(job)


class Broken(Fixture):
    """One whose call would have failed as a request."""

    async def told(self, job: Job) -> CallToolResult:
        raise MCPError(INTERNAL_ERROR, f"job {job.id} cannot be told")


def greet(name: str) -> str:
    """Say hello, at once."""
    return f"Hello, {name}!"


async def before_a_task(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Do what no tool of the server's does: refuse whoever cannot follow a task, ask for a name before one begins."""
    params = ctx.params or {}
    called = params.get("name") if ctx.method == "tools/call" else None
    if called == "failing_job":
        require_client_extension(ctx, TASKS)
    if called != "test_tool_with_task":
        return await call_next(ctx)
    answers: Json = params.get("inputResponses") or {}
    answer = answers.get("user_name")
    if answer is None:
        return InputRequiredResult(input_requests={"user_name": NAME})
    return await call_next(replace(ctx, params={**params, "arguments": {"user_name": answer["content"]["name"]}}))


def make_app(folder: Path, sandbox: Sandbox, refusing_url: str) -> HubServer:
    """Return the server with the suite's tools beside its own; the sandbox answers for BytePlus, nobody for Ark."""
    read = Settings(
        provider=("byteplus", "ark"),
        byteplus_api_key=SecretStr(sandbox.api_key),
        byteplus_base_url=sandbox.base_urls["byteplus"],
        ark_api_key=SecretStr("k"),
        ark_base_url=refusing_url,
        output_dir=folder / "pictures",
        state_dir=folder / "state",
        concurrency=MOST_PICTURES * 2,
        preview="none",
    )
    studio, desk = make_desk(read, packaged_limits())
    made = [Fixture(name, desk) for name in ("slow_compute", "confirm_delete", "multi_input", "test_tool_with_task")]
    failing = [Fixture("failing_job", desk, "ark"), Broken("protocol_error_job", desk)]
    shaped = Fixture("json_schema_2020_12_tool", desk, takes=DRAFT_2020_12)
    own = [*desk.tools.values(), StartJobTool(desk)]
    server = assemble(read, studio, desk, [*own, *made, *failing, shaped])
    server.add_tool(greet)
    server.middleware.append(before_a_task)
    add_fixtures(server)
    add_questions(server)
    propose = Proposals(lambda: server.prompts, read.state_dir)

    async def complete(
        ref: PromptReference | ResourceTemplateReference,
        argument: CompletionArgument,
        context: CompletionContext | None,
    ) -> Completion:
        if isinstance(ref, PromptReference) and ref.name == test_prompt_with_arguments.__name__:
            return Completion(values=[f"{argument.value}ing"])
        return await propose.complete(ref, argument, context)

    server.completion()(complete)
    return server


@contextmanager
def served(folder: Path) -> Generator[str]:
    """Yield the address of the app."""
    sandbox = start_sandbox(SandboxOptions(delay_s=0.5, is_ready=True))
    try:
        with (
            serve(Script(answer=REFUSAL, status=400)) as refusing,
            over_http(make_app(folder, sandbox, refusing.base_url)) as url,
        ):
            yield url
    finally:
        sandbox.stop()
