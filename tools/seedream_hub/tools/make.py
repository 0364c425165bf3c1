"""What the tools that make images share: check the call, choose who serves it, follow the job, tell the result."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import anyio
from mcp.types import CallToolResult, ToolAnnotations

from seedream_hub.schemas.arguments import EDIT, ImageArguments, Kind, arguments_of, input_schema
from seedream_hub.schemas.errors import ArgumentError
from seedream_hub.schemas.language import later, listed, say
from seedream_hub.schemas.limits import Json, ModelLimits
from seedream_hub.schemas.menu import Menu
from seedream_hub.schemas.money import Money
from seedream_hub.schemas.named_references import naming_warnings
from seedream_hub.schemas.offer import Offer
from seedream_hub.schemas.plan import can_group, plan
from seedream_hub.schemas.prompt import prompt_warnings
from seedream_hub.schemas.refusals import check_arguments
from seedream_hub.schemas.result import Result
from seedream_hub.schemas.set_prompt import other_numbers
from seedream_hub.schemas.shape import in_shape, keeps_shape, lost_ratio

from .ask import Ask, nobody
from .lifecycle import model_warnings
from .previews import Previews
from .progress import Progress, Report, follow
from .spend import Start, Till
from .tool import Studio

if TYPE_CHECKING:
    from seedream_hub.jobs.engine import Engine
    from seedream_hub.jobs.job import Job
    from seedream_hub.jobs.order import Order, Route
    from seedream_hub.jobs.reference_book import ReferenceBook

OF_THE_CALL: Final = frozenset({"wait_s", "request_key"})
"""Arguments that say nothing of the pictures."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What results carry besides their facts, and after how many seconds a call gives a job's id instead."""

    previews: bool
    links: bool
    max_wait_s: float = 45
    confirm_above: Money | None = None
    """Above which price the user is asked first."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A call that was checked: nothing is sent yet."""

    order: "Order"
    warnings: tuple[str, ...]


