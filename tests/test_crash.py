"""The bench that pulls the plug at a random moment, played once for every dialect."""

import subprocess
import sys

import pytest

from tests.support import ROOT


@pytest.mark.timeout(300)
def test_a_killed_server_loses_nothing_silently_and_sends_nothing_twice() -> None:
    command = [sys.executable, "bench/crash.py", "--rounds", "6", "--check"]
    played = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert played.returncode == 0, played.stdout + played.stderr
    assert "| all | 6 |" in played.stdout
