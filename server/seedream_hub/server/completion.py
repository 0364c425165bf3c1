"""`seedream-hub completion SHELL`: a script made from the parser, so that completing starts no Python."""

import argparse
import sys

import shtab


def run_completion(parser: argparse.ArgumentParser, shell: str) -> int:
    """Print the script; return the exit code."""
    sys.stdout.write(shtab.complete(parser, shell=shell) + "\n")
    return 0
