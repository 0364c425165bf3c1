"""What `seedream-hub completion` takes. Light: the server's start reads it too."""

from typing import Final

from seedream_hub.schemas.language import say

from .images_parser import Commands

SHELLS: Final = ("bash", "zsh", "fish", "tcsh", "powershell")


def add_completion(commands: Commands) -> None:
    """Add `completion`."""
    completion = commands.add_parser("completion", help=say("print what teaches a shell to complete this command"))
    completion.add_argument("shell", choices=SHELLS)
