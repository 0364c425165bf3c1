"""One writer for the journal: whatever waits when it turns to the disk is committed together."""

import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import anyio
import anyio.to_thread

from seedream_hub.schemas.errors import StorageError
from seedream_hub.schemas.language import later, say

T = TypeVar("T")

MOST_AT_ONCE: Final = 500

GONE: Final = later("its files were deleted or replaced while it was open; restart the server to begin a new one")


class Files:
    """The database's files as they were opened: one that was deleted takes writes nobody will ever read."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        path = Path(connection.execute("PRAGMA database_list").fetchone()["file"])
        self._paths = (path, path.with_name(f"{path.name}-wal"))
        self._known = self._look()

    def check(self) -> None:
        """Make sure that these are still the files.

        Raises:
            sqlite3.OperationalError: If they were deleted or replaced.
        """
        if self._look() != self._known:
            raise sqlite3.OperationalError(say(GONE))

    def _look(self) -> list[tuple[int, int]]:
        try:
            return [(stat.st_dev, stat.st_ino) for stat in map(Path.stat, self._paths)]
        except OSError:
            return []


class Writer:
    """Runs transactions, many in one commit. A transaction that fails does not take its neighbours with it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._commit = partial(_commit, connection, Files(connection))
        self._waiting: list[_Act] = []
        self._turn = anyio.Lock()
        self._thread = anyio.CapacityLimiter(1)

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run one transaction; return when it is on disk. Once begun it ends, even if its caller is cancelled.

        Raises:
            StorageError: If the database refuses.
        """
        act = _Act(work)
        self._waiting.append(act)
        with anyio.CancelScope(shield=True):
            async with self._turn:  # whoever comes first writes for all who wait behind
                if not act.is_done:
                    batch, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
                    await anyio.to_thread.run_sync(self._commit, batch, limiter=self._thread)
        return cast("T", act.outcome())

    async def aclose(self) -> None:
        """Close the database."""
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self._connection.close, limiter=self._thread)


class _Act:
    """One transaction and what came of it."""

    def __init__(self, work: Callable[[sqlite3.Connection], object]) -> None:
        self._work = work
        self._result: Any = None
        self.error: Exception | None = None
        self.is_done = False

    def run(self, db: sqlite3.Connection) -> None:
        db.execute("SAVEPOINT act")
        try:
            self._result = self._work(db)
        except Exception as exc:  # noqa: BLE001 - raised again where it was asked for
            self.error = exc
            db.execute("ROLLBACK TO act")  # fails where the database gave up the whole transaction
        db.execute("RELEASE act")

    def outcome(self) -> object:
        if self.error is None:
            return self._result
        if isinstance(self.error, sqlite3.Error):
            raise _refused(self.error) from self.error
        raise self.error


def _commit(db: sqlite3.Connection, files: Files, batch: list[_Act]) -> None:
    try:
        files.check()
        db.execute("BEGIN IMMEDIATE")
        for act in batch:
            act.run(db)
        db.execute("COMMIT")
    except sqlite3.Error as exc:
        if db.in_transaction:
            db.execute("ROLLBACK")
        for act in batch:
            act.error = act.error or exc
    for act in batch:
        act.is_done = True


def _refused(error: sqlite3.Error) -> StorageError:
    message = say(
        "The journal cannot be written: {reason}. Check SEEDREAM_STATE_DIR and the disk's free space.", reason=error
    )
    return StorageError(message, code="journal_unwritable")
