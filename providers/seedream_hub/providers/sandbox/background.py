"""Run work that outlives the request that began it."""

import asyncio
from collections.abc import Coroutine


class Background:
    """Hold the work that is under way, so that it is not collected before it ends."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[object, object, None]) -> None:
        """Begin `work` in the running event loop."""
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
