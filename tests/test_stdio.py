"""The real command in its own process, over stdio."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters

from tests.raw import raw_server
from tests.support import COMMAND, ROOT, Connect, facts_of, text_of
from tests.upstream import Script, serve

FOX = {"prompt": "a red fox in snow"}
KEY = "sk-very-secret-key"
HEAVY = (
    "PIL",
    "sqlite3",
    "jsonschema",
    "seedream_hub.jobs.",
    "seedream_hub.providers.client",
    "seedream_hub.providers.sandbox",
)


async def test_a_client_over_stdio_gets_a_picture_it_can_open(stdio: Connect) -> None:
    messages: list[str] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        messages.append(message or "")

    async with stdio() as client:
        facts = facts_of(await client.call_tool("generate_image", FOX, progress_callback=note))
    (image,) = facts["images"]
    assert Path(image["path"]).stat().st_size == image["bytes"]
    assert any(image["path"] in message for message in messages)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_both_protocol_eras_get_the_same_result(mode: str) -> None:
    server = StdioServerParameters(command=COMMAND, env=dict(os.environ))
    async with Client(server, mode=mode) as client:
        facts = facts_of(await client.call_tool("generate_image", FOX))
    assert facts["status"] == "completed"


async def test_the_committed_configuration_starts_a_server() -> None:
    configured = json.loads((ROOT / "mcp.json").read_text())["mcpServers"]["seedream"]
    server = StdioServerParameters(
        command=configured["command"],
        args=configured["args"],
        env={**os.environ, **configured["env"]},
        cwd=ROOT,
    )
    async with Client(server) as client:
        facts = facts_of(await client.call_tool("generate_image", FOX))
    assert facts["status"] == "completed"


@pytest.mark.parametrize("proxy", ["ftp://127.0.0.1:9", "socks4://127.0.0.1:9"])
async def test_a_proxy_that_cannot_be_used_is_refused_with_what_to_do_each_time(stdio: Connect, proxy: str) -> None:
    variables = {"ARK_API_KEY": KEY, "SEEDREAM_ARK_BASE_URL": "https://ark.example.com", "HTTPS_PROXY": proxy}
    async with stdio(**variables) as client:
        told = [text_of(await client.call_tool("generate_image", FOX)) for _ in range(2)]
    assert told[0] == told[1]
    assert "HTTP or SOCKS5 proxy" in told[0]
    assert "Nothing was sent" in told[0]


def test_the_readme_shows_the_committed_configuration() -> None:
    assert (ROOT / "mcp.json").read_text() in (ROOT / "README.md").read_text()


def test_a_picture_sent_before_the_client_went_away_is_saved(tmp_path: Path) -> None:
    with raw_server(SEEDREAM_SANDBOX_DELAY_S="1") as raw:
        raw.call(FOX)
        raw.read_progress("sent to sandbox")
        raw.stdin.close()
        assert raw.process.wait(timeout=20) == 0
    assert len(list((tmp_path / "pictures").glob("*.jpg"))) == 1


def test_stdout_carries_the_protocol_only_and_stderr_no_secret() -> None:
    picture = (ROOT / "tests" / "data" / "gradient.jpg").read_bytes()
    with serve(Script(picture=picture)) as script:
        variables = {"ARK_API_KEY": KEY, "SEEDREAM_ARK_BASE_URL": script.base_url, "SEEDREAM_LOG_LEVEL": "DEBUG"}
        with raw_server(**variables) as raw:
            raw.call(FOX)
            result = raw.read_until(id=1)["result"]
            rest, stderr = raw.process.communicate(timeout=30)
    assert result["structuredContent"]["status"] == "completed"
    assert {json.loads(line)["jsonrpc"] for line in rest.splitlines()} <= {"2.0"}
    assert all(message["jsonrpc"] == "2.0" for message in raw.lines)
    assert KEY not in stderr
    assert "X-Tos-Signature" not in stderr
    assert KEY not in json.dumps(raw.lines)


def loaded_by(code: str) -> set[str]:
    show = "; import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code + show], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_nothing_heavy_is_loaded_before_the_first_call() -> None:
    listing = (
        "import anyio; from mcp import Client; from seedream_hub.server.app import make_server; "
        "from seedream_hub.server.settings import load_settings; "
        "from seedream_hub.schemas.limits import packaged_limits; "
        "anyio.run(make_server(load_settings(), packaged_limits()).list_tools)"
    )
    bare = "from mcp import Client; from mcp.server import MCPServer; MCPServer('bare')"
    ours = loaded_by(listing) - loaded_by(bare)
    assert "seedream_hub.tools.generate" in ours
    assert sorted(name for name in ours if name.startswith(HEAVY)) == []


def test_the_start_reads_what_commands_take_and_loads_none_of_them() -> None:
    ours = loaded_by("from seedream_hub.server import cli; cli._parser()")
    rooms = {name for name in ours if name.startswith("seedream_hub.server.")}
    assert "seedream_hub.server.install_parser" in rooms
    commands = {
        f"seedream_hub.server.{name}"
        for name in (
            "install",
            "clients",
            "jsonc",
            "health",
            "reach",
            "completion",
            "draw",
            "drawing_desk",
            "figures",
        )
    }
    libraries = {"shtab", "pydantic", "httpx2", "sqlite3", "rich", "textual_image"}
    assert (rooms & commands, ours & libraries) == (set(), set())


@pytest.mark.parametrize("command", ["jobs", "usage", "images list"])
def test_commands_that_only_look_do_not_load_the_sdk(command: str) -> None:
    argv = ["seedream-hub", *command.split()]
    called = f"sys.argv = {argv}; sys.stdout = sys.stderr; cli.main(); sys.stdout = sys.__stdout__"
    assert "mcp" not in loaded_by(f"import sys; from seedream_hub.server import cli; {called}")


def test_the_command_tells_its_version() -> None:
    done = subprocess.run([COMMAND, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("seedream-hub 0.")
