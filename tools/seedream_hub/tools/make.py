"""What the tools that make images share: check the call, choose who serves it, follow the job, tell the result."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio
from mcp.types import CallToolResult, ToolAnnotations

from seedream_hub.schemas.arguments import ImageArguments, Kind, arguments_of, input_schema
from seedream_hub.schemas.errors import ArgumentError
from seedream_hub.schemas.limits import Json, ModelLimits, utc_now
from seedream_hub.schemas.menu import Menu
from seedream_hub.schemas.offer import Offer
from seedream_hub.schemas.plan import can_group, plan
from seedream_hub.schemas.prompt import prompt_warnings
from seedream_hub.schemas.refusals import check_arguments

from .previews import Previews
from .progress import Progress, Report, follow
from .tool import Studio

if TYPE_CHECKING:
    from seedream_hub.jobs.job import Route
    from seedream_hub.jobs.reference_book import ReferenceBook


@dataclass(frozen=True, slots=True)
class Shown:
    """What results carry besides their facts."""

    previews: bool
    links: bool


class ImageTool:
    """A tool that makes images, bounded by what is offered."""

    annotations = ToolAnnotations(
        read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=True
    )

    def __init__(self, kind: Kind, title: str, description: str, menu: Menu, studio: Studio, shown: Shown) -> None:
        self.name = kind.tool
        self.title = title
        self.description = description.format(label=_label(menu), wait=_wait(menu))
        self._kind = kind
        self._menu = menu
        self._studio = studio
        self._shown = shown
        self._shape = arguments_of(kind, menu)
        self.input_schema = input_schema(self._shape)

    async def call(self, arguments: Json, report: Report) -> CallToolResult:
        """Make the pictures and wait for them. A cancelled call sends nothing more; what was sent is still saved."""
        checked = check_arguments(arguments, self._shape, self._menu)
        candidates = self._candidates(checked)
        progress = Progress(report, checked.count)
        await progress.say(0, f"{checked.count} x {checked.model}: checked, starting")
        references = await self._studio.references(checked.references, checked.purpose)
        return await self._make(checked, await self._routes(checked, candidates, references), references, progress)

    def _candidates(self, checked: ImageArguments) -> list[tuple[Offer, ModelLimits]]:
        """Return who may serve the call: who was named, else all that have the model and take the arguments.

        Raises:
            ArgumentError: If nobody can.
        """
        having = self._menu.having(checked.model)
        named = [entry for entry in having if checked.provider in {None, entry[0].provider}]
        if not named:
            owners = ", ".join(offer.provider for offer, _ in having)
            problem = f"{checked.provider} does not have {checked.model}"
            raise ArgumentError("provider", problem, f"use {owners}, or leave it out")
        able: list[tuple[Offer, ModelLimits]] = []
        refused: ArgumentError | None = None
        for offer, model in named:
            try:
                plan(self._kind, checked, offer, model)
                able.append((offer, model))
            except ArgumentError as exc:
                refused = refused or exc
        if not able and refused:
            raise refused
        return able

    async def _routes(
        self, checked: ImageArguments, able: list[tuple[Offer, ModelLimits]], references: "ReferenceBook"
    ) -> "tuple[Route, ...]":
        """Return the ways to serve the call whose model takes the references too.

        Raises:
            ArgumentError: If none does.
        """
        from seedream_hub.jobs.job import Route  # not loaded before it is needed

        routes: list[Route] = []
        refused: ArgumentError | None = None
        for offer, model in able:
            try:
                await references.fit(offer.provider, model, checked.prompt)
            except ArgumentError as exc:
                refused = refused or exc
                continue
            request = plan(self._kind, checked, offer, model)
            routes.append(Route(offer.provider, model, request.model_copy(update={"references": references.origins})))
        if not routes and refused:
            raise refused
        return tuple(routes)

    async def _make(
        self,
        checked: ImageArguments,
        routes: "tuple[Route, ...]",
        references: "ReferenceBook",
        progress: Progress,
    ) -> CallToolResult:
        from seedream_hub.jobs.job import Order  # not loaded before it is needed
        from seedream_hub.jobs.naming import Naming

        from .result import as_tool_result, make_result

        engine = await self._studio.engine()
        naming = Naming(checked.prompt, checked.filename, checked.count)
        job = await engine.start(Order(self.name, routes, references, naming))
        previews = Previews(job)
        try:
            async with anyio.create_task_group() as tasks:
                if self._shown.previews:
                    tasks.start_soon(previews.draw)
                await follow(job, progress)
        finally:
            job.cancel()
        result = make_result(job, self._menu, self._warnings(checked, routes[0]))
        return as_tool_result(result, previews.content(), links=self._shown.links)

    def _warnings(self, checked: ImageArguments, route: "Route") -> list[str]:
        offer = next(offer for offer in self._menu.offers if offer.provider == route.provider)
        fan_out = self._kind.is_set and checked.count > 1 and not can_group(route.model)
        separately = f"{route.model.name} makes no sets: {checked.count} pictures were asked for one by one."
        return [
            *_model_warnings(route.model, offer),
            *([separately] if fan_out else []),
            *prompt_warnings(checked.prompt, route.model, offer.limits),
        ]


def _label(menu: Menu) -> str:
    if menu.providers == ["sandbox"]:
        return "the built-in sandbox (no API key is set: pictures are drawn locally, no model is called)"
    return f"ByteDance Seedream at {', '.join(offer.label for offer in menu.offers)}"


def _wait(menu: Menu) -> str:
    return "Reports" if menu.providers == ["sandbox"] else "Takes 10 to 80 s a picture and reports"


def _model_warnings(model: ModelLimits, offer: Offer) -> list[str]:
    lifecycle = model.lifecycle
    if not model.is_known:
        where = f"stands in no limits table of {offer.label}"
        return [f"{model.name} {where}: nothing was checked; the provider may refuse or change it."]
    if offer.provider == "sandbox":
        return _real_end(model, offer)
    if lifecycle.state != "retiring":
        return []
    when = f" on {lifecycle.ends:%Y-%m-%d %H:%M %Z}" if lifecycle.ends else ""
    instead = f"; use {lifecycle.use_instead}" if lifecycle.use_instead else ""
    return [f"{offer.label} retires {model.name}{when}{instead} ({offer.limits.source(model, 'lifecycle')})."]


def _real_end(model: ModelLimits, offer: Offer) -> list[str]:
    """Say of a model the sandbox draws for ever when it ends at Ark, whose models it has."""
    ark = offer.limits.providers.get("ark")
    real = ark.models.get(model.name) if ark else None
    if ark is None or real is None or real.lifecycle.state == "current":
        return []
    is_over = not real.lifecycle.is_served(utc_now())
    when = f" on {real.lifecycle.ends:%Y-%m-%d %H:%M %Z}" if real.lifecycle.ends else ""
    instead = f"; use {real.lifecycle.use_instead} there" if real.lifecycle.use_instead else ""
    source = offer.limits.source(real, "lifecycle")
    said = f"{ark.label} {'retired' if is_over else 'retires'} {model.name}{when}{instead} ({source})."
    return [f"{said} The sandbox goes on drawing it."]
