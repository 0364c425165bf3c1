"""The MCP server: tools and resources of ours on the SDK's wire."""

import logging
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anyio
from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError, UnexpectedToolError
from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase, FuncMetadata
from mcp.types import CallToolResult, InputRequiredResult, TextContent
from pydantic import AnyUrl, Field

from seedream_hub.schemas.errors import HubError, StorageError
from seedream_hub.schemas.limits import Json, Limits, utc_now
from seedream_hub.schemas.menu import Menu, make_menu
from seedream_hub.schemas.result import output_schema
from seedream_hub.tools.ask import AskedBack
from seedream_hub.tools.batch import batch_images
from seedream_hub.tools.bounds import cut
from seedream_hub.tools.edit import edit_image
from seedream_hub.tools.find import FindImagesTool
from seedream_hub.tools.fuse import fuse_images
from seedream_hub.tools.generate import generate_image
from seedream_hub.tools.jobs import CancelJobTool, Desk, GetJobTool, StartJobTool
from seedream_hub.tools.make import Shown
from seedream_hub.tools.tool import HubTool, JobTool

from .accounts import choose_providers
from .asking import Asking
from .resources import add_job_resources
from .settings import Settings
from .studio import LazyStudio
from .tasks import Tasks

MAKERS: Final = (generate_image, edit_image, fuse_images, batch_images)

if TYPE_CHECKING:
    from seedream_hub.providers.timing import Timing

log: Final = logging.getLogger(__name__)

MOST_REFUSAL_BYTES: Final = 4000

IMAGE_URI: Final = "seedream://images/"

INSTRUCTIONS: Final = (
    "Seedream makes pictures from text and from other pictures. Results give absolute paths of files that are "
    "already saved: show the user the path. Read seedream://images/{id} for a picture's bytes."
)


class BoundTool(Tool):
    """A tool of ours: its schema, its checks and its refusals instead of the SDK's."""

    hub_tool: Any = Field(exclude=True)
    may_ask: bool = False

    async def run(self, arguments: Json, context: Context[Any, Any], convert_result: bool = False) -> Any:  # noqa: ANN401, ARG002, FBT001, FBT002 - the SDK's signature
        """Run the tool; a refusal becomes a result the model reads."""
        asking = Asking(context)
        ask = (asking.ask,) if self.may_ask else ()
        try:
            result = await self.hub_tool.call(arguments, context.report_progress, *ask)
        except AskedBack:
            return asking.pending
        except HubError as exc:
            return _refused(exc)
        except Exception as exc:
            raise UnexpectedToolError(f"Error executing tool {self.name}") from exc
        return self.fn_metadata.convert_result(result)


class HubServer(MCPServer[None]):
    """The SDK's server, with pictures read under their own media type."""

    studio: LazyStudio

    async def read_resource(
        self, uri: AnyUrl | str, context: Context[None, Any] | None = None
    ) -> Iterable[ReadResourceContents] | InputRequiredResult:
        """Read a picture's bytes, or whatever else the SDK serves."""
        if str(uri).startswith(IMAGE_URI):
            return [await self._image(str(uri))]
        return await super().read_resource(uri, context)

    def drop_prompts(self) -> None:
        """Serve no prompts, as there are none: what is served is announced to every client."""
        handlers = self._lowlevel_server._request_handlers  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - the SDK has no other way
        for method in ("prompts/list", "prompts/get"):
            handlers.pop(method, None)

    async def _image(self, uri: str) -> ReadResourceContents:
        try:
            engine = await self.studio.engine()
            record = await engine.journal.image(uri.removeprefix(IMAGE_URI))
        except HubError as exc:
            raise ResourceError(exc.message) from exc
        if record is None:
            raise ResourceNotFoundError(f"There is no picture {uri}.")
        if record.pruned:
            raise ResourceNotFoundError(f"The file of {uri} was pruned.")
        try:
            async with engine.library.reading(record.path) as path:
                content = await anyio.Path(path).read_bytes()
        except StorageError as exc:
            raise ResourceError(exc.message) from exc
        except OSError as exc:
            message = f"The file of {uri} is gone or cannot be read: {Path(record.path).name} ({exc.strerror})."
            raise ResourceNotFoundError(message) from exc
        return ReadResourceContents(content=content, mime_type=record.mime_type)


