"""`make demo`: start the server as a client would, call every tool, and lay the pictures out on one sheet.

It always runs against the built-in sandbox, whatever keys are set: no network, no model, no cost. What an earlier run
left in `demo-output/` is replaced; any other file there stays.
"""

import argparse
import json
import os
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import anyio
from mcp import Client, StdioServerParameters
from PIL import Image, ImageDraw, ImageFont
from tqdm import tqdm

ROOT: Final = Path(__file__).resolve().parent.parent
OUTPUT: Final = ROOT / "demo-output"
SERVER: Final = Path(sys.executable).with_name("seedream-hub")

SCENES: Final[dict[str, list[dict[str, Any]]]] = {
    "generate_image": [
        {
            "prompt": "Sunset over a quiet bay, a small lighthouse, long warm light",
            "aspect_ratio": "16:9",
            "count": 2,
            "filename": "bay",
        },
        {"prompt": "雪后的山谷，清晨，远处有一座小庙", "size": "2K", "filename": "valley"},
        {
            "prompt": 'A night city after rain, neon reflected in wet streets, with the title "AFTER RAIN"',
            "aspect_ratio": "9:16",
            "filename": "poster",
        },
    ],
    "edit_image": [
        {
            "image": str(OUTPUT / "bay-1.jpg"),
            "prompt": "Make it a snowy winter evening; keep the lighthouse",
            "aspect_ratio": "16:9",
            "filename": "bay-winter",
        }
    ],
    "fuse_images": [
        {
            "images": [str(OUTPUT / "bay-1.jpg"), str(OUTPUT / "valley.jpg")],
            "prompt": "The lighthouse of image 1 stands in the valley of image 2",
            "filename": "lighthouse-in-the-valley",
        }
    ],
    "batch_images": [
        {
            "prompt": "A storyboard: a paper boat drifts from a mountain stream to the sea",
            "count": 3,
            "aspect_ratio": "3:2",
            "filename": "storyboard",
            "stream": True,
        }
    ],
}
"""Arguments of the calls that wait for their pictures, by tool."""

JOB: Final[list[dict[str, Any]]] = [
    {"prompt": "A market street in spring, cherry blossom, a tram", "aspect_ratio": "3:2", "filename": "market"},
    {
        "tool": "edit_image",
        "image": str(OUTPUT / "valley.jpg"),
        "prompt": "The same valley under the stars",
        "filename": "valley-night",
    },
]
"""The requests of a job that goes on in the background."""

FOUND: Final[dict[str, Any]] = {"prompt": "Paint it as an old postcard, faded colours", "filename": "postcard"}
"""What is done with a picture that was found again."""

UNWANTED: Final[list[dict[str, Any]]] = [
    {"prompt": f"Paper lantern {number} of 8", "filename": f"lantern-{number}"} for number in range(1, 9)
]
"""A job that is cancelled as soon as it was started."""

SHEET: Final = "contact-sheet.png"
STATE: Final = ".state"

ROW: Final = 3
"""Pictures in a row of the contact sheet."""


@dataclass(frozen=True)
class Shot:
    """A picture, and the tools that made it."""

    path: Path
    tool: str


async def run(command: Path) -> int:
    """Run the demo; return the exit code."""
    remove_earlier()
    OUTPUT.mkdir(exist_ok=True)
    started = time.monotonic()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SEEDREAM_")}
    environment |= {
        "SEEDREAM_PROVIDER": "sandbox",
        "SEEDREAM_OUTPUT_DIR": str(OUTPUT),
        "SEEDREAM_STATE_DIR": str(OUTPUT / STATE),
        "SEEDREAM_CONCURRENCY": "2",
    }
    async with Client(StdioServerParameters(command=str(command), env=environment)) as client:
        shots = [
            shot for tool in SCENES for arguments in SCENES[tool] for shot in await pictures(client, tool, arguments)
        ]
        shots += await job(client)
        shots += await found_again(client)
        await cancelled(client)
    sheet = contact_sheet(shots)
    for path in [*(shot.path for shot in shots), sheet]:
        print(path)
    print(f"{len(shots)} pictures and a contact sheet in {time.monotonic() - started:.1f} s.")
    print("To use the server, paste this into your client's configuration:")
    print(json.dumps({"mcpServers": {"seedream": {"command": str(command)}}}, indent=2))
    return 0


