"""Measure what the hub adds to a bare httpx2 client: the same posts and downloads, in the same run, in turn.

The sandbox runs in a process of its own and hands out one ready picture, so that its drawing is not what is measured.
The bare client posts, parses and streams each picture to a file; it checks nothing, journals nothing, syncs nothing.
The hub is the real command over stdio, driven by the official client. POSIX only (peak memory is read from /proc).

    python bench/throughput.py             # writes bench/throughput.md
    python bench/throughput.py --rounds 1 --dry
"""

import argparse
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import anyio
import httpx2 as httpx
import psutil
from mcp import Client, StdioServerParameters

REPORT: Final = Path(__file__).resolve().parent / "throughput.md"
COMMAND: Final = str(Path(sys.executable).with_name("seedream-hub"))
MODEL: Final = "doubao-seedream-4-0-250828"
IN_FLIGHT: Final = 50
JOB: Final = 200
UNSHOWN: Final = {"SEEDREAM_PREVIEW": "none"}
MOST_RSS_MB: Final = 110


@dataclass(frozen=True)
class Sandbox:
    """The sandbox's address and key."""

    base_url: str
    api_key: str


@dataclass(frozen=True)
class Hub:
    """A running server and its process."""

    client: Client
    process: psutil.Process

    @property
    def cpu_s(self) -> float:
        """The CPU time it has used so far."""
        used = self.process.cpu_times()
        return used.user + used.system

    @property
    def peak_mb(self) -> float:
        """Its largest resident memory so far."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        return int(found[1]) / 1024 if found else 0.0


@dataclass
class Compared:
    """One workload's wall times in seconds, by round, and the server's peak memory after it."""

    name: str
    images: int
    bare_s: list[float]
    hub_s: list[float]
    cpu_ms: list[float]
    """The server's CPU time for each image."""
    peak_mb: float = 0.0

    def row(self) -> str:
        """Return its line of the table."""
        bare, hub = statistics.median(self.bare_s), statistics.median(self.hub_s)
        added = (hub - bare) / self.images * 1000
        cells = [self.name, f"{bare:.2f}", f"{hub:.2f}", f"{hub / bare:.2f}", f"{added:.1f}"]
        cells += [f"{statistics.median(self.cpu_ms):.1f}", f"{self.peak_mb:.0f}"]
        return f"| {' | '.join(cells)} |"


