"""What the journal knows of pictures and jobs, for whoever looks: the newest ones, their ids, one in full."""

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from seedream_hub.schemas.limits import Json
from seedream_hub.schemas.result import ImageRecord

from .reading import reading

IS_THERE: Final = "state = 'stored' AND NOT coalesce(json_extract(record, '$.pruned'), 0)"

Sort: TypeAlias = Literal["images", "all images", "jobs"]
"""Of ids: pictures whose file was not deleted, all pictures ever stored, jobs."""

IDS: Final[dict[Sort, tuple[str, str]]] = {
    "images": (f"FROM images WHERE {IS_THERE}", "updated DESC, idx DESC"),
    "all images": ("FROM images WHERE state = 'stored'", "updated DESC, idx DESC"),
    "jobs": ("FROM jobs WHERE 1", "created DESC"),
}

PREFIXED: Final = "substr(id, 1, length(?)) = ?"

NEWEST: Final = f"""
SELECT record, updated, images.model AS model, asked FROM (
    SELECT * FROM images WHERE {IS_THERE} ORDER BY updated DESC, idx DESC LIMIT ?
) AS images LEFT JOIN requests ON requests.job_id = images.job_id AND requests.number = images.number
ORDER BY updated DESC, idx DESC
"""  # noqa: S608 - our own words

WHOLE: Final = """
SELECT images.*, jobs.created AS created, jobs.tool AS tool, jobs.facts AS facts, asked,
    coalesce(images.provider, jobs.provider) AS served_by, coalesce(images.model, jobs.model) AS made_by,
    (SELECT count(*) FROM requests WHERE requests.job_id = jobs.id) AS requests,
    (SELECT json_group_array(tag) FROM (SELECT tag FROM tags WHERE image_id = images.id ORDER BY tag)) AS tags
FROM images JOIN jobs ON jobs.id = images.job_id
LEFT JOIN requests ON requests.job_id = images.job_id AND requests.number = images.number
WHERE images.id = ? AND state = 'stored'
"""


@dataclass(frozen=True, slots=True)
class Listed:
    """A picture in a list."""

    record: ImageRecord
    stored: str
    """ISO 8601."""
    model: str
    prompt: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """All that is known of a picture that was stored."""

    record: ImageRecord
    job_id: str
    number: int
    """Of the request in its job."""
    requests: int
    """How many its job has; none where it is of one of the first versions."""
    asked: Json
    """The request, as the journal keeps it; empty where it does not."""
    sent: Json
    """What is known of the request as it left; empty where it is of an earlier version."""
    facts: Json
    """What is told of the whole job."""
    tool: str
    provider: str
    model: str
    request_id: str | None
    price: float | None
    """What it cost, as it was known then; None where no price was, or an earlier version wrote it."""
    currency: str | None
    created: str
    linked: str | None
    stored: str
    tags: tuple[str, ...]


def newest(folder: Path, count: int) -> list[Listed]:
    """Return the pictures stored last whose files were not deleted, the newest first.

    Raises:
        StorageError: If the journal cannot be read.
    """
    with reading(folder) as db:
        return [_listed(row) for row in db.execute(NEWEST, (count,))] if db else []


def ids(folder: Path, sort: Sort, prefix: str, most: int) -> tuple[list[str], int]:
    """Return the ids that begin so, the newest first, and how many there are.

    Raises:
        StorageError: If the journal cannot be read.
    """
    source, order = IDS[sort]
    with reading(folder) as db:
        if db is None:
            return [], 0
        query = f"SELECT id, count(*) OVER () {source} AND {PREFIXED} ORDER BY {order} LIMIT ?"
        rows = db.execute(query, (prefix, prefix, most)).fetchall()
    return [row[0] for row in rows], rows[0][1] if rows else 0


def recorded(folder: Path, image_id: str) -> Recorded | None:
    """Return all that is known of a picture; None if none of that id was stored.

    Raises:
        StorageError: If the journal cannot be read.
    """
    with reading(folder) as db:
        row = db.execute(WHOLE, (image_id,)).fetchone() if db else None
    return _recorded(row) if row else None


def _listed(row: sqlite3.Row) -> Listed:
    asked: Json = json.loads(row["asked"] or "{}")
    record = ImageRecord.model_validate_json(row["record"])
    return Listed(record, row["updated"], row["model"] or "", asked.get("prompt", ""))


def _recorded(row: sqlite3.Row) -> Recorded:
    parsed: dict[str, Any] = {name: json.loads(row[name] or "{}") for name in ("asked", "request", "facts", "tags")}
    return Recorded(
        record=ImageRecord.model_validate_json(row["record"]),
        job_id=row["job_id"],
        number=row["number"],
        requests=row["requests"],
        asked=parsed["asked"],
        sent=parsed["request"],
        facts=parsed["facts"],
        tool=parsed["asked"].get("tool") or row["tool"],
        provider=row["served_by"],
        model=row["made_by"],
        request_id=row["request_id"],
        price=row["price"],
        currency=row["currency"],
        created=row["created"],
        linked=row["linked"],
        stored=row["updated"],
        tags=tuple(parsed["tags"]),
    )
