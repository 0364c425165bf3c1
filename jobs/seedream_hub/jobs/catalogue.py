"""The pictures the journal knows, for people: listed, tagged, pruned. A record outlives its file."""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Self

import anyio.to_thread

from seedream_hub.schemas.result import ImageRecord

from .journal_schema import connect
from .writer import Writer

LISTED: Final = """
SELECT record, updated, (
    SELECT json_group_array(tag) FROM (SELECT tag FROM tags WHERE image_id = images.id ORDER BY tag)
) AS tags
FROM images WHERE state = 'stored' ORDER BY updated, idx
"""
TAG: Final = "INSERT OR IGNORE INTO tags SELECT id, ? FROM images WHERE id = ? AND state = 'stored'"
PRUNED: Final = "UPDATE images SET record = json_set(record, '$.pruned', json('true')) WHERE id = ?"


@dataclass(frozen=True, slots=True)
class Entry:
    """A picture that was stored."""

    record: ImageRecord
    stored: datetime
    tags: tuple[str, ...]

    def is_older(self, age: timedelta) -> bool:
        """Say whether it was stored longer ago than that."""
        return datetime.now(UTC) - self.stored > age


class Catalogue:
    """The stored pictures of one journal; servers may work on it meanwhile."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._writer = Writer(connection)

    @classmethod
    async def open(cls, folder: Path) -> Self:
        """Open the journal in `folder`.

        Raises:
            StorageError: If it cannot be opened, or a newer version of this program wrote it.
        """
        return cls(await anyio.to_thread.run_sync(connect, folder))

    async def entries(self, wanted: Callable[[Entry], bool]) -> list[Entry]:
        """Return the pictures, the oldest first, also those that were pruned."""
        return await self._writer.run(lambda db: list(filter(wanted, map(_entry, db.execute(LISTED)))))

    async def tag(self, image_id: str, tag: str) -> bool:
        """Give a picture a tag; False if there is no such picture."""

        def write(db: sqlite3.Connection) -> bool:
            db.execute(TAG, (tag, image_id))
            return (
                db.execute("SELECT 1 FROM tags WHERE image_id = ? AND tag = ?", (image_id, tag)).fetchone()
                is not None
            )

        return await self._writer.run(write)

    async def untag(self, image_id: str, tag: str) -> bool:
        """Take a tag from a picture; False if it did not have it."""
        taken = "DELETE FROM tags WHERE image_id = ? AND tag = ? RETURNING tag"
        return await self._writer.run(lambda db: bool(db.execute(taken, (image_id, tag)).fetchall()))

    async def note_pruned(self, image_id: str) -> None:
        """Write that a picture's file was deleted."""
        await self._writer.run(lambda db: db.execute(PRUNED, (image_id,)))

    async def aclose(self) -> None:
        """Close the database."""
        await self._writer.aclose()


def _entry(row: sqlite3.Row) -> Entry:
    record = ImageRecord.model_validate_json(row["record"])
    return Entry(record, datetime.fromisoformat(row["updated"]), tuple(json.loads(row["tags"])))
