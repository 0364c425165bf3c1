"""The stdio server as a process: it ends with its client, on Ctrl-C, or within ten seconds of SIGTERM."""

import os
import signal
import sys
from contextlib import suppress
from typing import Final

import anyio

from .app import HubServer

CLOSES_S: Final = 1.5
"""How long letting go of everything may take after that."""

INTERRUPTED: Final = 130


def serve_stdio(server: HubServer) -> int:
    """Serve until the client goes away; return the exit code."""
    anyio.run(_serve, server)
    return 0


async def _serve(server: HubServer) -> None:
    async with anyio.create_task_group() as tasks:
        if os.name == "posix":
            tasks.start_soon(_end_on_signal, server, tasks.cancel_scope)
        await server.run_stdio_async()
        tasks.cancel_scope.cancel()


async def _end_on_signal(server: HubServer, scope: anyio.CancelScope) -> None:
    """Finish what was sent, and end the process from here: a thread still waits for the client."""
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        number = await anext(signals)
        await server.studio.finish()
        scope.cancel()
        with anyio.move_on_after(CLOSES_S, shield=True):
            await server.studio.closed.wait()
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(INTERRUPTED if number == signal.SIGINT else 0)
