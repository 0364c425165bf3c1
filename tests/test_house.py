"""The house rules, measured on the tree: rooms, sizes, names, the wheel, the lock."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from tests.support import ROOT

ROOMS = ("schemas", "providers", "jobs", "tools", "server")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for line in listed.stdout.splitlines() if (path := ROOT / line).is_file()]


def sources(*folders: str) -> list[Path]:
    roots = [ROOT / folder for folder in folders]
    return [path for path in tracked() if path.suffix == ".py" and any(root in path.parents for root in roots)]


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each import's level and module, wherever it stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.level, node.module or ""


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_from_rooms_to_its_left(room: str) -> None:
    allowed = ROOMS[: ROOMS.index(room)]
    for path in sources(room):
        for level, module in imports(path):
            parts = module.split(".")
            if level == 0 and parts[0] == "seedream_hub":
                assert parts[1] in allowed, f"{path.name} imports {module}"


def test_inside_a_room_imports_are_relative_and_never_leave_it() -> None:
    for path in sources(*ROOMS):
        depth = len(path.relative_to(ROOT).parts) - 3
        assert all(level <= depth for level, _ in imports(path)), path


def test_no_module_is_longer_than_400_lines() -> None:
    long = {path.name: count for path in sources(*ROOMS, "tests", "bench") if (count := lines(path)) > 400}
    assert long == {}


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_no_function_is_longer_than_40_lines_without_its_docstring() -> None:
    functions = [
        (path.name, node)
        for path in sources(*ROOMS, "tests", "bench")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert [f"{name}: {node.name}" for name, node in functions if body_lines(node) > 40] == []


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = node.body[0]
    is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    docstring = (first.end_lineno or first.lineno) - first.lineno + 1 if is_docstring else 0
    return (node.end_lineno or node.lineno) - node.lineno + 1 - docstring


@pytest.mark.parametrize("room", ROOMS)
def test_each_package_is_typed_and_its_init_holds_a_docstring_only(room: str) -> None:
    package = ROOT / room / "seedream_hub" / room
    assert (package / "py.typed").is_file()
    for init in package.rglob("__init__.py"):
        (only,) = ast.parse(init.read_text(encoding="utf-8")).body
        assert isinstance(only, ast.Expr)


def test_nothing_hides_the_other_rooms() -> None:
    assert not (ROOT / "__init__.py").exists()
    assert [room for room in ROOMS if (ROOT / room / "seedream_hub" / "__init__.py").exists()] == []


def test_modules_are_named_by_their_idea() -> None:
    vague = {"utils", "helpers", "common", "manager", "base"}
    assert [path for path in sources(*ROOMS) if path.stem in vague] == []


def test_limits_stand_in_the_tables_only() -> None:
    figures = re.compile(r"3_?686_?400|16_?777_?216|4_?624_?220|921_?600|10_?404_?496|36_?000_?000|31_?457_?280")
    assert [path for path in sources(*ROOMS) if figures.search(path.read_text(encoding="utf-8"))] == []


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    copy = tmp_path_factory.mktemp("tree")
    for path in tracked():
        target = copy / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", "dist"]
    subprocess.run(command, cwd=copy, check=True, capture_output=True)
    (built,) = (copy / "dist").glob("*.whl")
    return zipfile.ZipFile(built)


def test_the_wheel_holds_the_five_rooms_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    expected = {
        path.relative_to(ROOT / room).as_posix()
        for room in ROOMS
        for path in tracked()
        if ROOT / room in path.parents
    }
    assert names == expected
    assert {name.split("/")[0] for name in names} == {"seedream_hub"}
    assert {"seedream_hub/schemas/limits.json", "seedream_hub/providers/sandbox/ark.json"} <= names


def test_the_wheel_installs_the_command(wheel: zipfile.ZipFile) -> None:
    (entry_points,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert "seedream-hub = seedream_hub.server.entry:main" in wheel.read(entry_points).decode()


def locked() -> dict[str, Version]:
    pinned = re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", LOCK, re.MULTILINE)
    return {name.lower().replace("_", "-"): Version(version) for name, version in pinned}


def test_the_lock_is_hashed_and_names_no_address() -> None:
    assert "://" not in LOCK
    assert not re.search(r"^--(index-url|extra-index-url|find-links)", LOCK, re.MULTILINE)
    entries = re.split(r"\n(?=[A-Za-z0-9])", re.sub(r"^#.*\n", "", LOCK, flags=re.MULTILINE).strip())
    assert entries
    assert [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []


def test_the_lock_satisfies_every_dependency() -> None:
    wanted = [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"]]
    pinned = locked()
    for requirement in map(Requirement, wanted):
        assert pinned[requirement.name.lower()] in requirement.specifier, requirement


def test_mcp_is_bounded() -> None:
    (mcp,) = (r for r in map(Requirement, PROJECT["project"]["dependencies"]) if r.name == "mcp")
    assert mcp.specifier == SpecifierSet(">=2.3,<3")


def test_nobody_is_told_to_fetch_what_is_not_published() -> None:
    hosts = ("py" + "pi.org", "files.python" + "hosted", "registry.npm" + "js")
    forbidden = re.compile("|".join(map(re.escape, ("uvx " + "seedream", "pip install " + "seedream", *hosts))))
    text = {".md", ".py", ".toml", ".json", ".lock", ""}
    telling = [p for p in tracked() if p.suffix in text and forbidden.search(p.read_text(encoding="utf-8"))]
    assert telling == []


def test_uv_lock_is_ignored() -> None:
    assert "uv.lock" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
