"""Where the command begins: nothing is loaded yet, so that Ctrl-C is quiet while the rest is."""

INTERRUPTED = 130


def main() -> int:
    """Run the command line; return the exit code."""
    try:
        from .cli import main as run

        return run()
    except KeyboardInterrupt:
        return INTERRUPTED
