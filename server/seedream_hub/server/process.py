"""A process that works on jobs: told to end, it finishes what was sent, within ten seconds, and leaves the rest.

A server whose client hung up is in no such hurry.
"""

import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Final, TypeAlias

import anyio
import anyio.lowlevel

from .studio import LazyStudio

ANSWERS_S: Final = 0.5
"""How long the last answers may take after that."""

CLOSES_S: Final = 1.5
"""How long letting go of everything may take at the end."""

HUNG_UP: Final = 129
INTERRUPTED: Final = 130
TERMINATED: Final = 143


Step: TypeAlias = Callable[[], Awaitable[None]]


def run(
    studio: LazyStudio,
    work: Step,
    *,
    terminated: int = TERMINATED,
    answered: Step = anyio.lowlevel.checkpoint,
    heeds_ctrl_c: bool = False,
) -> None:
    """Do the work with a studio; SIGTERM ends the process with the code `terminated`, Ctrl-C with 130.

    SIGHUP ends it with 129, or with 0 as SIGTERM; not one started by nohup.

    `answered` returns when all who asked have their answers. Work that heeds Ctrl-C itself is not ended by it.
    """
    codes = {} if heeds_ctrl_c else {signal.SIGINT: INTERRUPTED}
    if os.name == "posix":
        told = {signal.SIGTERM: terminated, signal.SIGHUP: terminated and HUNG_UP}
        codes |= {number: code for number, code in told.items() if signal.getsignal(number) != signal.SIG_IGN}
    anyio.run(_run, (studio, answered), work, codes)


async def _run(ends: tuple[LazyStudio, Step], work: Step, codes: dict[signal.Signals, int]) -> None:
    async with anyio.create_task_group() as tasks:
        if os.name == "posix":
            tasks.start_soon(_end_on_signal, *ends, tasks.cancel_scope, codes)
        await work()
        tasks.cancel_scope.cancel()


async def _hung_up(studio: LazyStudio, signals: AsyncIterator[signal.Signals]) -> signal.Signals:
    """See the client off; return the signal that cut it short, if one did."""
    numbers = [signal.SIGHUP]
    async with anyio.create_task_group() as tasks:

        async def heed() -> None:
            while numbers[-1] == signal.SIGHUP:
                numbers.append(await anext(signals))
            tasks.cancel_scope.cancel()

        tasks.start_soon(heed)
        await studio.see_off()
        tasks.cancel_scope.cancel()
    return numbers[-1]


async def _end_on_signal(
    studio: LazyStudio, answered: Step, scope: anyio.CancelScope, codes: dict[signal.Signals, int]
) -> None:
    """Finish what was sent, and end the process from here: a thread may still wait for the client's next line."""
    with anyio.open_signal_receiver(*codes) as signals:
        number = await anext(signals)
        if number == signal.SIGHUP:
            number = await _hung_up(studio, signals)
        if number != signal.SIGHUP:
            await studio.finish()
        with anyio.move_on_after(ANSWERS_S):
            await answered()
        scope.cancel()
        with anyio.move_on_after(CLOSES_S, shield=True):
            await studio.closed.wait()
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(codes[number])
