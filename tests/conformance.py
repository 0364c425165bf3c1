"""The real server with the tools the official conformance suite dictates, which make pictures in the sandbox."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from mcp.shared.exceptions import MCPError
from mcp.types import INTERNAL_ERROR, CallToolResult
from pydantic import SecretStr

from seedream_hub.jobs.job import Job
from seedream_hub.providers.sandbox.server import Sandbox, SandboxOptions, start_sandbox
from seedream_hub.schemas.limits import Json, packaged_limits
from seedream_hub.server.app import HubServer, assemble, make_desk
from seedream_hub.server.settings import Settings
from seedream_hub.tools.ask import Ask, nobody
from seedream_hub.tools.generate import generate_image
from seedream_hub.tools.jobs import Desk, StartJobTool
from seedream_hub.tools.progress import Report
from tests.serving import over_http
from tests.upstream import Script, serve

REFUSAL = {"error": {"code": "InputTextSensitiveContentDetected", "message": "refused", "type": "BadRequest"}}
MOST_PICTURES = 4


class Fixture:
    """A tool of the suite: a job of its own name that makes one picture a second."""

    def __init__(self, name: str, desk: Desk, provider: str = "byteplus") -> None:
        self._maker = generate_image(desk.menu, desk.studio, desk.shown)
        self._maker.name = name
        self._provider = provider
        self.name = name
        self.title = name
        self.description = "Make pictures as the suite says."
        self.annotations = self._maker.annotations
        self.output = self._maker.output
        self.input_schema: Json = {"type": "object"}
        self.at_once = self._maker.at_once

    async def call(self, arguments: Json, report: Report, ask: Ask = nobody) -> CallToolResult:
        count = min(MOST_PICTURES, max(1, int(arguments.get("seconds", 1))))
        asked = {"prompt": self.name, "count": count, "model": "seedream-4.0", "size": "1K"}
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
    fixtures = [Fixture("slow_compute", desk), Fixture("confirm_delete", desk), Fixture("failing_job", desk, "ark")]
    own = [*desk.tools.values(), StartJobTool(desk)]
    server = assemble(read, studio, desk, [*own, *fixtures, Broken("protocol_error_job", desk)])
    server.add_tool(greet)
    return server


@contextmanager
def served(folder: Path) -> Generator[str]:
    """Yield the address of the app."""
    sandbox = start_sandbox(SandboxOptions(delay_s=1, is_ready=True))
    try:
        with (
            serve(Script(answer=REFUSAL, status=400)) as refusing,
            over_http(make_app(folder, sandbox, refusing.base_url)) as url,
        ):
            yield url
    finally:
        sandbox.stop()
