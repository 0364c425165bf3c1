"""Read the journal beside whoever writes to it: nothing is made, nobody waits, and nothing heavy is loaded."""

import sqlite3
from collections.abc import Generator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from seedream_hub.schemas.errors import StorageError
from seedream_hub.schemas.language import say

from .journal_schema import BUSY_S, FILE, VERSION, connect


@contextmanager
def reading(folder: Path) -> Generator[sqlite3.Connection | None]:
    """Lend a connection that only reads the journal in `folder`; None where there is no journal yet.

    Raises:
        StorageError: If it cannot be read, or a newer version of this program wrote it.
    """
    if not (folder / FILE).exists():
        yield None
        return
    try:
        with closing(_opened(folder)) as connection:
            connection.row_factory = sqlite3.Row
            yield connection
    except sqlite3.Error as exc:
        message = say("The journal in {folder} cannot be read: {reason}.", folder=folder, reason=exc)
        raise StorageError(message, code="journal_unreadable") from exc


def _opened(folder: Path) -> sqlite3.Connection:
    """Open the journal to read it; one of an earlier version is brought to this one first."""
    address = f"{(folder / FILE).absolute().as_uri()}?mode=ro"
    connection = sqlite3.connect(address, uri=True, timeout=BUSY_S)
    with ExitStack() as stack:
        stack.callback(connection.close)
        if connection.execute("PRAGMA user_version").fetchone()[0] == VERSION:
            stack.pop_all()
            return connection
    return connect(folder)
