"""The journal: what was asked, sent, billed and stored, written before the act and safe from kill -9.

An image goes `queued` → `sent` → `linked` → `stored`; it may end as `failed` or `cancelled` instead. `sent` stands
before the request leaves, `linked` before the picture is fetched, `stored` after its file is whole on disk.
"""

import sqlite3
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self, TypeVar

import anyio
import anyio.to_thread

from seedream_hub.schemas.errors import Billed, StorageError
from seedream_hub.schemas.requests import ImageRequest
from seedream_hub.schemas.result import ImageRecord

T = TypeVar("T")

SCHEMA_VERSION: Final = 2

SCHEMA: Final = """
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

STEPS: Final = (
    SCHEMA,
    """
ALTER TABLE images ADD COLUMN provider TEXT;
ALTER TABLE images ADD COLUMN task_id TEXT;
""",
)
"""What brings a journal of version n to n + 1."""


QUEUE: Final = "INSERT INTO images (id, job_id, idx, state, request, updated) VALUES (?, ?, ?, 'queued', ?, ?)"


class Journal:
    """SQLite, write-ahead log, every commit on disk before the call returns. One thread writes."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._turn = anyio.CapacityLimiter(1)

    @classmethod
    async def open(cls, folder: Path) -> Self:
        """Open the journal in `folder`, making both where they are missing.

        Raises:
            StorageError: If it cannot be opened, or a newer version of this program wrote it.
        """
        return cls(await anyio.to_thread.run_sync(_connect, folder))

    async def add_job(
        self, job_id: str, tool: str, provider: str, model: str, count: int, request: ImageRequest
    ) -> None:
        """Write a job and its queued images; the request has the prompt, and says of references where they are."""
        told = request.model_dump_json(exclude_none=True)
        rows = [(f"{job_id}-{index}", job_id, index, told, _now()) for index in range(count)]

        def write(db: sqlite3.Connection) -> None:
            db.execute("INSERT INTO jobs VALUES (?, ?, ?, ?, ?)", (job_id, _now(), tool, provider, model))
            db.executemany(QUEUE, rows)

        await self._run(write)

    async def add_image(self, job_id: str, image_id: str, index: int) -> None:
        """Write an image nobody asked for, which came with the others."""
        await self._run(lambda db: db.execute(QUEUE, (image_id, job_id, index, "{}", _now())))

    async def sent(self, image_ids: list[str], provider: str) -> None:
        """Write that the request for these images is about to leave."""
        await self._set(*image_ids, state="sent", provider=provider)

    async def task(self, image_ids: list[str], task_id: str) -> None:
        """Write under which id the upstream works on these images."""
        await self._set(*image_ids, task_id=task_id)

    async def answered(self, image_ids: list[str], request_id: str) -> None:
        """Write the upstream's own id of the request that brought these images."""
        await self._set(*image_ids, request_id=request_id)

    async def linked(self, image_id: str, url: str | None) -> None:
        """Write the link of a billed picture, before it is fetched; one that came as Base64 has none."""
        await self._set(image_id, state="linked", url=url, billed="yes")

    async def stored(self, record: ImageRecord) -> None:
        """Write that the file is on disk."""
        await self._set(record.id, state="stored", record=record.model_dump_json())

    async def failed(self, image_id: str, code: str, message: str, billed: Billed) -> None:
        """Write why there is no picture, and whether it was billed."""
        state = "cancelled" if code == "cancelled" else "failed"
        await self._set(image_id, state=state, code=code, message=message, billed=billed)

    async def image(self, image_id: str) -> ImageRecord | None:
        """Return a stored picture's record."""

        def read(db: sqlite3.Connection) -> str | None:
            row = db.execute("SELECT record FROM images WHERE id = ? AND state = 'stored'", (image_id,)).fetchone()
            return row[0] if row else None

        record = await self._run(read)
        return ImageRecord.model_validate_json(record) if record else None

    async def aclose(self) -> None:
        """Close the database."""
        await anyio.to_thread.run_sync(self._connection.close, limiter=self._turn)

    async def _set(self, *image_ids: str, **columns: str | None) -> None:
        names = ", ".join(f"{name} = ?" for name in columns)
        rows = [(*columns.values(), _now(), image_id) for image_id in image_ids]

        def write(db: sqlite3.Connection) -> None:
            db.executemany(f"UPDATE images SET {names}, updated = ? WHERE id = ?", rows)  # noqa: S608 - our own names

        await self._run(write)

    async def _run(self, act: Callable[[sqlite3.Connection], T]) -> T:
        """Run one transaction in the writer's thread. Once begun it ends, even if its caller is cancelled."""

        def transact() -> T:
            try:
                with self._connection:
                    return act(self._connection)
            except sqlite3.Error as exc:
                message = f"The journal cannot be written: {exc}. Check SEEDREAM_STATE_DIR and the disk's free space."
                raise StorageError(message, code="journal_unwritable") from exc

        return await anyio.to_thread.run_sync(transact, limiter=self._turn)


def _connect(folder: Path) -> sqlite3.Connection:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(folder / "journal.sqlite3", check_same_thread=False, timeout=10)
        with ExitStack() as stack:
            stack.callback(connection.close)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            _migrate(connection)
            stack.pop_all()
    except (OSError, sqlite3.Error) as exc:
        message = f"The state folder {folder} cannot be used: {exc}. Set SEEDREAM_STATE_DIR to one you can write to."
        raise StorageError(message, code="journal_unwritable") from exc
    return connection


def _migrate(connection: sqlite3.Connection) -> None:
    """Bring the schema to this version; several processes may start at once."""
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            message = f"The journal has version {version}, this program knows {SCHEMA_VERSION}. Update seedream-hub."
            raise StorageError(message, code="journal_newer")
        for step in STEPS[version:]:
            for statement in filter(str.strip, step.split(";")):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
