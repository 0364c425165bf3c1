"""Clients that start a server for each call, and end it before a picture can be made, lose no job."""

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from seedream_hub.providers.sandbox.server import Sandbox, SandboxOptions, start_sandbox
from tests.commands import fine
from tests.raw import Raw, raw_server
from tests.sandboxed import within_ten_seconds
from tests.test_keeper import servers
from tests.test_shutdown import FOXES, ark, finished_by_the_next, go_away, images_of, started, states, terminate


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    running = start_sandbox(SandboxOptions(delay_s=2, is_ready=True))
    yield running
    running.stop()


def hang_up(raw: Raw) -> None:
    """End as a terminal does that is closed."""
    raw.process.send_signal(signal.SIGHUP)


def leave(raw: Raw) -> None:
    """End as the official clients do: stdin is closed, and SIGTERM comes soon after."""
    go_away(raw)
    terminate(raw)


@pytest.mark.parametrize("end", [go_away, hang_up, leave, terminate])
def test_a_job_whose_client_is_gone_with_the_answer_is_seen_through(
    sandbox: Sandbox, tmp_path: Path, end: Callable[[Raw], None]
) -> None:
    with raw_server(**ark(sandbox)) as raw:
        started(raw, FOXES[:2])
        end(raw)
        assert raw.process.wait(timeout=10) == 0
    within_ten_seconds(lambda: states(tmp_path / "state") == ["stored", "stored"])
    assert images_of(sandbox) == len(list((tmp_path / "pictures").glob("*.jpg"))) == 2
    within_ten_seconds(lambda: not servers(tmp_path / "state"))


def test_the_next_call_follows_such_a_job_and_does_not_take_it_over(sandbox: Sandbox, tmp_path: Path) -> None:
    with raw_server(**ark(sandbox)) as raw:
        job_id = started(raw, FOXES[:3])
        leave(raw)
    for _ in range(2):
        with raw_server(**ark(sandbox)) as raw:
            raw.call({"job_id": job_id, "wait_s": 1}, "get_job")
            assert raw.read_until(id=1)["result"]["structuredContent"]["billed_unknown"] == 0
            raw.process.kill()
    facts = finished_by_the_next(job_id, **ark(sandbox))
    assert (facts["status"], facts["delivered"], images_of(sandbox)) == ("completed", 3, 3)


def test_such_a_job_can_be_cancelled(sandbox: Sandbox, tmp_path: Path) -> None:
    with raw_server(**ark(sandbox)) as raw:
        job_id = started(raw, FOXES)
        leave(raw)
    within_ten_seconds(lambda: states(tmp_path / "state")[0] == "sent")
    told = json.loads(fine("jobs", "cancel", job_id, "--json"))
    assert [picture["state"] for picture in told["pictures"]][1:] == ["cancelled"] * 3
    within_ten_seconds(lambda: not servers(tmp_path / "state"))
    assert states(tmp_path / "state") == ["stored", "cancelled", "cancelled", "cancelled"]
    assert images_of(sandbox) == 1


def test_a_call_whose_client_is_gone_sends_nothing_more(sandbox: Sandbox, tmp_path: Path) -> None:
    with raw_server(**ark(sandbox)) as raw:
        raw.call({**FOXES[0], "count": 3})
        raw.read_progress("sent to ark")
        leave(raw)
    within_ten_seconds(lambda: states(tmp_path / "state") == ["stored", "cancelled", "cancelled"])
    assert images_of(sandbox) == 1
