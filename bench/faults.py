"""Write docs/faults.md: each fault at each dialect, and what an agent reads, pays and gets. `--check` only compares.

Every cell is measured: a server with one provider, whose address is a sandbox of its own, is asked through the MCP
client for a set of three pictures while the fault happens.
"""

import logging
import re
import sys
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import anyio
import anyio.to_thread
import httpx2 as httpx
from mcp import Client
from PIL import Image

from seedream_hub.providers.sandbox.server import Sandbox, SandboxOptions, start_sandbox
from seedream_hub.providers.timing import Timing
from seedream_hub.schemas.limits import packaged_limits
from seedream_hub.server.app import make_server
from seedream_hub.server.settings import Settings

Json: TypeAlias = dict[str, Any]

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "faults.md"
ALL: Final = ("ark", "relay", "aigc", "novita", "evolink")
STREAMED: Final = ("ark", "relay", "aigc")
TASKS: Final = ("evolink",)
SIZES: Final = {"aigc": "512x512"}
"""The smallest of each dialect is 1K where nothing stands here."""

PROCESSES: Final = 2
AT_ONCE: Final = 8
PATIENT: Final = Timing(poll_s=(0.05, 0.1))
HASTY: Final = Timing(poll_s=(0.05, 0.1), single_s=2, set_s=2, task_s=2)
"""Waits 2 s for an answer where it would be 600."""

VARYING: Final = re.compile(r"\s*\(?request id: [0-9a-f]+\)?", re.IGNORECASE)
ADDRESS: Final = re.compile(r"http://127\.0\.0\.1:\d+")
TASK: Final = re.compile(r"task-unified-\w+-\w+")


@dataclass(frozen=True)
class Case:
    """One thing that goes wrong."""

    says: str
    fault: Json
    providers: tuple[str, ...] = ALL
    timing: Timing = PATIENT
    settings: Json = field(default_factory=dict[str, Any])
    has_reference: bool = False
    is_off: bool = False
    """Whether nobody listens at the provider's address."""


class Row(NamedTuple):
    """What came of a case at one provider."""

    status: str
    saved: int
    billed: int
    requests: int
    code: str
    told: str
    again: str
    reads: str


def _status(status: int, times: int = 1, **more: object) -> Json:
    return {"fault": "status", "status": status, "times": times, **more}


def _around(where: str, name: str, fault: Json, *, lasts: bool) -> Case:
    """Return a fault of EvoLink's queries or uploads."""
    script = {**fault, "at": where, "times": 999 if lasts else 1}
    timing = HASTY if lasts and where == "poll" else PATIENT
    return Case(
        f"{name} at {'every' if lasts else 'one'} {where}", script, TASKS, timing, has_reference=where == "upload"
    )


def _all_around(where: str) -> tuple[Case, ...]:
    passing = {"500": _status(500), "a page": {"fault": "html"}, "reset": {"fault": "reset_before"}}
    once = {**passing, "an answer 0.3 s late": {"fault": "delay", "seconds": 0.3}}
    always = {**passing, "401": _status(401), "404": _status(404), "429": _status(429)}
    return (
        *(_around(where, name, fault, lasts=False) for name, fault in once.items()),
        *(_around(where, name, fault, lasts=True) for name, fault in always.items()),
    )