@contextmanager
def sandbox() -> Generator[Sandbox]:
    """Run the sandbox in its own process."""
    with subprocess.Popen([COMMAND, "sandbox", "--ready"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = process.stdout.readline() + process.stdout.readline()
        found = re.search(r"ARK_API_KEY=(\S+) SEEDREAM_ARK_BASE_URL=(\S+)", told)
        assert found, told
        try:
            yield Sandbox(found[2], found[1])
        finally:
            process.terminate()


@asynccontextmanager
async def hub(upstream: Sandbox, folder: Path, **settings: str) -> AsyncGenerator[Hub]:
    """Start the server on an empty folder."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "ARK_API_KEY": upstream.api_key,
        "SEEDREAM_ARK_BASE_URL": upstream.base_url,
        "SEEDREAM_OUTPUT_DIR": str(folder / "pictures"),
        "SEEDREAM_STATE_DIR": str(folder / "state"),
        "SEEDREAM_CONCURRENCY": str(IN_FLIGHT),
        "SEEDREAM_IMAGES_PER_MINUTE": "100000",
        **settings,
    }
    before = {child.pid for child in psutil.Process().children()}
    async with Client(StdioServerParameters(command=COMMAND, env=environment)) as client:
        (keeper,) = (child for child in psutil.Process().children() if child.pid not in before)
        await client.list_tools()
        (process,) = keeper.children()
        yield Hub(client, process)


async def bare(http: httpx.AsyncClient, upstream: Sandbox, folder: Path, size: str, count: int) -> None:
    """Post and download with httpx2 alone."""
    turn = anyio.CapacityLimiter(IN_FLIGHT)
    async with anyio.create_task_group() as tasks:
        for number in range(count):
            tasks.start_soon(_bare_one, http, turn, upstream, folder / f"{number}.jpg", (size, number))


async def _bare_one(
    http: httpx.AsyncClient, turn: anyio.CapacityLimiter, upstream: Sandbox, path: Path, what: tuple[str, int]
) -> None:
    body = {"model": MODEL, "prompt": f"a red fox, view {what[1]}", "size": what[0], "response_format": "url"}
    headers = {"authorization": f"Bearer {upstream.api_key}", "x-client-request-id": f"bare-v{what[1]}"}
    async with turn:
        answer = await http.post(f"{upstream.base_url}/images/generations", json=body, headers=headers)
        url: str = answer.raise_for_status().json()["data"][0]["url"]
        async with http.stream("GET", url) as response, await anyio.open_file(path, "wb") as file:
            async for chunk in response.aiter_bytes(256 * 1024):
                await file.write(chunk)


async def calls(server: Hub, size: str, count: int) -> None:
    """Make every picture with a call of its own, all at once."""
    async with anyio.create_task_group() as tasks:
        for number in range(count):
            tasks.start_soon(partial(_call, server, "generate_image", **_request(size, number)))


async def jobs(server: Hub, size: str, count: int) -> None:
    """Make the pictures in jobs of 200, one job after the other."""
    for first in range(0, count, JOB):
        requests = [_request(size, number) for number in range(first, min(first + JOB, count))]
        facts = await _call(server, "start_job", requests=requests)
        while facts["status"] == "running":
            facts = await _call(server, "get_job", job_id=facts["job_id"], wait_s=60)
        assert facts["status"] == "completed", facts["failures"][:1]


def _request(size: str, number: int) -> dict[str, Any]:
    return {"prompt": f"a red fox, view {number}", "size": size, "model": "seedream-4.0"}


async def _call(server: Hub, tool: str, **arguments: object) -> dict[str, Any]:
    result = await server.client.call_tool(tool, arguments, read_timeout_seconds=600)
    assert not result.is_error, result.content
    assert result.structured_content is not None
    return result.structured_content


async def compare(
    upstream: Sandbox,
    name: str,
    work: Callable[[Hub, str, int], Awaitable[None]],
    size: str,
    count: int,
    rounds: int,
    **settings: str,
) -> Compared:
    """Run a workload both ways, in turn, each on a client or server that has made one picture before."""
    compared = Compared(name, count, [], [], [])
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            async with httpx.AsyncClient(timeout=600, limits=httpx.Limits(max_connections=IN_FLIGHT)) as http:
                await bare(http, upstream, Path(folder), size, 1)
                compared.bare_s.append(await timed(bare(http, upstream, Path(folder), size, count)))
        with tempfile.TemporaryDirectory() as folder:
            async with hub(upstream, Path(folder), **settings) as server:
                await work(server, size, 1)
                cpu_s = server.cpu_s
                compared.hub_s.append(await timed(work(server, size, count)))
                compared.cpu_ms.append((server.cpu_s - cpu_s) / count * 1000)
                compared.peak_mb = max(compared.peak_mb, server.peak_mb)
    print(compared.row(), flush=True)
    return compared


async def timed(work: Awaitable[None]) -> float:
    """Return the seconds something takes."""
    start = time.perf_counter()
    await work
    return time.perf_counter() - start


async def measure(rounds: int, large: int) -> list[Compared]:
    """Run everything."""
    with sandbox() as upstream:
        return [
            await compare(upstream, "one image, 1K", calls, "1K", 1, 3 * rounds),
            await compare(upstream, "50 prompts at once, 1K", calls, "1K", IN_FLIGHT, rounds),
            await compare(upstream, "the same without previews", calls, "1K", IN_FLIGHT, rounds, **UNSHOWN),
            await compare(upstream, f"{large:,} images in jobs of 200, 1K", jobs, "1K", large, rounds),
            await compare(upstream, f"{large:,} images in jobs of 200, 4K", jobs, "4K", large, 1),
        ]


def report(results: list[Compared]) -> str:
    """Return the report's table."""
    lines = [
        "| work | bare, s | hub, s | ratio | added ms an image | CPU ms an image | peak RSS MB |",
        "|---|---:|---:|---:|---:|---:|---:|",
        *(one.row() for one in results),
        "",
        (
            f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()} {platform.machine()}; "
            f"load {os.getloadavg()[1]:.0f} at the end."
        ),
    ]
    return "\n".join(lines)


def main() -> int:
    """Measure, print, and write the report; exit 1 above a limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--dry", action="store_true", help="print only")
    arguments = parser.parse_args()
    results = anyio.run(measure, arguments.rounds, arguments.images)
    table = report(results)
    print(table)
    if not arguments.dry:
        text = REPORT.read_text(encoding="utf-8").partition("<!-- table -->\n")[0]
        REPORT.write_text(f"{text}<!-- table -->\n\n{table}\n", encoding="utf-8")
    return int(max(one.peak_mb for one in results) > MOST_RSS_MB)


if __name__ == "__main__":
    raise SystemExit(main())
