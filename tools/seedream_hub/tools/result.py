"""What a call gives back: a complete structured result, the same facts as short text, and what to show beside."""

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath
from typing import Final

from mcp.types import CallToolResult, ContentBlock, ImageContent, ResourceLink, TextContent

from seedream_hub.jobs.job import SETTLED, Job, Slot
from seedream_hub.jobs.link import may_still_work
from seedream_hub.schemas.cost import cost_of, nothing, total
from seedream_hub.schemas.language import joined, later, listed, say, say_many, sentences
from seedream_hub.schemas.limits import ModelLimits
from seedream_hub.schemas.menu import Menu
from seedream_hub.schemas.money import Rates
from seedream_hub.schemas.result import Cost, Failure, ImageRecord, JobCost, Result
from seedream_hub.schemas.shared_path import SharedPath

from .bounds import Room, excerpt, fitting
from .failures import counted, which
from .layers import stacked

SANDBOX_TEXT: Final = later("Sandbox: drawn locally, no model was called.")
UNKNOWN: Final = later(
    "Some pictures may have been billed without an answer: check the provider's console; "
    "start_job with retry_unknown asks again."
)
NOTHING_DRAWN_TEXT: Final = later("Sandbox: no model was called.")


def make_result(job: Job, menu: Menu, of_the_call: Sequence[str] = ()) -> Result:
    """Put together what can be said of a job now: all of it, or as far as it is.

    `of_the_call` are warnings of the call that asks, not of the job.
    """
    first = job.asked[0]
    served = [name for name in dict.fromkeys(slot.provider for slot in job.slots.values()) if name]
    models = [name for name in dict.fromkeys(slot.model for slot in job.slots.values()) if name]
    return Result(
        status=job.status,
        job_id=job.id,
        images=job.images,
        failures=job.failures,
        requested=job.requested,
        delivered=len(job.images),
        billed=job.billed,
        billed_unknown=job.billed_unknown,
        cost=_cost_of(job, menu),
        provider=", ".join(served) or first.provider,
        model=", ".join(models) or first.model,
        prompt_sent=(job.facts.prompt_sent or first.prompt)
        if len(job.asked) == 1
        else say("{count} prompts", count=len(job.asked)),
        warnings=(*of_the_call, *job.facts.warnings, *_unpriced(job, menu)),
        sandbox=job.is_drawn or (served or [first.provider]) == ["sandbox"],
        next=_next(job),
    )


def as_tool_result(
    result: Result,
    previews: list[ImageContent],
    *,
    links: bool,
    order: Sequence[ImageRecord] | None = None,
    is_glance: bool = False,
) -> CallToolResult:
    """Return as much of a result as there is room for, as MCP content; the first pictures of `order` in full."""

    def make(room: Room) -> CallToolResult:
        told = excerpt(result, result.images if order is None else order, room)
        content: list[ContentBlock] = [TextContent(type="text", text=as_text(told)), *previews]
        if links:
            content.extend(_link(image) for image in told.images)
        facts = told.model_dump(mode="json")
        return CallToolResult(content=content, structured_content=facts, is_error=told.status == "failed")

    return fitting(make, is_glance=is_glance)


def as_text(result: Result) -> str:
    """Say the same facts as the structured result, in few tokens."""
    lines = [*head_lines(result), *counted(result), *_image_lines(result, _by(result)), *failure_lines(result)]
    lines.extend([bill_line(result), say("Prompt sent: {prompt}", prompt=result.prompt_sent)])
    lines.extend(say("Warning: {warning}", warning=warning) for warning in result.warnings)
    if result.next:
        lines.append(say("Next: {step}", step=result.next))
    return "\n".join(lines)


def head_lines(result: Result) -> list[str]:
    """Say what came of it, and whether a model was asked at all."""
    head = later("{status}: {delivered} of {requested} pictures by {provider}, {model} (job {job_id}).")
    drawn = say(SANDBOX_TEXT if result.images else NOTHING_DRAWN_TEXT)
    return [say(head, **dict(result)), *([drawn] if result.sandbox else [])]


