"""Run a server whose plug is pulled at one commit of its journal: `python -m tests.plug` reads its runs from stdin.

One process loads everything once and forks for each run. Only the standard library's connection is wrapped.
"""

import gc
import json
import os
import signal
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import anyio
from mcp import Client

from seedream_hub.schemas.limits import packaged_limits
from seedream_hub.server.app import make_server
from seedream_hub.server.settings import Settings

AT_ONCE = 6
HEAVY = ("seedream_hub.jobs.engine", "seedream_hub.jobs.recovery", "seedream_hub.tools.result", "PIL.JpegImagePlugin")


@dataclass(frozen=True)
class Run:
    """A process: in which folder, with which settings, what it calls, and at which commit it dies."""

    folder: str
    settings: dict[str, Any]
    tool: str = ""
    """Empty: the process finishes the jobs it finds."""
    arguments: dict[str, Any] = field(default_factory=dict[str, Any])
    commit: int = 0
    """1-based; 0 for a process that lives."""
    after: bool = False
    """Die right after the commit instead of right before it."""


class Plugged(sqlite3.Connection):
    """A connection that counts the commits that change something, and kills the process at one of them."""

    commits: ClassVar[int] = 0
    run: ClassVar[Run]
    changes = 0

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        if sql != "COMMIT" or self.total_changes == self.changes:
            return super().execute(sql, parameters)
        self.changes = self.total_changes
        Plugged.commits += 1
        self._die_here(after=False)
        cursor = super().execute(sql, parameters)
        self._die_here(after=True)
        return cursor

    def _die_here(self, *, after: bool) -> None:
        if (self.run.commit, self.run.after) == (Plugged.commits, after):
            os.kill(os.getpid(), signal.SIGKILL)


def work(run: Run) -> None:
    """Be the process."""
    Plugged.run = run
    sqlite3.connect = partial(sqlite3.connect, factory=Plugged)
    anyio.run(_serve, run)
    Path(run.folder, "commits").write_text(str(Plugged.commits))


async def _serve(run: Run) -> None:
    state = Path(run.folder, "state")
    settings: dict[str, Any] = {**run.settings, "output_dir": Path(run.folder, "pictures"), "state_dir": state}
    server = make_server(Settings(**settings), packaged_limits())
    async with Client(server) as client:
        if run.tool:
            await client.call_tool(run.tool, run.arguments)
        for job_id in _jobs(state):
            facts: dict[str, Any] = {"status": "running"}
            while facts["status"] == "running":
                result = await client.call_tool("get_job", {"job_id": job_id, "wait_s": 30})
                facts = result.structured_content or {"status": "refused"}
            Path(run.folder, "facts.json").write_text(json.dumps(facts))
        while _jobs(state, "WHERE is_open"):  # noqa: ASYNC110 - a picture's record may be missing yet
            await anyio.sleep(0.02)


def _jobs(state: Path, which: str = "") -> list[str]:
    if not (state / "journal.sqlite3").exists():
        return []
    reader = sqlite3.connect(state / "journal.sqlite3", factory=sqlite3.Connection)
    try:
        return [row[0] for row in reader.execute(f"SELECT id FROM jobs {which}")]
    except sqlite3.OperationalError:  # the plug was pulled before there were tables
        return []
    finally:
        reader.close()


def fork(run: Run) -> int:
    """Start a run; return the process id."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        work(run)
        code = 0
    finally:
        sys.stderr.flush()
        os._exit(code)


def play(runs: Iterator[Run]) -> Iterator[dict[str, Any]]:
    """Play the runs, several at once; yield how each ended."""
    going: dict[int, Run] = {}
    for run in runs:
        going[fork(run)] = run
        if len(going) == AT_ONCE:
            yield _ended(going)
    while going:
        yield _ended(going)


def _ended(going: dict[int, Run]) -> dict[str, Any]:
    pid, status = os.wait()
    return {**asdict(going.pop(pid)), "killed": os.WIFSIGNALED(status), "status": status}


if __name__ == "__main__":
    for module in HEAVY:
        import_module(module)  # once, and not in every process
    gc.freeze()
    for ended in play(Run(**json.loads(line)) for line in sys.stdin):
        sys.stdout.write(json.dumps(ended) + "\n")
        sys.stdout.flush()
