"""`edit_image`: one picture, changed by a prompt."""

from typing import Final

from seedream_hub.schemas.arguments import EDIT
from seedream_hub.schemas.language import later
from seedream_hub.schemas.menu import Menu

from .make import ImageTool, Shown
from .tool import Studio

TITLE: Final = later("Edit an image")
DESCRIPTION: Final = later(
    "Change one picture by a text prompt: restyle, replace, remove, retouch. For several references use fuse_images; "
    "find_images finds an earlier picture. Returns a new file, in the picture's shape unless told otherwise."
)


def edit_image(menu: Menu, studio: Studio, shown: Shown) -> ImageTool:
    """Return the tool."""
    return ImageTool(EDIT, TITLE, DESCRIPTION, menu, studio, shown)