def failure_lines(result: Result) -> list[str]:
    """Say what is not there, and why."""
    refusers = {failure.provider for failure in result.failures}
    is_told = len(refusers) < 2 and refusers <= {result.provider}  # noqa: PLR2004 - the head of the text names one
    return [_failure_line(failure, is_told=is_told) for failure in result.failures]


def bill_line(result: Result) -> str:
    """Say what was billed, and what it cost."""
    return say("Pictures billed: {billed}{more}.", billed=_billed_text(result), more=_expected_text(result))


def _cost_of(job: Job, menu: Menu) -> JobCost:
    """Add up what the pictures billed cost where they were made."""
    costs = [cost for _, cost in _costs(job, menu)]
    first = job.asked[0]
    billed = total(costs, menu.limits) if costs else nothing(_model(first.provider, first.model, menu))
    return JobCost(**dict(billed), expected=_expected(job, billed, menu))


def _expected(job: Job, billed: Cost, menu: Menu) -> float | None:
    """Return the cost with that of what is to come or may have been billed; None where one is not known."""
    more = [slot.cost for slot in job.slots.values() if slot.billed == "unknown" or _is_to_come(slot)]
    known = [cost for cost in more if cost and cost.amount is not None]
    if billed.amount is None or billed.currency is None or len(known) < len(more):
        return None
    return round(billed.amount + Rates(menu.limits.per_usd).sum(known, billed.currency).amount, 4)


def _is_to_come(slot: Slot) -> bool:
    return slot.state not in SETTLED and slot.billed == "no"


def _costs(job: Job, menu: Menu) -> list[tuple[Slot, Cost]]:
    billed = [slot for slot in job.slots.values() if slot.billed == "yes"]
    return [
        (slot, cost_of(slot.record, _limits_of(slot, menu), len(asked.references), is_layer=asked.is_layered))
        for slot in billed
        for asked in [job.asked_of(slot.index)]
    ]


def _unpriced(job: Job, menu: Menu) -> list[str]:
    """Say whose pictures the cost leaves out, where it is not all of them."""
    costs = _costs(job, menu)
    without = Counter(slot.provider for slot, cost in costs if cost.amount is None)
    if without.total() in {0, len(costs)}:
        return []
    which = listed(say("{count} by {provider}", count=count, provider=name) for name, count in without.items())
    return [say("The cost leaves out {which}: no price is known there.", which=which)]


def _limits_of(slot: Slot, menu: Menu) -> ModelLimits | None:
    return _model(slot.provider, slot.model, menu)


def _model(provider: str, name: str, menu: Menu) -> ModelLimits | None:
    rules = menu.limits.providers.get(provider)
    return rules.find(name) if rules else None


def _next(job: Job) -> str | None:
    if not job.is_settled:
        return _of_the_rest(job)
    return sentences(_of_the_missing(job) or "", *stacked(job)) or None


def _of_the_rest(job: Job) -> str:
    if job.is_cancelled:
        told = later(
            "Cancelled: nothing more is sent. What was sent is being finished; get_job with job_id {job_id}."
        )
        return say(told, job_id=job.id)
    told = later("{done} of {total} are settled. Call get_job with job_id {job_id} for the rest.")
    return say(told, done=job.done, total=job.total, job_id=job.id)


def _of_the_missing(job: Job) -> str | None:
    if not job.failures:
        return None
    if all(failure.code == "cancelled" for failure in job.failures):
        return say("What is missing was cancelled before it was sent.")
    if any(failure.billed == "unknown" for failure in job.failures):
        return say(UNKNOWN)
    if any(failure.billed == "yes" for failure in job.failures):
        return say("A billed picture could not be fetched{where}. Asking again bills a new one.", where=_where(job))
    if {failure.code for failure in job.failures} == {"not_made"}:
        return say_many(
            "Ask again for the missing one.",
            "Call the tool again for the {count} that are missing.",
            len(job.failures),
        )
    if job.facts.advice:
        return sentences(*job.facts.advice)
    if all(failure.retryable for failure in job.failures):
        return say("Wait a little, then call the tool again for the missing pictures.")
    if named := sorted({failure.argument for failure in job.failures if failure.argument}):
        return say("Change {names}, then call the tool again for the missing pictures.", names=listed(named))
    return say("The failures say why. The same call may well end the same way.")


