"""The real command over Streamable HTTP: its address, who may ask, how much, and how it ends."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Generator, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import anyio
import httpx2 as httpx
import pytest
from mcp import Client, StdioServerParameters
from mcp.shared.exceptions import MCPError
from mcp.types import BlobResourceContents
from PIL import Image

from seedream_hub.providers.sandbox.server import Sandbox, SandboxOptions, start_sandbox
from tests.raw import HELLO
from tests.sandboxed import data_uri, within_ten_seconds
from tests.serving import Served, http_server
from tests.support import COMMAND, facts_of, text_of
from tests.test_shutdown import ENDS_S, ark, states

FOX = {"prompt": "a red fox in snow", "size": "1K", "model": "seedream-4.0"}
KEY = "sk-very-secret-key"
MEBIBYTE = 1024 * 1024
ACCEPT = {"Accept": "application/json, text/event-stream"}
REVISIONS = {"auto": "2026-07-28", "legacy": "2025-11-25"}

Era = Literal["auto", "legacy"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    folders = {"SEEDREAM_OUTPUT_DIR": str(folder / "pictures"), "SEEDREAM_STATE_DIR": str(folder / "state")}
    with http_server(**folders, NOVITA_API_KEY=KEY, SEEDREAM_PROVIDER="sandbox", LC_ALL="C.UTF-8") as server:
        yield server


async def tour(connection: AbstractAsyncContextManager[Client], revision: str) -> None:
    """Do what clients do."""
    said: list[tuple[float, str]] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        said.append((progress, message or ""))

    async with connection as client:
        assert client.protocol_version == revision
        assert "generate_image" in {tool.name for tool in (await client.list_tools()).tools}
        made = facts_of(await client.call_tool("generate_image", FOX, progress_callback=note))
        (image,) = made["images"]
        assert [value for value, _ in said] == sorted({value for value, _ in said})
        assert image["path"] in said[-1][1]
        (content,) = (await client.read_resource(image["uri"])).contents
        assert isinstance(content, BlobResourceContents)
        assert len(content.blob) * 3 // 4 - image["bytes"] in {0, 1, 2}
        refused = await client.call_tool("generate_image", {**FOX, "count": 99})
        assert refused.is_error
        assert "Nothing was sent" in text_of(refused)
        facts = facts_of(await client.call_tool("generate_image", {**FOX, "wait_s": 0}))
        assert (facts["status"], facts["images"]) == ("running", [])
        facts = facts_of(await client.call_tool("get_job", {"job_id": facts["job_id"]}, progress_callback=note))
        assert (facts["status"], facts["delivered"]) == ("completed", 1)


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_over_http_each_era_lists_makes_reads_is_refused_and_follows_a_job(era: Era) -> None:
    with http_server(SEEDREAM_SANDBOX_DELAY_S="0.3") as server:
        await tour(Client(server.url, mode=era), REVISIONS[era])


@pytest.mark.parametrize("era", ["auto", "legacy"])
@pytest.mark.parametrize("arguments", [[], ["serve"]])
async def test_over_stdio_each_era_does_the_same(era: Era, arguments: list[str]) -> None:
    variables = {**os.environ, "SEEDREAM_SANDBOX_DELAY_S": "0.3"}
    command = StdioServerParameters(command=COMMAND, args=arguments, env=variables)
    await tour(Client(command, mode=era), REVISIONS[era])


async def test_the_address_it_says_can_be_pasted_into_a_client(served: Served) -> None:
    pasted = json.loads(served.line.partition("for a client: ")[2])["mcpServers"]["seedream"]
    assert pasted == {"type": "http", "url": served.url}
    async with Client(pasted["url"]) as client:
        assert (await client.list_tools()).tools


def test_its_health_is_told_and_nothing_else(served: Served) -> None:
    answer = httpx.get(f"{served.root}/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "version": version("seedream-hub")})


@pytest.mark.parametrize("path", ["/mcp", "/healthz", "/"])
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "localhost.:{port}"]
)
def test_a_request_for_another_host_is_refused(served: Served, path: str, host: str) -> None:
    named = host.format(port=served.host.partition(":")[2])
    answer = httpx.post(served.root + path, headers={**ACCEPT, "Host": named}, json=HELLO)
    assert answer.status_code == 421
    assert served.host in answer.json()["error"]["message"]


@pytest.mark.parametrize("path", ["/mcp", "/healthz"])
@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:1", "https://{host}", "null"])
def test_a_page_of_another_site_is_refused(served: Served, path: str, origin: str) -> None:
    headers = {**ACCEPT, "Origin": origin.format(host=served.host)}
    answer = httpx.post(served.root + path, headers=headers, json=HELLO)
    assert answer.status_code == 403
    assert f"http://{served.host}" in answer.json()["error"]["message"]


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_its_own_names_and_pages_are_answered(served: Served, name: str) -> None:
    own = f"{name}:{served.host.partition(':')[2]}"
    headers = {**ACCEPT, "Host": own, "Origin": f"http://{own}"}
    assert httpx.post(served.url, headers=headers, json=HELLO).status_code == 200


async def test_an_address_without_its_path_is_told_which(served: Served) -> None:
    async with Client(served.url) as client:  # what answers at all
        assert client.protocol_version
    answer = httpx.post(f"{served.root}/", headers=ACCEPT, json=HELLO)
    assert answer.status_code == 404
    assert "/mcp" in answer.json()["error"]["message"]


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_a_request_that_is_too_large_is_told_the_limit_and_what_works(served: Served, era: Era) -> None:
    async with Client(served.url, mode=era) as client:
        with pytest.raises(MCPError, match=r"64 MiB.*paths or https links"):
            await client.call_tool("edit_image", {**FOX, "image": "data:image/png;base64," + "A" * 65 * MEBIBYTE})
        assert facts_of(await client.call_tool("generate_image", FOX))["status"] == "completed"


def test_one_whose_length_is_not_told_is_refused_as_well(served: Served) -> None:
    answer = httpx.post(served.url, headers=ACCEPT, content=(b"A" * MEBIBYTE for _ in range(65)), timeout=30)
    assert answer.status_code == 413
    assert "64 MiB" in answer.json()["error"]["message"]


async def test_a_reference_of_many_megabytes_may_be_sent_as_data(served: Served) -> None:
    noise, buffer = Image.frombytes("RGB", (2600, 2600), os.urandom(2600 * 2600 * 3)), BytesIO()
    noise.save(buffer, "PNG", compress_level=0)
    assert len(buffer.getvalue()) > 20_000_000
    async with Client(served.url) as client:
        result = await client.call_tool("edit_image", {**FOX, "image": data_uri(buffer.getvalue())})
    assert facts_of(result)["status"] == "completed"


def refused(*arguments: str) -> str:
    """Return the one line the command ends with."""
    done = subprocess.run([COMMAND, "serve", *arguments], capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    return line


def test_a_taken_port_is_told_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert refused("--port", str(port)) == (
            f"seedream-hub: port {port} is taken; choose another, or 0 for a free one"
        )


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "example.com"])
def test_a_server_for_others_is_refused(host: str) -> None:
    line = refused("--port", "0", "--host", host)
    assert f"{host} would open the server to others, who could spend your money" in line


def test_a_host_without_a_port_is_refused() -> None:
    assert "--host needs --port" in refused("--host", "127.0.0.1")


def test_it_speaks_chinese_too() -> None:
    with http_server(SEEDREAM_LANG="zh") as server:
        answer = httpx.post(server.root, headers=ACCEPT, json=HELLO)
    assert "/mcp" in answer.json()["error"]["message"]
    assert not answer.json()["error"]["message"].isascii()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    running = start_sandbox(SandboxOptions(delay_s=1.5))
    yield running
    running.stop()


@contextmanager
def told_to_end(server: Served) -> Generator[None]:
    """Do something while a server ends well, in time, having said nothing but its address."""
    began = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    yield
    assert server.process.communicate(timeout=30) == ("", "")
    assert server.process.returncode == 0
    assert time.monotonic() - began < ENDS_S


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_told_to_end_it_finishes_what_was_sent_and_answers(sandbox: Sandbox, tmp_path: Path, era: Era) -> None:
    answers: list[dict[str, Any]] = []
    sent = anyio.Event()

    async def note(progress: float, total: float | None, message: str | None) -> None:
        if "sent to ark" in (message or ""):
            sent.set()

    with http_server(**ark(sandbox)) as server:
        async with Client(server.url, mode=era) as client, anyio.create_task_group() as tasks:

            async def call() -> None:
                arguments = {**FOX, "count": 3}
                answers.append(facts_of(await client.call_tool("generate_image", arguments, progress_callback=note)))

            await client.list_tools()  # the client holds results against the schemas
            tasks.start_soon(call)
            await sent.wait()
            server.process.send_signal(signal.SIGTERM)
        with told_to_end(server):
            pass
    assert states(tmp_path / "state") == ["stored", "cancelled", "cancelled"]
    assert [(facts["delivered"], facts["billed"]) for facts in answers] == [(1, 1)]


def test_idle_it_ends_at_once_whoever_is_connected() -> None:
    with http_server() as server, httpx.Client(headers=ACCEPT) as http:
        session = http.post(server.url, json=HELLO).headers["mcp-session-id"]
        with http.stream("GET", server.url, headers={"mcp-session-id": session}) as news:
            assert news.status_code == 200
            began = time.monotonic()
            with told_to_end(server):
                pass
            assert time.monotonic() - began < 3


def test_a_client_of_the_older_era_that_drops_its_line_loses_no_picture(sandbox: Sandbox, tmp_path: Path) -> None:
    with http_server(**ark(sandbox)) as server, httpx.Client(headers=ACCEPT) as http:
        session = {"mcp-session-id": http.post(server.url, json=HELLO).headers["mcp-session-id"]}
        http.post(server.url, headers=session, json={"jsonrpc": "2.0", "method": "notifications/initialized"})
        params = {"name": "generate_image", "arguments": {**FOX, "count": 2}, "_meta": {"progressToken": "p"}}
        call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        with http.stream("POST", server.url, headers=session, json=call) as answer:
            assert any("sent to ark" in line for line in answer.iter_lines())
        within_ten_seconds(lambda: states(tmp_path / "state") == ["stored", "stored"])


async def test_a_client_of_the_newer_era_that_drops_its_line_cancels_and_keeps_what_was_sent(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    scope = anyio.CancelScope()

    async def leave(progress: float, total: float | None, message: str | None) -> None:
        if "sent to ark" in (message or ""):
            scope.cancel()

    with http_server(**ark(sandbox)) as server:
        async with Client(server.url, mode="auto") as client:
            with scope:
                await client.call_tool("generate_image", {**FOX, "count": 2}, progress_callback=leave)
            assert scope.cancelled_caught
        within_ten_seconds(lambda: states(tmp_path / "state") == ["stored", "cancelled"])


async def test_a_job_goes_on_without_the_client_that_started_it(sandbox: Sandbox) -> None:
    with http_server(**ark(sandbox)) as server:
        async with Client(server.url) as first:
            started = facts_of(await first.call_tool("start_job", {"requests": [FOX, {**FOX, "prompt": "an owl"}]}))
        async with Client(server.url, mode="legacy") as second:
            facts = {"status": "running"}
            while facts["status"] == "running":
                facts = facts_of(await second.call_tool("get_job", {"job_id": started["job_id"], "wait_s": 30}))
    assert (facts["status"], facts["delivered"]) == ("completed", 2)
