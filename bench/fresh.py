"""Play a stranger's first minutes with nothing but Python 3.11, pip, git and make, and write docs/fresh-machine.md.

python3 bench/fresh.py                    an empty home folder, and no environment but PATH
python3 bench/fresh.py --root FOLDER      the same in a chroot (as root), such as debootstrap makes
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "docs" / "fresh-machine.md"
HOME: Final = "/home/stranger"
CARRIED: Final = ("PIP_", "UV_", "SSL_", "NODE_EXTRA_CA_CERTS", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
"""What leads to a package index, and nothing else, is taken over from this environment."""

HEAD: Final = """\
# On a fresh machine

Three ways to begin, typed on a machine that has Python, pip, git and make, and nothing of this project's. Written by
`python3 bench/fresh.py`, which anyone can run; `--root` plays it in a chroot, as of Debian's smallest system with
`python3-venv`, `git` and `make`.
"""

EXCUSE: Final = "<!-- not run: a transcript of another machine -->"

STORIES: Final = (
    (
        "The checkout",
        "One command after the clone.",
        (
            "git clone --quiet $REPOSITORY seedream-hub",
            "cd seedream-hub",
            "make demo",
            "ls demo-output",
            "make --silent demo 2> /dev/null | head -3",
        ),
    ),
    (
        "The wheel, without the lock",
        "What `pip install` of the package does: today's versions of everything it needs.",
        (
            "git clone --quiet $REPOSITORY seedream-hub",
            "python3 -m pip wheel --quiet --no-deps --wheel-dir dist ./seedream-hub",
            "python3 -m venv hub",
            "hub/bin/pip install --quiet dist/*.whl",
            "hub/bin/pip check",
            "hub/bin/seedream-hub --version",
            "hub/bin/seedream-hub doctor --offline",
            "hub/bin/seedream-hub generate 'A red fox in fresh snow' --count 2",
            "ls Pictures/seedream-hub",
        ),
    ),
    (
        "The bundle for Claude Desktop",
        "Packed by the official tool; started as its manifest tells the host to, by uv alone.",
        (
            "git clone --quiet $REPOSITORY seedream-hub",
            "cd seedream-hub",
            "make bundle 2>&1 | tail -1",
            "python3 -m zipfile --extract dist/*.mcpb unpacked",
            "ls unpacked",
            "export UV_PROJECT_ENVIRONMENT=~/bundle",
            ".venv/bin/uv run --quiet --directory unpacked seedream-hub --version",
            ".venv/bin/uv run --quiet --directory unpacked seedream-hub doctor",
        ),
    ),
)


@dataclass(frozen=True)
class Machine:
    """Where the stranger types: a home folder here, or one in a chroot."""

    home: Path
    chroot: Path | None

    def typed(self, commands: tuple[str, ...]) -> Iterator[str]:
        """Type the commands into one shell; yield each with what it printed and the seconds it took."""
        told = HOME if self.chroot else str(self.home)
        variables = {name: value for name, value in os.environ.items() if name.upper().startswith(CARRIED)}
        variables |= {
            "HOME": told,
            "LANG": "C.UTF-8",
            "PATH": "/usr/local/bin:/usr/bin:/bin" if self.chroot else os.environ["PATH"],
            "REPOSITORY": f"{told}/.repository",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }
        into = [shutil.which("chroot") or "/usr/sbin/chroot", str(self.chroot)] if self.chroot else []
        shell = subprocess.Popen(
            [*into, "bash", "--norc"],
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        with shell:
            assert shell.stdin is not None
            shell.stdin.write("cd\n")
            for command in commands:
                begun = time.monotonic()
                shell.stdin.write(f'{command}\necho "<$?>"\n')
                shell.stdin.flush()
                said = "".join(self._until_done(shell, command)).replace(told, "~").replace(HOME, "~")
                yield f"$ {command}{_seconds(time.monotonic() - begun)}\n{said}"
            shell.stdin.close()

    def _until_done(self, shell: "subprocess.Popen[str]", command: str) -> Iterator[str]:
        assert shell.stdout is not None
        for line in shell.stdout:
            if found := re.fullmatch(r"(.*)<(\d+)>\n", line):
                if found[2] != "0":
                    raise SystemExit(f"{command} ended with {found[2]}: {found[1]}")
                yield found[1]
                return
            sys.stderr.write(line)
            yield line
        raise SystemExit(f"the shell ended within {command}")


def _seconds(taken: float) -> str:
    return f"    # {taken:.0f} s" if taken >= 1 else ""


def main() -> int:
    """Play the three stories, each in an empty home folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, help="a chroot to play in")
    asked = parser.parse_args()
    parts = [HEAD, f"\nPlayed on {_system(asked.root)}.\n"]
    for title, about, commands in STORIES:
        sys.stderr.write(f"== {title}\n")
        with _empty_home(asked.root) as home:
            said = "".join(Machine(home, asked.root).typed(commands))
        parts.append(f"\n## {title}\n\n{about}\n\n{EXCUSE}\n```text\n{said}```\n")
    PAGE.write_text("".join(parts), encoding="utf-8")
    return 0


@contextmanager
def _empty_home(chroot: Path | None) -> Generator[Path]:
    """Yield a home folder that holds the repository; delete it afterwards."""
    home = chroot / HOME.lstrip("/") if chroot else Path(tempfile.mkdtemp())
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    subprocess.run(["git", "clone", "--quiet", "--bare", ROOT, home / ".repository"], check=True)
    try:
        yield home
    finally:
        shutil.rmtree(home)


def _system(chroot: Path | None) -> str:
    told = (chroot or Path("/")).joinpath("etc/os-release").read_text(encoding="utf-8")
    (name,) = re.findall(r'^PRETTY_NAME="(.*)"$', told, re.MULTILINE)
    return f"{name}, {os.cpu_count()} cores{', a chroot of its smallest system' if chroot else ''}"


if __name__ == "__main__":
    raise SystemExit(main())
