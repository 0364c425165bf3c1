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
        }
    ],
}
"""Arguments of the calls, by tool. A tool without any fails the demo."""

SHEET: Final = "contact-sheet.png"
STATE: Final = ".state"

ROW: Final = 3
"""Pictures in a row of the contact sheet."""


@dataclass(frozen=True)
class Shot:
    """A picture and what it shows."""

    path: Path
    tool: str
    caption: str


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
    }
    shots: list[Shot] = []
    async with Client(StdioServerParameters(command=str(command), env=environment)) as client:
        for tool, scenes in SCENES.items():
            for arguments in scenes:
                shots += await call(client, tool, arguments)
    sheet = contact_sheet(shots)
    for path in [*(shot.path for shot in shots), sheet]:
        print(path)
    print(f"{len(shots)} pictures and a contact sheet in {time.monotonic() - started:.1f} s.")
    print("To use the server, paste this into your client's configuration:")
    print(json.dumps({"mcpServers": {"seedream": {"command": str(command)}}}, indent=2))
    return 0


def remove_earlier() -> None:
    """Delete what this script makes, and nothing else."""
    for arguments in (one for scenes in SCENES.values() for one in scenes):
        count, name = arguments.get("count", 1), arguments["filename"]
        for stem in [f"{name}-{number}" for number in range(1, count + 1)] if count > 1 else [name]:
            for file in (f"{stem}.jpg", f"{stem}.jpg.json"):
                (OUTPUT / file).unlink(missing_ok=True)
    (OUTPUT / SHEET).unlink(missing_ok=True)
    shutil.rmtree(OUTPUT / STATE, ignore_errors=True)


async def call(client: Client, tool: str, arguments: dict[str, Any]) -> list[Shot]:
    """Call a tool and show its progress: a bar in a terminal, else lines; return its pictures."""
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
    facts = result.structured_content
    if result.is_error or facts is None:
        text = "\n".join(block.text for block in result.content if block.type == "text")
        raise SystemExit(f"{tool} failed:\n{text}")
    return [Shot(Path(image["path"]), tool, facts["prompt_sent"]) for image in facts["images"]]


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
