"""A call of a tool that a person watches, may be asked about, and may stop."""

import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, TypeAlias

import anyio
from anyio.abc import TaskGroup

from seedream_hub.jobs.job import now
from seedream_hub.schemas.errors import HubError
from seedream_hub.schemas.language import later, say
from seedream_hub.tools.ask import Answer, Ask, granted, nobody
from seedream_hub.tools.progress import Report

from .bar import Display
from .drawing_desk import DrawingDesk
from .process import INTERRUPTED, run

if TYPE_CHECKING:
    from mcp.types import CallToolResult

Begin: TypeAlias = "Callable[[Report, Ask], Awaitable[CallToolResult]]"
Look: TypeAlias = "Callable[[], Awaitable[CallToolResult]]"

STOPPING: Final = later(
    "Stopping job {job_id}: nothing more is sent. What was sent is paid and awaited; Ctrl-C again ends at once, and "
    "`seedream-hub jobs show {job_id}` tells what became of it."
)
LEAVING: Final = later(
    "No longer waiting: this command sends nothing more. What it sent is paid and awaited; Ctrl-C again ends at once."
)


class Call:
    """One call of a tool, which a person watches and may stop."""

    def __init__(
        self,
        opened: DrawingDesk,
        begin: Begin,
        display: Display,
        *,
        is_granted: bool,
        stopped: str,
        left: "Look | None" = None,
    ) -> None:
        """Make ready; `stopped` is what is told if Ctrl-C comes before the call has a job of its own.

        `left` looks at what becomes of a job that the call only follows.
        """
        self._opened = opened
        self._stopped = stopped
        self._left = left
        self._has_told = False
        self._is_asking = False
        self._begin = begin
        self._display = display
        self._ask = granted if is_granted else self._asks if _can_answer() else nobody
        self._since = now()
        self._outcome: CallToolResult | HubError | None = None
        self._job_ids: list[str] = []
        self.is_stopped = False
        """Whether the person pressed Ctrl-C."""

    def told(self) -> "CallToolResult":
        """Return the result.

        Raises:
            HubError: If nothing was begun.
        """
        if isinstance(self._outcome, HubError):
            raise self._outcome
        if self._outcome is None:
            raise HubError(self._stopped, code="cancelled")
        return self._outcome

    def make(self) -> None:
        """Make the call, and see all that was sent to the disk."""
        run(self._opened.studio, self._work, heeds_ctrl_c=os.name == "posix")

    async def _work(self) -> None:
        studio = self._opened.studio
        async with studio.at_work(self._opened.desk.prepare), anyio.create_task_group() as tasks:
            if os.name == "posix":
                tasks.start_soon(self._heed_ctrl_c, tasks)
            try:
                self._outcome = await self._begin(self._tell, self._ask)
            except HubError as exc:  # past the task groups, which would wrap it
                self._outcome = exc
            finally:
                self._display.pause()  # nothing is run after SIGTERM, and the cursor is hidden
            tasks.cancel_scope.cancel()

    async def _tell(self, far: float, total: float | None, message: str | None) -> None:
        self._has_told = True
        if not self._is_asking:  # a bar would be drawn over the question
            self._display.tell(far, total or 1.0, message or "")

    async def _asks(self, question: str) -> Answer:
        """Ask on the terminal."""
        self._display.pause()
        self._is_asking = True
        sys.stderr.write(f"{question} [y/N] ")
        sys.stderr.flush()
        await anyio.wait_readable(sys.stdin)
        self._is_asking = False
        return "yes" if sys.stdin.readline().strip().lower() in {"y", "yes"} else "no"

    async def _heed_ctrl_c(self, tasks: TaskGroup) -> None:
        """Send nothing more at the first one; end at the second."""
        with anyio.open_signal_receiver(signal.SIGINT) as signals:
            async for _ in signals:
                if self.is_stopped:
                    self._end_at_once()
                self.is_stopped = True
                self._job_ids = await self._opened.studio.cancel_since(self._since)
                if not self._job_ids:
                    tasks.start_soon(self._leave, tasks.cancel_scope)
                for job_id in self._job_ids:
                    self._display.say(say(STOPPING, job_id=job_id))

    async def _leave(self, scope: anyio.CancelScope) -> None:
        """End the call; what other processes left and this one sent is awaited."""
        if self._left and self._has_told:
            self._display.say(say(LEAVING))
            await self._opened.studio.settle()
            self._outcome = await self._left()
        else:
            await self._opened.studio.settle()
        scope.cancel()

    def _end_at_once(self) -> None:
        self._display.pause()
        os._exit(INTERRUPTED)


def _can_answer() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()