def remove_earlier() -> None:
    """Delete what this script makes, and nothing else."""
    for arguments in (*(one for scenes in SCENES.values() for one in scenes), *JOB, FOUND, *UNWANTED):
        count, name = arguments.get("count", 1), arguments["filename"]
        for stem in [f"{name}-{number}" for number in range(1, count + 1)] if count > 1 else [name]:
            for file in (f"{stem}.jpg", f"{stem}.jpg.json"):
                (OUTPUT / file).unlink(missing_ok=True)
    (OUTPUT / SHEET).unlink(missing_ok=True)
    shutil.rmtree(OUTPUT / STATE, ignore_errors=True)


async def pictures(client: Client, tool: str, arguments: dict[str, Any]) -> list[Shot]:
    """Make pictures with a tool."""
    return shots_of(await call(client, tool, arguments), tool)


async def job(client: Client) -> list[Shot]:
    """Start a job, and follow it to its end."""
    facts = await followed(client, await call(client, "start_job", {"requests": JOB}))
    return shots_of(facts, "start_job")


async def followed(client: Client, facts: dict[str, Any]) -> dict[str, Any]:
    """Look at a job until it is over."""
    while facts["status"] == "running":
        facts = await call(client, "get_job", {"job_id": facts["job_id"]})
    return facts


async def found_again(client: Client) -> list[Shot]:
    """Find a picture made before, and edit it."""
    found = await call(client, "find_images", {"text": "lighthouse", "kind": "generate", "limit": 1})
    arguments = {"image": found["images"][0]["uri"], **FOUND}
    return shots_of(await call(client, "edit_image", arguments), "find_images, edit_image")


async def cancelled(client: Client) -> None:
    """Start a job and cancel it at once: what was sent is finished, the rest is not."""
    facts = await call(client, "start_job", {"requests": UNWANTED})
    await followed(client, await call(client, "cancel_job", {"job_id": facts["job_id"]}))


async def call(client: Client, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Call a tool and show its progress: a bar in a terminal, else lines; return the structured result."""
    is_terminal = sys.stderr.isatty()
    bar = tqdm(total=100, bar_format=tool + " {bar:24} {percentage:3.0f}% {elapsed} {desc}", disable=not is_terminal)

    async def show(progress: float, total: float | None, message: str | None) -> None:
        bar.n = round(100 * progress / (total or 1))
        text = (message or "").replace(f"{OUTPUT}{os.sep}", "")
        bar.set_description_str(text)
        if not is_terminal:
            print(f"{tool} {bar.n:3}% {text}", file=sys.stderr)

    with bar:
        result = await client.call_tool(tool, arguments, progress_callback=show)
    text = "\n".join(block.text for block in result.content if block.type == "text")
    if result.is_error or result.structured_content is None:
        raise SystemExit(f"{tool} failed:\n{text}")
    print(f"{tool}: {text.partition(chr(10))[0]}", file=sys.stderr)
    return result.structured_content


def shots_of(facts: dict[str, Any], tool: str) -> list[Shot]:
    """Return the pictures of a result."""
    return [Shot(Path(image["path"]), tool) for image in facts["images"]]


def contact_sheet(shots: list[Shot], cell: int = 480, gap: int = 24) -> Path:
    """Draw all pictures on one sheet, three a row, each with its file name and size."""
    font, small = ImageFont.load_default(20), ImageFont.load_default(15)
    rows = [shots[at : at + ROW] for at in range(0, len(shots), ROW)]
    cells = [[_cell(shot, cell) for shot in row] for row in rows]
    heights = [max(picture.height for picture, _ in row) + 56 + gap for row in cells]
    sheet = Image.new("RGB", (gap + ROW * (cell + gap), 64 + sum(heights)), "#14161a")
    draw = ImageDraw.Draw(sheet)
    draw.text((gap, 22), "Seedream Hub: contact sheet", "#f2efe9", font)
    for number, (row, pictures) in enumerate(zip(rows, cells, strict=True)):
        top = 64 + sum(heights[:number])
        for column, (shot, (picture, size)) in enumerate(zip(row, pictures, strict=True)):
            x, foot = gap + column * (cell + gap), top + heights[number] - 56 - gap
            sheet.paste(picture, (x, foot - picture.height))
            draw.text((x, foot + 8), shot.path.name, "#f2efe9", font)
            draw.text((x, foot + 34), f"{shot.tool} · {size}", "#9aa0a8", small)
    path = OUTPUT / SHEET
    sheet.save(path)
    return path


def _cell(shot: Shot, side: int) -> tuple[Image.Image, str]:
    """Return a picture made small, and its full size."""
    with Image.open(shot.path) as picture:
        size = f"{picture.width} x {picture.height}"
        picture.thumbnail((side, side))
        return picture.convert("RGB"), size


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", type=Path, default=SERVER, help="the command to start")
    raise SystemExit(anyio.run(run, parser.parse_args().server))
