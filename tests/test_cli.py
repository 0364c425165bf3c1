"""The command line: what `seedream-hub sandbox` says when it starts, and when it cannot."""

import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters

from tests.support import COMMAND, facts_of


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--port", "99999"), "argument --port: 99999 is no port; use 0 to 65535, 0 for a free one"),
        (("--port", "-1"), "argument --port: -1 is no port"),
        (("--port", "web"), "argument --port: web is no port"),
        (("--delay", "-1"), "argument --delay: -1 is no delay; use 0 to 600 seconds"),
        (("--delay", "nan"), "argument --delay: nan is no delay"),
        (("--delay", "601"), "argument --delay: 601 is no delay"),
        (("--delay", "soon"), "argument --delay: soon is no delay"),
        (("--colour",), "unrecognized arguments: --colour"),
    ],
)
def test_a_bad_option_is_refused_in_one_line(arguments: tuple[str, ...], said: str) -> None:
    done = subprocess.run([COMMAND, "sandbox", *arguments], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("seedream-hub")
    assert said in line


def test_a_taken_port_is_told_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [COMMAND, "sandbox", "--port", str(port)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line == f"seedream-hub sandbox: port {port} is taken; choose another, or 0 for a free one"


@pytest.mark.parametrize("module", ["seedream_hub.server.parser", "pydantic", "seedream_hub.jobs.reference_files"])
def test_ctrl_c_while_the_command_is_loaded_is_quiet(module: str) -> None:
    command = [sys.executable, "-X", "importtime", COMMAND, "generate", "a red fox", "--count", "3"]
    pipe = subprocess.PIPE
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # what is ignored here would be ignored there
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        signal.signal(signal.SIGINT, before)
        assert process.stderr
        while not process.stderr.readline().rstrip().endswith(f" {module}"):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert (process.returncode, "Traceback" in errors) == (130, False)


def pasted(lines: list[str]) -> dict[str, str]:
    """Return the variables that a shell sets for `export` lines."""
    words = [word for line in lines for word in shlex.split(line)[1:]]
    return dict(word.split("=", 1) for word in words)


@contextmanager
def sandbox_alone() -> Generator[list[str]]:
    """Run the command; give the lines it prints at its start."""
    pipe = subprocess.PIPE
    with subprocess.Popen([COMMAND, "sandbox"], stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout
        yield [process.stdout.readline() for _ in range(7)]
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=20)
    assert (process.returncode, rest, errors) == (0, "", "")


async def test_the_lines_it_prints_lead_a_server_to_every_dialect() -> None:
    with sandbox_alone() as (first, *lines):
        assert first.startswith("Sandbox at http://127.0.0.1:")
        assert "sandbox-key" in first
        assert all(line.startswith("export ") for line in lines)
        variables = {**os.environ, **pasted(lines)}
        async with Client(StdioServerParameters(command=COMMAND, env=variables)) as client:
            for provider in ("ark", "byteplus", "relay", "aigc", "novita", "evolink"):
                arguments = {"prompt": "a red fox", "provider": provider, "model": "seedream-4.0"}
                facts = facts_of(await client.call_tool("generate_image", arguments))
                assert (facts["status"], facts["provider"], facts["sandbox"]) == ("completed", provider, True)


ANY_COMMAND = ["completion bash", "limits", "limits --json", "generate 'a fox' --size 1K --model seedream-4.0"]


@pytest.mark.parametrize("command", ANY_COMMAND)
def test_a_reader_that_has_seen_enough_ends_the_command_quietly(command: str, tmp_path: Path) -> None:
    line = f"{shlex.quote(COMMAND)} {command} | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)
    assert "Traceback" not in done.stderr
    assert done.stdout in {"141\n", "0\n"}


def test_pictures_under_way_are_saved_though_nobody_reads_how_far_they_are(tmp_path: Path) -> None:
    line = f"{shlex.quote(COMMAND)} generate 'a fox' --size 1K --model seedream-4.0 --count 3 2>&1 | true"
    subprocess.run(["bash", "-c", line], check=True)
    assert len(list((tmp_path / "pictures").glob("*.jpg"))) == 3
