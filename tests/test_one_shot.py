"""Clients that start a server for each call, and kill it before a picture can be made, lose no job."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from seedream_hub.providers.sandbox.server import Sandbox, SandboxOptions, start_sandbox
from tests.raw import Raw, raw_server
from tests.sandboxed import within_ten_seconds
from tests.test_shutdown import (
    FOXES,
    ark,
    finished_by_the_next,
    go_away,
    images_of,
    requests_of,
    started,
    states,
    terminate,
)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    running = start_sandbox(SandboxOptions(delay_s=1, is_ready=True))
    yield running
    running.stop()


def ended(raw: Raw, end: Callable[[Raw], None]) -> None:
    """End as a client does that kills the server's whole group if it takes longer."""
    end(raw)
    assert raw.process.wait(timeout=4) == 0


@pytest.mark.parametrize("end", [go_away, terminate])
def test_a_job_whose_client_is_gone_with_the_answer_is_finished_by_a_process_of_its_own(
    sandbox: Sandbox, tmp_path: Path, end: Callable[[Raw], None]
) -> None:
    with raw_server(**ark(sandbox)) as raw:
        started(raw, FOXES[:1])
        ended(raw, end)
    assert states(tmp_path / "state") == ["queued"]
    within_ten_seconds(lambda: states(tmp_path / "state") == ["stored"])
    assert images_of(sandbox) == len(list((tmp_path / "pictures").glob("*.jpg"))) == 1


def test_the_next_call_follows_such_a_job_and_does_not_take_it_over(sandbox: Sandbox, tmp_path: Path) -> None:
    with raw_server(**ark(sandbox)) as raw:
        job_id = started(raw, FOXES[:2])
        ended(raw, go_away)
    for _ in range(2):
        with raw_server(**ark(sandbox)) as raw:
            raw.call({"job_id": job_id, "wait_s": 1}, "get_job")
            assert raw.read_until(id=1)["result"]["structuredContent"]["billed_unknown"] == 0
            raw.process.kill()
    facts = finished_by_the_next(job_id, **ark(sandbox))
    assert (facts["status"], facts["delivered"], images_of(sandbox)) == ("completed", 2, 2)


def test_a_job_cancelled_before_it_began_sends_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    with raw_server(**ark(sandbox)) as raw:
        job_id = started(raw, FOXES[:2])
        raw.call({"job_id": job_id}, "cancel_job", number=2)
        raw.read_until(id=2)
        raw.call({"job_id": job_id, "wait_s": 20}, "get_job", number=3)
        told = raw.read_until(id=3)["result"]["structuredContent"]
        ended(raw, go_away)
    assert (told["status"], told["billed"], requests_of(sandbox)) == ("cancelled", 0, [])
    assert states(tmp_path / "state") == ["cancelled", "cancelled"]