class ImageTool:
    """A tool that makes images, bounded by what is offered."""

    output = Result
    annotations = ToolAnnotations(
        read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=True
    )

    def __init__(self, kind: Kind, title: str, description: str, menu: Menu, studio: Studio, shown: Shown) -> None:
        self.name = kind.tool
        self.title = say(title)
        self.description = say(description, label=_label(menu), wait=_wait(menu))
        self._kind = kind
        self._menu = menu
        self._studio = studio
        self._shown = shown
        self._shape = arguments_of(kind, menu)
        self.input_schema = input_schema(self._shape)

    async def call(self, arguments: Json, report: Report, ask: Ask = nobody) -> CallToolResult:
        """Make the pictures, and wait for them a while; then the job goes on, and its id is returned.

        A cancelled call sends nothing more; what was sent is still saved.
        """
        checked = check_arguments(arguments, self._shape, self._menu)
        self._candidates(checked)
        progress = Progress(report, checked.count)
        async with progress.alive():
            told = later("{count} x {model}: checked, starting")
            if checked.references:
                told = later("{count} x {model}: checking the references")
            await progress.say(0, say(told, count=checked.count, model=checked.model))
            engine = await self._studio.engine()
            key = key_of(checked.request_key, self.name, given(arguments))
            job, is_new = await engine.known(key), False
            if job is None:
                start = Start(self.name, [await self._prepared(checked, arguments)], key)
                job, is_new = await Till(self._menu, self._shown.confirm_above).begin(engine, start, ask, progress)
            previews = Previews(job, engine.library)
            try:
                await self._wait(engine, job, checked.wait_s, (progress, previews))
            except anyio.get_cancelled_exc_class():
                if not job.is_background:
                    job.cancel()
                raise
            return self._shows(job, previews, told_again(key, is_new=is_new))

    def at_once(self, arguments: Json) -> Json:
        """Return the arguments with which a call does not wait for its pictures, unless they say how long."""
        return {**arguments, "wait_s": 0} if arguments.get("wait_s") is None else arguments

    async def told(self, job: "Job") -> CallToolResult:
        """Tell what became of a job."""
        previews = Previews(job, (await self._studio.engine()).library)
        if self._shown.previews and job.is_settled:
            await previews.draw()
        return self._shows(job, previews)

    def _shows(self, job: "Job", previews: Previews, of_the_call: Sequence[str] = ()) -> CallToolResult:
        from .result import as_tool_result, make_result  # not loaded before it is needed

        return as_tool_result(make_result(job, self._menu, of_the_call), previews.content(), links=self._shown.links)

    async def prepare(self, arguments: Json, *, trusted: bool = False) -> Prepared:
        """Check arguments and choose who may serve them; `trusted` ones were allowed to read their files before.

        Raises:
            HubError: If an argument is refused.
        """
        checked = check_arguments(arguments, self._shape, self._menu, without=OF_THE_CALL)
        return await self._prepared(checked, arguments, trusted=trusted)

    async def _prepared(self, checked: ImageArguments, raw: Json, *, trusted: bool = False) -> Prepared:
        from seedream_hub.jobs.order import Order  # not loaded before it is needed

        candidates, passed_over = self._candidates(checked)
        references = await self._studio.references(checked.references, checked.purpose, trusted=trusted)
        routes = await self._routes(checked, candidates, references)
        kept = given(raw)
        if checked.image is not None:
            kept["image"] = references.kept["image"]
        elif checked.images:
            kept["images"] = list(references.kept.values())
        return Prepared(
            Order(self.name, kept, routes, references),
            (*passed_over, *self._warnings(checked, routes[0]), *_of_a_shape(checked, routes[0], references)),
        )

    async def _wait(self, engine: "Engine", job: "Job", wait_s: int | None, seen: tuple[Progress, Previews]) -> None:
        """Follow the job while the caller waits; one that goes on is written down as going on."""
        progress, previews = seen
        async with anyio.create_task_group() as tasks:
            if self._shown.previews:
                tasks.start_soon(previews.draw)
            with anyio.move_on_after(self._shown.max_wait_s if wait_s is None else wait_s):
                await follow(engine, job, progress, since=0)
            if not job.is_settled:
                tasks.cancel_scope.cancel()
        if not job.is_settled and not job.is_background:
            await engine.detach(job)

    def _candidates(self, checked: ImageArguments) -> tuple[list[tuple[Offer, ModelLimits]], list[str]]:
        """Return who may serve the call: who was named, else all that have the model and take the arguments.

        With them comes why those before the first of them cannot.

        Raises:
            ArgumentError: If nobody can.
        """
        having = self._menu.having(checked.model)
        named = [entry for entry in having if checked.provider in {None, entry[0].provider}]
        if not named:
            owners = listed(offer.provider for offer, _ in having)
            problem = say("{provider} does not have {model}", provider=checked.provider, model=checked.model)
            raise ArgumentError("provider", problem, say("use {names}, or leave it out", names=owners))
        able: list[tuple[Offer, ModelLimits]] = []
        refused: ArgumentError | None = None
        passed_over: list[str] = []
        for offer, model in named:
            try:
                plan(self._kind, checked, offer, model, self._menu.offers)
                able.append((offer, model))
            except ArgumentError as exc:
                refused = refused or exc
                if not able:
                    told = later("{provider} was passed over: {argument} {problem}.")
                    facts = {"argument": exc.argument, "problem": exc.problem}
                    passed_over.append(say(told, provider=offer.provider, **facts))
        if not able and refused:
            raise refused
        return able, passed_over

    async def _routes(
        self, checked: ImageArguments, able: list[tuple[Offer, ModelLimits]], references: "ReferenceBook"
    ) -> "tuple[Route, ...]":
        """Return the ways to serve the call whose model takes the references too.

        Raises:
            ArgumentError: If none does.
        """
        from seedream_hub.jobs.order import Route  # not loaded before it is needed

        routes: list[Route] = []
        refused: ArgumentError | None = None
        for offer, model in able:
            try:
                await references.fit(offer.provider, model, checked.prompt)
            except ArgumentError as exc:
                refused = refused or exc
                continue
            shaped = checked
            if self._kind is EDIT:
                shaped = in_shape(checked, references.shapes(offer.provider, model)[0], model)
            request = plan(self._kind, shaped, offer, model)
            routes.append(Route(offer.provider, model, request.model_copy(update={"references": references.origins})))
        if not routes and refused:
            raise refused
        return tuple(routes)

    def _contradiction(self, checked: ImageArguments) -> list[str]:
        if not (others := other_numbers(checked.prompt, checked.count)):
            return []
        said = listed(map(str, others))
        told = later("The prompt speaks of {said} pictures and count is {count}: the model may follow either.")
        return [say(told, said=said, count=checked.count)]

    @staticmethod
    def _of_a_link(checked: ImageArguments, route: "Route") -> list[str]:
        is_link = str(checked.image).lower().startswith("https:")
        if not is_link or not keeps_shape(checked) or route.model.size.default == "adaptive":
            return []
        return [say("What shape a link's picture has is not known here: the model chooses; aspect_ratio sets it.")]

    def _warnings(self, checked: ImageArguments, route: "Route") -> list[str]:
        offer = next(offer for offer in self._menu.offers if offer.provider == route.provider)
        fan_out = self._kind.is_set and checked.count > 1 and not can_group(route.model)
        told = later("{model} makes no sets: {count} pictures were asked for one by one.")
        separately = say(told, model=route.model.name, count=checked.count)
        return [
            *model_warnings(route.model, offer),
            *([separately] if fan_out else []),
            *(self._contradiction(checked) if self._kind.is_set else []),
            *naming_warnings(checked.prompt, len(checked.references), checked.count),
            *(self._of_a_link(checked, route) if self._kind is EDIT else []),
            *prompt_warnings(checked.prompt, route.model, offer.limits),
        ]


def given(raw: Json) -> Json:
    """Return what a call says of its pictures. An argument that is null counts as not given."""
    return {name: value for name, value in raw.items() if value is not None and name not in OF_THE_CALL}


def key_of(key: str | None, tool: str, what: object) -> tuple[str, str] | None:
    """Return a request key with the digest of what it stands for."""
    if key is None:
        return None
    told = json.dumps([tool, what], sort_keys=True, ensure_ascii=False)
    return key, hashlib.sha256(told.encode()).hexdigest()


def told_again(key: tuple[str, str] | None, *, is_new: bool) -> list[str]:
    """Warn a call whose request key has the job of an earlier one."""
    told = later("request_key {key}: this is the job of an earlier call; nothing was sent or billed for this one.")
    return [say(told, key=key[0])] if key and not is_new else []


def _of_a_shape(checked: ImageArguments, route: "Route", references: "ReferenceBook") -> list[str]:
    """Warn where several references have one shape, and the picture may get another."""
    ratio = lost_ratio(checked, references.shapes(route.provider, route.model), route.model)
    told = later("The references are all {ratio}, and the picture may not be: aspect_ratio {ratio} makes it so.")
    return [say(told, ratio=ratio)] if ratio else []


def _label(menu: Menu) -> str:
    if menu.providers == ["sandbox"]:
        return say("the built-in sandbox (no API key is set: pictures are drawn locally, no model is called)")
    return say("ByteDance Seedream at {providers}", providers=listed(offer.label for offer in menu.offers))


def _wait(menu: Menu) -> str:
    if menu.providers == ["sandbox"]:
        return say("Reports progress.")
    return say("Takes 10 to 80 s a picture and reports progress.")
