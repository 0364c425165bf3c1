"""Run an official client, unmodified, in a virtual environment of its own, and return what it saw."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from filelock import FileLock

JUDGES = Path(__file__).parent / "judges"


def saw(client: str, base_url: str, api_key: str) -> Any:
    """Drive `judges/<client>_client.py` against a base URL."""
    command = [_python(client), JUDGES / f"{client}_client.py", base_url, api_key]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def _python(client: str) -> Path:
    """Install the locked client once; the folder is named in .gitignore."""
    lock = JUDGES / f"{client}.lock"
    home = JUDGES.parents[1] / ".judges" / client
    done = home / hashlib.sha256(lock.read_bytes()).hexdigest()
    python = home / "bin" / "python"
    home.parent.mkdir(exist_ok=True)
    with FileLock(home.with_suffix(".lock")):
        _install(home, lock, done)
    return python


def _install(home: Path, lock: Path, done: Path) -> None:
    if not done.exists():
        python = home / "bin" / "python"
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        install = [python, "-m", "pip", "install", "--quiet", "--require-hashes", "--requirement", lock]
        subprocess.run(install, check=True)
        done.touch()
