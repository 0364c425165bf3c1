"""The journal: what was asked, sent, billed and stored, written before the act and safe from kill -9.

An image goes `queued` → `sent` → `linked` → `stored`. `sent` stands before the request leaves, `linked` before the
picture is fetched, `stored` after its file is whole on disk. It may end otherwise: `failed` or `cancelled`, `unknown`
(sent, and no answer came before the process died: perhaps billed), `lost` (billed, and its link is dead).
"""

import json
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal, Self, TypeAlias

import anyio.to_thread

from seedream_hub.schemas.limits import packaged_limits
from seedream_hub.schemas.result import Cost, Failure, ImageRecord

from .job import Facts, Job, Slot, State
from .journal_schema import connect
from .order import Asked, Leaving, Sent
from .pace import Outlook, Pace, Standing
from .spending import Spending, today
from .writer import Writer

Leave: TypeAlias = Literal["yes", "cancelled", "not ours"]
"""Whether a request may be sent; what is not ours was taken over, or settled, by another process."""


KEY_KEPT: Final = timedelta(hours=24)

IMAGE: Final = """
INSERT OR IGNORE INTO images (id, job_id, idx, number, state, provider, model, request, updated, price, currency, day)
VALUES (?, ?, ?, ?, ?, ?, ?, '{}', ?, ?, ?, ?)
"""

UNSETTLED: Final = "state IN ('queued', 'sent', 'linked')"
"""What is settled is never written to again: news may come late, and to a process that lost the job."""

SENDABLE: Final = f"""
SELECT count(*) FROM images JOIN jobs ON jobs.id = job_id
WHERE owner = ? AND {UNSETTLED} AND images.id IN (SELECT value FROM json_each(?))
"""  # noqa: S608 - our own names

LEAVES: Final = "UPDATE images SET state = 'sent', provider = ?, model = ?, request = ?, updated = ? WHERE id = ?"

FINISH: Final = f"""
UPDATE jobs SET is_open = EXISTS (SELECT 1 FROM images WHERE job_id = ? AND {UNSETTLED}), facts = ? WHERE id = ?
"""  # noqa: S608 - our own names

STAND: Final = "INSERT OR REPLACE INTO budgets (account, free_at, closed_until, seen_at) VALUES (?, ?, ?, ?)"

FORGET_KEY: Final = """
UPDATE jobs SET request_key = NULL WHERE request_key = ? AND (created < ? OR (
    NOT is_open AND coalesce(json_extract(facts, '$.billed_unknown'), 0) = 0 AND NOT EXISTS (
        SELECT 1 FROM images WHERE job_id = jobs.id
        AND (state NOT IN ('failed', 'cancelled') OR coalesce(billed, 'no') <> 'no')
    )
))
"""
"""A key stands for its job a day; it lets go of one that is over, made nothing and cost nothing."""

RECENT: Final = """
SELECT id FROM jobs WHERE id IN (SELECT id FROM jobs ORDER BY created DESC LIMIT ?)
OR id IN (SELECT job_id FROM images WHERE state IN ('unknown', 'sent')) ORDER BY created DESC
"""

ADOPT: Final = """
UPDATE jobs SET owner = :me WHERE owner = :dead AND is_open AND NOT EXISTS (
    SELECT 1 FROM images WHERE job_id = jobs.id AND state IN ('sent', 'linked')
    AND coalesce(provider, '') NOT IN (SELECT value FROM json_each(:providers))
) RETURNING id
"""
"""A process takes over what it has the keys for; the rest waits for one that does."""


