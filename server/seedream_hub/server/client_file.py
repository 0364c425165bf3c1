"""A client's configuration file: read as it is, and replaced at once or not at all."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from seedream_hub.schemas.language import say


class RefusedError(Exception):
    """Nothing was written, and this is why."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def text_of(path: Path) -> str:
    """Return a file's text, its line ends as they are; of none, nothing.

    Raises:
        RefusedError: If it cannot be read, or is not in UTF-8.
    """
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as exc:
        raise RefusedError(say("{path} cannot be read: {problem}", path=path, problem=_problem(exc))) from exc


def write(path: Path, before: str, text: str, mode: int) -> None:
    """Put the text in the file's place at once, or leave the file alone. A link stays a link; `mode` is a new file's.

    Raises:
        RefusedError: If it cannot be written, or is no more what it was `before`.
    """
    target = path.resolve()

    def replace() -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        part = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
            part.chmod(target.stat().st_mode & 0o7777 if target.exists() else mode)
            if text_of(target) != before:
                raise RefusedError(say("{path} was changed by something else just now; run this again", path=path))
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)

    guarded(path, replace)


def guarded(path: Path, act: Callable[[], object]) -> None:
    """Do something to a file.

    Raises:
        RefusedError: If the system does not let us.
    """
    try:
        act()
    except OSError as exc:
        raise RefusedError(say("{path} cannot be written: {problem}", path=path, problem=_problem(exc))) from exc


def _problem(exc: Exception) -> str:
    return (exc.strerror if isinstance(exc, OSError) else None) or str(exc)
