"""The process a client sees: a thin parent of the server, so that the client's end is not the end of paid pictures.

Over stdio a client that ends closes our stdin, sends SIGTERM two seconds later, and SIGKILL after two more. A
picture takes longer. The server is therefore the same command once more, in a session of its own. It dies with its
parent, but once the client has closed stdin, or told the parent to end, it sees its jobs through, whatever becomes of
the parent. On Windows the server is the process itself.
"""

import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Final

from .entry import INTERRUPTED

BONDS: Final = "SEEDREAM_HUB_BONDS"
"""The variable that tells the child its ends of two pipes: that its parent lives, and that its client is gone."""

KILLED: Final = 137
WAITS_S: Final = 9
"""How long the parent stays for the child once its client is gone: a script may wait for it."""

WAITS_TOLD_S: Final = 1.5
"""The same, where it was told to end: clients kill what has not ended two seconds later."""

STDERR: Final = 2
INIT: Final = 1
"""The process whose end is the end of a container: it stays to the last, and only a signal cuts its work short."""


def keep(serve: Callable[[Callable[[], None]], int]) -> int:
    """Run the server in a child; return its exit code, or 0 where the child outlives this process.

    `serve` gets what it has to call once its client is gone.
    """
    if os.name != "posix":
        return serve(_nothing)
    bonds = os.environ.pop(BONDS, None)
    return serve(_bound(*map(int, bonds.split(",")))) if bonds else _watch(*_started())


def _started() -> tuple[int, int]:
    """Start the child; return its id, and the pipe that tells that its client is gone, or that it has ended.

    A fork would do on Linux, but macOS forbids its frameworks to a process that is one.
    """
    alive, _ = os.pipe()  # the other end closes with this process
    gone, end = os.pipe()
    for inherited in (alive, end):
        os.set_inheritable(inherited, True)  # noqa: FBT003 - not ours to name
    child = os.posix_spawn(sys.executable, sys.orig_argv, {**os.environ, BONDS: f"{alive},{end}"})
    os.close(alive)
    os.close(end)
    return child, gone


def _watch(child: int, gone: int) -> int:
    """Stand for the child until it has ended, or its client is gone and it needs longer than a client waits."""
    is_parted, codes = False, list[int]()

    def end(number: int, _: FrameType | None) -> None:
        codes.append(INTERRUPTED if number == signal.SIGINT else 0)
        if is_parted:
            os._exit(codes[0])
        with suppress(ProcessLookupError):
            os.kill(child, number if os.getpid() == INIT else signal.SIGHUP)

    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, end)
    if os.read(gone, 1) and os.getpid() != INIT:  # nothing is read of a child that has ended
        is_parted = True
        if not select.select([gone], [], [], WAITS_TOLD_S if codes else WAITS_S)[0]:
            return codes[0] if codes else 0
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return codes[0] if codes else code if code >= 0 else 128 - code


def _bound(alive: int, end: int) -> Callable[[], None]:
    """Bind this process to its parent's life; return what frees it."""
    for inherited in (alive, end):
        os.set_inheritable(inherited, False)  # noqa: FBT003 - as above
    os.setsid()
    wire, is_free = os.fstat(1), threading.Event()

    def end_with_parent() -> None:
        os.read(alive, 1)  # nobody writes: it returns when the other end is closed
        if not is_free.is_set():
            os._exit(KILLED)

    def part() -> None:
        if is_free.is_set():
            return
        if select.select([alive], [], [], 0)[0]:  # killed, and then its client's end was seen
            os._exit(KILLED)
        is_free.set()
        _let_go(wire)
        with suppress(BrokenPipeError):  # the parent may be gone
            os.write(end, b".")

    threading.Thread(target=end_with_parent, daemon=True).start()
    return part


def _let_go(wire: os.stat_result) -> None:
    """Keep stdout open no longer, under whatever number: a client may wait for its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number in map(int, os.listdir("/dev/fd")):  # noqa: PTH208 - numbers, no paths
        with suppress(OSError):  # the listing's own is closed by now
            if number != STDERR and os.path.samestat(os.fstat(number), wire):
                os.dup2(nowhere, number)


def _nothing() -> None:
    """Do nothing: there is no parent to part from."""
