"""A client of bare JSON at every revision of the protocol; what it hears is held against that revision's schema."""

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import httpx2 as httpx
from mcp_types import methods
from pydantic import TypeAdapter, ValidationError

from tests.raw import silent_server
from tests.serving import http_server
from tests.trial import Check, Trial

HANDSHAKE: Final = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
STATELESS: Final = "2026-07-28"
META: Final = "io.modelcontextprotocol/"
FOX: Final = {"prompt": "A red fox in fresh snow", "size": "1K", "model": "seedream-4.0"}

Ask = Callable[[dict[str, Any]], list[dict[str, Any]]]
"""Send a message; return what the server said until the answer, which is the last."""


@dataclass
class Bare:
    """One revision, over one transport."""

    revision: str
    ask: Ask
    checks: list[Check] = field(default_factory=list[Check])

    def check(self, name: str, is_met: bool, problem: object) -> None:
        self.checks.append(Check(name, "" if is_met else str(problem)[:1000]))

    def request(self, method: str, **params: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Return a request's result and the notifications before it, and hold all of them against the schema."""
        if self.revision == STATELESS:
            claims: dict[str, Any] = {META + "protocolVersion": STATELESS, META + "clientCapabilities": {}}
            params["_meta"] = {**params.get("_meta", {}), **claims}
        *notices, answer = self.ask({"jsonrpc": "2.0", "id": len(self.checks), "method": method, "params": params})
        result = answer.get("result", {})
        problem = self._problem(methods.SERVER_RESULTS, method, result)
        self.check(f"{method} answers by the schema", not problem, problem)
        return result, notices

    def judge(self) -> list[Check]:
        """Go through what a client does."""
        if self.revision == STATELESS:
            found, _ = self.request("server/discover")
            self.check("the revision is supported", STATELESS in found["supportedVersions"], found)
        else:
            hello, _ = self.request(
                "initialize",
                protocolVersion=self.revision,
                capabilities={},
                clientInfo={"name": "bare", "version": "1"},
            )
            self.check("the revision asked for is spoken", hello["protocolVersion"] == self.revision, hello)
            self.ask({"jsonrpc": "2.0", "method": "notifications/initialized"})
        listed, _ = self.request("tools/list")
        self.check("the eight tools are listed", len(listed["tools"]) == 8, listed)
        self._make()
        return self.checks

    def _make(self) -> None:
        call = partial(self.request, "tools/call", name="generate_image")
        made, notices = call(arguments=FOX, _meta={"progressToken": "fox"})
        problems = [self._problem(methods.SERVER_NOTIFICATIONS, one["method"], one) for one in notices]
        self.check("notifications are by the schema", not any(problems), problems)
        told = [one["params"]["progress"] for one in notices if one["method"] == "notifications/progress"]
        self.check("progress rises to the end", told == sorted(set(told)) and len(told) > 1, notices)
        kinds = [block["type"] for block in made["content"]]
        self.check("a picture comes as text and image", kinds == ["text", "image"], made)
        (image,) = made["structuredContent"]["images"]
        read, _ = self.request("resources/read", uri=image["uri"])
        self.check("its resource is read", read["contents"][0]["mimeType"] == image["mime_type"], read["contents"])
        refused, _ = call(arguments={**FOX, "size": "9x9"})
        is_told = refused["isError"] and "nearest legal" in refused["content"][0]["text"]
        self.check("a bad argument is an error that says what works", is_told, refused)

    def _problem(self, schemas: Any, method: str, value: object) -> str:
        try:
            TypeAdapter(schemas[method, self.revision]).validate_python(value)
        except (KeyError, ValidationError) as exc:
            return str(exc)
        return ""


@contextmanager
def _stdio(variables: dict[str, str]) -> Generator[Ask]:
    with silent_server(**variables) as raw:

        def ask(message: dict[str, Any]) -> list[dict[str, Any]]:
            raw.lines.clear()
            raw.send(**message)
            if "id" in message:
                raw.read_until(id=message["id"])
            return list(raw.lines)

        yield ask
        raw.stdin.close()


@contextmanager
def _http(revision: str, variables: dict[str, str]) -> Generator[Ask]:
    with http_server(**variables) as served, httpx.Client(timeout=60) as http:
        headers = {"Accept": "application/json, text/event-stream"}
        if revision >= "2025-06-18":
            headers["MCP-Protocol-Version"] = revision

        def ask(message: dict[str, Any]) -> list[dict[str, Any]]:
            params = message.get("params", {})
            named = {"Mcp-Method": message["method"], "Mcp-Name": params.get("name") or params.get("uri") or ""}
            answer = http.post(served.url, json=message, headers={**headers, **named})
            assert answer.is_success, answer.text
            if session := answer.headers.get("Mcp-Session-Id"):
                headers["Mcp-Session-Id"] = session
            if not answer.content:
                return []
            if answer.headers.get("Content-Type", "").startswith("application/json"):
                return [answer.json()]
            return [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]

        yield ask


def judged(revision: str, over: str, folder: Path) -> list[Check]:
    """Speak one revision over one transport, with a server in an empty folder."""
    variables = {"SEEDREAM_OUTPUT_DIR": str(folder / "pictures"), "SEEDREAM_STATE_DIR": str(folder / "state")}
    with _http(revision, variables) if over == "HTTP" else _stdio(variables) as ask:
        return Bare(revision, ask).judge()


RAW: Final = tuple(
    Trial("bare JSON against mcp-types", version("mcp-types"), revision, over, partial(judged, revision, over))
    for revision in (*HANDSHAKE, STATELESS)
    for over in ("stdio", "HTTP")
)
