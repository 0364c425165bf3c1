"""What a call gives back: a complete structured result, the same facts as short text, and what to show beside."""

from pathlib import Path
from typing import Final

from mcp.types import CallToolResult, ContentBlock, ImageContent, ResourceLink, TextContent

from seedream_hub.jobs.job import Job
from seedream_hub.schemas.cost import estimate, total
from seedream_hub.schemas.menu import Menu
from seedream_hub.schemas.result import Cost, Failure, ImageRecord, Result, Status

SANDBOX_TEXT: Final = "Sandbox: drawn locally, no model was called."
NOTHING_DRAWN_TEXT: Final = "Sandbox: no model was called."


def make_result(job: Job, menu: Menu, warnings: list[str]) -> Result:
    """Put together what a settled job gives back."""
    first = job.order.routes[0]
    served = list(job.served) or [first.provider]
    images = tuple(job.images[index] for index in sorted(job.images))
    failures = tuple(job.failures[index] for index in sorted(job.failures))
    return Result(
        status=_status(job),
        job_id=job.id,
        images=images,
        failures=failures,
        requested=job.order.count,
        delivered=len(images),
        billed=job.billed,
        cost=_cost_of(job, menu),
        provider=", ".join(served),
        model=first.model.name,
        prompt_sent=job.prompt_sent or first.request.prompt,
        warnings=(*warnings, *job.warnings),
        sandbox=job.sandbox or served == ["sandbox"],
        next=_next(job),
    )


def as_tool_result(result: Result, previews: list[ImageContent], *, links: bool) -> CallToolResult:
    """Return the result as MCP content."""
    content: list[ContentBlock] = [TextContent(type="text", text=as_text(result)), *previews]
    if links:
        content.extend(_link(image) for image in result.images)
    return CallToolResult(
        content=content, structured_content=result.model_dump(mode="json"), is_error=result.status == "failed"
    )


def as_text(result: Result) -> str:
    """Say the same facts as the structured result, in few tokens."""
    head = f"{result.status}: {result.delivered} of {result.requested} pictures by {result.provider}, {result.model}"
    lines = [f"{head} (job {result.job_id})."]
    if result.sandbox:
        lines.append(SANDBOX_TEXT if result.images else NOTHING_DRAWN_TEXT)
    lines.extend(map(_image_line, result.images))
    lines.extend(map(_failure_line, result.failures))
    lines.append(f"Pictures billed: {result.billed}, {_cost_text(result)}.")
    lines.append(f"Prompt sent: {result.prompt_sent}")
    lines.extend(f"Warning: {warning}" for warning in result.warnings)
    if result.next:
        lines.append(f"Next: {result.next}")
    return "\n".join(lines)


def _cost_of(job: Job, menu: Menu) -> Cost:
    """Add up what each provider that served the job charges."""
    first = job.order.routes[0]
    references = len(first.request.references)
    parts = [
        estimate(
            tuple(job.images[i] for i in sorted(served.indices) if i in job.images),
            served.billed,
            served.model,
            references,
        )
        for served in job.served.values()
    ]
    return total(parts or [estimate((), 0, first.model)], menu.limits)


def _status(job: Job) -> Status:
    if len(job.images) >= job.order.count and not job.failures:
        return "completed"
    if job.images:
        return "partial"
    return "cancelled" if all(f.code == "cancelled" for f in job.failures.values()) else "failed"


def _next(job: Job) -> str | None:
    lost = list(job.failures.values())
    if not lost:
        return None
    if any(failure.billed == "unknown" for failure in lost):
        return "Some pictures may have been billed without an answer: check the provider's console before repeating."
    if any(failure.billed == "yes" for failure in lost):
        return "A billed picture could not be fetched; its link stays in the journal. Asking again bills a new one."
    if job.advice:
        return " ".join(dict.fromkeys(job.advice))
    if all(failure.retryable for failure in lost):
        return "Wait a little, then call the tool again for the missing pictures."
    return "Change what the failures name, then call the tool again for the missing pictures."


def _link(image: ImageRecord) -> ResourceLink:
    name = Path(image.path).name
    return ResourceLink(type="resource_link", uri=image.uri, name=name, mime_type=image.mime_type, size=image.bytes)


def _image_line(image: ImageRecord) -> str:
    size = f"{image.width}x{image.height}, {max(1, round(image.bytes / 1000)):,} kB"
    return f"[{image.index}] {image.path} {size}, {image.uri}"


def _failure_line(failure: Failure) -> str:
    again = ", may be tried again" if failure.retryable else ""
    code = "" if failure.code in failure.message else f"{failure.code}; "
    return f"[{failure.index}] not made: {failure.message} ({code}billed: {failure.billed}{again})"


def _cost_text(result: Result) -> str:
    cost = result.cost
    if cost.amount is None:
        return "price unknown"
    charged = f"what {result.provider} would charge" if result.sandbox and cost.amount else "estimated"
    return f"{cost.amount:g} {cost.currency} ({charged})"
