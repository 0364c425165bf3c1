"""What `seedream-hub install` and `uninstall` take. Light: the server's start reads it too."""

import argparse
import re
from typing import Final

from seedream_hub.schemas.language import listed, say

from .images_parser import Commands

CLIENTS: Final = ("claude-desktop", "claude-code", "cursor", "vscode", "windsurf", "zed")
VARIABLE: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:=(.*))?", re.DOTALL)


def add_install(commands: Commands) -> None:
    """Add `install` and `uninstall`."""
    install = commands.add_parser("install", help=say("add this server to a client's configuration"))
    uninstall = commands.add_parser("uninstall", help=say("take it out again"))
    for parser in (install, uninstall):
        parser.add_argument("client", choices=CLIENTS, metavar="CLIENT", help=listed(CLIENTS))
        scopes = say("for you everywhere, or for whoever works in this folder")
        parser.add_argument("--scope", choices=("user", "project"), default="user", help=scopes)
    install.add_argument(
        "--env",
        type=_variable,
        action="append",
        default=[],
        metavar="NAME[=VALUE]",
        help=say("a setting or key for the server; without a value it is taken from the environment"),
    )
    install.add_argument(
        "--command", dest="start", metavar="COMMAND", help=say("start this instead of the present installation")
    )
    only = install.add_mutually_exclusive_group()
    only.add_argument("--print", action="store_true", help=say("change nothing; print the block, without keys"))
    only.add_argument("--link", action="store_true", help=say("change nothing; print a link that installs it"))


def _variable(text: str) -> tuple[str, str | None]:
    found = VARIABLE.fullmatch(text)
    if not found:
        shown = text.partition("=")[0]
        message = say("{text} names no variable; for example ARK_API_KEY, or SEEDREAM_LANG=zh", text=repr(shown))
        raise argparse.ArgumentTypeError(message)
    return found[1], found[2]
