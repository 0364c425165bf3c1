"""The process a client sees: a thin parent of the server, so that the client's end is not the end of paid pictures.

Over stdio a client that ends closes our stdin, sends SIGTERM two seconds later, and SIGKILL after two more. A
picture takes longer. The server is therefore a child in a session of its own. While the client is there, signals are
passed on to it, and it dies with its parent. Once the client has closed its stdin, it finishes what was sent,
whatever becomes of the parent. This is so on Linux; elsewhere the server is the process itself (macOS forbids its
frameworks to a forked process).
"""

import os
import select
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Final

PASSED_ON: Final = (signal.SIGTERM, signal.SIGINT)
WAITS_S: Final = 9
"""How long the parent stays for the child once the client is gone: a client may wait for it."""

INIT: Final = 1
"""The process whose end is the end of a container: it stays to the last."""

PR_SET_PDEATHSIG: Final = 1
"""Of prctl(2): the signal a process gets when its parent is gone."""


def keep(serve: Callable[[Callable[[], None]], int]) -> int:
    """Run the server in a child; return its exit code, or 0 where the child outlives this process.

    `serve` gets what it has to call once its client is gone.
    """
    if sys.platform != "linux":
        return serve(_nothing)
    bond, end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(bond)
        os.setsid()
        _die_with_parent(signal.SIGKILL)  # as one process would

        def part() -> None:
            _die_with_parent(0)
            os.write(end, b".")

        return serve(part)
    os.close(end)
    return _watch(child, bond)


def _watch(child: int, bond: int) -> int:
    """Stand for the child: pass signals on until its client is gone, then wait a while and leave it alone."""

    def pass_on(number: int, _: FrameType | None) -> None:
        os.kill(child, number)

    def leave(_: int, __: FrameType | None) -> None:
        os._exit(0)

    for number in PASSED_ON:
        signal.signal(number, pass_on)
    if os.read(bond, 1):  # else it has ended
        for number in PASSED_ON:
            signal.signal(number, leave)
        if not select.select([bond], [], [], None if os.getpid() == INIT else WAITS_S)[0]:
            return 0
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code if code >= 0 else 128 - code


def _die_with_parent(number: int) -> None:
    """Have the kernel send a signal to this process when its parent is gone; none if the number is 0."""
    import ctypes

    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)


def _nothing() -> None:
    """Do nothing: there is no parent to part from."""
