"""Write docs/tools.md from the tools as a client is told of them, with a call of each. `--check` only compares.

python -m bench.tools_page
python -m bench.tools_page --check
"""

import difflib
import json
import os
import re
import sys
import tempfile
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import anyio
from mcp import Client
from mcp.types import CallToolResult, TextContent, Tool

from seedream_hub.schemas.limits import packaged_limits
from seedream_hub.server.app import make_server
from seedream_hub.server.settings import Settings

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "tools.md"
FOLDER: Final = "/Users/ada/Pictures/seedream-hub"
IDS: Final = ("xd25nmhsafrlpi7x", "soxj3qvcfrtttkr2", "mi6z3uo7zyamac4r", "q4wbn6t2eyhdk5ja", "zv3cfu7rlo2xgm6p",
              "b5tnk2hqy7wdse4i")  # fmt: skip
"""What stands for the ids of a run's jobs, in their order."""

Facts = dict[str, Any]
HEAD: Final = """\
# Tools

Generated from what the server tells a client that asks for its tools, without a key. With one, models, sizes and
options are those of your providers, and the text names them. Each example is a call that was made of the sandbox, and
the text that came back.

Every tool but `find_images` answers in the [same form](#a-result). An argument that a tool does not have, or a value
outside the bounds, is refused before anything is sent. `layer_decomposition` makes up to 17 pictures of one, and
each is billed ([money.md](money.md#before-anything-is-sent)).
"""
HINTS: Final = """
The last four are the annotations `readOnlyHint`, `destructiveHint`, `idempotentHint` and `openWorldHint`, by which
clients decide what to ask the user about.
"""

MADE: Final = "<!-- not run: bench.tools_page made the call -->"
FOX: Final = {"prompt": "A red fox in fresh snow, low winter sun", "aspect_ratio": "3:2"}


def page_of(tools: list[Tool], examples: Mapping[str, str]) -> str:
    """Return the whole page."""
    rules = [row for tool in reversed(tools) for row in _rules(tool).items()]
    told = {name: rule["description"] for name, rule in rules if "description" in rule}
    first = next(tool for tool in tools if tool.name == "generate_image")
    found = next(tool for tool in tools if tool.name == "find_images")
    parts = [HEAD, _overview(tools)]
    parts += ["\n".join(_section(tool, told, examples[tool.name])) for tool in tools]
    parts += [f"## A result\n\n{_fields(first)}", f"## What `find_images` answers\n\n{_fields(found, first)}"]
    return "\n".join(parts)


def _overview(tools: list[Tool]) -> str:
    lines = ["| tool | title | only reads | destroys | repeatable | reaches outside |", "|---|---|---|---|---|---|"]
    for tool in tools:
        hints = tool.annotations
        assert hints is not None
        claims = (hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint, hints.open_world_hint)
        cells = [f"[`{tool.name}`](#{tool.name})", tool.title, *("yes" if claim else "no" for claim in claims)]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join([*lines, HINTS])


def _section(tool: Tool, told: Mapping[str, str], example: str) -> Iterator[str]:
    yield from (f"## {tool.name}", "", f"**{tool.title}.** {tool.description}", "")
    yield from ("| argument | type | default | bounds |", "|---|---|---|---|")
    must = tool.input_schema.get("required", ())
    for name, rule in sorted(_rules(tool).items(), key=lambda row: (row[0] not in must, row[0])):
        default = "required" if name in must else f"`{json.dumps(rule['default'])}`" if "default" in rule else ""
        bounds = _bounds({"description": told.get(name, ""), **rule})
        yield f"| `{name}` | {_kind(rule)} | {default} | {bounds} |"
    yield from ("", example)


def _rules(tool: Tool) -> dict[str, Facts]:
    return tool.input_schema["properties"]


def _kind(rule: Facts) -> str:
    """Say a JSON Schema's type in a word or two."""
    if "$ref" in rule:
        return f"`{rule['$ref'].rpartition('/')[2]}`"
    if "anyOf" in rule:
        return " or ".join(_kind(one) for one in rule["anyOf"])
    kind: str | list[str] = rule.get("type", "string")
    if kind == "array":
        return f"list of {_kind(rule['items'])}"
    return kind if isinstance(kind, str) else " or ".join(kind)


def _bounds(rule: Facts) -> str:
    said = [", ".join(f"`{value}`" for value in rule.get("enum", ()))]
    if "minimum" in rule:
        said.append(f"{rule['minimum']} to {rule['maximum']}" if "maximum" in rule else f"at least {rule['minimum']}")
    if "maxItems" in rule:
        said.append(f"{rule.get('minItems', 0)} to {rule['maxItems']} of them")
    if rule.get("maxLength"):
        said.append(f"at most {rule['maxLength']:,} characters")
    return ". ".join(part for part in (*said, rule.get("description", "")) if part)


