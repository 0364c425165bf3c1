"""Where the command begins: nothing is loaded yet, so that Ctrl-C is quiet while the rest is, and a parent small."""

import sys
from collections.abc import Callable

INTERRUPTED = 130
OVER_STDIO = {(), ("serve",)}


def main() -> int:
    """Run the command line; return the exit code."""
    try:
        if tuple(sys.argv[1:]) in OVER_STDIO:
            from .keeper import keep

            return keep(_serve)
        from .cli import main as run

        return run()
    except KeyboardInterrupt:
        return INTERRUPTED


def _serve(part: Callable[[], None]) -> int:
    from .cli import serve_stdio

    return serve_stdio(part)
