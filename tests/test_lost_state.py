"""The state folder is deleted while the server runs, or damaged before: what is said of that."""

import shutil
from pathlib import Path

from seedream_hub.jobs.journal_schema import FILE
from tests.raw import raw_server

FOX = {"prompt": "a red fox in snow", "size": "1K", "model": "seedream-4.0"}
NOISE = ("Traceback", "Error: ", 'File "')


def test_a_deleted_state_folder_is_told_in_one_line_each_and_without_a_traceback(tmp_path: Path) -> None:
    with raw_server(SEEDREAM_SANDBOX_DELAY_S="3") as raw:
        raw.call(FOX)
        raw.read_progress("sent to sandbox")
        shutil.rmtree(tmp_path / "state")
        done = raw.read_until(id=1)["result"]["structuredContent"]
        raw.stdin.close()
        assert raw.process.stderr is not None
        told = raw.process.stderr.read()
    assert done["delivered"] == 1
    lines = [line.partition(" ERROR ")[2] for line in told.splitlines()]
    assert "server.studio: The journal cannot be written: its files were deleted" in told
    assert "restart the server" in lines[0]
    assert len(lines) == len(set(lines)) <= 2
    assert not [noise for noise in NOISE if noise in told]


def test_a_damaged_journal_is_to_be_moved_away_and_kept(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / FILE).write_bytes(b"no journal" * 100)
    with raw_server() as raw:
        raw.call(FOX)
        (told,) = raw.read_until(id=1)["result"]["content"]
    assert "holds a journal that cannot be read" in told["text"]
    assert "Move that folder away and keep it" in told["text"]
