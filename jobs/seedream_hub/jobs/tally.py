"""Count what the journal knows of pictures, by day, provider and model, with all that makes their price."""

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from seedream_hub.schemas.cost import SANDBOX

from .owners import is_gone
from .reading import reading

OWNERS: Final = "SELECT DISTINCT owner FROM jobs WHERE is_open"

TALLY: Final = """
SELECT coalesce(day, date(coalesce(images.linked, images.updated), 'localtime')) AS day,
    coalesce(images.provider, jobs.provider) AS provider, coalesce(images.model, jobs.model) AS model,
    CASE state WHEN 'sent' THEN 'unknown' ELSE state END AS state, coalesce(billed, 'no') = 'yes' AS is_billed,
    json_extract(record, '$.width') * json_extract(record, '$.height') AS pixels,
    coalesce(json_array_length(asked, '$.references'), 0) AS "references",
    coalesce(json_extract(asked, '$.arguments.layer_decomposition'), 0) AS is_layer,
    price, currency, count(*) AS count
FROM images JOIN jobs ON jobs.id = images.job_id
LEFT JOIN requests ON requests.job_id = images.job_id AND requests.number = images.number
WHERE state IN ('stored', 'failed', 'lost', 'unknown') OR (
    state = 'sent' AND task_id IS NULL AND images.provider <> :free AND owner IN (SELECT value FROM json_each(:gone))
) GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
UNION ALL
SELECT date(created, 'localtime'), provider, model, 'unknown', 0, NULL, 0, 0, NULL, NULL,
    sum(json_extract(facts, '$.billed_unknown'))
FROM jobs WHERE json_extract(facts, '$.billed_unknown') > 0 GROUP BY 1, 2, 3
"""
"""The day is the local one on which a picture was sent, as the budget counts it. One that was never sent, or that an
earlier version wrote, counts on the day it was made or settled.

What a process had sent that ended before the answer is of unknown fate, as it is once the next one looks at it.
What was asked for again though it may have been billed is counted with its job.
"""


@dataclass(frozen=True, slots=True)
class Counted:
    """Pictures that are alike in all that is counted."""

    day: str
    """Local, ISO 8601."""
    provider: str
    model: str
    state: str
    is_billed: bool
    pixels: int | None
    """Of each; None where there is no file."""
    references: int
    """Of each one's request."""
    is_layer: bool
    price: float | None
    """Of each, as it was known then; None where no price was, or an earlier version wrote it."""
    currency: str | None
    count: int


def tally(folder: Path) -> list[Counted]:
    """Return all that was ever settled and not cancelled, and what can only become unknown.

    Raises:
        StorageError: If the journal cannot be read.
    """
    with reading(folder) as db:
        if db is None:
            return []
        gone = [row["owner"] for row in db.execute(OWNERS) if is_gone(folder, row["owner"])]
        return list(map(_counted, db.execute(TALLY, {"free": SANDBOX, "gone": json.dumps(gone)})))


def _counted(row: sqlite3.Row) -> Counted:
    return Counted(
        day=row["day"],
        provider=row["provider"],
        model=row["model"],
        state=row["state"],
        is_billed=bool(row["is_billed"]),
        pixels=row["pixels"],
        references=row["references"],
        is_layer=bool(row["is_layer"]),
        price=row["price"],
        currency=row["currency"],
        count=row["count"],
    )
