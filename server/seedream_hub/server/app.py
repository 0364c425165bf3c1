"""The MCP server: tools and resources of ours on the SDK's wire."""

import logging
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from difflib import get_close_matches
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ResourceNotFoundError, UnexpectedToolError
from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase, FuncMetadata
from mcp.types import (
    CallToolResult,
    GetPromptResult,
    InputRequiredResult,
    Prompt,
    Resource,
    ResourceTemplate,
    TextContent,
)
from pydantic import AnyUrl, Field

from seedream_hub.schemas.errors import HubError
from seedream_hub.schemas.language import later, say
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
from .image_resources import ImageResources
from .live_resources import LiveResources
from .news import News, announce
from .proposals import Proposals
from .resources import Resources, not_found
from .settings import Settings
from .studio import LazyStudio
from .tasks import Tasks

MAKERS: Final = (generate_image, edit_image, fuse_images, batch_images)

if TYPE_CHECKING:
    from seedream_hub.jobs.recovery import Prepare
    from seedream_hub.providers.timing import Timing

    from .prompts import Prompts

log: Final = logging.getLogger(__name__)

MOST_REFUSAL_BYTES: Final = 4000

INSTRUCTIONS: Final = later(
    "Seedream makes pictures from text and from other pictures. Results give absolute paths of files that are "
    "already saved: show the user the path. Read seedream://images/{{id}} for a picture's bytes."
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
            return _refused(exc, is_told=not self.hub_tool.annotations.read_only_hint)
        except Exception as exc:
            raise UnexpectedToolError(say("Error executing tool {tool}", tool=self.name)) from exc
        return self.fn_metadata.convert_result(result)


class HubServer(MCPServer[None]):
    """The SDK's server, with resources and prompts of ours."""

    studio: LazyStudio
    prepare: "Prepare"
    offered: Resources
    images: ImageResources
    schemas: Mapping[str, Json]
    """What each tool takes that makes pictures."""

    @cached_property
    def prompts(self) -> "Prompts":
        """The prompts, made when somebody asks for them."""
        from .prompt_tasks import TASKS
        from .prompts import Prompts

        return Prompts(TASKS, self.schemas)

    async def list_resources(self) -> list[Resource]:
        """List what has one address, then the newest pictures."""
        return [*self.offered.fixed(), *await super().list_resources(), *await self.images.newest()]

    async def list_resource_templates(self) -> list[ResourceTemplate]:
        """List what has an address with a variable."""
        return [*self.offered.templates(), *await super().list_resource_templates()]

    async def read_resource(
        self, uri: AnyUrl | str, context: Context[None, Any] | None = None
    ) -> Iterable[ReadResourceContents] | InputRequiredResult:
        """Read a resource of ours, or whatever else the SDK serves."""
        try:
            content = await self.offered.read(str(uri))
            return [content] if content else await super().read_resource(uri, context)
        except ResourceNotFoundError as exc:
            raise not_found(str(uri), str(exc), context.protocol_version if context else None) from exc

    async def list_prompts(self) -> list[Prompt]:
        """List the prompts."""
        return [*self.prompts.listed(), *await super().list_prompts()]

    async def get_prompt(
        self, name: str, arguments: dict[str, Any] | None = None, context: Context[None, Any] | None = None
    ) -> GetPromptResult | InputRequiredResult:
        """Return the message of a prompt of ours, or of whatever else the SDK serves."""
        if name in {prompt.name for prompt in await super().list_prompts()}:
            return await super().get_prompt(name, arguments, context)
        return self.prompts.get(name, arguments)

    async def run_stdio_async(self) -> None:
        """Serve a client over stdio. One that is gone all at once ends no task of the studio's."""
        async with self.studio.at_work(self.prepare):
            try:
                await super().run_stdio_async()
            except* (BrokenPipeError, ConnectionResetError):
                log.info("The client reads no longer.")

    def serve_news(self, news: News) -> None:
        """Announce the news there are."""
        announce(self._lowlevel_server)
        self.studio.on_stored.append(lambda _: news.appeared())


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
    tasks, news = Tasks(desk, job_tools), News()
    server = HubServer(
        "seedream-hub",
        title="Seedream Hub",
        instructions=say(INSTRUCTIONS),
        version=version("seedream-hub"),
        tools=[bind(tool, may_ask=tool in job_tools) for tool in tools],
        extensions=[tasks],
        middleware=[tasks.guard_subscriptions, news.watch],
        lifespan=lambda _: _at_work(studio, desk, news),
        subscriptions=news.bus,
        log_level=settings.log_level,
    )
    server.studio, server.prepare = studio, desk.prepare
    server.images = ImageResources(desk, settings.state_dir)
    server.offered = Resources([*LiveResources(desk, settings.state_dir).all(), *server.images.all()])
    server.schemas = {tool.name: tool.input_schema for tool in desk.tools.values()}
    server.completion()(Proposals(lambda: server.prompts, settings.state_dir).complete)
    server.serve_news(news)
    return server


@asynccontextmanager
async def _at_work(studio: LazyStudio, desk: Desk, news: News) -> AsyncGenerator[None]:
    async with studio.at_work(desk.prepare), news.told():
        yield


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


def _refused(error: HubError, *, is_told: bool) -> CallToolResult:
    """Say what was refused, and that nothing was sent, where something might have been."""
    lines = [cut(error.message, MOST_REFUSAL_BYTES)]
    if error.next_step:
        lines.append(say("Next: {step}", step=error.next_step))
    if is_told:
        lines.append(say("Nothing was sent or billed."))
    return CallToolResult(content=[TextContent(type="text", text="\n".join(lines))], is_error=True)
