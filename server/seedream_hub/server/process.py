"""A process that works on jobs: told to end, it finishes what was sent, within ten seconds, and leaves the rest."""

import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import anyio

from .studio import LazyStudio

CLOSES_S: Final = 1.5
"""How long letting go of everything may take after that."""

INTERRUPTED: Final = 130
TERMINATED: Final = 143


def run(studio: LazyStudio, work: Callable[[], Awaitable[None]], *, terminated: int = TERMINATED) -> None:
    """Do the work with a studio; SIGTERM ends the process with the exit code `terminated`, Ctrl-C with 130."""
    anyio.run(_run, studio, work, {signal.SIGTERM: terminated, signal.SIGINT: INTERRUPTED})


async def _run(studio: LazyStudio, work: Callable[[], Awaitable[None]], codes: dict[signal.Signals, int]) -> None:
    async with anyio.create_task_group() as tasks:
        if os.name == "posix":
            tasks.start_soon(_end_on_signal, studio, tasks.cancel_scope, codes)
        await work()
        tasks.cancel_scope.cancel()


async def _end_on_signal(studio: LazyStudio, scope: anyio.CancelScope, codes: dict[signal.Signals, int]) -> None:
    """Finish what was sent, and end the process from here: a thread may still wait for the client's next line."""
    with anyio.open_signal_receiver(*codes) as signals:
        number = await anext(signals)
        await studio.finish()
        scope.cancel()
        with anyio.move_on_after(CLOSES_S, shield=True):
            await studio.closed.wait()
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(codes[number])
