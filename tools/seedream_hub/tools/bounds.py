"""Keep what a call gives back short: full detail for the first pictures, names for more, and where the rest is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from mcp.types import CallToolResult, ContentBlock, ImageContent

from seedream_hub.schemas.language import say, say_many, sentences
from seedream_hub.schemas.result import Failure, ImageRecord, Result
from seedream_hub.schemas.shared_path import SharedPath

MOST_BYTES: Final = 12_000
"""Of a whole result as JSON, text and structured content together, without previews."""

MOST_STEP_BYTES: Final = 1000
MARK: Final = "…"


@dataclass(frozen=True, slots=True)
class Room:
    """How much a result may tell."""

    detailed: int
    """Pictures in full."""
    named: int
    """Further pictures by name."""
    failures: int
    warnings: int
    prompt_bytes: int
    message_bytes: int
    """Of a failure or warning."""


ROOMS: Final = (
    Room(15, 35, 15, 20, 1000, 600),
    Room(15, 35, 5, 5, 600, 300),
    Room(10, 40, 5, 5, 240, 300),
    Room(5, 45, 3, 3, 160, 300),
    Room(5, 20, 3, 3, 160, 200),
    Room(3, 0, 2, 2, 120, 200),
)
"""From ample to scant: the first in which a result is short enough is taken."""

GLANCE: Final = Room(5, 0, 5, 5, 240, 300)
"""For a job that goes on: it is looked at again and again, and told in full at its end."""


def fitting(make: Callable[[Room], CallToolResult], *, is_glance: bool = False) -> CallToolResult:
    """Return the fullest result that is short enough."""
    for room in (GLANCE,) if is_glance else ROOMS[:-1]:
        if weight(result := make(room)) <= MOST_BYTES:
            return result
    return make(ROOMS[-1])


def weight(result: CallToolResult) -> int:
    """Return the result's size in bytes, without previews."""
    content: list[ContentBlock] = [block for block in result.content if not isinstance(block, ImageContent)]
    told = CallToolResult(content=content, structured_content=result.structured_content, is_error=result.is_error)
    return len(told.model_dump_json(by_alias=True, exclude_none=True).encode())


def excerpt(result: Result, order: Sequence[ImageRecord], room: Room) -> Result:
    """Return what there is room for of a result; the pictures that come first in `order` are told in full."""
    detailed = order[: room.detailed]
    others = dict.fromkeys(image for image in (*order, *result.images) if not image.pruned and image not in detailed)
    named = list(others)[: room.named]
    failures = _telling(result.failures, room.failures)
    changes = {
        "images": tuple(sorted(detailed, key=_place)),
        "more": SharedPath.of([*detailed, *named]).more(sorted(named, key=_place)),
        "failures": tuple(_short(failure, room) for failure in failures),
        "warnings": tuple(cut(warning, room.message_bytes) for warning in result.warnings[: room.warnings]),
        "prompt_sent": cut(result.prompt_sent, room.prompt_bytes),
        "next": sentences(cut(result.next or "", MOST_STEP_BYTES), *_rest(result, room, named)) or None,
    }
    return result.model_copy(update=changes)


def _place(image: ImageRecord) -> int:
    return image.index


def _telling(failures: Sequence[Failure], most: int) -> list[Failure]:
    """Return at most so many failures, one of each kind before a second of any."""
    first = {(failure.code, failure.message): failure for failure in reversed(failures)}
    again = [failure for failure in failures if failure not in first.values()]
    return sorted([*reversed(first.values()), *again][:most], key=lambda failure: failure.index)


def _short(failure: Failure, room: Room) -> Failure:
    return failure.model_copy(update={"message": cut(failure.message, room.message_bytes)})


def _rest(result: Result, room: Room, named: Sequence[ImageRecord]) -> list[str]:
    """Say where the rest is of what was left out."""
    left_out: list[str] = []
    if len(result.images) > room.detailed:
        left_out.append(
            say(
                "{detailed} of {count} pictures are told in full, {named} by name; get_job takes from_index.",
                detailed=room.detailed,
                count=len(result.images),
                named=len(named),
            )
        )
    if (count := len(result.failures) - room.failures) > 0:
        left_out.append(say_many("One more picture failed.", "{count} more pictures failed.", count))
    if (count := len(result.warnings) - room.warnings) > 0:
        left_out.append(say_many("There is one more warning.", "There are {count} more warnings.", count))
    return [*left_out, say("seedream://jobs/{job_id} has all.", job_id=result.job_id)] if left_out else []


def cut(text: str, most_bytes: int) -> str:
    """Return the text, cut between characters if it is longer."""
    content = text.encode()
    if len(content) <= most_bytes:
        return text
    return content[: most_bytes - len(MARK.encode())].decode(errors="ignore").rstrip() + MARK
