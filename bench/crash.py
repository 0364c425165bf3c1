"""Kill the server at a random moment of a job, start it again, and hold the sandbox's own ledger against the files.

Each round: a job of 20 requests (singles, variants, sets), SIGKILL after a random time, a new process, and a wait
until nothing is open any more. What the ledger billed must then be a file, or owned up to as lost or unknown, picture
by picture; and no request may stand in the ledger twice.

With faults, a write, a sync or a cut of a file fails now and then (`fiu-run` of Debian's fiu-utils).

    python bench/crash.py --rounds 200 --faults 40      # writes bench/crash.md
    python bench/crash.py --rounds 6 --check
"""

import argparse
import errno
import hashlib
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

import httpx2 as httpx
from tqdm import tqdm

from seedream_hub.providers.sandbox.server import Sandbox, SandboxOptions, start_sandbox

REPORT: Final = Path(__file__).resolve().parent / "crash.md"
SERVER: Final = Path(sys.executable).with_name("seedream-hub")
DIALECTS: Final = ("ark", "byteplus", "relay", "aigc", "novita", "evolink")
DELAY_S: Final = 0.15
LATEST_KILL_S: Final = 4.0
PATIENCE_S: Final = 90
FAULTS: Final = ("EIO", "ENOSPC")
FAILING: Final = ("sync/fsync", "sync/fdatasync", "rw/pwrite", "rw/ftruncate")
"""What SQLite and the library do to files; `write` would fail on the pipe to the client too."""

LIKELY: Final = 0.03
COLUMNS: Final = ("billed", "kept", "unknown", "owned up as lost", "lost silently", "sent twice")


@dataclass
class Tally:
    """What became of the pictures of one dialect's rounds."""

    rounds: int = 0
    counts: Counter[str] = field(default_factory=Counter[str])
    wrong: list[str] = field(default_factory=list[str])


class Server:
    """The real command over stdio, driven by hand: nothing of a client must die with it."""

    def __init__(self, environment: dict[str, str], fault: str | None = None) -> None:
        command = [*unreliable(fault), str(SERVER)]
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._number = 0
        self.ask(
            "initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo={"name": "crash", "version": "1"}
        )
        self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def call(self, tool: str, **arguments: object) -> dict[str, Any]:
        """Call a tool until it is not refused; return the structured result."""
        patience, result = time.monotonic() + PATIENCE_S, {}
        while time.monotonic() < patience:
            result = self.ask("tools/call", name=tool, arguments=arguments)
            if "structuredContent" in result:
                return result["structuredContent"]
            if "Nothing was sent" not in str(result):
                break
        raise SystemExit(f"{tool}: {result}")

    def ask(self, method: str, **parameters: object) -> dict[str, Any]:
        """Send a request and wait for its answer."""
        self._number += 1
        self._send({"jsonrpc": "2.0", "id": self._number, "method": method, "params": parameters})
        output: IO[bytes] = self._process.stdout  # pyright: ignore[reportAssignmentType] - a pipe
        for line in output:
            message = json.loads(line)
            if message.get("id") == self._number and "method" not in message:
                return message.get("result") or message
        raise SystemExit(f"the server ended during {method}")

    def kill(self) -> None:
        """Pull the plug."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End it as a client does."""
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait(30)

    def _send(self, message: dict[str, Any]) -> None:
        if self._process.stdin:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()


def job(name: str) -> list[dict[str, Any]]:
    """Return 20 requests for 34 pictures."""
    singles: list[dict[str, Any]] = [{"prompt": f"{name}, view {number}"} for number in range(12)]
    variants: list[dict[str, Any]] = [{"prompt": f"{name}, sketch {number}", "count": 2} for number in range(4)]
    sets: list[dict[str, Any]] = [
        {"tool": "batch_images", "prompt": f"{name}, story {number}", "count": 3} for number in range(4)
    ]
    size = "1024x1024" if name.startswith("aigc") else "1K"
    return [{**one, "model": "seedream-4.0", "size": size} for one in (*singles, *variants, *sets)]


def unreliable(fault: str | None) -> list[str]:
    """Return the command that makes a server's disk fail now and then."""
    if fault is None:
        return []
    if not shutil.which("fiu-run"):
        raise SystemExit("--faults needs fiu-run: apt-get install fiu-utils")
    code = getattr(errno, fault)
    points = (f"enable_random name=posix/io/{name},probability={LIKELY},failinfo={code}" for name in FAILING)
    return ["fiu-run", "-x", "-f", "", *(word for point in points for word in ("-c", point))]


def play(dialect: str, sandbox: Sandbox, chance: random.Random, tally: Tally, fault: str | None = None) -> None:
    """Play one round."""
    begun = time.time()
    with tempfile.TemporaryDirectory() as folder:
        environment = settings(dialect, sandbox, Path(folder))
        server = Server(environment, fault)
        requests = job(f"{dialect} {chance.random()}")
        chance.shuffle(requests)
        started = server.call("start_job", requests=requests)
        time.sleep(chance.uniform(0, LATEST_KILL_S))
        server.kill()
        server = Server(environment, fault)
        patience = time.monotonic() + PATIENCE_S
        facts = started
        while facts["status"] == "running":
            facts = server.call("get_job", job_id=started["job_id"], wait_s=5)
            if time.monotonic() > patience:
                tally.wrong.append(f"{dialect}: still running after {PATIENCE_S} s")
                break
        server.stop()
        judge(dialect, Path(folder), started["job_id"], settled_ledger(sandbox, begun), tally)


