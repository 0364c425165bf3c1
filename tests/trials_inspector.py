"""MCP Inspector: each tool, resource and prompt of the real command, as a client's configuration has it."""

import json
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from seedream_hub.schemas.limits import Json
from tests.inspector import SERVER, Done, Inspector, inspecting
from tests.judge import version_of
from tests.serving import http_server
from tests.support import COMMAND
from tests.trial import Check, Trial

Entries = Callable[[Mapping[str, str]], AbstractContextManager[Any]]
"""What stands in the client's configuration while the server can be reached, from the server's variables."""

TOOLS: Final = (
    "generate_image",
    "edit_image",
    "fuse_images",
    "batch_images",
    "start_job",
    "get_job",
    "cancel_job",
    "find_images",
)
ONE: Final = {"prompt": "a red fox", "model": "seedream-4.0", "size": "1K"}
MANY: Final = 60
"""So many that some are not yet sent when they are cancelled."""

TOOL_FAILED: Final = 5
"""The inspector's exit code of a result that is an error."""


def judged(entries: Entries, era: str, revision: str, folder: Path) -> list[Check]:
    """Look at everything the server has."""
    variables = {
        "SEEDREAM_PROVIDER": "sandbox",
        "SEEDREAM_SANDBOX_DELAY_S": "0.1",
        "SEEDREAM_CONCURRENCY": "2",
        "SEEDREAM_OUTPUT_DIR": str(folder / "pictures"),
        "SEEDREAM_STATE_DIR": str(folder / "state"),
    }
    with entries(variables) as entry, inspecting(entry, era, folder) as inspector:
        schemas = _schemas(inspector)
        inspector.connect()
        shown = inspector.ask("connections/show").answer
        negotiated = Check("connect", "" if shown["protocolVersion"] == revision else str(shown))
        images, tools = _tools(inspector)
        return [*schemas, negotiated, *tools, *_resources(inspector, images[0], folder), *_prompts(inspector)]


def _schemas(inspector: Inspector) -> list[Check]:
    """Lint each tool's schemas; a warning is a fault."""
    done = inspector.once("tools/list", "--strict", "--format", "json")
    assert done.code == 0, done.said
    names = [tool["name"] for tool in done.answer["result"]["tools"]]
    return [
        Check(f"tools/list --strict: {name}", done.said if name not in names or f'tool "{name}"' in done.said else "")
        for name in TOOLS
    ]


def _tools(inspector: Inspector) -> tuple[list[Any], list[Check]]:
    """Call each tool; return the pictures made, and what is wrong with the calls.

    In the modern era the inspector follows tasks: a job that was begun is over when the call is.
    """
    images: list[Any] = []
    checks: list[Check] = []
    is_followed = inspector.era == "modern"

    def call(tool: str, states: str, least: int, **arguments: Any) -> str:
        done = inspector.ask("tools/call", "--tool-name", tool, "--tool-args-json", json.dumps(arguments))
        answer: Json = done.answer or {}
        facts: Json = answer.get("structuredContent", {})
        made = [image for image in facts.get("images", []) if Path(image["path"]).is_file()]
        is_fine = done.code == 0 and facts.get("status", "found") in states.split() and len(made) >= least
        checks.append(Check(f"tools/call {tool}", "" if is_fine else str(done)))
        images.extend(made)
        return facts.get("job_id", "")

    call("generate_image", "completed", 1, **ONE)
    call("edit_image", "completed", 1, **ONE, image=images[0]["id"])
    call("fuse_images", "completed", 1, **ONE, images=[image["uri"] for image in images])
    call("batch_images", "completed", 2, **ONE, count=2)
    requests = [{"tool": "generate_image", **ONE}] * (3 if is_followed else MANY)
    begun = call("start_job", "completed" if is_followed else "running", 0, requests=requests)
    call("cancel_job", "completed" if is_followed else "running partial cancelled", 0, job_id=begun)
    call("get_job", "completed" if is_followed else "partial cancelled", 0, job_id=begun, wait_s=20)
    call("find_images", "found", 5, text="fox")
    refused = inspector.ask("tools/call", "--tool-name", "get_job", "--tool-args-json", json.dumps({"job_id": "?"}))
    is_told = refused.code == TOOL_FAILED and refused.answer["isError"] and "job_id" in str(refused.answer["content"])
    return images, [*checks, Check("tools/call refused", "" if is_told else str(refused))]


def _resources(inspector: Inspector, image: Any, folder: Path) -> list[Check]:
    """List what can be read, and read a picture's bytes into a file."""
    listed = _all(inspector.ask("resources/list"), "resources", "uri")
    templates = _all(inspector.ask("resources/templates/list"), "resourceTemplates", "uriTemplate")
    file = folder / "read.jpg"
    done = inspector.once("resources/read", "--uri", image["uri"], "--output", file, "--output-format", "raw")
    is_same = done.code == 0 and file.read_bytes() == Path(image["path"]).read_bytes()
    return [
        Check("resources/list", "" if {"seedream://jobs", "seedream://limits"} <= listed else str(listed)),
        Check("resources/templates/list", "" if "seedream://images/{image_id}" in templates else str(templates)),
        Check("resources/read --output", "" if is_same else str(done)),
    ]


def _prompts(inspector: Inspector) -> list[Check]:
    """List the prompts, complete what somebody types into one, and fill it in."""
    listed = _all(inspector.ask("prompts/list"), "prompts", "name")
    filled = inspector.ask("prompts/get", "--prompt-name", "poster", "--prompt-args", "subject=the sea", "text=Hello")
    typed = {"ref-type": "ref/prompt", "ref": "poster", "arg-name": "style", "arg-value": "art"}
    completed = inspector.ask("prompts/complete", *(f"--complete-{name}={value}" for name, value in typed.items()))
    is_filled = filled.code == 0 and "generate_image" in filled.answer["messages"][0]["content"]["text"]
    return [
        Check("prompts/list", "" if "poster" in listed else str(listed)),
        Check("prompts/complete", "" if "Art deco, gold on black" in str(completed.answer) else str(completed)),
        Check("prompts/get", "" if is_filled else str(filled)),
    ]


def _all(done: Done, kind: str, name: str) -> set[str]:
    assert done.code == 0, done
    return {one[name] for one in done.answer[kind]}


@contextmanager
def started(variables: Mapping[str, str]) -> Generator[Any]:
    """Have the inspector start the command."""
    yield {"mcpServers": {SERVER: {"command": COMMAND, "args": [], "env": dict(variables)}}}


@contextmanager
def running(variables: Mapping[str, str]) -> Generator[Any]:
    """Serve over HTTP; the entry is what the command says is to be pasted."""
    with http_server(**variables) as server:
        yield json.loads(server.line[server.line.index("{") :])


INSPECTOR: Final = tuple(
    Trial(
        "MCP Inspector",
        version_of("inspector", "@modelcontextprotocol/inspector"),
        revision,
        over,
        partial(judged, entries, era, revision),
    )
    for era, revision in (("modern", "2026-07-28"), ("legacy", "2025-11-25"))
    for over, entries in (("stdio", started), ("HTTP", running))
)
