"""Where each client keeps its file, by system."""

from pathlib import Path

import pytest

from seedream_hub.server.clients import CLIENTS, Machine
from tests.test_install import LINUX

MAC = "Library/Application Support"


@pytest.mark.parametrize(
    ("platform", "name", "file"),
    [
        ("darwin", "claude-desktop", f"{MAC}/Claude/claude_desktop_config.json"),
        ("darwin", "claude-code", ".claude.json"),
        ("darwin", "cursor", ".cursor/mcp.json"),
        ("darwin", "vscode", f"{MAC}/Code/User/mcp.json"),
        ("darwin", "windsurf", ".codeium/windsurf/mcp_config.json"),
        ("darwin", "zed", ".config/zed/settings.json"),
        ("win32", "claude-desktop", "AppData/Roaming/Claude/claude_desktop_config.json"),
        ("win32", "claude-code", ".claude.json"),
        ("win32", "cursor", ".cursor/mcp.json"),
        ("win32", "vscode", "AppData/Roaming/Code/User/mcp.json"),
        ("win32", "windsurf", ".codeium/windsurf/mcp_config.json"),
        ("win32", "zed", "AppData/Roaming/Zed/settings.json"),
        *(("linux", name, file) for name, file in LINUX.items()),
    ],
)
def test_each_client_has_its_file_on_each_system(tmp_path: Path, platform: str, name: str, file: str) -> None:
    assert CLIENTS[name].file("user", Machine(platform, tmp_path, {}), tmp_path) == tmp_path / file


@pytest.mark.parametrize(
    ("platform", "variable", "name", "file"),
    [
        ("linux", "XDG_CONFIG_HOME", "vscode", "Code/User/mcp.json"),
        ("linux", "XDG_CONFIG_HOME", "zed", "zed/settings.json"),
        ("win32", "APPDATA", "claude-desktop", "Claude/claude_desktop_config.json"),
        ("darwin", "CLAUDE_CONFIG_DIR", "claude-code", ".claude.json"),
    ],
)
def test_a_moved_folder_is_followed(tmp_path: Path, platform: str, variable: str, name: str, file: str) -> None:
    machine = Machine(platform, tmp_path, {variable: str(tmp_path / "moved")})
    assert CLIENTS[name].file("user", machine, tmp_path) == tmp_path / "moved" / file


def test_a_packaged_claude_desktop_has_its_own_folder_on_windows(tmp_path: Path) -> None:
    folder = tmp_path / "AppData/Local/Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming/Claude"
    folder.mkdir(parents=True)
    machine = Machine("win32", tmp_path, {})
    path = CLIENTS["claude-desktop"].file("user", machine, tmp_path)
    assert path == folder / "claude_desktop_config.json"
