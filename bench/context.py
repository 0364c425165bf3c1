"""Measure what the agent reads: the tools of each provider, and each kind of result, in bytes and in tokens.

A tool counts with what models are shown of it: name, description and input schema, as JSON. A result counts whole:
text and structured content as JSON, and its preview. Tokens are bytes / 4: close for English and JSON, and the same
on every machine; Chinese comes to more.

    python -m bench.context            # writes bench/context.md
    python -m bench.context --check    # writes nothing; fails where a promise is broken or the tools have changed
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import anyio
from mcp import Client
from mcp.types import CallToolResult, ImageContent, TextContent
from pydantic import SecretStr

from seedream_hub.providers.sandbox.server import SandboxOptions, start_sandbox
from seedream_hub.schemas.language import Language, speak
from seedream_hub.schemas.limits import packaged_limits
from seedream_hub.server.app import make_server
from seedream_hub.server.settings import Settings
from seedream_hub.tools.bounds import MOST_BYTES
from tests.test_surface import CONFIGURED

REPORT: Final = Path(__file__).resolve().parent / "context.md"
MOST_TOOLS_BYTES: Final = 12_000
SEVERAL: Final = frozenset({"several"})
"""What is promised of one provider does not hold for these."""

FOLDER_CHARS: Final = 60
FOX: Final = {"prompt": "A red fox in fresh snow, low winter sun, long shadows, telephoto", "model": "seedream-4.0"}
WORDS: Final = ("alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliett")
JOB: Final = 50
MOST_A_MINUTE: Final = 100_000

Row = tuple[str, int, int, int]
"""A kind of result; bytes of its text, of its structured content, and of its preview."""


def tokens(size: int) -> int:
    """Estimate how many tokens so many bytes come to."""
    return round(size / 4)


def bytes_of(value: object) -> int:
    """Return the size of a value as JSON."""
    return len(json.dumps(value, ensure_ascii=False).encode())


async def tools_of(name: str, language: Language) -> dict[str, int]:
    """Return how many bytes each tool takes, and all of them."""
    speak(language)
    try:
        async with Client(make_server(Settings(**CONFIGURED[name]), packaged_limits())) as client:
            tools = (await client.list_tools()).tools
    finally:
        speak("en")
    shown = [{"name": t.name, "description": t.description, "inputSchema": t.input_schema} for t in tools]
    return {**{f"`{tool['name']}`": bytes_of(tool) for tool in shown}, "all": bytes_of(shown)}


async def tools_table() -> tuple[str, list[str]]:
    """Return a row for each configuration, and the broken promises."""
    english = {name: await tools_of(name, "en") for name in CONFIGURED}
    chinese = {name: (await tools_of(name, "zh"))["all"] for name in CONFIGURED}
    head = ["configured", *next(iter(english.values())), "tokens", "all in Chinese"]
    lines = [_row(head), "|---|" + "---:|" * (len(head) - 1)]
    lines += [_row([name, *sizes.values(), tokens(sizes["all"]), chinese[name]]) for name, sizes in english.items()]
    totals = [(name, total) for name in CONFIGURED for total in (english[name]["all"], chinese[name])]
    broken = [
        f"{name}: {total} bytes of tools"
        for name, total in totals
        if total > MOST_TOOLS_BYTES and name not in SEVERAL
    ]
    return "\n".join(lines), broken


@asynccontextmanager
async def sandbox() -> AsyncGenerator[Client]:
    """Connect to a server on a sandbox that plays Ark, with an output folder of a usual length."""
    upstream = start_sandbox(SandboxOptions(is_ready=True))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / ("p" * max(1, FOLDER_CHARS - len(temporary) - 1))
        settings = Settings(
            state_dir=Path(temporary) / "state",
            output_dir=folder,
            ark_api_key=SecretStr(upstream.api_key),
            ark_base_url=upstream.base_urls["ark"],
            images_per_minute=MOST_A_MINUTE,
        )
        async with Client(make_server(settings, packaged_limits())) as client:
            yield client
    upstream.stop()


async def results() -> list[tuple[str, CallToolResult]]:
    """Return one of each kind of result."""
    async with sandbox() as client:
        call = partial(_call, client)
        single = await call("generate_image", **FOX)
        a_set = await call("batch_images", **FOX, count=5, size="1K")
        asked = [{**FOX, "prompt": f"{WORDS[n % 10]}{n} {FOX['prompt']}", "size": "1K"} for n in range(JOB)]
        running = await call("start_job", requests=asked)
        job_id = _facts(running)["job_id"]
        done = running
        while _facts(done)["status"] == "running":
            done = await call("get_job", job_id=job_id)
        return [
            ("one picture", single),
            ("a set of 5", a_set),
            ("a job that has just begun", running),
            (f"a job of {JOB} pictures", done),
            ("a refusal", await call("generate_image", **FOX, size="9K")),
            ("find_images, 10 pictures", await call("find_images")),
            ("find_images, 50 pictures", await call("find_images", limit=50)),
            ("find_images, nothing found", await call("find_images", text="owl", kind="edit")),
        ]


async def _call(client: Client, tool: str, **arguments: object) -> CallToolResult:
    return await client.call_tool(tool, arguments)


async def results_table() -> tuple[str, list[str]]:
    """Return a row for each kind of result, and the broken promises."""
    rows = [_measured(kind, result) for kind, result in await results()]
    head = ["result", "text", "structured", "without preview", "tokens", "preview"]
    lines = [_row(head), "|---|" + "---:|" * (len(head) - 1)]
    for kind, text, facts, shown in rows:
        lines.append(_row([kind, text, facts, text + facts, tokens(text + facts), shown]))
    broken = [f"{kind}: {text + facts} bytes" for kind, text, facts, _ in rows if text + facts > MOST_BYTES]
    return "\n".join(lines), broken


def _measured(kind: str, result: CallToolResult) -> Row:
    text = sum(bytes_of(block.text) for block in result.content if isinstance(block, TextContent))
    shown = sum(len(block.data) for block in result.content if isinstance(block, ImageContent))
    facts = len(json.dumps(result.structured_content or "", ensure_ascii=False, separators=(",", ":")).encode())
    return kind, text, facts, shown


def _facts(result: CallToolResult) -> dict[str, Any]:
    return result.structured_content or {}


def _row(cells: Sequence[object]) -> str:
    return f"| {' | '.join(f'{cell:,}' if isinstance(cell, int) else str(cell) for cell in cells)} |"


async def measure() -> tuple[str, str, list[str]]:
    """Return both tables, and what is not kept."""
    tools, too_many = await tools_table()
    told, too_long = await results_table()
    return tools, told, [*too_many, *too_long]


def main() -> int:
    """Measure, print and write the report; return 1 if a promise is not kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write no report")
    is_check = parser.parse_args().check
    for name in [name for name in os.environ if name.startswith("SEEDREAM_")]:
        del os.environ[name]
    tools, told, broken = anyio.run(measure)
    print(f"{tools}\n\n{told}\n" + "".join(f"\nNot kept: {problem}" for problem in broken))
    text = REPORT.read_text(encoding="utf-8")
    if is_check:
        if tools not in text:
            broken.append("The table of tools is not current.")
            print("Out of date: context.md. Run python -m bench.context.")
        return int(bool(broken))
    head = text.partition("<!-- tables -->\n")[0]
    REPORT.write_text(f"{head}<!-- tables -->\n\n{tools}\n\n{told}\n", encoding="utf-8")
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
