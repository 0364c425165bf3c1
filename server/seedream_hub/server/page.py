"""What a person reads of a result."""

from collections.abc import Iterator

from seedream_hub.schemas.language import later, say
from seedream_hub.schemas.result import ImageRecord, Result
from seedream_hub.tools.result import bill_line, failure_lines, head_lines

from .shell_words import for_people

UNKNOWN = later(
    "Some pictures may have been billed without an answer: look at the provider's console; "
    "`seedream-hub jobs retry {job_id}` asks again, and may be billed twice."
)
RUNNING = later(
    "{count} of {total} are not made yet. `seedream-hub jobs wait {job_id}` makes them, as does any server on this "
    "folder; `seedream-hub jobs show {job_id}` tells how far they are."
)


def picture_lines(image: ImageRecord) -> str:
    """Tell of a picture; its path has a line to itself, to be copied."""
    size = f"{image.width}x{image.height}, {max(1, round(image.bytes / 1000)):,} kB"
    return f"{image.path}\n    {size}, {image.id}\n"


def more_lines(result: Result) -> Iterator[str]:
    """Tell of pictures that are known by name only."""
    for image_id, name in result.more.names.items() if result.more else ():
        yield result.more.path.replace("{id}", image_id).replace("{name}", name) + "\n" if result.more else ""


def first_lines(result: Result) -> str:
    """Say what came of it."""
    return "\n".join(head_lines(result)) + "\n"


def last_lines(result: Result) -> str:
    """Say what is missing and why, what it cost, and what to do next."""
    lines = [*failure_lines(result), bill_line(result)]
    lines.extend(say("Warning: {warning}", warning=warning) for warning in result.warnings)
    if step := next_step(result):
        lines.append(say("Next: {step}", step=step))
    return for_people("\n".join(lines)) + "\n"


def next_step(result: Result) -> str | None:
    """Say what a person may do, where a result tells what to call."""
    if result.status == "running":
        left = result.requested - result.delivered - len(result.failures)
        return say(RUNNING, count=left, total=result.requested, job_id=result.job_id)
    if any(failure.billed == "unknown" for failure in result.failures):
        return say(UNKNOWN, job_id=result.job_id)
    return result.next
