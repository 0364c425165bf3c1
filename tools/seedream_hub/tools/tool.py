"""What every tool is: a name, what the agent reads of it, and a call."""

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Protocol

from mcp.types import CallToolResult, ToolAnnotations
from pydantic import BaseModel

from seedream_hub.schemas.arguments import Purpose
from seedream_hub.schemas.found import Findings, Wanted
from seedream_hub.schemas.limits import Json

from .ask import Ask, nobody
from .progress import Report

if TYPE_CHECKING:
    from seedream_hub.jobs.engine import Engine
    from seedream_hub.jobs.job import Job
    from seedream_hub.jobs.reference_book import ReferenceBook


class Studio(Protocol):
    """What the process lends a tool: its engine, made at first use, and the pictures a caller names."""

    def engine(self) -> "Awaitable[Engine]":
        """Return the engine; the first call loads the network, the database and, without a key, the sandbox."""
        ...

    def references(
        self, named: dict[str, str], purpose: Purpose, *, trusted: bool = False
    ) -> "Awaitable[ReferenceBook]":
        """Read the references a call names, each by its argument; `trusted` ones were allowed before.

        Raises:
            ArgumentError: If one is no picture, or none that may be read.
        """
        ...

    def found(self, wanted: Wanted) -> Awaitable[Findings]:
        """Look for pictures in the journal, and open nothing else.

        Raises:
            StorageError: If it cannot be read.
        """
        ...


class HubTool(Protocol):
    """A tool as the server presents it."""

    @property
    def name(self) -> str:
        """What a call names."""
        ...

    @property
    def title(self) -> str:
        """What people see."""
        ...

    @property
    def description(self) -> str:
        """What the agent reads."""
        ...

    @property
    def input_schema(self) -> Json:
        """The arguments' JSON Schema."""
        ...

    @property
    def output(self) -> type[BaseModel]:
        """The shape of its structured content."""
        ...

    @property
    def annotations(self) -> ToolAnnotations:
        """Hints to the client."""
        ...

    async def call(self, arguments: Json, report: Report) -> CallToolResult:
        """Run the tool.

        Raises:
            HubError: If an argument is refused or nothing could be begun; nothing was sent.
        """
        ...


class JobTool(HubTool, Protocol):
    """A tool whose call begins a job."""

    async def call(self, arguments: Json, report: Report, ask: Ask = nobody) -> CallToolResult:
        """Begin the job; the user is asked first where it costs much.

        Raises:
            AskedBack: If the client is to ask, and to call again.
            HubError: If an argument is refused, it costs too much, or the user does not agree; nothing was sent.
        """
        ...

    def at_once(self, arguments: Json) -> Json:
        """Return the arguments with which a call does not wait for its pictures, unless they say how long."""
        ...

    async def told(self, job: "Job") -> CallToolResult:
        """Tell what became of a job, as a call that waited for it would.

        Raises:
            MCPError: If the call had failed as a request, not as a tool.
        """
        ...