REFUSALS: Final = (
    Case("nobody listens at the address", {}, is_off=True),
    Case("400", _status(400)),
    Case("401", _status(401)),
    Case("402", _status(402)),
    Case("403", _status(403)),
    Case("404, the model is not known", _status(404)),
    Case("413", _status(413)),
    Case("429 once, `Retry-After` 0.1 s", _status(429, retry_after=0.1)),
    Case("429 always", _status(429, 99, retry_after=0.1)),
    Case("429, quota used up", _status(429, 99, code="QuotaExceeded"), STREAMED),
    Case("429, overloaded, once", _status(429, code="ServerOverloaded")),
    Case("500", _status(500)),
    Case("502", _status(502)),
    Case("503 without `Retry-After`", _status(503)),
    Case("503 once, `Retry-After` 0.1 s", _status(503, retry_after=0.1)),
    Case("503 always, `Retry-After` 0.1 s", _status(503, 99, retry_after=0.1)),
    Case("400, the prompt is refused", _status(400, code="InputTextSensitiveContentDetected"), STREAMED),
)
CONNECTIONS: Final = (
    Case("the answer begins 0.3 s later", {"fault": "delay", "seconds": 0.3}),
    Case("no answer in time", {"fault": "delay", "seconds": 3}, timing=HASTY),
    Case("reset, nothing drawn", {"fault": "reset_before"}),
    Case("reset, all drawn", {"fault": "reset"}),
    Case("200 with a page", {"fault": "html"}),
    Case("cut before the first picture", {"fault": "cut", "after_images": 0}),
    Case("cut after the first picture", {"fault": "cut", "after_images": 1}, STREAMED),
    Case("cut after the last picture", {"fault": "cut", "after_images": 3}, STREAMED),
    Case(
        "cut after the first picture, `SEEDREAM_RETRY_AMBIGUOUS=1`",
        {"fault": "cut", "after_images": 1},
        STREAMED,
        settings={"retry_ambiguous": True},
    ),
    Case(
        "cut before the first picture thrice, `SEEDREAM_RETRY_AMBIGUOUS=1`",
        {"fault": "cut", "after_images": 0, "times": 3},
        STREAMED,
        settings={"retry_ambiguous": True},
    ),
)
ANSWERS: Final = (
    Case("the second picture is withheld", {"fault": "moderation", "index": 1}),
    Case("every picture fails from the second on", {"fault": "internal_error", "index": 1}),
    Case("200 with an error and no data", {"fault": "error_200"}),
    Case("no usage in the answer", {"fault": "no_usage"}),
    Case("comments and unknown events in the stream", {"fault": "chatty_stream"}, STREAMED),
    Case("the task fails", {"fault": "failed_task"}, TASKS),
    Case("the task seems unfinished for three more queries", {"fault": "stuck_task", "polls": 3}, TASKS),
    Case("the task does not end in time", {"fault": "stuck_task", "polls": 999}, TASKS, HASTY),
)
PICTURES: Final = (
    Case("links are dead", {"fault": "expired_link"}),
    Case("links give a page", {"fault": "html_picture"}),
    Case("links are slow", {"fault": "slow_picture", "bytes_per_s": 400_000}),
    Case("downloads break off twice", {"fault": "cut_picture", "after_bytes": 9000, "times_picture": 2}),
    Case("downloads break off always", {"fault": "cut_picture", "after_bytes": 1, "times_picture": 99}),
)
SECTIONS: Final = {
    "Refusals": REFUSALS,
    "Connections": CONNECTIONS,
    "Answers": ANSWERS,
    "Downloads": PICTURES,
    "Queries of a task": _all_around("poll"),
    "Uploads of a reference": _all_around("upload"),
}
HEAD: Final = """# What goes wrong, and what comes of it

Each row was measured: a server with one provider, and a sandbox in its place, was asked through an MCP client for a
set of three pictures while the fault happened. BytePlus speaks Ark's dialect. `make docs` measures again; a test
compares.

- **saved**: pictures on disk. **billed**: pictures the provider billed, by the sandbox's ledger.
- **sent**: requests for pictures that reached the provider. More than one means that it was asked again.
- **code**, **billed?**, **again**: the failure's `code`, `billed` and `retryable` in the result.

A request that may have been billed is never sent again, unless the user set `SEEDREAM_RETRY_AMBIGUOUS=1`.
"""
COLUMNS: Final = (
    "| what happens | provider | result | saved | billed | sent | code | billed? | again | what the agent reads |"
)


async def measured(cases: Sequence[Case]) -> dict[tuple[str, str], Row]:
    """Return what came of each case at each of its providers; several are under way at once."""
    rows: dict[tuple[str, str], Row] = {}
    slots = anyio.CapacityLimiter(AT_ONCE)

    async def run(case: Case, provider: str) -> None:
        async with slots:
            rows[case.says, provider] = await _measured(case, provider)

    async with anyio.create_task_group() as tasks:
        for case in cases:
            for provider in case.providers:
                tasks.start_soon(run, case, provider)
    return rows


async def page() -> str:
    """Return the whole document, measured now."""
    parts = [HEAD]
    rows = await anyio.to_thread.run_sync(_all_rows)
    for title, cases in SECTIONS.items():
        parts.append(f"\n## {title}\n\n{COLUMNS}\n|{'---|' * (COLUMNS.count('|') - 1)}\n")
        parts.extend(line for case in cases for line in _lines(case, rows))
    return "".join(parts)


def _all_rows() -> dict[tuple[str, str], Row]:
    """Measure in several processes: most of the time goes into drawing."""
    with ProcessPoolExecutor(PROCESSES, get_context("spawn")) as pool:
        shares = pool.map(_share, range(PROCESSES))
        return {key: row for share in shares for key, row in share.items()}


