"""A client over stdio may end its server as hard as it likes: what was sent is finished."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from seedream_hub.providers.sandbox.server import Sandbox, SandboxOptions, start_sandbox
from tests.raw import raw_server
from tests.sandboxed import within_ten_seconds
from tests.test_shutdown import FOX, FOXES, ark, images_of, started, states

CLIENT_WAITS_S = 2
"""How long the official clients wait for a server's end, before SIGTERM and before SIGKILL."""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    running = start_sandbox(SandboxOptions(delay_s=6, is_ready=True))
    yield running
    running.stop()


def servers(state: Path) -> list[int]:
    """Return the processes that work on a state folder."""
    found: list[int] = []
    for process in psutil.process_iter():
        try:
            found += [process.pid] * (process.environ().get("SEEDREAM_STATE_DIR") == str(state))
        except psutil.Error:
            continue  # it has ended, or is somebody else's
    return [pid for pid in found if pid != os.getpid()]


@pytest.mark.parametrize("tool", ["generate_image", "start_job"])
def test_pictures_under_way_when_a_client_ends_its_server_are_saved(
    sandbox: Sandbox, tmp_path: Path, tool: str
) -> None:
    state = tmp_path / "state"
    with raw_server(**ark(sandbox)) as raw:
        if tool == "start_job":
            started(raw, FOXES[:1])
        else:
            raw.call(FOX)
            raw.read_progress("sent to ark")
        within_ten_seconds(lambda: states(state) == ["sent"])
        raw.stdin.close()
        with pytest.raises(subprocess.TimeoutExpired):
            raw.process.wait(timeout=CLIENT_WAITS_S)
        raw.process.terminate()
        assert raw.process.wait(timeout=CLIENT_WAITS_S) == 0
        assert states(state) == ["sent"]
    within_ten_seconds(lambda: states(state) == ["stored"])
    assert images_of(sandbox) == len(list((tmp_path / "pictures").glob("*.jpg"))) == 1
    within_ten_seconds(lambda: not servers(state))


def test_a_server_that_is_killed_beside_its_client_is_gone_at_once(sandbox: Sandbox, tmp_path: Path) -> None:
    with raw_server(**ark(sandbox)) as raw:
        raw.call(FOX)
        raw.read_progress("sent to ark")
        within_ten_seconds(lambda: states(tmp_path / "state") == ["sent"])
        raw.process.kill()
        within_ten_seconds(lambda: not servers(tmp_path / "state"))
    assert states(tmp_path / "state") == ["sent"]
