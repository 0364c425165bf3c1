"""The official conformance suite: on the real command, and on the same server with the suite's fixtures beside."""

import json
import re
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from tests.conformance import served
from tests.conformance_scope import ELSEWHERE, FIXTURES
from tests.judge import conformance, version_of
from tests.serving import http_server
from tests.trial import Check, Trial

Serve = Callable[[Path], AbstractContextManager[str]]
Seen = dict[str, list[Any]]
"""The suite's checks, by scenario."""

SUITE, STABLE = "@modelcontextprotocol/conformance", "conformance-stable"
NOT_OF_THE_APP: Final = frozenset(ELSEWHERE)
NOT_OF_THE_COMMAND: Final = NOT_OF_THE_APP.union(*FIXTURES.values())
NOT_JUDGED: Final = frozenset({"INFO", "SKIPPED"})
"""What the suite says where it judged nothing. A warning is a fault here: what a server should do, this one does."""

LISTED: Final = re.compile(r"^  - (\S+) \[(.+)\]$", re.MULTILINE)
SCENARIO: Final = re.compile(r"server-(.+)-\d{4}-\d\d-\d\dT")


def trial(package: str, revision: str, over: str, serve: Serve, left_out: frozenset[str]) -> Trial:
    run = partial(judged, package, revision, serve, left_out)
    return Trial("MCP conformance suite", version_of("conformance", package), revision, over, run)


def judged(package: str, revision: str, serve: Serve, left_out: frozenset[str], folder: Path) -> list[Check]:
    """Run all there is for a revision at once; return what is about this server."""
    asked = ["--suite", "all"] if package == STABLE else ["--requirements", revision]
    with serve(folder) as url:
        said = conformance(package, "server", "--url", url, *asked, "--output-dir", folder / "results")
    assert "\nTotal: " in said, said
    seen = {_scenario(file): json.loads(file.read_text()) for file in (folder / "results").glob("*/checks.json")}
    _check_scope(package, revision, left_out, seen)
    return [
        _as_ours(scenario, check)
        for scenario, checks in seen.items()
        for check in checks
        if check["status"] not in NOT_JUDGED and left_out.isdisjoint(_names(scenario, check))
    ]


def _check_scope(package: str, revision: str, left_out: frozenset[str], seen: Seen) -> None:
    """Hold what was run, and what is left out, against all the suite has; extensions are of the newest revision."""
    listed = dict(LISTED.findall(conformance(package, "list", "--server").replace("[extension]", "[2026-07-28]")))
    assert {name for name, revisions in listed.items() if revision in revisions} <= seen.keys() | left_out
    if package == SUITE:
        assert {name.partition(":")[0] for name in left_out} <= listed.keys()


def _scenario(file: Path) -> str:
    found = SCENARIO.match(file.parent.name)
    assert found
    return found[1]


def _names(scenario: str, check: Any) -> set[str]:
    return {scenario, f"{scenario}:{check['id']}"}


def _as_ours(scenario: str, check: Any) -> Check:
    problem = "" if check["status"] == "SUCCESS" else check.get("errorMessage") or check["description"]
    return Check(f"{scenario}: {check['id']}", problem)


@contextmanager
def command(folder: Path) -> Generator[str]:
    """Yield the address of the real command, on the sandbox."""
    folders = {"SEEDREAM_OUTPUT_DIR": str(folder / "pictures"), "SEEDREAM_STATE_DIR": str(folder / "state")}
    with http_server(SEEDREAM_PROVIDER="sandbox", **folders) as server:
        yield server.url


CONFORMANCE: Final = tuple(
    trial(package, revision, over, serve, left_out)
    for package, revision in ((SUITE, "2026-07-28"), (SUITE, "2025-11-25"), (STABLE, "2025-11-25"))
    for over, serve, left_out in (
        ("HTTP", command, NOT_OF_THE_COMMAND),
        ("HTTP, with its fixtures", served, NOT_OF_THE_APP),
    )
)
