"""Turn a job's notes into MCP progress: always rising, never silent."""

from collections.abc import Awaitable, Callable
from math import exp, inf, nextafter
from typing import TYPE_CHECKING, Final, TypeAlias

import anyio

if TYPE_CHECKING:
    from seedream_hub.jobs.engine import Engine
    from seedream_hub.jobs.job import Job

Report: TypeAlias = Callable[[float, float | None, str | None], Awaitable[None]]

HEARTBEAT_S: Final = 4.0
"""Clients reset their idle clocks on progress; the promise is one at least every 5 s."""

USUAL_S: Final = 20.0
"""Seconds a picture usually takes (measured 10 to 80 s, 2026-09): sets how fast the bar creeps while waiting."""


class Progress:
    """Strictly rising progress towards a total number of pictures."""

    def __init__(self, report: Report, total: int) -> None:
        self._report = report
        self._total = total
        self._last = 0.0
        self._since = anyio.current_time()

    async def say(self, done: int, message: str) -> None:
        """Report `message`, with the bar between `done` pictures and the next one."""
        waited = anyio.current_time() - self._since
        creep = 0.95 * (1 - exp(-waited / USUAL_S)) if done < self._total else 0.0
        self._last = max(done + creep, nextafter(self._last, inf))
        await self._report(self._last, float(self._total), message)


async def follow(engine: "Engine", job: "Job", progress: Progress) -> None:
    """Report a job's notes as they come, and a heartbeat while there are none, until all is settled."""
    started, told = anyio.current_time(), len(job.notes)
    while True:
        with anyio.move_on_after(HEARTBEAT_S) as silence:
            news = await engine.news(job, told)
            if not news:
                return
            for note in news:
                await progress.say(note.done, note.message)
            told += len(news)
        if silence.cancelled_caught:
            waited = anyio.current_time() - started
            last = job.notes[told - 1].message if told else "waiting"
            await progress.say(job.done, f"{job.done} of {job.total} done after {waited:.0f} s. {last}")
