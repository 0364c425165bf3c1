"""Pack the bundle for Claude Desktop into ./dist with the official tool: the wheel, and what uv needs to run it.

The host brings uv, which fetches Python and the packages at the first start, in the versions of runtime.lock.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from bench.manifests import PROJECT
from bench.tables import ROOT
from tests.judge import mcpb

LOCKED: Final = re.compile(r"^([A-Za-z0-9._-]+==[^\s\\]+(?: ; [^\\]+?)?) ?\\?$", re.MULTILINE)

PYPROJECT: Final = """\
[project]
name = "seedream-hub-bundle"
version = "{version}"
requires-python = "{python}"
dependencies = ["seedream-hub"]

[tool.uv]
package = false
constraint-dependencies = [
{locked}
]

[tool.uv.sources]
seedream-hub = {{ path = "{wheel}" }}
"""

SERVER: Final = '''\
"""Start the server over stdio."""

from seedream_hub.server.entry import main

raise SystemExit(main())
'''


def stage(folder: Path) -> None:
    """Put the bundle's files in a folder."""
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT]
    subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
    (wheel,) = folder.glob("*.whl")
    locked = LOCKED.findall((ROOT / "runtime.lock").read_text(encoding="utf-8"))
    told = {"version": PROJECT["version"], "python": PROJECT["requires-python"], "wheel": wheel.name}
    lines = "\n".join(f'  "{one}",' for one in locked)
    (folder / "pyproject.toml").write_text(PYPROJECT.format(**told, locked=lines), encoding="utf-8")
    (folder / "server.py").write_text(SERVER, encoding="utf-8")
    for path in (
        ROOT / "bundle" / "manifest.json",
        ROOT / "bundle" / "icon.png",
        ROOT / "LICENSE",
        ROOT / "README.md",
    ):
        shutil.copy(path, folder)


def pack(target: Path) -> str:
    """Validate and pack; return what the official tool says."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "bundle"
        folder.mkdir()
        stage(folder)
        return mcpb("validate", folder / "manifest.json") + mcpb("pack", folder, target)


def main() -> int:
    """Pack it, and say where it is."""
    target = ROOT / "dist" / f"seedream-hub-{PROJECT['version']}.mcpb"
    target.parent.mkdir(exist_ok=True)
    pack(target)
    print(f"{target} ({target.stat().st_size / 1000:.0f} kB): open it with Claude Desktop")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
