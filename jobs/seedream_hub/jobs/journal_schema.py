"""The journal's tables, and how a journal of an earlier version becomes one of this."""

import sqlite3
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from filelock import FileLock

from seedream_hub.schemas.errors import StorageError
from seedream_hub.schemas.language import say

FILE: Final = "journal.sqlite3"
BUSY_S: Final = 10

FIRST: Final = """
CREATE TABLE jobs (
    id TEXT PRIMARY KEY, created TEXT NOT NULL, tool TEXT NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL
) STRICT;
CREATE TABLE images (
    id TEXT PRIMARY KEY, job_id TEXT NOT NULL REFERENCES jobs (id), idx INTEGER NOT NULL, state TEXT NOT NULL,
    request TEXT NOT NULL, updated TEXT NOT NULL, url TEXT, request_id TEXT, billed TEXT, code TEXT, message TEXT,
    record TEXT
) STRICT;
CREATE INDEX images_by_job ON images (job_id);
"""

TASKS: Final = """
ALTER TABLE images ADD COLUMN provider TEXT;
ALTER TABLE images ADD COLUMN task_id TEXT;
"""

OWNERS: Final = """
ALTER TABLE jobs ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN is_open INTEGER NOT NULL DEFAULT 1;
ALTER TABLE jobs ADD COLUMN background INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN cancelled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN request_key TEXT;
ALTER TABLE jobs ADD COLUMN digest TEXT;
ALTER TABLE jobs ADD COLUMN facts TEXT NOT NULL DEFAULT '{}';
CREATE UNIQUE INDEX jobs_by_key ON jobs (request_key) WHERE request_key IS NOT NULL;
CREATE INDEX jobs_open ON jobs (owner) WHERE is_open;
CREATE TABLE requests (
    job_id TEXT NOT NULL REFERENCES jobs (id), number INTEGER NOT NULL, asked TEXT NOT NULL,
    PRIMARY KEY (job_id, number)
) STRICT;
ALTER TABLE images ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
ALTER TABLE images ADD COLUMN model TEXT;
ALTER TABLE images ADD COLUMN linked TEXT;
ALTER TABLE images ADD COLUMN size TEXT;
ALTER TABLE images ADD COLUMN failure TEXT;
CREATE TABLE budgets (
    account TEXT PRIMARY KEY, free_at REAL NOT NULL, closed_until REAL NOT NULL, seen_at REAL NOT NULL
) STRICT;
UPDATE jobs SET is_open = 0 WHERE NOT EXISTS (
    SELECT 1 FROM images WHERE job_id = jobs.id AND state IN ('queued', 'sent', 'linked')
);
UPDATE images SET provider = (SELECT provider FROM jobs WHERE id = job_id)
WHERE provider IS NULL AND state IN ('sent', 'linked');
"""
"""Who works on a job, what it asked for in full, and when an account's next picture may be asked for."""

TAGS: Final = """
CREATE TABLE tags (
    image_id TEXT NOT NULL REFERENCES images (id), tag TEXT NOT NULL, PRIMARY KEY (image_id, tag)
) STRICT;
"""
"""What people call their pictures."""

PRICES: Final = """
ALTER TABLE images ADD COLUMN price REAL;
ALTER TABLE images ADD COLUMN currency TEXT;
ALTER TABLE images ADD COLUMN extra REAL NOT NULL DEFAULT 0;
ALTER TABLE images ADD COLUMN day TEXT;
CREATE INDEX images_by_day ON images (day) WHERE day IS NOT NULL;
CREATE INDEX images_queued ON images (currency, price) WHERE state = 'queued';
"""
"""What a picture costs, what earlier requests for it may have cost, and the local day it was sent."""

STEPS: Final = (FIRST, TASKS, OWNERS, TAGS, PRICES)
"""What brings a journal of version n to n + 1."""

VERSION: Final = len(STEPS)

DAMAGED: Final = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
"""How SQLite calls a file that it cannot make sense of."""


def connect(folder: Path) -> sqlite3.Connection:
    """Open the journal in `folder`, making both where they are missing.

    Raises:
        StorageError: If it cannot be opened, or a newer version of this program wrote it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / "opening.lock", timeout=BUSY_S), ExitStack() as stack:
            # Two processes that switch a new database to its write-ahead log at once do not wait for each other.
            connection = sqlite3.connect(folder / FILE, check_same_thread=False, timeout=BUSY_S, isolation_level=None)
            stack.callback(connection.close)
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            _migrate(connection)
            stack.pop_all()
    except (OSError, sqlite3.Error) as exc:
        if getattr(exc, "sqlite_errorname", "") in DAMAGED:
            message = say("{folder} holds a journal that cannot be read: {problem}", folder=folder, problem=exc)
            step = say("Move that folder away and keep it: it tells what was billed. A new one is begun.")
            raise StorageError(message, code="journal_damaged", next_step=step) from exc
        message = say(
            "The state folder {folder} cannot be used: {reason}. Set SEEDREAM_STATE_DIR to one you can write to.",
            folder=folder,
            reason=exc,
        )
        raise StorageError(message, code="journal_unwritable") from exc
    return connection


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        message = say(
            "The journal has version {version}, this program knows {known}. Update seedream-hub.",
            version=version,
            known=VERSION,
        )
        raise StorageError(message, code="journal_newer")
    return version


def _migrate(connection: sqlite3.Connection) -> None:
    """Bring the tables to this version; several processes may start at once."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in STEPS[_version(connection) :]:
            for statement in filter(str.strip, step.split(";")):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
    except BaseException:  # whatever it was, no half of a step stays
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
