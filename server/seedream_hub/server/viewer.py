"""Open pictures with whatever the system opens them with, and wait no longer than it takes to see it fail."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Final

from seedream_hub.schemas.language import later, say

FAILS_WITHIN_S: Final = 1.0
"""A viewer that cannot open a file ends at once; one that can may end with the person's last look."""

TOLD: Final = later("{path} could not be opened: {reason}")


def open_all(paths: Sequence[str]) -> list[str]:
    """Open the files; return a warning for each that could not be."""
    opened = [(path, _opened(path)) for path in paths]
    until = time.monotonic() + FAILS_WITHIN_S
    reasons = [(path, one if isinstance(one, str) else _failed(one, until)) for path, one in opened if one]
    return [say(TOLD, path=path, reason=reason) for path, reason in reasons if reason]


def _opened(path: str) -> "subprocess.Popen[bytes] | str | None":
    """Begin to open it; return the viewer, or why there is none."""
    if "://" in path:
        return say("it lies in a bucket")
    try:
        if sys.platform == "win32":
            os.startfile(path)  # noqa: S606 - the user's own picture
            return None
        null = subprocess.DEVNULL
        return subprocess.Popen([_command(), path], stdin=null, stdout=null, stderr=null, start_new_session=True)  # noqa: S603
    except FileNotFoundError:
        return say("there is no program {name} here", name=_command())
    except OSError as exc:
        return exc.strerror or str(exc)


def _failed(viewer: "subprocess.Popen[bytes]", until: float) -> str | None:
    """Return why it failed, if it did by then."""
    try:
        code = viewer.wait(max(0.0, until - time.monotonic()))
    except subprocess.TimeoutExpired:
        return None
    return say("{name} ended with code {code}", name=_command(), code=code) if code else None


def _command() -> str:
    return "open" if sys.platform == "darwin" else "xdg-open"