def _where(job: Job) -> str:
    """Say how to get the links of billed pictures that were not fetched, where they came by link."""
    linked = [slot for slot in job.slots.values() if slot.state == "lost" and slot.url]
    if linked and not any(map(may_still_work, linked)):
        return say(", and its link no longer works")
    if linked:
        return say("; `seedream-hub jobs links {job_id}` prints its link", job_id=job.id)
    return say(" and came without a link")


def _link(image: ImageRecord) -> ResourceLink:
    name = PurePath(image.path).name
    return ResourceLink(type="resource_link", uri=image.uri, name=name, mime_type=image.mime_type, size=image.bytes)


def _image_lines(result: Result, by: dict[int, str]) -> list[str]:
    """Tell the pictures; of many what their paths share once."""
    if result.more is None:
        return [f"{_told(image, image.path)}, {image.uri}{by.get(image.index, '')}" for image in result.images]
    shared, job = SharedPath.parse(result.more.path), f"{result.job_id}-"
    lines = {image.index: _told(image, shared.name(image)) + by.get(image.index, "") for image in result.images}
    named = {int(image_id.removeprefix(job)): name for image_id, name in result.more.names.items()}
    lines |= {index: f"[{index}] {name}" for index, name in named.items()}
    head = say("Files are {path}, the id of [N] is {job}N, its name follows:", path=shared.path, job=job)
    return [head, *(line for _, line in sorted(lines.items()))]


def _told(image: ImageRecord, name: str) -> str:
    return f"[{image.index}] {name} {image.width}x{image.height}, {max(1, round(image.bytes / 1000)):,} kB"


def _by(result: Result) -> dict[int, str]:
    """Name who made each picture, where it was not one provider for all."""
    made = {image.index: image.provider for image in result.images}
    return (
        {index: say(", by {name}", name=name) for index, name in made.items()} if len(set(made.values())) > 1 else {}
    )


def _failure_line(failure: Failure, *, is_told: bool) -> str:
    by = say(" by {provider}", provider=failure.provider) if failure.provider and not is_told else ""
    again = say(", may be tried again") if failure.retryable else ""
    code = "" if failure.code in failure.message else f"{failure.code}; "
    facts = f"{code}billed: {failure.billed}{again}{_id(failure)}"
    return say(
        "{which} not made{by}: {message} ({facts})", which=which(failure), by=by, message=failure.message, facts=facts
    )


def _id(failure: Failure) -> str:
    """Name the request where its fate is to be looked up."""
    is_told = failure.billed == "unknown" and failure.request_id
    return say(", request id: {id}", id=failure.request_id) if is_told else ""


def _billed_text(result: Result) -> str:
    if not result.billed_unknown:
        return joined([str(result.billed), _cost_text(result)])
    known = say("{known} known, {unknown} unknown", known=result.billed, unknown=result.billed_unknown)
    return joined([known, say("{cost} for the known ones", cost=_cost_text(result)) if result.billed else ""])


def _expected_text(result: Result) -> str:
    """Say what all of a job that still runs will cost."""
    cost = result.cost
    if result.status != "running" or not cost.expected:
        return ""
    return say("; {amount} {currency} expected in all", amount=f"{cost.expected:g}", currency=cost.currency)


def _cost_text(result: Result) -> str:
    cost = result.cost
    if cost.amount is None:
        return say("price unknown")
    charged = say("estimated")
    if result.sandbox and cost.amount:
        charged = say("what {provider} would charge", provider=result.provider)
    return say("{amount:g} {currency} ({charged})", amount=cost.amount, currency=cost.currency, charged=charged)
