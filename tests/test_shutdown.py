"""How a process ends: told to, or because its client is gone; and what it leaves to the next one."""

import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2 as httpx
import psutil
import pytest

from seedream_hub.providers.sandbox.server import Sandbox, SandboxOptions, start_sandbox
from tests.raw import Raw, raw_server
from tests.sandboxed import within_ten_seconds

FOX = {"prompt": "a red fox in snow", "size": "1K", "model": "seedream-4.0"}
FOXES = [{**FOX, "prompt": f"fox number {number}"} for number in range(4)]
ENDS_S = 10


def shut_down(raw: Raw) -> None:
    """Tell the server itself to end, as a machine does that shuts down."""
    (server,) = psutil.Process(raw.process.pid).children()
    server.terminate()


def terminate(raw: Raw) -> None:
    raw.process.terminate()


def interrupt(raw: Raw) -> None:
    raw.process.send_signal(signal.SIGINT)


def go_away(raw: Raw) -> None:
    raw.stdin.close()


def waited(raw: Raw) -> float:
    """Wait for the process to end well; return how long that took."""
    began = time.monotonic()
    assert raw.process.wait(timeout=30) == 0
    return time.monotonic() - began


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    running = start_sandbox(SandboxOptions(delay_s=1.5, is_ready=True))
    yield running
    running.stop()


def ark(sandbox: Sandbox) -> dict[str, str]:
    base_url = sandbox.base_urls["ark"]
    return {"ARK_API_KEY": sandbox.api_key, "SEEDREAM_ARK_BASE_URL": base_url, "SEEDREAM_CONCURRENCY": "1"}


def evolink(sandbox: Sandbox) -> dict[str, str]:
    return {"EVOLINK_API_KEY": sandbox.api_key, "SEEDREAM_EVOLINK_BASE_URL": sandbox.base_urls["evolink"]}


def script(sandbox: Sandbox, **fault: object) -> None:
    assert httpx.post(f"{sandbox.url}/admin/faults", json=fault).status_code == 200


def requests_of(sandbox: Sandbox) -> list[Any]:
    return httpx.get(f"{sandbox.url}/admin/ledger").json()["requests"]


def images_of(sandbox: Sandbox) -> int:
    return sum(row["images_billed"] for row in requests_of(sandbox))


def states(state: Path) -> list[str]:
    """Return how far each picture is, in their order."""
    if not (state / "journal.sqlite3").exists():
        return []
    with closing(sqlite3.connect(state / "journal.sqlite3")) as db:
        return [row[0] for row in db.execute("SELECT state FROM images ORDER BY job_id, idx")]


def started(raw: Raw, requests: list[dict[str, Any]]) -> str:
    """Start a job; return its id."""
    raw.call({"requests": requests}, "start_job")
    return raw.read_until(id=1)["result"]["structuredContent"]["job_id"]


def finished_by_the_next(job_id: str, **variables: str) -> dict[str, Any]:
    """Return what a new process makes of a job."""
    with raw_server(**variables) as raw:
        facts = {"status": "running"}
        while facts["status"] == "running":
            raw.call({"job_id": job_id, "wait_s": 20}, "get_job")
            facts = raw.read_until(id=1)["result"]["structuredContent"]
            raw.lines.clear()
        raw.stdin.close()
    return facts


def test_what_was_sent_is_finished_and_the_rest_is_left_to_the_next_process(sandbox: Sandbox, tmp_path: Path) -> None:
    with raw_server(**ark(sandbox)) as raw:
        job_id = started(raw, FOXES)
        within_ten_seconds(lambda: "sent" in states(tmp_path / "state"))
        shut_down(raw)
        assert waited(raw) < ENDS_S
    assert states(tmp_path / "state") == ["stored", "queued", "queued", "queued"]
    assert len(list((tmp_path / "pictures").glob("*.jpg"))) == 1
    facts = finished_by_the_next(job_id, **ark(sandbox))
    assert (facts["status"], facts["delivered"], images_of(sandbox)) == ("completed", 4, 4)


def test_what_takes_too_long_is_left_to_the_next_process_which_awaits_a_task_and_owns_up_to_the_rest(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    script(sandbox, fault="delay", dialect="ark", seconds=60)
    script(sandbox, fault="stuck_task", dialect="evolink", polls=12)
    variables = {**ark(sandbox), **evolink(sandbox)}
    with raw_server(**variables) as raw:
        job_id = started(raw, [{**FOX, "provider": name} for name in ("ark", "ark", "evolink")])
        within_ten_seconds(lambda: states(tmp_path / "state") == ["sent", "queued", "sent"])
        shut_down(raw)
        assert waited(raw) < ENDS_S
    assert states(tmp_path / "state") == ["sent", "queued", "sent"]
    facts = finished_by_the_next(job_id, **variables)
    assert states(tmp_path / "state") == ["unknown", "stored", "stored"]
    assert [(failure["index"], failure["billed"]) for failure in facts["failures"]] == [(0, "unknown")]
    assert [row["dialect"] for row in requests_of(sandbox)].count("evolink") == 1
    assert not list((tmp_path / "pictures").glob(".*"))


def test_a_call_whose_process_is_told_to_end_keeps_what_was_sent_and_sends_nothing_more(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    with raw_server(**ark(sandbox)) as raw:
        raw.call({**FOX, "count": 3})
        raw.read_progress("sent to ark")
        shut_down(raw)
        assert waited(raw) < ENDS_S
    assert states(tmp_path / "state") == ["stored", "cancelled", "cancelled"]
    assert images_of(sandbox) == len(list((tmp_path / "pictures").glob("*.jpg"))) == 1


@pytest.mark.parametrize(("end", "code"), [(terminate, 0), (interrupt, 130)])
def test_an_idle_process_ends_at_once(end: Callable[[Raw], None], code: int) -> None:
    with raw_server() as raw:
        raw.call(FOX)
        raw.read_until(id=1)
        end(raw)
        assert raw.process.wait(timeout=5) == code


def test_a_cancelled_call_stops_what_was_not_sent_and_the_process_serves_on(sandbox: Sandbox, tmp_path: Path) -> None:
    with raw_server(**ark(sandbox)) as raw:
        raw.call({**FOX, "count": 3})
        raw.read_progress("sent to ark")
        raw.send(method="notifications/cancelled", params={"requestId": 1})
        within_ten_seconds(lambda: set(states(tmp_path / "state")) == {"stored", "cancelled"})
        raw.call({**FOX, "prompt": "another fox"}, number=2)
        after = raw.read_until(id=2)["result"]["structuredContent"]
        raw.stdin.close()
        assert raw.process.wait(timeout=10) == 0
    assert after["status"] == "completed"
    assert sorted(states(tmp_path / "state")) == ["cancelled", "cancelled", "stored", "stored"]
    assert images_of(sandbox) == 2
    assert not [line for line in raw.lines if line.get("id") == 1]
