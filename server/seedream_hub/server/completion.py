"""`seedream-hub completion SHELL`: a script made from the parser, so that completing starts no Python."""

import argparse
import sys

import shtab


def run_completion(parser: argparse.ArgumentParser, shell: str) -> int:
    """Print the script; return the exit code."""
    script = shtab.complete(parser, shell=shell)
    if shell == "bash":  # what completes to nothing else is a file
        script = script.replace("complete -o bashdefault", "complete -o bashdefault -o default")
    sys.stdout.write(f"{script}\n")
    return 0
