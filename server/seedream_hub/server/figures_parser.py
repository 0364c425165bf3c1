"""What `seedream-hub usage` and `limits` take. Light: the server's start reads it too."""

from seedream_hub.schemas.language import say

from .images_parser import Commands


def add_figures(commands: Commands) -> None:
    """Add the commands to the command line."""
    usage = commands.add_parser("usage", help=say("show what was made and paid today, this month and ever"))
    limits = commands.add_parser("limits", help=say("show what each configured model takes and costs"))
    for one in (usage, limits):
        one.add_argument("--json", action="store_true", help=say("for programs"))