def settings(dialect: str, sandbox: Sandbox, folder: Path) -> dict[str, str]:
    """Return the server's environment."""
    name = dialect.upper()
    key = f"SEEDREAM_{name}_API_KEY" if dialect == "relay" else f"{name}_API_KEY"
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        key: sandbox.api_key,
        f"SEEDREAM_{name}_BASE_URL": sandbox.base_urls[dialect],
        "SEEDREAM_OUTPUT_DIR": str(folder / "pictures"),
        "SEEDREAM_STATE_DIR": str(folder / "state"),
        "SEEDREAM_IMAGES_PER_MINUTE": "100000",
    }


def ledger(sandbox: Sandbox) -> dict[str, Any]:
    """Return what the sandbox was asked for."""
    return httpx.get(f"{sandbox.url}/admin/ledger").json()


def settled_ledger(sandbox: Sandbox, since: float) -> list[dict[str, Any]]:
    """Return the ledger's rows of a round once the sandbox works on nothing any more; it keeps the last thousand."""
    while (seen := ledger(sandbox))["under_way"]:
        time.sleep(DELAY_S)
    return [row for row in seen["requests"] if row["time"] >= since]


def judge(dialect: str, folder: Path, job_id: str, rows: list[dict[str, Any]], tally: Tally) -> None:
    """Compare what was billed with what the journal and the folder say, picture by picture."""
    with closing(sqlite3.connect(folder / "state" / "journal.sqlite3")) as db:
        found = db.execute("SELECT idx, state, record FROM images WHERE job_id = ?", (job_id,)).fetchall()
    states = {index: state for index, state, _ in found}
    records = {index: json.loads(record) for index, _, record in found if record}
    billed: Counter[int] = Counter()
    for row in rows:
        asked_by, _, first = row["client_request_id"].rpartition("-v")
        if asked_by == job_id:
            billed.update(range(int(first), int(first) + row["images_billed"]))
        else:
            tally.wrong.append(f"{dialect}: sent for {asked_by}, a job that was refused")
    whole = {i for i, record in records.items() if is_whole(record)}
    named = {Path(record["path"]) for record in records.values()}
    beside = {Path(f"{path}.json") for path in named}
    files = set((folder / "pictures").iterdir())
    strays = sorted(files - named - beside)
    if bare := sorted(beside - files):
        tally.wrong.append(f"{dialect} {job_id}: without a record: {bare}")
    silent = [i for i in billed if i not in whole and states.get(i) not in {"unknown", "lost"}]
    twice = [i for i, times in billed.items() if times > 1]
    tally.rounds += 1
    tally.counts["billed"] += billed.total()
    tally.counts["kept"] += len(whole)
    tally.counts["unknown"] += sum(state == "unknown" for state in states.values())
    tally.counts["owned up as lost"] += sum(state == "lost" for state in states.values())
    tally.counts["lost silently"] += len(silent)
    tally.counts["sent twice"] += len(twice)
    for problem, places in (("lost silently", silent), ("sent twice", twice)):
        if places:
            tally.wrong.append(f"{dialect} {job_id}: {problem}: {[(i, states.get(i)) for i in places]}")
    if strays:
        tally.wrong.append(f"{dialect} {job_id}: strays: {strays}")
    if open_ := [index for index, state in states.items() if state in {"queued", "sent", "linked"}]:
        tally.wrong.append(f"{dialect} {job_id}: still open: {open_}")


def is_whole(record: dict[str, Any]) -> bool:
    """Say whether a picture's file is on disk as it was downloaded."""
    with Path(record["path"]).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == record["sha256"]


def report(tallies: dict[str, Tally]) -> str:
    """Return the table."""
    lines = ["| dialect | rounds | " + " | ".join(COLUMNS) + " |", "|---|" + "---:|" * (len(COLUMNS) + 1)]
    whole = Tally(sum(tally.rounds for tally in tallies.values()))
    for tally in tallies.values():
        whole.counts.update(tally.counts)
    for name, tally in {**tallies, "all": whole}.items():
        lines.append(f"| {name} | {tally.rounds} | " + " | ".join(str(tally.counts[c]) for c in COLUMNS) + " |")
    return "\n".join(lines)


def main() -> int:
    """Play the rounds; return 1 if a picture was lost silently or a request sent twice."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--faults", type=int, default=0, help="so many more rounds, on disks that fail")
    parser.add_argument("--dialect", choices=DIALECTS, action="append")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--check", action="store_true", help="write no report")
    arguments = parser.parse_args()
    dialects: list[str] = arguments.dialect or list(DIALECTS)
    chance, tallies = random.Random(arguments.seed), {name: Tally() for name in dialects}
    tallies |= {f"all, {fault} now and then": Tally() for fault in FAULTS if arguments.faults}
    sandbox = start_sandbox(SandboxOptions(delay_s=DELAY_S))
    for number in tqdm(range(arguments.rounds + arguments.faults), disable=not sys.stderr.isatty()):
        dialect, fault = dialects[number % len(dialects)], None
        if number >= arguments.rounds:
            fault = FAULTS[number // len(dialects) % len(FAULTS)]
        play(dialect, sandbox, chance, tallies[f"all, {fault} now and then" if fault else dialect], fault)
    sandbox.stop()
    table = report(tallies)
    print(f"seed {arguments.seed}\n{table}")
    wrong = [line for tally in tallies.values() for line in tally.wrong]
    print("\n".join(wrong), file=sys.stderr)
    if not arguments.check:
        text = REPORT.read_text(encoding="utf-8").partition("<!-- table -->\n")[0]
        REPORT.write_text(f"{text}<!-- table -->\n\n{table}\n", encoding="utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