def _fields(tool: Tool, shown: Tool | None = None) -> str:
    """Return a table of each object in a tool's result, but for those of another that is shown already."""
    schema = tool.output_schema or {}
    known: Facts = (shown.output_schema or {})["$defs"] if shown else {}
    objects = {"": schema, **{name: one for name, one in schema["$defs"].items() if name not in known}}
    tables: list[str] = []
    for name, one in objects.items():
        tables += [f"Each `{name}` has:\n"] if name else []
        tables += ["| field | type | what it says |", "|---|---|---|"]
        rows = one["properties"].items()
        tables += [f"| `{field}` | {_kind(rule)} | {_bounds(rule)} |" for field, rule in rows]
        tables += [""]
    return "\n".join(tables)


async def examples() -> tuple[list[Tool], dict[str, str]]:
    """Return the tools, and of each a call with its result, as the page shows them."""
    said: dict[str, str] = {}
    ids: dict[str, str] = {}

    async def call(client: Client, tool: str, **arguments: object) -> Facts:
        result = await client.call_tool(tool, arguments)
        facts: Facts = result.structured_content or {}
        if "job_id" in facts and facts["job_id"] not in ids:
            ids[facts["job_id"]] = IDS[len(ids)]
        said[tool] = _fixed(_example(arguments, result), ids)
        return facts

    async with _server() as client:
        tools = (await client.list_tools()).tools
        fox = (await call(client, "generate_image", **FOX))["images"][0]["id"]
        night = await call(client, "edit_image", prompt="Make it night, with stars", image=fox)
        both = [fox, night["images"][0]["id"]]
        await call(client, "fuse_images", prompt="The fox of image 1 under the sky of image 2", images=both)
        await call(client, "batch_images", prompt="A fox's year, one picture for each season", count=4, size="2K")
        await call(client, "find_images", text="fox snow", limit=5)
        requests = [
            {"prompt": "A lighthouse at dusk", "count": 2},
            {"tool": "edit_image", "prompt": "Fog", "image": fox},
        ]
        job_id = (await call(client, "start_job", requests=requests))["job_id"]
        while (await call(client, "get_job", job_id=job_id))["status"] == "running":
            pass
    async with _server(concurrency=1, sandbox_delay_s=1) as client:  # the first keeps the second waiting
        await client.call_tool("start_job", {"requests": [{"prompt": "A lighthouse"}]})
        waiting = {"requests": [{"prompt": "A lighthouse", "count": 2}]}
        begun: Facts = (await client.call_tool("start_job", waiting)).structured_content or {}
        await call(client, "cancel_job", job_id=begun["job_id"])
    return tools, said


@asynccontextmanager
async def _server(**settings: object) -> AsyncGenerator[Client]:
    with tempfile.TemporaryDirectory() as temporary:
        folders = {"state_dir": Path(temporary) / "state", "output_dir": Path(temporary) / "out"}
        async with Client(make_server(Settings(**folders, **settings), packaged_limits())) as client:  # pyright: ignore[reportArgumentType] - as given
            yield client


def _example(arguments: Mapping[str, object], result: CallToolResult) -> str:
    text = "\n".join(block.text for block in result.content if isinstance(block, TextContent))
    return f"```json\n{json.dumps(arguments, ensure_ascii=False)}\n```\n\n{MADE}\n```text\n{text}\n```\n"


def _fixed(text: str, ids: Mapping[str, str]) -> str:
    """Put what is the same in every run for what is not: ids, folders, times."""
    for real, shown in ids.items():
        text = text.replace(real, shown)
    text = re.sub(r"/[^\s\"]*/out/", f"{FOLDER}/", text)
    text = re.sub(r"\b20\d\d-\d\d-\d\d\b", "2026-11-21", text)
    return re.sub(r"\d\d:\d\d:\d\d\+\d\d:\d\d", "09:30:00+00:00", text)


def main() -> int:
    """Write the page, or compare it."""
    for name in [name for name in os.environ if name.startswith("SEEDREAM_") or name.endswith("_API_KEY")]:
        del os.environ[name]
    page = page_of(*anyio.run(examples))
    if "--check" not in sys.argv:
        PAGE.write_text(page, encoding="utf-8")
        return 0
    written = PAGE.read_text(encoding="utf-8")
    if written == page:
        print("docs/tools.md is current.")
        return 0
    changed = difflib.unified_diff(written.splitlines(), page.splitlines(), "docs/tools.md", "now", lineterm="", n=0)
    print("docs/tools.md is out of date: run make docs", *changed, sep="\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