def make_server(settings: Settings, limits: Limits, timing: "Timing | None" = None) -> HubServer:
    """Build the server. Nothing is loaded, opened or started before its first call.

    `timing` is how long upstreams are waited for; by default what they were measured to take.

    Raises:
        SettingsError: If the settings name a provider without a key or a model that is gone.
    """
    studio, desk = make_desk(settings, limits, timing)
    return assemble(settings, studio, desk, [*desk.tools.values(), StartJobTool(desk)])


def make_desk(settings: Settings, limits: Limits, timing: "Timing | None" = None) -> tuple[LazyStudio, Desk]:
    """Return what tools work with.

    Raises:
        SettingsError: If the settings name a provider without a key or a model that is gone.
    """
    providers = choose_providers(settings)
    if "byteplus" in limits.providers:
        limits = limits.in_region("byteplus", settings.byteplus_region)
    studio = LazyStudio(settings, limits, providers, timing)
    menu = make_menu(providers, settings.models, limits, utc_now(), settings.routing)
    _tell_of_unknown(menu)
    shown = Shown(settings.preview == "inline", settings.resource_links, settings.max_wait_s, settings.confirm_above)
    makers = (make(menu, studio, shown) for make in MAKERS)
    return studio, Desk(menu, studio, shown, {tool.name: tool for tool in makers})


def assemble(settings: Settings, studio: LazyStudio, desk: Desk, job_tools: Sequence[JobTool]) -> HubServer:
    """Put the server together from the tools that begin jobs, those that look after them, and the resources."""
    tools: list[HubTool] = [*job_tools, GetJobTool(desk), CancelJobTool(desk), FindImagesTool(studio)]
    tasks = Tasks(desk, job_tools)
    server = HubServer(
        "seedream-hub",
        title="Seedream Hub",
        instructions=INSTRUCTIONS,
        version=version("seedream-hub"),
        tools=[bind(tool, may_ask=tool in job_tools) for tool in tools],
        extensions=[tasks],
        middleware=[tasks.guard_subscriptions],
        lifespan=lambda _: studio.at_work(desk.prepare),
        subscriptions=False,
        log_level=settings.log_level,
    )
    server.studio = studio
    server.drop_prompts()
    server.resource(IMAGE_URI + "{image_id}", name="image", title="A picture made before", mime_type="image/*")(
        _described
    )
    add_job_resources(server, desk)
    return server


def _tell_of_unknown(menu: Menu) -> None:
    """Log which models are offered that stand in no table: a name may be mistyped."""
    for offer, model in menu.entries:
        if not model.is_known:
            known = [name for other in offer.limits.providers[offer.provider].models.values() for name in other.names]
            close = get_close_matches(model.name, known, n=1, cutoff=0.8)
            meant = f" Did you mean {close[0]}?" if close else ""
            what = "stands in no limits table of"
            log.warning("SEEDREAM_MODELS: %s %s %s: it is sent unchecked.%s", model.name, what, offer.label, meant)


def bind(tool: HubTool, *, may_ask: bool = False) -> BoundTool:
    """Present a tool of ours to the SDK; one that begins jobs may ask the user first."""
    shape = output_schema(tool.output)
    return BoundTool(
        fn=tool.call,
        name=tool.name,
        title=tool.title,
        description=tool.description,
        parameters=tool.input_schema,
        fn_metadata=FuncMetadata(arg_model=ArgModelBase, output_model=tool.output, output_schema=shape),
        is_async=True,
        annotations=tool.annotations,
        context_kwarg=None,
        hub_tool=tool,
        may_ask=may_ask,
    )


def _refused(error: HubError) -> CallToolResult:
    """Say what was refused, and that nothing was sent."""
    step = f"\nNext: {error.next_step}" if error.next_step else ""
    text = f"{cut(error.message, MOST_REFUSAL_BYTES)}{step}\nNothing was sent or billed."
    return CallToolResult(content=[TextContent(type="text", text=text)], is_error=True)


def _described(image_id: str) -> bytes:
    """Read the bytes of a picture by its id."""
    raise ResourceNotFoundError(f"There is no picture {image_id}.")
