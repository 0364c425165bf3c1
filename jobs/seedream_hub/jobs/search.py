"""Look for pictures in the journal: it is only read, beside whoever writes to it."""

import json
import re
import sqlite3
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeAlias, cast

from seedream_hub.schemas.found import Findings, FoundImage, ImageKind, Wanted
from seedream_hub.schemas.limits import Json
from seedream_hub.schemas.result import ImageRecord

from .order import Asked
from .reading import reading

Condition: TypeAlias = tuple[str, list[str]]
"""What has to hold, and the values in it."""

KINDS: Final[Mapping[str, ImageKind]] = {
    "generate_image": "generate",
    "edit_image": "edit",
    "fuse_images": "fuse",
    "batch_images": "batch",
}
"""By tool."""

UNTOLD: Final = frozenset({"prompt", "model", "provider", "filename", "stream", "response_format", "callback_url"})
"""Arguments that are told anyway, or that say nothing of the picture."""

STORED: Final = """
FROM images JOIN jobs ON jobs.id = images.job_id
LEFT JOIN requests ON requests.job_id = images.job_id AND requests.number = images.number
WHERE images.state = 'stored' AND NOT instr(record, '"pruned":true')
"""
"""Every picture whose file was not deleted. Jobs of a journal's first versions have no requests."""

PROMPT: Final = "coalesce(json_extract(asked, '$.prompt'), '')"
MODEL: Final = "coalesce(images.model, jobs.model)"
TOOL: Final = "coalesce(json_extract(asked, '$.tool'), tool)"
TAGS: Final = "SELECT count(DISTINCT folded(tag)) FROM tags WHERE image_id = images.id AND folded(tag) IN ({})"

WHOLE: Final = """
SELECT record, coalesce(images.model, jobs.model) AS model, updated, asked, tool, (
    SELECT json_group_array(tag) FROM (SELECT tag FROM tags WHERE image_id = images.id ORDER BY tag)
) AS tags
FROM json_each(?) AS wanted JOIN images ON images.id = wanted.value JOIN jobs ON jobs.id = images.job_id
LEFT JOIN requests ON requests.job_id = images.job_id AND requests.number = images.number ORDER BY wanted.key
"""


def search(folder: Path, wanted: Wanted) -> Findings:
    """Return the newest of the pictures that are wanted.

    Raises:
        StorageError: If the journal cannot be read, or a newer version of this program wrote it.
    """
    with reading(folder) as db:
        if db is None:
            return Findings((), 0, 0)
        db.create_function("folded", 1, folded, deterministic=True)
        return _found(db, wanted)


def folded(text: str) -> str:
    """Return the text as it is compared: without upper case, full-width letters as plain ones."""
    return unicodedata.normalize("NFKC", text).casefold()


def _found(db: sqlite3.Connection, wanted: Wanted) -> Findings:
    conditions = dict(_conditions(wanted))
    where = "".join(f" AND {condition}" for condition, _ in conditions.values())
    values = [value for _, given in conditions.values() for value in given]
    newest = f"SELECT images.id, count(*) OVER () {STORED} {where} ORDER BY updated DESC, idx DESC LIMIT ?"
    rows = db.execute(newest, (*values, wanted.limit)).fetchall()
    if not rows:
        return _nothing(db, conditions, wanted.words)
    whole = db.execute(WHOLE, (json.dumps([row[0] for row in rows]),)).fetchall()
    total: int = db.execute(f"SELECT count(*) {STORED}").fetchone()[0]
    return Findings(tuple(map(_image, whole)), rows[0][1], total)


def _nothing(db: sqlite3.Connection, conditions: Mapping[str, Condition], words: tuple[str, ...]) -> Findings:
    """Say how many pictures there are, how many there would be without each condition, which words are nowhere."""
    flags = ", ".join(["1 AS one", *(f"{condition} AS {name}" for name, (condition, _) in conditions.items())])
    values = [value for _, given in conditions.values() for value in given]
    others = [["one", *(other for other in conditions if other != name)] for name in conditions]
    sums = ", ".join(["count(*)", *(f"coalesce(sum({' AND '.join(names)}), 0)" for names in others)])
    query = f"WITH known AS MATERIALIZED (SELECT {flags} {STORED}) SELECT {sums} FROM known"  # noqa: S608 - our own names
    total, *without = db.execute(query, values).fetchone()
    unknown = tuple(word for word in words if not _is_anywhere(db, word))
    return Findings((), 0, total, tuple(zip(conditions, without, strict=True)), unknown)


def _is_anywhere(db: sqlite3.Connection, word: str) -> bool:
    condition, values = _contains(word)
    return db.execute(f"SELECT 1 {STORED} AND {condition} LIMIT 1", values).fetchone() is not None


def _conditions(wanted: Wanted) -> Iterator[tuple[str, Condition]]:
    """Yield what each argument demands, with the values in it."""
    if wanted.words:
        contained = [_contains(word) for word in wanted.words]
        every_word = " AND ".join(condition for condition, _ in contained)
        yield "text", (f"({every_word})", [value for _, given in contained for value in given])
    if tags := list({folded(tag) for tag in wanted.tags}):
        yield "tags", (f"({TAGS.format(', '.join('?' * len(tags)))}) = {len(tags)}", tags)
    if wanted.since:
        yield "since", ("updated >= ?", [_utc(wanted.since)])
    if wanted.until:
        yield "until", ("updated < ?", [_utc(wanted.until)])
    if wanted.model:
        name = folded(wanted.model)
        yield "model", (f"lower({MODEL}) IN (?, ?)", [name, f"seedream-{name}"])
    if wanted.kind:
        yield "kind", (f"{TOOL} = ?", [next(tool for tool, kind in KINDS.items() if kind == wanted.kind)])


def _contains(word: str) -> Condition:
    """Return whether the prompt has a word; SQLite itself is much faster, and folds ASCII."""
    if word.isascii():
        escaped = re.sub(r"([%_\\])", r"\\\1", word)
        return rf"{PROMPT} LIKE ? ESCAPE '\'", [f"%{escaped}%"]
    if folded(word) == word == word.upper():
        return f"instr({PROMPT}, ?)", [word]
    return f"instr(folded({PROMPT}), ?)", [folded(word)]


def _image(row: sqlite3.Row) -> FoundImage:
    record = ImageRecord.model_validate_json(row["record"])
    asked = Asked.model_validate_json(row["asked"]) if row["asked"] else None
    return FoundImage(
        id=record.id,
        uri=record.uri,
        path=record.path,
        width=record.width,
        height=record.height,
        provider=record.provider,
        created=datetime.fromisoformat(row["updated"]).astimezone().isoformat(timespec="seconds"),
        kind=KINDS.get(asked.tool if asked else row["tool"], "generate"),
        model=row["model"],
        prompt=asked.prompt if asked else "",
        arguments=_worth_knowing(asked.arguments) if asked else {},
        tags=tuple(cast("list[str]", json.loads(row["tags"]))),
    )


def _worth_knowing(arguments: Json) -> Json:
    """Return the arguments that shaped a picture; references by their number, as data or paths may be long."""
    told = {name: value for name, value in arguments.items() if name not in UNTOLD | {"image", "images"}}
    count = len(arguments.get("images", ())) or int("image" in arguments)
    return {**told, "references": count} if count else told


def _utc(moment: datetime) -> str:
    """Return a moment as the journal writes it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
