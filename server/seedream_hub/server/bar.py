"""How far a command is, on stderr: a bar where somebody watches, a line now and then otherwise, or nothing."""

import os
import sys
import time
from typing import Final, Protocol

from rich.console import Console, Group, RenderableType
from rich.progress import BarColumn, Progress, TaskProgressColumn, TimeElapsedColumn
from rich.text import Text

from seedream_hub.schemas.language import say

PAUSE_S: Final = 20.0
"""Where nobody watches, one line in so many seconds will do."""

WIDTH: Final = 20


class Display(Protocol):
    """Where it is told how far a command is."""

    def tell(self, far: float, total: float, message: str) -> None:
        """Tell how far it is."""
        ...

    def say(self, line: str) -> None:
        """Leave a line that stays."""
        ...

    def pause(self) -> None:
        """Make room for a question; the next thing told goes on."""
        ...


class Silence:
    """Tells only what must be told."""

    def tell(self, far: float, total: float, message: str) -> None:
        """Tell nothing."""

    def say(self, line: str) -> None:
        """Leave a line that stays."""
        write_aside(line)

    def pause(self) -> None:
        """Do nothing."""


class Lines(Silence):
    """Tells the first thing, and then one in a while."""

    def __init__(self) -> None:
        self._next = 0.0

    def tell(self, far: float, total: float, message: str) -> None:  # noqa: ARG002 - a line has no bar
        """Write the message if it is time."""
        if (now := time.monotonic()) >= self._next:
            self._next = now + PAUSE_S
            write_aside(message)


class _Rows(Progress):
    """What is going on, and below it a bar: a short last line has room for the ^C that terminals write."""

    message = ""

    def get_renderable(self) -> RenderableType:
        """Return both; what is going on is cut where the line ends."""
        return Group(Text(self.message, no_wrap=True, overflow="ellipsis"), self.make_tasks_table(self.tasks))


class Bar:
    """A bar on a terminal; nothing of it stays."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._rows: _Rows | None = None

    def tell(self, far: float, total: float, message: str) -> None:
        """Move the bar."""
        if self._rows is None:
            columns = (BarColumn(WIDTH), TaskProgressColumn(), TimeElapsedColumn())
            self._rows = _Rows(*columns, console=self._console, transient=True, redirect_stdout=False)
            self._rows.add_task("", total=total)
            self._rows.start()
        self._rows.message = message
        self._rows.update(self._rows.task_ids[0], completed=far, total=total, refresh=True)

    def say(self, line: str) -> None:
        """Leave a line above the bar."""
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def pause(self) -> None:
        """Take the bar away, and show the cursor again; a new one takes no line of what comes between for its own."""
        if self._rows:
            self._rows.stop()
            self._rows = None


def choose_display(*, is_quiet: bool) -> Display:
    """Return what fits who watches."""
    if is_quiet:
        return Silence()
    return Bar() if sys.stderr.isatty() else Lines()


def landed(path: str) -> str:
    """Say that a picture is there."""
    return say("saved {path}", path=path)


def write_aside(line: str) -> None:
    """Say something on stderr; whoever reads it no longer stops no work that is paid for."""
    try:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
