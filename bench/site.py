"""Build the documentation into dist/site; a warning is an error. `--links` asks the addresses outside instead."""

import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.judge import python_of

ROOT: Final = Path(__file__).resolve().parent.parent
SITE: Final = ROOT / "dist" / "site"


def build(into: Path, *, builder: str = "html") -> "subprocess.CompletedProcess[str]":
    """Run Sphinx, from an environment of its own, on the Markdown of the repository."""
    strict = ["--fail-on-warning", "--keep-going", "--nitpicky", "--quiet", "--fresh-env"]
    command = [
        python_of("docs"),
        "-m",
        "sphinx",
        "--builder",
        builder,
        *strict,
        "--conf-dir",
        ROOT / "docs",
        ROOT,
        into,
    ]
    return subprocess.run(command, check=False, text=True, stderr=subprocess.PIPE)


def main() -> int:
    """Build, and say where."""
    builder = "linkcheck" if "--links" in sys.argv else "html"
    done = build(SITE if builder == "html" else SITE.with_name("links"), builder=builder)
    print(done.stderr, end="", file=sys.stderr)
    if builder == "html" and not done.returncode:
        print(f"Open {SITE / 'index.html'}")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
