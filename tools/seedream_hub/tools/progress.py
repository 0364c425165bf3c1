"""Turn a job's notes into MCP progress: always rising, never silent."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from math import inf
from typing import TYPE_CHECKING, Final, TypeAlias

import anyio

from seedream_hub.schemas.language import say

if TYPE_CHECKING:
    from seedream_hub.jobs.engine import Engine
    from seedream_hub.jobs.job import Job

Report: TypeAlias = Callable[[float, float | None, str | None], Awaitable[None]]

HEARTBEAT_S: Final = 4.0
"""Clients reset their idle clocks on progress; the promise is one at least every 5 s."""

USUAL_S: Final = 20.0
"""Seconds a picture usually takes (measured 10 to 80 s, 2026-09): sets how fast the bar creeps while waiting."""

CREEP: Final = 0.95
"""How much of a picture waiting for it may count for."""

STEP: Final = 1e-4
"""The least a value rises: protocol and clients want each higher than the one before."""


class Progress:
    """What one call is told: rising towards its number of pictures, and never silent while it is `alive`."""

    def __init__(self, report: Report, total: int) -> None:
        self._report = report
        self._total = total
        self._value = -STEP
        self._message = ""
        self._job: Job | None = None
        self._since = anyio.current_time()
        self._speaking = anyio.Lock()
        self._spoke = anyio.Event()

    @asynccontextmanager
    async def alive(self) -> AsyncGenerator[None]:
        """Repeat what was said last whenever nothing is said for a while."""
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._beat)
                yield
                tasks.cancel_scope.cancel()
        except ExceptionGroup as group:
            first = group.exceptions[0]  # there is one: what went wrong in the call
            raise first from first.__cause__

    async def say(self, far: float, message: str) -> None:
        """Report `message`, with the bar at `far` pictures, or a little further: it never stands still."""
        self._message = message
        await self._send(far, message)

    def watch(self, job: "Job") -> None:
        """Go on where others were told the job is, and creep on while its pictures are waited for."""
        self._job = job

    async def _beat(self) -> None:
        while True:
            with anyio.move_on_after(HEARTBEAT_S) as silence:
                await self._spoke.wait()
            if silence.cancelled_caught:
                await self._send(self._far(), self._again())

    def _far(self) -> float:
        return self._job.far if self._job else 0.0

    def _again(self) -> str:
        waited = anyio.current_time() - self._since
        if self._job is None:
            return say("After {waited:.0f} s: {last}", waited=waited, last=self._message)
        done, total = self._job.done, self._job.total
        return say(
            "{done} of {total} done after {waited:.0f} s. {last}",
            done=done,
            total=total,
            waited=waited,
            last=self._message,
        )

    async def _send(self, far: float, message: str) -> None:
        async with self._speaking:
            self._spoke.set()
            self._spoke = anyio.Event()
            self._value = self._next(far)
            if self._job and self._value < self._total:
                self._job.told = max(self._job.told, self._value)
            await self._report(self._value, float(self._total), message)

    def _next(self, far: float) -> float:
        """Return the next value: higher than the last one, and the total only once all is there."""
        if far >= self._total:
            return max(float(self._total), self._value + STEP)
        last = max(self._value, self._job.told) if self._job else self._value
        value = max(far + self._creep(), last + STEP)
        return value if value < self._total else (last + self._total) / 2

    def _creep(self) -> float:
        """Return how much to show for waiting, where no provider says how far it is."""
        if self._job is None or self._job.has_percents:
            return 0.0
        waited = (datetime.now(UTC) - datetime.fromisoformat(self._job.updated)).total_seconds()
        return CREEP * max(0.0, waited) / (abs(waited) + USUAL_S)


async def follow(
    engine: "Engine", job: "Job", progress: Progress, *, since: int | None = None, until: float = inf
) -> None:
    """Report a job's notes after the first `since` (by default those to come) until more than `until` are settled.

    Returns when all is settled, in any case.
    """
    told = len(job.notes) if since is None else since
    progress.watch(job)
    while job.done <= until:
        news = await engine.news(job, told)
        if not news:
            return
        for note in news:
            await progress.say(note.far, note.message)
        told += len(news)
