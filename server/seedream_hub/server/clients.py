"""The clients an entry can be written for: where each keeps its servers, and what an entry looks like there.

Read 2026-11 in the clients' documents and sources: code.claude.com/docs/en/mcp, cursor.com/docs/mcp,
code.visualstudio.com/docs/copilot/reference/mcp-configuration, docs.windsurf.com/windsurf/cascade/mcp,
zed.dev/docs/ai/mcp and crates/paths of Zed.
"""

import os
import re
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

Scope: TypeAlias = Literal["user", "project"]

NAME: Final = "seedream"
"""What the entry is called."""

SECRET: Final = re.compile("KEY|TOKEN|SECRET|PASSW|CREDENTIAL")
FLEETING: Final = ("archive-v0", "environments-v2", ".cache/pipx", "pipx/.cache")
"""Folders of environments that `uvx` and `pipx run` make and clear away."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What a path depends on."""

    platform: str
    home: Path
    environ: Mapping[str, str]

    @property
    def folders(self) -> dict[str, str]:
        """Return the folders paths begin with."""
        roaming = self.environ.get("APPDATA") or f"{self.home}/AppData/Roaming"
        config = self.environ.get("XDG_CONFIG_HOME") or f"{self.home}/.config"
        support = f"{self.home}/Library/Application Support"
        own = {"win32": roaming, "darwin": support}.get(self.platform, config)
        claude = self.environ.get("CLAUDE_CONFIG_DIR") or str(self.home)
        zed = {"win32": f"{roaming}/Zed", "darwin": f"{self.home}/.config/zed"}.get(self.platform, f"{config}/zed")
        return {"home": str(self.home), "config": own, "claude": claude, "zed": zed}

    @property
    def packages(self) -> Path:
        """Return where Windows keeps the folders of packaged applications."""
        return Path(self.environ.get("LOCALAPPDATA") or f"{self.home}/AppData/Local") / "Packages"


@dataclass(frozen=True, slots=True)
class Client:
    """A client: the file of each scope, and the form of an entry."""

    name: str
    label: str
    user: str
    project: str = ""
    servers: str = "mcpServers"
    """The member of the file that holds the servers."""
    marks: Mapping[str, str] = field(default_factory=dict[str, str])
    """What an entry says besides command, arguments and environment."""
    reference: str = ""
    """How its file names a variable of the environment it runs in."""
    packaged: str = ""
    """Where a Windows package of it keeps the file's folder, as a pattern."""

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """Return the scopes it has."""
        return ("user", "project") if self.project else ("user",)

    def file(self, scope: Scope, machine: Machine, working: Path) -> Path:
        """Return the file of a scope."""
        if scope == "project":
            return working / self.project
        path = Path(self.user.format_map(machine.folders))
        if self.packaged and machine.platform == "win32":
            found = sorted(machine.packages.glob(self.packaged))
            return found[0] / path.name if found else path
        return path

    def entry(self, command: "Command", env: Mapping[str, str]) -> dict[str, Any]:
        """Return the entry."""
        return {**self.marks, "command": command.path, "args": list(command.arguments), "env": dict(env)}


@dataclass(frozen=True, slots=True)
class Command:
    """What a client starts."""

    path: str
    arguments: tuple[str, ...] = ()

    @property
    def is_fleeting(self) -> bool:
        """Whether it lies where a tool clears up."""
        return any(part in Path(self.path).as_posix() for part in FLEETING)


STDIO: Final = {"type": "stdio"}

CLIENTS: Final = {
    client.name: client
    for client in (
        Client(
            "claude-desktop",
            "Claude Desktop",
            "{config}/Claude/claude_desktop_config.json",
            packaged="Claude_*/LocalCache/Roaming/Claude",
        ),
        Client(
            "claude-code", "Claude Code", "{claude}/.claude.json", ".mcp.json", marks=STDIO, reference="${{{name}:-}}"
        ),
        Client("cursor", "Cursor", "{home}/.cursor/mcp.json", ".cursor/mcp.json", reference="${{env:{name}}}"),
        Client(
            "vscode",
            "VS Code",
            "{config}/Code/User/mcp.json",
            ".vscode/mcp.json",
            servers="servers",
            marks=STDIO,
            reference="${{env:{name}}}",
        ),
        Client("windsurf", "Windsurf", "{home}/.codeium/windsurf/mcp_config.json"),
        Client("zed", "Zed", "{zed}/settings.json", ".zed/settings.json", servers="context_servers"),
    )
}


def this_machine() -> Machine:
    """Return the machine we run on."""
    return Machine(sys.platform, Path.home(), os.environ)


def own_command() -> Command:
    """Return what starts this installation, from the root: applications have a bare PATH."""
    script = Path(sysconfig.get_path("scripts")) / ("seedream-hub.exe" if sys.platform == "win32" else "seedream-hub")
    if script.is_file():
        return Command(str(script))
    return Command(sys.executable, ("-m", "seedream_hub.server.cli"))


def is_secret(variable: str) -> bool:
    """Say whether a variable's value is shown to nobody."""
    return SECRET.search(variable.upper()) is not None