def _share(first: int) -> dict[tuple[str, str], Row]:
    logging.disable()  # what is retried is told to nobody here
    cases = [case for cases in SECTIONS.values() for case in cases]
    return anyio.run(measured, cases[first::PROCESSES])


async def _measured(case: Case, provider: str) -> Row:
    sandbox = start_sandbox(SandboxOptions(is_ready=True))
    try:
        async with httpx.AsyncClient(base_url=sandbox.url, trust_env=False, verify=False) as admin:
            if case.fault:
                (await admin.post("/admin/faults", json=case.fault)).raise_for_status()
            if case.is_off:
                await anyio.to_thread.run_sync(sandbox.stop)
            with tempfile.TemporaryDirectory() as folder:
                facts = await _asked(case, provider, sandbox, Path(folder))
                saved = len([*(Path(folder) / "pictures").glob("*.jpg")])
            ledger: Json = {"billed_images": 0, "requests": []} if case.is_off else await _settled(admin)
    finally:
        await anyio.to_thread.run_sync(sandbox.stop)
    return _row(provider, facts, saved, ledger)


async def _asked(case: Case, provider: str, sandbox: Sandbox, folder: Path) -> Json:
    pictures = folder / "pictures"
    pictures.mkdir()
    settings: Json = {
        "output_dir": pictures,
        "state_dir": folder / "state",
        "preview": "none",
        f"{provider}_api_key": sandbox.api_key,
        f"{provider}_base_url": sandbox.base_urls[provider],
        **({"evolink_files_base_url": sandbox.base_urls["evolink_files"]} if provider == "evolink" else {}),
        **case.settings,
    }
    arguments: Json = {"prompt": "a cat", "count": 3, "model": "seedream-4.0", "size": SIZES.get(provider, "1K")}
    if case.has_reference:
        Image.new("RGB", (64, 64)).save(pictures / "reference.png")
        arguments["images"] = [str(pictures / "reference.png")]
    async with Client(make_server(Settings(**settings), packaged_limits(), case.timing)) as client:
        result = await client.call_tool("batch_images", arguments)
    if result.structured_content is None:
        raise RuntimeError(f"{case.says}, {provider}: {result.content}")
    return result.structured_content


async def _settled(admin: httpx.AsyncClient) -> Json:
    """Return the ledger once nothing more will be billed."""
    while True:
        ledger: Json = (await admin.get("/admin/ledger")).json()
        if not ledger["under_way"]:
            return ledger
        await anyio.sleep(0.05)


def _row(provider: str, facts: Json, saved: int, ledger: Json) -> Row:
    failures = facts["failures"]
    return Row(
        status=facts["status"],
        saved=saved,
        billed=ledger["billed_images"],
        requests=len(ledger["requests"]),
        code=_each(failure["code"] for failure in failures),
        told=_each(failure["billed"] for failure in failures),
        again=_each("yes" if failure["retryable"] else "no" for failure in failures),
        reads=_told(provider, facts),
    )


def _each(values: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(values))


def _told(provider: str, facts: Json) -> str:
    """Return the first failure, the warnings and the advice, without what differs from run to run."""
    parts = [facts["failures"][0]["message"]] if facts["failures"] else []
    parts += [f"Warning: {warning}" for warning in facts["warnings"]]
    parts += [f"Next: {facts['next']}"] if facts["next"] else []
    text = " ".join(parts).replace(facts["job_id"], "<job>")
    text = ADDRESS.sub("<address>", TASK.sub("<task>", VARYING.sub("", text)))
    return text.replace(f"{provider} (127.0.0.1)", "<provider>").replace("|", "\\|").replace("<", "\\<")


def _lines(case: Case, rows: dict[tuple[str, str], Row]) -> list[str]:
    """Return one line for all providers that behave alike."""
    alike: dict[Row, list[str]] = {}
    for provider in case.providers:
        alike.setdefault(rows[case.says, provider], []).append(provider)
    return [f"| {' | '.join([case.says, _providers(names), *map(str, row)])} |\n" for row, names in alike.items()]


def _providers(names: list[str]) -> str:
    return "all" if len(names) == len(ALL) else ", ".join(names)


def main() -> int:
    """Write the page, or compare it."""
    new = anyio.run(page)
    if "--check" in sys.argv:
        is_current = PAGE.read_text(encoding="utf-8") == new
        print("docs/faults.md is current." if is_current else "docs/faults.md is out of date: run make docs")
        return int(not is_current)
    PAGE.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
