"""What `generate`, `edit`, `fuse` and `batch` take. Light: the server's start reads it too.

The options of a command are those of its tool for the user's own models: they are added when the command is given.
"""

import argparse
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from seedream_hub.schemas.errors import SettingsError
from seedream_hub.schemas.language import later, say

from .options import add_options
from .parser import Parser


@dataclass(frozen=True, slots=True)
class Drawing:
    """One command that makes pictures."""

    tool: str
    help: str
    usage: str
    example: str
    takes: tuple[str, ...] = ("prompt",)
    """Arguments that are not options, in their order."""


DRAWINGS: Final = {
    "generate": Drawing(
        "generate_image",
        later("make pictures from a prompt"),
        "PROMPT",
        'generate "A red fox in fresh snow" --aspect-ratio 3:2 --count 4',
    ),
    "edit": Drawing(
        "edit_image",
        later("change one picture by a prompt"),
        "IMAGE PROMPT",
        'edit photo.png "make it night"',
        ("image", "prompt"),
    ),
    "fuse": Drawing(
        "fuse_images",
        later("make one picture from several"),
        "IMAGE IMAGE... --prompt PROMPT",
        'fuse ada.png coat.png --prompt "The woman of image 1 wears the coat of image 2"',
        ("images",),
    ),
    "batch": Drawing(
        "batch_images",
        later("make a set of pictures that belong together"),
        "PROMPT --count N",
        'batch "One fox in spring, summer, autumn and winter" --count 4',
    ),
}

EXIT_CODES: Final = later(
    "Exit codes: 0 all pictures are there; 1 none is; 2 wrong arguments or settings, nothing was sent; 3 some are "
    "there; 4 not all are settled when --wait is over; 130 Ctrl-C."
)
CTRL_C: Final = later(
    "Ctrl-C sends nothing more and waits for what was sent, which is paid; a second Ctrl-C ends at once."
)
LAST: Final = (CTRL_C, EXIT_CODES)
HELP_WIDTH: Final = 78


class Commands(Protocol):
    """Where commands are added: argparse has no public name for it."""

    def add_parser(self, name: str, **options: Any) -> Parser:  # noqa: ANN401 - argparse's own
        """Add one."""
        ...


def add_drawing(commands: Commands, schemas: Mapping[str, Any] | None) -> None:
    """Add the commands; with the schemas of their tools where those are known already."""
    for name, drawing in DRAWINGS.items():
        parser = commands.add_parser(
            name,
            help=say(drawing.help),
            usage=f"%(prog)s {drawing.usage} [...]",
            description=say(drawing.help),
            epilog="\n\n".join([_example(drawing), *map(_wrapped, LAST)]),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        _add_ours(parser)
        parser.set_defaults(drawing=drawing)
        if schemas:
            _fill(parser, drawing, schemas)
        else:
            parser.complete = _complete


def _example(drawing: Drawing) -> str:
    head = say("Example:")
    return f"{head}\n  seedream-hub {drawing.example}"


def _wrapped(message: str) -> str:
    return textwrap.fill(say(message), HELP_WIDTH)


def _add_ours(parser: Parser) -> None:
    """Add what every command takes, whatever its tool does."""
    parser.add_argument("--json", action="store_true", help=say("print the result as JSON, and nothing else"))
    parser.add_argument("--open", action="store_true", help=say("open the pictures with the system's viewer"))
    parser.add_argument(
        "--show",
        action=argparse.BooleanOptionalAction,
        default=None,
        help=say("show the pictures in the terminal: by default where it can, with --show also as coloured blocks"),
    )
    parser.add_argument("--yes", action="store_true", help=say("do not ask whether the price is fine"))
    parser.add_argument("--quiet", action="store_true", help=say("do not tell how far it is"))


def _complete(parser: Parser) -> None:
    """Read the settings, and add the options of the tool as they make it."""
    from .drawing_desk import open_desk

    drawing: Drawing = parser.get_default("drawing")
    try:
        desk = open_desk()
    except SettingsError as exc:
        parser.error(exc.message)
    _fill(parser, drawing, {name: tool.input_schema for name, tool in desk.tools.items()})
    parser.set_defaults(desk=desk)


def _fill(parser: Parser, drawing: Drawing, schemas: Mapping[str, Any]) -> None:
    schema, told = schemas[drawing.tool], schemas[DRAWINGS["generate"].tool]["properties"]
    for name in drawing.takes:
        _add_taken(parser, name, schema["properties"].get(name, {}))
    if "prompt" not in drawing.takes:
        text = say("what to make of them; - reads it from stdin")
        parser.add_argument("--prompt", required=True, help=text)
    add_options(parser, schema, told, frozenset({*drawing.takes, "prompt"}))


def _add_taken(parser: Parser, name: str, rules: Mapping[str, Any]) -> None:
    text = str(rules.get("description", "")).replace("%", "%%")
    if name == "prompt":
        parser.add_argument(name, metavar="PROMPT", help=say("{text}; - reads it from stdin", text=text))
    else:
        parser.add_argument(name, metavar="IMAGE", nargs="+" if name == "images" else None, help=text)
