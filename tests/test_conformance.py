"""The official MCP conformance suite: on the real command, and on the real server with the tools it dictates."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.conformance import served
from tests.judge import JUDGES, conformance
from tests.serving import http_server

TASKS = (
    "tasks-lifecycle",
    "tasks-capability-negotiation",
    "tasks-wire-fields",
    "tasks-request-state-removal",
    "tasks-request-headers",
    "tasks-dispatch-and-envelope",
)
"""Those on tasks that ask a user something, or on tools that cannot do without a task, have nothing to judge here."""

SERVED = {
    "2026-07-28": (
        "tools-list",
        "resources-list",
        "dns-rebinding-protection",
        "server-sse-multiple-streams",
        "caching",
        "http-header-validation",
        "sep-2164-resource-not-found",
        "server-stateless",
    ),
    "2025-11-25": (
        "server-initialize",
        "server-session-lifecycle",
        "ping",
        "tools-list",
        "resources-list",
        "dns-rebinding-protection",
        "server-sse-multiple-streams",
    ),
}
"""What of the suite a server can be judged by that has no tools of the suite's."""

OF_OTHER_SERVERS = {
    "sep-2549-prompts-list-caching-hints",
    "sep-2575-server-rejects-undeclared-capability",
    "sep-2575-missing-capability-http-400",
}
"""Checks that fail because a prompt or a tool of the suite's is not there."""


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    folder = tmp_path_factory.mktemp("command")
    folders = {"SEEDREAM_OUTPUT_DIR": str(folder / "pictures"), "SEEDREAM_STATE_DIR": str(folder / "state")}
    with http_server(**folders) as server:
        yield server.url


@pytest.mark.parametrize(("revision", "scenario"), [(key, name) for key, names in SERVED.items() for name in names])
def test_the_command_over_http_passes_the_official_scenario(
    command: str, revision: str, scenario: str, tmp_path: Path
) -> None:
    checks = conformance(scenario, command, tmp_path, revision)
    assert sum(check["status"] == "SUCCESS" for check in checks) >= (1 if scenario.endswith("streams") else 2)
    assert {check["id"] for check in checks if check["status"] == "FAILURE"} <= OF_OTHER_SERVERS


REST = ("prompts-list", "resources-list", "sep-2164-resource-not-found", "caching")
"""Of the others, those on what the server offers that dictate no fixture."""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    folder = tmp_path_factory.mktemp("conformance")
    with served(folder) as address:
        yield address


@pytest.mark.parametrize("scenario", TASKS)
def test_the_official_scenario_passes(url: str, scenario: str, tmp_path: Path) -> None:
    checks = conformance(scenario, url, tmp_path)
    assert len(checks) >= 3
    assert [check for check in checks if check["status"] != "SUCCESS"] == []


@pytest.mark.parametrize("scenario", REST)
def test_the_official_scenario_on_resources_and_prompts_passes(url: str, scenario: str, tmp_path: Path) -> None:
    checks = conformance(scenario, url, tmp_path)
    assert len(checks) >= 2
    assert [check for check in checks if check["status"] != "SUCCESS"] == []


def test_the_suites_lock_is_hashed_and_names_no_address() -> None:
    lock = (JUDGES / "conformance" / "package-lock.json").read_text(encoding="utf-8")
    assert "://" not in lock
    assert lock.count('"version"') == lock.count('"integrity"') > 100