class Journal:
    """SQLite, write-ahead log, every commit on disk before the call returns; many calls share a commit."""

    def __init__(self, connection: sqlite3.Connection, spending: Spending | None = None) -> None:
        self._writer = Writer(connection)
        self.spending = spending or Spending(packaged_limits())

    @classmethod
    async def open(cls, folder: Path, spending: Spending | None = None) -> Self:
        """Open the journal in `folder`, making both where they are missing.

        Raises:
            StorageError: If it cannot be opened, or a newer version of this program wrote it.
        """
        return cls(await anyio.to_thread.run_sync(connect, folder), spending)

    async def add_job(self, job: Job, tool: str, owner: str, key: tuple[str, str] | None = None) -> tuple[str, str]:
        """Write a job and its queued images; return its id and digest, or those of the job that has the key already.

        `key` is the caller's request key and the digest of what is asked for.

        Raises:
            BudgetError: If it would cost more than what may be spent.
        """
        name, digest = key or (None, "")
        first = job.asked[0]
        asked = [(job.id, one.number, one.model_dump_json()) for one in job.asked]
        images = [_row(job, slot) for slot in _slots(job)]
        costs = [slot.cost for slot in _slots(job) if slot.cost]
        row = (job.id, job.created, tool, first.provider, first.model, owner, job.is_background, name, digest)

        def write(db: sqlite3.Connection) -> tuple[str, str]:
            if name is not None and (found := _holder(db, name)):
                return found
            self.spending.check(db, costs)
            columns = "id, created, tool, provider, model, owner, background, request_key, digest"
            db.execute(f"INSERT INTO jobs ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)  # noqa: S608 - our own names
            db.executemany("INSERT INTO requests VALUES (?, ?, ?)", asked)
            db.executemany(IMAGE, images)
            return job.id, digest

        return await self._writer.run(write)

    async def holder(self, request_key: str) -> tuple[str, str] | None:
        """Return the id and the digest of the job that has a request key; see `FORGET_KEY`."""
        return await self._writer.run(lambda db: _holder(db, request_key))

    async def add_image(self, job: Job, slot: Slot) -> None:
        """Write an image nobody asked for, which came with the others."""
        row = _row(job, slot)
        await self._writer.run(lambda db: db.execute(IMAGE, row))

    async def afford(self, costs: list[Cost]) -> None:
        """Make sure that so much may be spent now.

        Raises:
            BudgetError: If it may not.
        """
        await self._writer.run(lambda db: self.spending.check(db, costs))

    async def sent(self, owner: str, job_id: str, image_ids: list[str], leaving: Leaving) -> Leave:
        """Write that the request for these images is about to leave, if it may.

        Raises:
            BudgetError: If it would cost more than what may be spent, which a dearer provider may.
        """
        facts = (leaving.provider, leaving.model, leaving.sent.model_dump_json(), _now())
        rows = [(*facts, image_id) for image_id in image_ids]

        def write(db: sqlite3.Connection) -> Leave:
            if db.execute(SENDABLE, (owner, json.dumps(image_ids))).fetchone()[0] < len(image_ids):
                return "not ours"
            if db.execute("SELECT cancelled FROM jobs WHERE id = ?", (job_id,)).fetchone()[0]:
                return "cancelled"
            self.spending.write_sent(db, image_ids, leaving.cost)
            self.spending.check(db, [leaving.cost] * len(image_ids), job_id)
            db.executemany(LEAVES, rows)
            return "yes"

        return await self._writer.run(write)

    async def unsent(self, image_ids: list[str]) -> None:
        """Write that the request provably was not accepted."""
        rows = [(_now(), image_id) for image_id in image_ids]
        query = "UPDATE images SET state = 'queued', updated = ? WHERE id = ? AND state = 'sent'"
        await self._writer.run(lambda db: db.executemany(query, rows))

    async def task(self, image_ids: list[str], slot: Slot) -> None:
        """Write under which id the upstream works on these images, and what its answer said."""
        await self._set(
            *image_ids, task_id=slot.task_id, request_id=slot.request_id, request=slot.sent.model_dump_json()
        )

    async def answered(self, image_ids: list[str], request_id: str) -> None:
        """Write the upstream's own id of the request that brought these images."""
        rows = [(request_id, image_id) for image_id in image_ids]
        await self._writer.run(lambda db: db.executemany("UPDATE images SET request_id = ? WHERE id = ?", rows))

    async def linked(self, image_id: str, slot: Slot) -> None:
        """Write the link of a billed picture, before it is fetched; one that came as Base64 has none."""
        known = {"request_id": slot.request_id, "request": slot.sent.model_dump_json()}
        await self._set(
            image_id, state="linked", url=slot.url, size=slot.size, billed="yes", linked=slot.linked, **known
        )

    async def stored(self, record: ImageRecord, cost: Cost | None = None) -> None:
        """Write that the file is on disk, and what the picture cost by its pixels."""
        paid = {"price": cost.amount, "currency": cost.currency} if cost and cost.amount is not None else {}
        await self._set(record.id, state="stored", billed="yes", record=record.model_dump_json(), **paid)

    async def failed(self, image_id: str, state: State, failure: Failure) -> None:
        """Write why there is no picture, and whether it was billed."""
        told = failure.model_dump_json(exclude={"count"})
        await self._set(
            image_id, state=state, code=failure.code, message=failure.message, billed=failure.billed, failure=told
        )

    async def finish(self, job: Job) -> None:
        """Write what is told of a job, and that it is settled if it is."""
        row = (job.id, job.facts.model_dump_json(), job.id)
        await self._writer.run(lambda db: db.execute(FINISH, row))

    async def detach(self, job_id: str) -> None:
        """Write that a job goes on without its caller."""
        await self._writer.run(lambda db: db.execute("UPDATE jobs SET background = 1 WHERE id = ?", (job_id,)))

    async def cancel(self, job_id: str) -> None:
        """Write that nothing more of a job is to be sent, whoever works on it."""
        await self._writer.run(lambda db: db.execute("UPDATE jobs SET cancelled = 1 WHERE id = ?", (job_id,)))

    async def cancelled(self, owner: str) -> list[str]:
        """Return this owner's open jobs that somebody cancelled."""
        return await self._ids("SELECT id FROM jobs WHERE owner = ? AND is_open AND cancelled", (owner,))

    async def recent(self, limit: int) -> list[str]:
        """Return the newest jobs, and every one with pictures of which nobody knows whether they were billed."""
        return await self._ids(RECENT, (limit,))

    async def adopt(self, me: str, is_dead: Callable[[str], bool], providers: str) -> list[str]:
        """Take over the open jobs of processes that are gone; `providers` is a JSON list of those configured here."""

        def write(db: sqlite3.Connection) -> list[str]:
            owners = [row[0] for row in db.execute("SELECT DISTINCT owner FROM jobs WHERE is_open")]
            dead = [owner for owner in owners if owner != me and is_dead(owner)]
            facts = [{"me": me, "dead": owner, "providers": providers} for owner in dead]
            return [row[0] for one in facts for row in db.execute(ADOPT, one).fetchall()]

        return await self._writer.run(write)

    async def owners(self) -> frozenset[str]:
        """Return who has open jobs."""
        return frozenset(await self._ids("SELECT DISTINCT owner FROM jobs WHERE is_open", ()))

    async def load(self, job_id: str) -> Job | None:
        """Return a job as it stands."""

        def read(db: sqlite3.Connection) -> Job | None:
            row = db.execute("SELECT * FROM jobs WHERE id = ?", (job_id,)).fetchone()
            asked = db.execute("SELECT asked FROM requests WHERE job_id = ? ORDER BY number", (job_id,)).fetchall()
            images = db.execute("SELECT * FROM images WHERE job_id = ? ORDER BY idx", (job_id,)).fetchall()
            return _job(row, asked, images) if row else None

        return await self._writer.run(read)

    async def image(self, image_id: str) -> ImageRecord | None:
        """Return a stored picture's record."""

        def read(db: sqlite3.Connection) -> str | None:
            row = db.execute("SELECT record FROM images WHERE id = ? AND state = 'stored'", (image_id,)).fetchone()
            return row[0] if row else None

        record = await self._writer.run(read)
        return ImageRecord.model_validate_json(record) if record else None

    async def reserve(self, account: str, images: int, pace: Pace) -> float:
        """Take the account's next time for so many pictures; return in how many seconds they may be asked for."""

        def write(db: sqlite3.Connection) -> float:
            now = time.time()  # read while nobody else can write
            standing, begins = pace.reserve(_standing(db, account), images, now)
            db.execute(STAND, (account, *standing))
            return begins - now

        return await self._writer.run(write)

    async def push_back(self, account: str, seconds: float) -> None:
        """Let nobody send for this account for so long, though they took their time before."""

        def write(db: sqlite3.Connection) -> None:
            db.execute(STAND, (account, *_standing(db, account).pushed_back(seconds, time.time())))

        await self._writer.run(write)

    async def outlook(self, account: str) -> Outlook:
        """Say how long the account's time is taken, and whether because the provider wants to hear of nobody."""

        def read(db: sqlite3.Connection) -> Outlook:
            return _standing(db, account).outlook(time.time())

        return await self._writer.run(read)

    async def aclose(self) -> None:
        """Close the database."""
        await self._writer.aclose()

    async def _ids(self, query: str, values: tuple[object, ...]) -> list[str]:
        return await self._writer.run(lambda db: [row[0] for row in db.execute(query, values)])

    async def _set(self, *image_ids: str, **columns: str | float | None) -> None:
        names = ", ".join(f"{name} = ?" for name in columns)
        rows = [(*columns.values(), _now(), image_id) for image_id in image_ids]

        def write(db: sqlite3.Connection) -> None:
            query = f"UPDATE images SET {names}, updated = ? WHERE id = ? AND {UNSETTLED}"  # noqa: S608 - our own names
            db.executemany(query, rows)

        await self._writer.run(write)


def _job(row: sqlite3.Row, asked: list[sqlite3.Row], images: list[sqlite3.Row]) -> Job:
    slots = [_slot(image) for image in images]
    requests = tuple(Asked.model_validate_json(one["asked"]) for one in asked)
    return Job(
        row["id"],
        requests or (_asked_before_version_3(row, images),),
        {slot.index: slot for slot in slots},
        Facts.model_validate_json(row["facts"]),
        row["created"],
        is_background=bool(row["background"]),
        is_cancelled=bool(row["cancelled"]),
        tool=row["tool"],
        owner=row["owner"],
    )


def _slot(row: sqlite3.Row) -> Slot:
    return Slot(
        row["idx"],
        row["number"],
        row["state"],
        row["provider"] or "",
        row["model"] or "",
        row["billed"] or "no",
        ImageRecord.model_validate_json(row["record"]) if row["record"] else None,
        Failure.model_validate_json(row["failure"]) if row["failure"] else _failure_before_version_3(row),
        row["url"],
        row["linked"] or row["updated"],
        row["size"],
        row["task_id"],
        row["updated"],
        row["request_id"],
        Sent.model_validate_json(row["request"]),
        Cost(amount=row["price"], currency=row["currency"], estimated=True) if row["currency"] else None,
    )


def _asked_before_version_3(row: sqlite3.Row, images: list[sqlite3.Row]) -> Asked:
    facts = (row["tool"], row["provider"], row["model"])
    tool, provider, model = facts
    return Asked(
        number=0, first=0, count=len(images), tool=tool, arguments={}, provider=provider, model=model, prompt=""
    )


def _failure_before_version_3(row: sqlite3.Row) -> Failure | None:
    if not row["code"]:
        return None
    return Failure(
        index=row["idx"],
        code=row["code"],
        message=row["message"] or "",
        billed=row["billed"] or "no",
        retryable=False,
        argument=None,
        request_id=row["request_id"],
    )


def _holder(db: sqlite3.Connection, request_key: str) -> tuple[str, str] | None:
    db.execute(FORGET_KEY, (request_key, _ago(KEY_KEPT)))
    found = db.execute("SELECT id, digest FROM jobs WHERE request_key = ?", (request_key,)).fetchone()
    return (found["id"], found["digest"]) if found else None


def _standing(db: sqlite3.Connection, account: str) -> Standing:
    columns = ", ".join(Standing._fields)
    row = db.execute(f"SELECT {columns} FROM budgets WHERE account = ?", (account,)).fetchone()  # noqa: S608 - our own names
    return Standing(*row) if row else Standing()


def _row(job: Job, slot: Slot) -> tuple[object, ...]:
    cost = (slot.cost.amount, slot.cost.currency) if slot.cost else (None, None)
    facts = (slot.provider or None, slot.model or None, _now(), *cost, None if slot.state == "queued" else today())
    return (job.image_id(slot.index), job.id, slot.index, slot.number, slot.state, *facts)


def _slots(job: Job) -> list[Slot]:
    return [job.slots[index] for index in sorted(job.slots)]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _ago(span: timedelta) -> str:
    return (datetime.now(UTC) - span).isoformat(timespec="milliseconds")
