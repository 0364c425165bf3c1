"""The command line, run in this process: as the real command, without the seconds a start takes."""

import io
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from seedream_hub.schemas.language import speak
from seedream_hub.server.cli import main
from tests.support import COMMAND

SECRET = "sk-0123456789abcdef"
"""A key that no command may ever print."""


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


def run(*arguments: str, cwd: Path | None = None, **variables: str) -> Done:
    """Run the command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["seedream-hub", *arguments])
        patch.chdir(cwd or Path.cwd())
        for name, value in variables.items():
            patch.setenv(name, value)
        try:
            code = main()
        except SystemExit as exc:
            code = int(exc.code or 0)
        finally:
            speak("en")
    assert SECRET not in out.getvalue() + err.getvalue()
    return Done(code, out.getvalue(), err.getvalue())


def fine(*arguments: str, cwd: Path | None = None, **variables: str) -> str:
    done = run(*arguments, cwd=cwd, **variables)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def started(*arguments: str) -> str:
    """Run the command in a process of its own; return what it prints."""
    done = subprocess.run([COMMAND, *arguments], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout
