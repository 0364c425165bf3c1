"""`find_images`: pictures made earlier, to edit one or show it again."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from mcp.types import CallToolResult, TextContent, ToolAnnotations

from seedream_hub.schemas.find_arguments import MOST, check_find_arguments, find_schema
from seedream_hub.schemas.found import Findings, Found, FoundImage, Wanted
from seedream_hub.schemas.language import later, listed, say, say_many, sentences
from seedream_hub.schemas.limits import Json
from seedream_hub.schemas.shared_path import SharedPath

from .bounds import Room, cut, fitting
from .progress import Report
from .tool import Studio

TITLE: Final = later("Find images")
DESCRIPTION: Final = later(
    'Find pictures made earlier, the newest first: "the fox from yesterday". Pass an id it returns to edit_image, '
    "fuse_images or batch_images. Makes nothing."
)
FOUND_PROMPT_BYTES: Final = 240


class FindImagesTool:
    """Look for pictures in the journal."""

    name = "find_images"
    output = Found
    annotations = ToolAnnotations(
        read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
    )

    def __init__(self, studio: Studio) -> None:
        self.title = say(TITLE)
        self.description = say(DESCRIPTION)
        self.input_schema = find_schema()
        self._studio = studio

    async def call(self, arguments: Json, report: Report) -> CallToolResult:  # noqa: ARG002 - over at once
        """Find the pictures, and tell as much of them as there is room for."""
        wanted = check_find_arguments(arguments)
        return fitting(partial(_told, await self._studio.found(wanted), wanted))


def _told(findings: Findings, wanted: Wanted, room: Room) -> CallToolResult:
    detailed = [_short(image, room) for image in findings.images[: room.detailed]]
    named = findings.images[room.detailed :][: room.named]
    shared = SharedPath.of([*detailed, *named])
    found = Found(
        images=tuple(detailed),
        more=shared.more(named),
        matching=findings.matching,
        total=findings.total,
        next=_next(findings, wanted, len(detailed) + len(named)),
    )
    text = TextContent(type="text", text=_text(found, shared))
    return CallToolResult(content=[text], structured_content=found.model_dump(mode="json"))


def _short(image: FoundImage, room: Room) -> FoundImage:
    most = min(room.prompt_bytes, FOUND_PROMPT_BYTES)
    arguments = {
        name: cut(value, most) if isinstance(value, str) else value for name, value in image.arguments.items()
    }
    return image.model_copy(update={"prompt": cut(image.prompt, most), "arguments": arguments})


def _next(findings: Findings, wanted: Wanted, told: int) -> str | None:
    if not findings.total:
        return say("There are no pictures yet; generate_image makes some.")
    if not findings.images:
        return _wider(findings)
    if findings.matching <= told:
        return None
    older = findings.matching - told
    count = say_many("One older picture matches too.", "{count} older pictures match too.", older)
    raised = say("Raise limit (at most {most}), or narrow the search.", most=MOST)
    narrowed = say("Narrow the search, or pass an earlier until.")
    return sentences(count, raised if told == wanted.limit < MOST else narrowed)


def _wider(findings: Findings) -> str:
    """Say what would find something, where something would."""
    step = _less(findings)
    if not findings.unknown:
        return step
    words = listed(f'"{word}"' for word in findings.unknown)
    return sentences(say("No prompt has {words}: words are found as they are written.", words=words), step)


def _less(findings: Findings) -> str:
    more = {name: count for name, count in findings.without if count}
    if not more:
        several = say("Leave out all of them to see the newest.")
        return several if len(findings.without) > 1 else say("Leave it out to see the newest.")
    counts = listed(say("without {argument} {count}", argument=name, count=count) for name, count in more.items())
    return say("Leave something out: {counts} would match.", counts=counts)


def _text(found: Found, shared: SharedPath) -> str:
    """Say the same facts as the structured result, in few tokens."""
    many = say_many(
        "{matching} of {count} picture matches",
        "{matching} of {count} pictures match",
        found.total,
        matching=found.matching,
    )
    lines = [many + (say(", the newest first. Files are {path}:", path=shared.path) if shared.head else say("."))]
    lines.extend(_line(image, shared) for image in found.images)
    names: Mapping[str, str] = found.more.names if found.more else {}
    lines.extend(f"{image_id} {name}" for image_id, name in names.items())
    if found.next:
        lines.append(say("Next: {step}", step=found.next))
    return "\n".join(lines)


def _line(image: FoundImage, shared: SharedPath) -> str:
    made = f"{image.kind}, {image.provider} {image.model}, {image.width}x{image.height}"
    facts = "".join(f", {name} {value}" for name, value in image.arguments.items())
    tags = f" [{', '.join(image.tags)}]" if image.tags else ""
    when = image.created.replace("T", " ")
    return f"{image.id} {shared.name(image)}, {when}, {made}{facts}{tags}: {' '.join(image.prompt.split())}"
