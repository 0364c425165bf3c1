"""`seedream-hub generate`, `edit`, `fuse`, `batch` and `jobs wait`: tools for a person at a terminal.

Exit codes: 0 all pictures are there, 1 none is, 2 wrong arguments or settings (nothing was sent), 3 some are there,
4 not all are settled when --wait is over, 130 Ctrl-C.
"""

import argparse
import base64
import json
import os
import sys
from collections.abc import Sequence
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from seedream_hub.jobs.reference_files import shown
from seedream_hub.jobs.references import BARE_BASE64, IMAGE_ID, LIKE_ID, SCHEME
from seedream_hub.schemas.errors import ArgumentError, HubError
from seedream_hub.schemas.language import later, say
from seedream_hub.schemas.limits import Json
from seedream_hub.schemas.result import Result
from seedream_hub.tools.ask import Ask
from seedream_hub.tools.jobs import Desk, GetJobTool
from seedream_hub.tools.progress import Report

from .bar import Display, choose_display, landed
from .draw_parser import Drawing
from .drawing_desk import DrawingDesk, open_desk
from .page import first_lines, last_lines, more_lines, picture_lines
from .process import INTERRUPTED
from .refusal import refuse
from .screen import find_screen
from .viewer import open_all
from .watched import Call

if TYPE_CHECKING:
    from mcp.types import CallToolResult

CODES: Final = {"completed": 0, "failed": 1, "cancelled": 1, "partial": 3, "running": 4}
LEFT: Final = later("No longer waiting. `seedream-hub jobs wait {job_id}` goes on with it.")


def run_draw(arguments: argparse.Namespace) -> int:
    """Run the command; return the exit code."""
    drawing: Drawing = arguments.drawing
    opened: DrawingDesk = arguments.desk
    tool, prog = opened.tools[drawing.tool], f"seedream-hub {arguments.command}"
    display = choose_display(is_quiet=arguments.quiet)
    try:
        asked = _asked(arguments, tool.input_schema["properties"])
        opened.studio.allowed = _files([asked.get("image"), *asked.get("images", ())])
    except HubError as exc:
        return refuse(exc, prog, is_json=arguments.json)
    if asked.get("count", 1) != 1 and not arguments.quiet:  # a single one is told at once by the result
        opened.studio.on_stored.append(lambda image: display.say(landed(image.path)))

    async def begin(report: Report, ask: Ask) -> "CallToolResult":
        told = await tool.call(asked, report, ask)
        if not (job_id := _running(told)):
            return told
        display.say(say("--wait is over: nothing more is sent. What was sent is paid, so it is awaited."))
        await opened.studio.settle()
        return await _whole(opened.desk, job_id)

    call = Call(
        opened, begin, display, is_granted=arguments.yes, stopped=say("Stopped: nothing was sent by this command.")
    )
    return _watched(call, display, arguments, prog)


def run_wait(arguments: argparse.Namespace) -> int:
    """Follow a job to its end, and make what was left unsent; return the exit code."""
    display = choose_display(is_quiet=arguments.quiet)
    prog = "seedream-hub jobs wait"
    try:
        opened = open_desk()
    except HubError as exc:
        return refuse(exc, prog, is_json=arguments.json)
    look = GetJobTool(opened.desk)

    async def begin(report: Report, _: Ask) -> "CallToolResult":
        told = await look.call({"job_id": arguments.job_id}, report)
        while _running(told):
            told = await look.call({"job_id": arguments.job_id}, report)
        return told

    call = Call(
        opened,
        begin,
        display,
        is_granted=True,
        stopped=say(LEFT, job_id=arguments.job_id),
        left=partial(_whole, opened.desk, arguments.job_id),
    )
    return _watched(call, display, arguments, prog)


async def _whole(desk: Desk, job_id: str) -> "CallToolResult":
    """Tell of a job with all its pictures: a person needs no glance, as an agent does that asks again."""
    return await desk.result(await desk.job(job_id), from_index=0)


def _running(told: "CallToolResult") -> str:
    """Return the id of a job that is not over yet."""
    facts: dict[str, Any] = told.structured_content or {}
    return facts["job_id"] if facts["status"] == "running" else ""


def _watched(call: Call, display: Display, arguments: argparse.Namespace, prog: str) -> int:
    """Make the call, and tell what came of it; return the exit code."""
    try:
        call.make()
        told = call.told()
    except HubError as exc:
        code = refuse(exc, prog, is_json=arguments.json)
        return INTERRUPTED if call.is_stopped else code
    result = Result.model_validate(told.structured_content)
    if arguments.json:
        sys.stdout.write(json.dumps(told.structured_content, ensure_ascii=False, indent=2) + "\n")
    else:
        _show(result, told, wanted=arguments.show)
    if arguments.open:
        for warning in open_all([image.path for image in result.images]):
            display.say(say("Warning: {warning}", warning=warning))
    return INTERRUPTED if call.is_stopped else CODES[result.status]


def _asked(arguments: argparse.Namespace, schema: Json) -> Json:
    """Return the tool's arguments that were given."""
    given = {name: getattr(arguments, name, None) for name in schema}
    asked = {name: value for name, value in given.items() if value is not None}
    if asked.get("prompt") == "-":
        asked["prompt"] = sys.stdin.read().rstrip("\n")
    return asked


def _files(values: Sequence[str | None]) -> tuple[Path, ...]:
    """Return the files a person named: what they type is theirs to read.

    Raises:
        ArgumentError: If one is not there.
    """
    paths: list[Path] = []
    for value in values:
        if not value or SCHEME.match(value) or IMAGE_ID.fullmatch(value):
            continue
        path = Path(os.path.expanduser(value))  # noqa: PTH111 - a user who is not there is no error here
        if os.path.exists(path):  # noqa: PTH110 - false for a name that no file can have
            paths.append(path)
        elif not (LIKE_ID.fullmatch(value) or BARE_BASE64.match(value)):
            problem = say("{path} does not exist", path=shown(value))
            raise ArgumentError("image", problem, say("pass the path of a picture"))
    return tuple(paths)


def _show(result: Result, told: "CallToolResult", *, wanted: bool | None) -> None:
    """Print what a person reads, each picture under its path where the terminal can show it."""
    previews = [base64.b64decode(block.data) for block in told.content if block.type == "image"]
    screen = find_screen(wanted=wanted) if previews else None
    sys.stdout.write(first_lines(result))
    for image, preview in zip_longest(result.images, previews if screen else ()):
        if image:
            sys.stdout.write(picture_lines(image))
        if preview and screen:
            sys.stdout.flush()
            screen(preview)
    sys.stdout.writelines(more_lines(result))
    sys.stdout.write(last_lines(result))
    sys.stdout.flush()
