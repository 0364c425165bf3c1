"""Measure the start: CPU seconds from spawn to the answer of `tools/list`, beside a bare `MCPServer` in the same run.

Both servers are started in turn, `--rounds` times each, after one unmeasured start that writes the bytecode. A server
is killed the moment it has answered, so nothing after the answer is counted. POSIX only (`os.wait4`).
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).resolve().parent
REPORT: Final = HERE / "README.md"
LIMIT: Final = 1.15
BARE: Final = """
from mcp.server import MCPServer
server = MCPServer("bare")
@server.tool()
def ping() -> str:
    "Answer."
    return "pong"
server.run("stdio")
"""
COMMANDS: Final = {
    "bare MCPServer": [sys.executable, "-c", BARE],
    "seedream-hub": [str(Path(sys.executable).with_name("seedream-hub"))],
}
HELLO: Final[list[dict[str, Any]]] = [
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "bench", "version": "1"},
        },
    },
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
    {"jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": {}},
]


def cpu_seconds(command: list[str], home: str) -> tuple[float, float]:
    """Return the CPU seconds of a start, with the end after it, and the peak resident memory in MB."""
    environment = {**os.environ, "HOME": home}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        for message in HELLO:
            server.stdin.write(json.dumps(message).encode() + b"\n")
            server.stdin.flush()
        for line in server.stdout:
            if json.loads(line).get("id") == 2:
                break
        else:
            raise SystemExit(f"{command[0]} ended without an answer")
        server.stdin.close()  # it ends by itself, and its parent counts it
        _, status, usage = os.wait4(server.pid, 0)
        server.returncode = os.waitstatus_to_exitcode(status)
        memory = usage.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)
        return usage.ru_utime + usage.ru_stime, memory


def measure(rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Start every server in turn; return the measurements by server."""
    with tempfile.TemporaryDirectory() as home:
        for command in COMMANDS.values():
            cpu_seconds(command, home)
        turns = [(name, cpu_seconds(command, home)) for _ in range(rounds) for name, command in COMMANDS.items()]
    return {name: [result for who, result in turns if who == name] for name in COMMANDS}


def table(results: dict[str, list[tuple[float, float]]]) -> str:
    """Return the report's table."""
    floor = statistics.median(cpu for cpu, _ in results["bare MCPServer"])
    lines = ["| server | CPU s, median | min | max | RSS MB | ratio |", "|---|---|---|---|---|---|"]
    for name, measured in results.items():
        cpu = [seconds for seconds, _ in measured]
        middle, memory = statistics.median(cpu), statistics.median(rss for _, rss in measured)
        lines.append(
            f"| {name} | {middle:.2f} | {min(cpu):.2f} | {max(cpu):.2f} | {memory:.0f} | {middle / floor:.2f} |"
        )
    versions = f"Python {platform.python_version()}, mcp {version('mcp')}, {platform.system()} {platform.machine()}"
    return "\n".join([*lines, "", f"{len(results['seedream-hub'])} starts each, {os.cpu_count()} cores, {versions}."])


def main() -> int:
    """Measure, print, and write the report; exit 1 above the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--dry", action="store_true", help="print only")
    arguments = parser.parse_args()
    results = measure(arguments.rounds)
    report = table(results)
    print(report)
    if not arguments.dry:
        text = REPORT.read_text(encoding="utf-8")
        head, _, rest = text.partition("<!-- start:begin -->\n")
        _, _, tail = rest.partition("<!-- start:end -->")
        REPORT.write_text(f"{head}<!-- start:begin -->\n{report}\n<!-- start:end -->{tail}", encoding="utf-8")
    ours, floor = (statistics.median(cpu for cpu, _ in results[name]) for name in ("seedream-hub", "bare MCPServer"))
    return int(ours > LIMIT * floor)


if __name__ == "__main__":
    raise SystemExit(main())
