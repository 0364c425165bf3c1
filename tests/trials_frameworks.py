"""Agents of four frameworks and the official TypeScript clients, as their users write them: tests/judges/*_client.py.

Two providers serve them: one at once, the other after more seconds than the most impatient framework waits.
"""

import json
import re
import subprocess
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx2 as httpx

from seedream_hub.providers.sandbox.server import Sandbox, SandboxOptions, start_sandbox
from tests.judge import JUDGES, NODE, modules_of, python_of
from tests.serving import http_server
from tests.support import COMMAND
from tests.trial import Check, Trial

TAKES_S: Final = 5.5
"""OpenAI's Agents SDK, and ADK over stdio, give a call up after 5 s."""


@dataclass(frozen=True)
class Provided:
    """Two sandboxes: `ark` answers at once, `byteplus` takes its time."""

    ark: Sandbox
    byteplus: Sandbox

    def variables(self, folder: Path) -> dict[str, str]:
        """Return the settings of a server that uses both."""
        return {
            "ARK_API_KEY": self.ark.api_key,
            "SEEDREAM_ARK_BASE_URL": self.ark.base_urls["ark"],
            "BYTEPLUS_API_KEY": self.byteplus.api_key,
            "SEEDREAM_BYTEPLUS_BASE_URL": self.byteplus.base_urls["byteplus"],
            "SEEDREAM_OUTPUT_DIR": str(folder / "pictures"),
            "SEEDREAM_STATE_DIR": str(folder / "state"),
        }

    def billed(self) -> int:
        """Return how many pictures were paid for."""
        ledgers = [httpx.get(f"{one.url}/admin/ledger").json() for one in (self.ark, self.byteplus)]
        return sum(ledger["billed_images"] for ledger in ledgers)


@contextmanager
def provided() -> Generator[Provided]:
    sandboxes = [start_sandbox(SandboxOptions(is_ready=True, delay_s=delay_s)) for delay_s in (0, TAKES_S)]
    try:
        yield Provided(*sandboxes)
    finally:
        for sandbox in sandboxes:
            sandbox.stop()


def judged(command: Callable[[], list[str | Path]], over: str, revision: str, folder: Path) -> list[Check]:
    """Let a client use the server; add the revision it spoke, and that each picture was paid for once."""
    with provided() as providers:
        variables = providers.variables(folder)
        if over == "HTTP":
            with http_server(**variables) as served:
                seen = _seen([*command(), json.dumps({"url": served.url})])
        else:
            seen = _seen([*command(), json.dumps({"command": COMMAND, "env": variables})])
        saved, billed = len(list((folder / "pictures").glob("*.jpg"))), providers.billed()
    return [
        *(Check(**check) for check in seen["checks"]),
        Check(f"revision {revision} is spoken", "" if seen["revision"] == revision else seen["revision"]),
        Check("each picture is saved, and paid for once", "" if saved == billed > 0 else f"{saved} of {billed}"),
    ]


def _seen(command: list[str | Path]) -> Any:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


def _python(lock: str, driver: str) -> list[str | Path]:
    return [python_of(lock), JUDGES / f"{driver}_client.py"]


def _node(version: str, mode: str) -> list[str | Path]:
    return [NODE, modules_of("typescript").parent / "client.mjs", version, mode]


def _pinned(lock: str, package: str) -> str:
    found = re.search(rf"^{package}==(\S+)", (JUDGES / f"{lock}.lock").read_text("utf-8"), re.MULTILINE)
    assert found
    return found[1]


def _npm_pinned(package: str) -> str:
    locked = json.loads((JUDGES / "typescript" / "package-lock.json").read_text("utf-8"))
    return locked["packages"][f"node_modules/{package}"]["version"]


def _framework(lock: str, package: str, revision: str) -> list[Trial]:
    driver = package.replace("-", "_")
    command = partial(_python, lock, driver.removesuffix("_mcp_adapters").removesuffix("_slim"))
    return [
        Trial(package, _pinned(lock, package), revision, over, partial(judged, command, over, revision))
        for over in ("stdio", "HTTP")
    ]


def _typescript(package: str, mode: str, revision: str) -> list[Trial]:
    command, name = partial(_node, package.rpartition("/")[2], mode), f"TypeScript {package}"
    return [
        Trial(name, _npm_pinned(package), revision, over, partial(judged, command, over, revision))
        for over in ("stdio", "HTTP")
    ]


FRAMEWORKS: Final = (
    *_framework("langchain", "langchain-mcp-adapters", "2025-11-25"),
    *_framework("agents", "openai-agents", "2026-07-28"),
    *_framework("agents", "pydantic-ai-slim", "2026-07-28"),
    *_framework("agents", "google-adk", "2025-11-25"),
    *_typescript("@modelcontextprotocol/sdk", "legacy", "2025-11-25"),
    *_typescript("@modelcontextprotocol/client", "legacy", "2025-11-25"),
    *_typescript("@modelcontextprotocol/client", "auto", "2026-07-28"),
)
