"""`generate_image`: independent pictures from text."""

from typing import Final

from mcp.types import CallToolResult, ToolAnnotations

from seedream_hub.schemas.arguments import GenerateArguments, generate_arguments, input_schema
from seedream_hub.schemas.errors import ArgumentError
from seedream_hub.schemas.limits import Json, ModelLimits, utc_now
from seedream_hub.schemas.offer import Offer
from seedream_hub.schemas.prompt import prompt_warnings
from seedream_hub.schemas.refusals import check_arguments
from seedream_hub.schemas.requests import ImageRequest
from seedream_hub.schemas.size import Size, resolve_size

from .progress import Progress, Report, follow
from .tool import Studio

DESCRIPTION: Final = (
    "Make new pictures from a text prompt with {label}. count gives independent variants of one prompt; call again "
    "for another prompt. Takes 10 to 80 s a picture and reports progress. Returns each picture's absolute path, its "
    "seedream:// URI and a small preview; the full files are already saved."
)


class GenerateImage:
    """The tool, bounded by what is offered."""

    name = "generate_image"
    title = "Generate images"
    annotations = ToolAnnotations(
        read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=True
    )

    def __init__(self, offer: Offer, studio: Studio, *, previews: bool, links: bool) -> None:
        self._offer = offer
        self._studio = studio
        self._previews = previews
        self._links = links
        self._shape = generate_arguments(offer)
        self.description = DESCRIPTION.format(label=_label(offer))
        self.input_schema = input_schema(self._shape)

    async def call(self, arguments: Json, report: Report) -> CallToolResult:
        """Make the pictures and wait for them. A cancelled call sends nothing more; what was sent is still saved."""
        checked = check_arguments(arguments, self._shape, self._offer)
        model = self._offer.model(checked.model)
        _check_served(model, self._offer)
        size = resolve_size(checked.size, checked.aspect_ratio, model, self._offer.limits)
        progress = Progress(report, checked.count)
        await progress.say(0, f"{checked.count} x {model.name}, {size.wire}: checked, starting")
        return await self._make(checked, model, size, progress)

    async def _make(
        self, checked: GenerateArguments, model: ModelLimits, size: Size, progress: Progress
    ) -> CallToolResult:
        from seedream_hub.jobs.job import Order  # not loaded before it is needed
        from seedream_hub.jobs.naming import Naming

        from .result import as_tool_result, make_result

        engine = await self._studio.engine()
        naming = Naming(checked.prompt, checked.filename, checked.count)
        request = ImageRequest(model=model.id, prompt=checked.prompt, size=size.wire, watermark=checked.watermark)
        job = await engine.start(Order(self.name, model.name, (request,) * checked.count, naming))
        try:
            await follow(job, progress)
        finally:
            job.cancel()
        warnings = [*_model_warnings(model, self._offer), *prompt_warnings(checked.prompt, model, self._offer.limits)]
        result = make_result(job, self._offer.provider, model, warnings)
        return await as_tool_result(result, previews=self._previews, links=self._links)


def _label(offer: Offer) -> str:
    if offer.provider == "sandbox":
        return "the built-in sandbox (no API key is set: pictures are drawn locally, no model is called)"
    return f"ByteDance Seedream at {offer.label}"


def _check_served(model: ModelLimits, offer: Offer) -> None:
    """Refuse a model whose last day passed while this server was running."""
    if model.lifecycle.is_served(utc_now()):
        return
    instead = model.lifecycle.use_instead or offer.default.name
    problem = f"{model.name} is no longer served by {offer.label}"
    raise ArgumentError("model", problem, f"use {instead}", offer.limits.source(model, "lifecycle"))


def _model_warnings(model: ModelLimits, offer: Offer) -> list[str]:
    lifecycle = model.lifecycle
    if not model.is_known:
        return [f"{model.name} stands in no limits table: nothing was checked; the provider may refuse or change it."]
    if lifecycle.state != "retiring":
        return []
    when = f" on {lifecycle.ends:%Y-%m-%d %H:%M %Z}" if lifecycle.ends else ""
    instead = f"; use {lifecycle.use_instead}" if lifecycle.use_instead else ""
    return [f"{offer.label} retires {model.name}{when}{instead} ({offer.limits.source(model, 'lifecycle')})."]
