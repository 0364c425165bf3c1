"""Read files a caller names: regular ones, inside the folders the user allowed, up to a size."""

import os
import stat
from pathlib import Path
from typing import Final

from seedream_hub.schemas.errors import ArgumentError
from seedream_hub.schemas.language import say

FLAGS: Final = os.O_RDONLY | sum(
    getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY")
)
"""Never through a link that appeared after the path was resolved; never waiting for a pipe's other end."""

VARIABLE: Final = "SEEDREAM_READ_DIRS"

SYSTEM: Final = (
    *("/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/run/secrets", "/sbin", "/sys", "/usr"),
    *("/var/lib", "/var/log", "/Library", "/System", "/private/etc", "C:/ProgramData", "C:/Windows"),
)
"""Nobody keeps pictures there."""


def read_inside(value: str, argument: str, folders: tuple[Path, ...], max_bytes: int) -> tuple[Path, bytes]:
    """Return a file's real path and its bytes. `value` is absolute, under `~`, or relative to the working folder.

    Raises:
        ArgumentError: If it is outside the folders, no regular file, too large, or cannot be read.
    """
    try:
        path = Path(os.path.realpath(Path(value).expanduser()))
    except (ValueError, RuntimeError) as exc:
        problem = say("{value} is no path: {reason}", value=shown(value), reason=exc)
        raise ArgumentError(argument, problem, say("pass the path of a picture")) from exc
    roots = [Path(os.path.realpath(folder)) for folder in folders]
    named = ", ".join(map(str, folders))
    works = say("pass the path of a picture in {folders}", folders=named)
    if not any(path.is_relative_to(root) for root in roots):
        problem = say(
            "{value} is outside the folders that references are read from ({folders})",
            value=shown(value),
            folders=named or say("none is set"),
        )
        raise ArgumentError(argument, problem, works if _is_nobodys(path) else _opened(path.parent))
    return path, read_regular(path, argument, max_bytes, works)


def read_regular(path: Path, argument: str, max_bytes: int, works: str) -> bytes:
    """Return the bytes of a regular file.

    Raises:
        ArgumentError: If it is none, too large, or cannot be read.
    """
    try:
        _check(os.lstat(path), path, argument, max_bytes, works)  # before opening: to open a device may do something
        handle = os.open(path, FLAGS)
        with open(handle, "rb") as file:  # noqa: PTH123 - a descriptor, not a path
            _check(os.fstat(handle), path, argument, max_bytes, works)
            content = file.read(max_bytes + 1)
    except OSError as exc:
        raise ArgumentError(argument, _unread(path, exc), works) from exc
    if len(content) > max_bytes:
        raise _too_large(path, argument, len(content), max_bytes)
    return content


def shown(value: str) -> str:
    """Return a caller's text for a message: one line, not long."""
    line = "".join(c if c.isprintable() else "�" for c in value)
    return line if len(line) <= 120 else f"{line[:117]}..."  # noqa: PLR2004 - a path is recognised by then


def _is_nobodys(path: Path) -> bool:
    """Say whether a file lies where no user should open a folder: the system's, hidden, or the root itself."""
    is_hidden = any(part.startswith(".") for part in path.parts)
    return is_hidden or path.parent == Path(path.anchor) or any(map(path.is_relative_to, SYSTEM))


def _opened(folder: Path) -> str:
    """Say how a file could be read; whether there is one is not told."""
    return say(
        "if there is such a picture, move it there, or have the user add {folder} to {variable}",
        folder=folder,
        variable=VARIABLE,
    )


def _check(status: os.stat_result, path: Path, argument: str, max_bytes: int, works: str) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise ArgumentError(argument, say("{path} is a folder", path=path), say("pass the path of a picture in it"))
    if not stat.S_ISREG(status.st_mode):
        raise ArgumentError(argument, say("{path} is no regular file", path=path), works)
    if status.st_size > max_bytes:
        raise _too_large(path, argument, status.st_size, max_bytes)


def _too_large(path: Path, argument: str, size: int, max_bytes: int) -> ArgumentError:
    problem = say("{path} has {size:,} bytes or more", path=path, size=size)
    return ArgumentError(argument, problem, say("pass one of at most {most:,} bytes", most=max_bytes))


def _unread(path: Path, exc: OSError) -> str:
    if isinstance(exc, FileNotFoundError):
        return say("{path} does not exist", path=path)
    return say("{path} cannot be read: {reason}", path=path, reason=exc.strerror or exc)
