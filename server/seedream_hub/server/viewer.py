"""Open pictures with whatever the system opens them with, and never wait for it."""

import os
import subprocess
import sys
from collections.abc import Sequence

from seedream_hub.schemas.language import later, say


def open_all(paths: Sequence[str]) -> list[str]:
    """Open the files; return a warning for each that could not be."""
    return [told for path in paths if (told := _open(path))]


def _open(path: str) -> str | None:
    told = later("{path} could not be opened: {reason}")
    if "://" in path:
        return say(told, path=path, reason=say("it lies in a bucket"))
    try:
        if sys.platform == "win32":
            os.startfile(path)  # noqa: S606 - the user's own picture
            return None
        command = "open" if sys.platform == "darwin" else "xdg-open"
        null = subprocess.DEVNULL
        subprocess.Popen([command, path], stdin=null, stdout=null, stderr=null, start_new_session=True)  # noqa: S603
    except OSError as exc:
        return say(told, path=path, reason=exc.strerror or exc)
    return None
