"""Give files their names: never another's, and there to stay."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


def link(part: Path, path: Path) -> None:
    """Give a whole file the name it stays under.

    Raises:
        FileExistsError: If something has that name.
    """
    try:
        os.link(part, path)
    except FileExistsError:
        raise
    except OSError:  # no hard links here (exFAT, some network shares): reserve the name, then rename over it
        path.open("xb").close()
        with _undone(path):
            part.replace(path)


def sync_folder(path: Path) -> None:
    """Put a file's name on disk."""
    if os.name != "posix":
        return  # Windows cannot open a folder
    with _undone(path):
        handle = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def _undone(path: Path) -> Generator[None]:
    """Take a file away again if what follows fails: it is saved elsewhere."""
    try:
        yield
    except OSError:
        path.unlink(missing_ok=True)
        raise
