"""Who works on what: each process holds a lock that the kernel frees when the process dies, however it dies."""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from seedream_hub.schemas.errors import StorageError
from seedream_hub.schemas.language import say

FOLDER: Final = "owners"


class Owner:
    """A process as its peers see it."""

    def __init__(self, state_dir: Path) -> None:
        self._folder = state_dir / FOLDER
        self.id: Final = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._lock = FileLock(self._folder / f"{self.id}.new", thread_local=False)

    def arrive(self) -> None:
        """Take the lock; its file gets the name others look for when it is held already.

        Raises:
            StorageError: If the folder cannot be written to.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
            self._path(self.id).with_suffix(".new").rename(self._path(self.id))
        except OSError as exc:
            message = say(
                "{folder} cannot be written to: {reason}. Nothing was sent.",
                folder=self._folder,
                reason=exc.strerror or exc,
            )
            step = say("Set {variable}.", variable="SEEDREAM_STATE_DIR")
            raise StorageError(message, code="state_unwritable", next_step=step) from exc

    def leave(self, *, is_done: bool) -> None:
        """Give the lock back. What is still open may be taken over: the file says that something may be."""
        self._lock.release()
        if is_done:
            with suppress(OSError):
                self._path(self.id).unlink(missing_ok=True)

    def is_dead(self, owner: str) -> bool:
        """Say whether another process has ended without finishing."""
        return owner != self.id and (not owner or is_gone(self._folder.parent, owner))

    def sweep(self, still_open: frozenset[str]) -> None:
        """Remove the locks of dead processes that left nothing open."""
        for path in self._folder.glob("*.lock"):
            if path.stem not in {self.id, *still_open} and _is_free(path):
                with suppress(OSError):
                    path.unlink(missing_ok=True)

    def _path(self, owner: str) -> Path:
        return self._folder / f"{owner}.lock"


def is_gone(state_dir: Path, owner: str) -> bool:
    """Say whether the process that worked on a job has ended without finishing; nothing is written."""
    path = state_dir / FOLDER / f"{owner}.lock"
    return not path.exists() or _is_free(path)


def has_dead_peers(state_dir: Path) -> bool:
    """Say whether any process ended without finishing."""
    return any(_is_free(path) for path in (state_dir / FOLDER).glob("*.lock"))


def _is_free(path: Path) -> bool:
    probe = FileLock(path)
    try:
        probe.acquire(timeout=0)
    except (Timeout, OSError):
        return False
    probe.release()
    return True
